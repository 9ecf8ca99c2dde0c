"""The bench's sounds: speech with known words and known pauses, and sounds that are no speech.

Speakers are Piper at several timbres and espeak-ng's voices, near and in a room, with and without noise; real
recordings come from the `moonshine-voice` package (group `bench`). Everything is made with fixed seeds, Piper's noise
too, so that two runs hear the same samples; `piper` draws a sentence as often as one likes.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import io
import pickle
import re
import subprocess
import wave
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

from bench import sentences

RATE_HZ = 48_000
Int16 = npt.NDArray[np.int16]
Float = npt.NDArray[np.float64]
HUSH_DBFS = -72.0  # of the noise under everything: a quiet room and a fair microphone
PAUSES_S = (0.4, 0.7, 1.0, 1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One stretch of sound. Seconds from its first sample."""

    name: str
    kind: str  # "turn", "hesitation", "short", "long", "other"
    speaker: str
    pcm: Int16  # (samples,), 48 kHz mono
    text: str = ""
    start_s: float = 0.0  # of the speech
    end_s: float = 0.0
    pauses: tuple[tuple[float, float], ...] = field(default=())

    @property
    def length_s(self) -> float:
        return len(self.pcm) / RATE_HZ


# ---- speakers ----

PIPER = {"joe": 1.0, "joe deep": 0.88, "joe high": 1.14}  # timbre factors
ESPEAK = {"espeak gb": "en-gb", "espeak us f": "en-us+f3"}


def piper(text: str, timbre: float, *, draw: int = 0) -> tuple[Int16, list[tuple[str, float, float]]]:
    """Speech at 48 kHz, and its words with their times.

    Piper's melody and tempo are partly noise: each `draw` says the sentence in another way, and always in that way.
    """
    import onnxruntime  # type: ignore[import-untyped]
    from livekit.plugins.piper.model import Abort
    from livekit.plugins.piper.voice import Style, Voice
    from livekit.plugins.piper.voices import find_voice

    onnxruntime.set_seed(zlib.crc32(f"{text} {timbre:.3f} {draw}".encode()) >> 1)
    voice = Voice(find_voice(None), threads=2)  # a network draws from the seed that there was when it was loaded
    style = Style(sample_rate_hz=RATE_HZ, timbre=timbre, tail_s=0.0, lead_in_s=0.0, noise_scale=0.4)
    words: list[tuple[str, float, float]] = []
    sound: list[Int16] = []
    for piece in voice.say(text, style, Abort()):
        if isinstance(piece, np.ndarray):
            sound.append(piece)
        else:
            words += [(word.text, word.start_s, word.end_s) for word in piece]
    del voice
    gc.collect()  # its 40 MB hang in a cycle, and hundreds of them filled a machine
    return np.concatenate(sound), words


# espeak-ng spells hums, and takes sounds between brackets
_HUMS = ((r"[Mm]+-?[Hh]m+", "[[m:h'm:]]"), (r"[Hh]m+", "[[h'@m:]]"), (r"[Mm]m+", "[[m:m:]]"))


def espeak(text: str, voice: str) -> Int16:
    """espeak-ng at 48 kHz."""
    for pattern, sound in _HUMS:
        text = re.sub(rf"(?<![\w-]){pattern}(?![\w-])", sound, text)
    made = subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "--stdout", text], capture_output=True, check=True)
    return read_wav(made.stdout)


