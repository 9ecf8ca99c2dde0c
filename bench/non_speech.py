"""Sounds of a table that are no speech, made from noise and tones with fixed seeds."""

from __future__ import annotations

import numpy as np

from bench.corpus import RATE_HZ, Float, Int16, noise, to_int16

KINDS = ("silence", "room", "breathing", "keyboard", "cough", "laughter", "music", "knocks")


def sound(kind: str, seconds: float, seed: int) -> Int16:
    """int16, 48 kHz. Events come at random times, about one in 1.5 s."""
    rng = np.random.default_rng(seed)
    out = noise(seconds, -70.0, seed)
    match kind:
        case "silence":
            out *= 0.0
        case "room":
            out = noise(seconds, -50.0, seed, colour=1.6) + _hum(seconds)
        case "music":
            out += _music(seconds, rng)
        case _:
            at = rng.uniform(0.1, 0.6)
            while True:
                event = _EVENTS[kind](rng)
                start = round(at * RATE_HZ)
                if start + len(event) > len(out):
                    break
                out[start : start + len(event)] += event
                at += len(event) / RATE_HZ + rng.uniform(0.05, 0.3) if kind == "keyboard" else rng.uniform(0.9, 2.0)
    return to_int16(out)


def first_of(sounds: Int16) -> Int16:
    """The first of several sounds, from its beginning to its end."""
    loud = np.flatnonzero(np.abs(sounds) > 300)
    gaps = np.flatnonzero(np.diff(loud) > 0.3 * RATE_HZ)
    return sounds[loud[0] : (loud[gaps[0]] if len(gaps) else loud[-1]) + 1]


def _band(seconds: float, low_hz: float, high_hz: float, dbfs: float, rng: np.random.Generator) -> Float:
    count = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(rng.normal(size=count))
    frequency = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum *= 1 / (1 + (low_hz / np.maximum(frequency, 1.0)) ** 4) / (1 + (frequency / high_hz) ** 4)
    x = np.fft.irfft(spectrum, count)
    return np.asarray(x / np.sqrt(np.mean(x**2)) * 10 ** (dbfs / 20) * 32768)


def _breath(rng: np.random.Generator) -> Float:
    seconds = rng.uniform(0.5, 1.1)
    x = _band(seconds, 400, 3500, rng.uniform(-48, -38), rng)
    return np.asarray(x * np.sin(np.pi * np.linspace(0, 1, len(x))) ** 1.5)


def _key(rng: np.random.Generator) -> Float:
    x = _band(0.06, 1200, 9000, rng.uniform(-32, -24), rng)
    return np.asarray(x * np.exp(-np.arange(len(x)) / (0.006 * RATE_HZ)))


def _cough(rng: np.random.Generator) -> Float:
    """A burst, and the voiced tail that many coughs have."""
    burst = _band(0.16, 300, 5000, -16, rng) * np.exp(-np.linspace(0, 3, round(0.16 * RATE_HZ)))
    tail = _band(0.22, 250, 2500, -26, rng) * np.exp(-np.linspace(0, 4, round(0.22 * RATE_HZ)))
    pitch = rng.uniform(90, 140)
    t = np.arange(len(tail)) / RATE_HZ
    voiced = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 8)) * 400 * np.exp(-t * 14)
    return np.concatenate([burst, tail + voiced])


def _laugh(rng: np.random.Generator) -> Float:
    """ "Ha ha ha": breathy vowels with falling pitch, five in a second."""
    pitch, out = rng.uniform(160, 260), []
    for number in range(int(rng.integers(3, 7))):
        t = np.arange(round(0.11 * RATE_HZ)) / RATE_HZ
        envelope = np.sin(np.pi * t / t[-1])
        f0 = pitch * 0.95**number
        vowel = sum(np.sin(2 * np.pi * f0 * k * t) * np.exp(-(((f0 * k - 750) / 500) ** 2)) for k in range(1, 12))
        out += [
            _band(0.07, 600, 5000, -34, rng),
            (vowel * 2600 * envelope) + _band(0.11, 500, 4000, -40, rng)[: len(t)],
        ]
    return np.concatenate(out)


def _knock(rng: np.random.Generator) -> Float:
    t = np.arange(round(0.12 * RATE_HZ)) / RATE_HZ
    return np.asarray(9000 * np.sin(2 * np.pi * rng.uniform(90, 220) * t) * np.exp(-t * 50))


_EVENTS = {"breathing": _breath, "keyboard": _key, "cough": _cough, "laughter": _laugh, "knocks": _knock}


def _hum(seconds: float) -> Float:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(sum(40.0 / k * np.sin(2 * np.pi * 50 * k * t) for k in (1, 2, 3, 5)))


def _music(seconds: float, rng: np.random.Generator) -> Float:
    """Four chords, a bass and a soft drum, at -24 dBFS."""
    out = np.zeros(round(seconds * RATE_HZ))
    beat = 0.5
    chords = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))
    for number in range(int(seconds / beat)):
        start = round(number * beat * RATE_HZ)
        t = np.arange(min(round(0.9 * beat * RATE_HZ), len(out) - start)) / RATE_HZ
        for note in (*chords[number // 2 % 4], chords[number // 2 % 4][0] - 12):
            f0 = 440 * 2 ** ((note - 69) / 12)
            out[start : start + len(t)] += sum(np.sin(2 * np.pi * f0 * k * t) / k**1.5 for k in range(1, 6)) * np.exp(
                -t * 3
            )
        drum = _band(0.08, 100, 6000, -30, rng) * np.exp(-np.linspace(0, 5, round(0.08 * RATE_HZ)))
        size = min(len(drum), len(out) - start)
        out[start : start + size] += drum[:size] / 800
    return np.asarray(out / np.sqrt(np.mean(out**2)) * 10 ** (-24 / 20) * 32768)