def read_wav(source: bytes | Path) -> Int16:
    """16 bit WAV to 48 kHz mono."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    with wave.open(io.BytesIO(data)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        # espeak-ng writes to a pipe, so its header promises 2 GB: take what is there.
        pcm = np.frombuffer(data[data.index(b"data") + 8 :], np.int16)
    pcm = pcm[: len(pcm) // channels * channels].reshape(-1, channels)[:, 0]
    resampled: Int16 = to_int16(soxr.resample(pcm.astype(np.float64), rate, RATE_HZ))
    return resampled


def to_int16(x: npt.NDArray[np.floating]) -> Int16:
    clipped: Int16 = np.clip(np.rint(x), -32768, 32767).astype(np.int16)
    return clipped


def voiced_span(pcm: Int16, *, below_peak_db: float = 35.0) -> tuple[float, float]:
    """Where speech begins and ends, by the level of 5 ms frames, in seconds."""
    frame = RATE_HZ // 200
    whole = pcm[: len(pcm) // frame * frame].astype(np.float64).reshape(-1, frame)
    power = np.sqrt(np.mean(whole**2, axis=1))
    loud = np.flatnonzero(power > power.max() * 10 ** (-below_peak_db / 20))
    return float(loud[0]) * 0.005, float(loud[-1] + 1) * 0.005


def speech(text: str, speaker: str, *, draw: int = 0) -> tuple[Int16, list[tuple[str, float, float]]]:
    if speaker in PIPER:
        return piper(text, PIPER[speaker], draw=draw)
    return espeak(text, ESPEAK[speaker]), []


def level(pcm: Int16, dbfs: float) -> Int16:
    """Speech at a given RMS level of its louder half."""
    x = pcm.astype(np.float64)
    loud = x[np.abs(x) > np.abs(x).max() * 0.1]
    return to_int16(x * (10 ** (dbfs / 20) * 32768 / np.sqrt(np.mean(loud**2))))


# ---- what is around a voice ----


def noise(seconds: float, dbfs: float, seed: int, *, colour: float = 1.0) -> Float:
    """Noise whose power falls with frequency to the power of `colour`: 0 white, 1 pink, 2 brown."""
    count = round(seconds * RATE_HZ)
    if not count:
        return np.zeros(0)
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(size=count))
    frequency = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum *= np.maximum(frequency, 30.0) ** (-colour / 2)
    x = np.fft.irfft(spectrum, count)
    return np.asarray(x / np.sqrt(np.mean(x**2)) * 10 ** (dbfs / 20) * 32768)


def room_response(seed: int, *, decay_s: float = 0.35, direct_db: float = 6.0) -> Float:
    """A synthetic room: the direct sound, and exponentially decaying noise (`decay_s` to -60 dB) behind it."""
    count = round(decay_s * RATE_HZ)
    rng = np.random.default_rng(seed)
    tail = rng.normal(size=count) * 10 ** (-3 * np.arange(count) / count)
    tail[: round(0.002 * RATE_HZ)] = 0.0
    tail *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(tail)


def convolve(x: Float, h: Float) -> Float:
    size = len(x) + len(h) - 1
    padded = 1 << (size - 1).bit_length()
    return np.asarray(np.fft.irfft(np.fft.rfft(x, padded) * np.fft.rfft(h, padded), padded)[:size])


def in_place(clip: Clip, *, room: bool = False, snr_db: float | None = None, seed: int = 1) -> Clip:
    """The clip in a room, with noise at `snr_db` below its speech."""
    x = clip.pcm.astype(np.float64)
    name = clip.name
    if room:
        x = convolve(x, room_response(seed))[: len(x) + RATE_HZ // 5]
        name += " room"
    if snr_db is not None:
        loud = x[np.abs(x) > np.abs(x).max() * 0.1]
        dbfs = 10 * np.log10(np.mean(loud**2) / 32768**2) - snr_db
        x = x + noise(len(x) / RATE_HZ + 0.001, dbfs, seed)[: len(x)]
        name += f" snr{snr_db:g}"
    return replace(clip, pcm=to_int16(x), name=name)


def hush(seconds: float, seed: int) -> Int16:
    return to_int16(noise(seconds, HUSH_DBFS, seed))


# ---- clips ----


def turn(text: str, speaker: str, *, kind: str = "turn", draw: int = 0) -> Clip:
    pcm = level(speech(text, speaker, draw=draw)[0], -20.0)
    start, end = voiced_span(pcm)
    return Clip(name=text[:32], kind=kind, speaker=speaker, pcm=pcm, text=text, start_s=start, end_s=end)


def hesitation(text: str, speaker: str, pause_s: float, seed: int, *, draw: int = 0) -> Clip:
    """A sentence said in one go, stopped at the bar for `pause_s`.

    Piper tells where its words are; its melody goes on over the gap, as a speaker's does who looks for a word. For
    espeak the two halves are joined, the first with a comma's melody.
    """
    first = text.split("|")[0].split()
    plain = text.replace("|", "")
    pcm, words = speech(" ".join(plain.split()), speaker, draw=draw)
    if words:
        at = (words[len(first) - 1][2] + words[len(first)][1]) / 2
        cut = _quietest(pcm, round(at * RATE_HZ))
        halves = [pcm[:cut], pcm[cut:]]
    else:
        beginning, rest = (half.strip() for half in text.split("|"))
        halves = [speech(f"{beginning.rstrip(',')},", speaker)[0], speech(rest, speaker)[0]]
    before = level(_faded(halves[0]), -20.0)
    after = level(_faded(halves[1]), -20.0)
    _, pause_start = voiced_span(before)
    next_start, _ = voiced_span(after)
    gap = hush(max(0.0, pause_s - (len(before) / RATE_HZ - pause_start) - next_start), seed)
    whole = np.concatenate([before, gap, after])
    start, end = voiced_span(whole)
    pause = (pause_start, (len(before) + len(gap)) / RATE_HZ + next_start)
    return Clip(
        name=f"{text[:32]} {pause_s}",
        kind="hesitation",
        speaker=speaker,
        pcm=whole,
        text=" ".join(plain.split()),
        start_s=start,
        end_s=end,
        pauses=(pause,),
    )


def _quietest(pcm: Int16, near: int) -> int:
    """The quietest point within 40 ms."""
    reach, frame = round(0.04 * RATE_HZ), RATE_HZ // 400
    begin = max(0, near - reach)
    power = np.convolve(pcm[begin : near + reach].astype(np.float64) ** 2, np.ones(frame) / frame, mode="same")
    return begin + int(np.argmin(power))


def _faded(pcm: Int16) -> Int16:
    x = pcm.astype(np.float64)
    count = round(0.008 * RATE_HZ)
    x[:count] *= np.linspace(0, 1, count)
    x[-count:] *= np.linspace(1, 0, count)
    return to_int16(x)


def turns(texts: Sequence[str], speakers: Sequence[str]) -> Iterator[Clip]:
    """Each text by one speaker, in turns; every third in a room, every fourth with noise at 15 dB."""
    for number, text in enumerate(texts):
        clip = turn(text, speakers[number % len(speakers)])
        yield in_place(clip, room=number % 3 == 2, snr_db=15.0 if number % 4 == 3 else None, seed=number)


def hesitations(texts: Sequence[str], speakers: Sequence[str]) -> Iterator[Clip]:
    """Each text by two speakers, with two lengths of pause."""
    for number, text in enumerate(texts):
        for again in range(2):
            speaker = speakers[(number + again) % len(speakers)]
            yield hesitation(text, speaker, PAUSES_S[(number + 2 * again) % len(PAUSES_S)], seed=number)


def recording(name: str) -> Int16:
    """A real recording of `moonshine-voice`: "two_cities", "beckett", "endgame_nagg_nell".

    Raises:
        FileNotFoundError: the group `bench` is not installed.
    """
    package = importlib.util.find_spec("moonshine_voice")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("the real recordings are missing; run 'uv sync --all-packages --group bench'")
    return read_wav(Path(package.submodule_search_locations[0]) / "assets" / f"{name}.wav")


SPEAKERS_TUNE = ("joe", "joe high", "espeak gb")
SPEAKERS_TEST = ("joe", "joe deep", "espeak us f")


def corpus(split: str) -> list[Clip]:
    """All spoken clips of one half: "tune" or "test"."""
    tune = split == "tune"
    speakers = SPEAKERS_TUNE if tune else SPEAKERS_TEST
    piper_speakers = speakers[:2]
    clips = [
        *turns(sentences.TURNS_TUNE if tune else sentences.TURNS_TEST, piper_speakers),
        *turns((sentences.TURNS_TUNE if tune else sentences.TURNS_TEST)[::3], speakers[2:]),
        *hesitations(sentences.HESITATIONS_TUNE if tune else sentences.HESITATIONS_TEST, piper_speakers),
    ]
    for number, text in enumerate(sentences.SHORT_TUNE if tune else sentences.SHORT_TEST):
        clips.append(turn(text, piper_speakers[number % 2], kind="short"))
    return clips


def cached(split: str, folder: Path) -> list[Clip]:
    """`corpus(split)`, made once and kept; made anew when this file or the sentences change."""
    sources = (Path(__file__), Path(sentences.__file__))
    key = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    path = folder / f"corpus-{split}-{key}.pickle"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(corpus(split)))
    kept: list[Clip] = pickle.loads(path.read_bytes())
    return kept
