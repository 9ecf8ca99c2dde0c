"""Silence at the ends, timbre, rate and level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.plugins.piper.speech import Float32, Resampler, Trimmer, speech_level_dbfs, to_int16
from livekit.plugins.piper.tempo import Tempo

RATE_HZ = 22_050


def tone(seconds: float, hz: float = 200.0, level: float = 0.3) -> Float32:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def silence(seconds: float) -> Float32:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def trimmed(samples: Float32, *, piece: int, lead_in_s: float = 0.01, tail_s: float = 0.06) -> tuple[Float32, Trimmer]:
    trimmer = Trimmer(RATE_HZ, lead_in_s=lead_in_s, tail_s=tail_s)
    out = [trimmer.push(samples[i : i + piece]) for i in range(0, samples.size, piece)]
    return np.concatenate([*out, trimmer.finish()]), trimmer


@pytest.mark.parametrize("piece", [317, 4_096, 1_000_000])
def test_piper_s_silences_become_short_pads_whatever_the_pieces(piece: int) -> None:
    speech, trimmer = trimmed(np.concatenate([silence(0.055), tone(0.5), silence(0.18)]), piece=piece)
    assert speech.size / RATE_HZ == pytest.approx(0.01 + 0.5 + 0.06, abs=0.011)
    assert trimmer.offset is not None
    assert trimmer.offset / RATE_HZ == pytest.approx(0.045, abs=0.006)


def test_a_pause_within_the_speech_stays_as_it_is() -> None:
    speech, _ = trimmed(np.concatenate([tone(0.3), silence(0.4), tone(0.3)]), piece=1_000, lead_in_s=0, tail_s=0)
    assert speech.size / RATE_HZ == pytest.approx(1.0, abs=0.011)


def test_speech_that_begins_at_once_gets_its_lead_in() -> None:
    speech, trimmer = trimmed(tone(0.3), piece=2_000, lead_in_s=0.05, tail_s=0.1)
    assert speech.size / RATE_HZ == pytest.approx(0.45, abs=0.011)
    assert not speech[: round(0.045 * RATE_HZ)].any()
    assert trimmer.offset == pytest.approx(-0.05 * RATE_HZ, abs=1)


def test_nothing_voiced_is_nothing_heard() -> None:
    speech, trimmer = trimmed(silence(1.0), piece=777)
    assert speech.size == 0
    assert trimmer.offset is None


def test_neither_end_clicks() -> None:
    speech, _ = trimmed(tone(0.3, hz=50), piece=2_000, lead_in_s=0, tail_s=0.01)
    assert abs(speech[0]) < 0.001
    assert abs(speech[-1]) < 0.001


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3_000), max_size=8), st.integers(50, 5_000))
def test_however_it_is_cut_into_pieces_the_same_is_heard(lengths: list[int], piece: int) -> None:
    parts = [tone(n / RATE_HZ) if i % 2 else silence(n / RATE_HZ) for i, n in enumerate(lengths)]
    samples = np.concatenate([silence(0), *parts])
    one, _ = trimmed(samples, piece=piece)
    other, _ = trimmed(samples, piece=1_000_000)
    assert abs(one.size - other.size) <= 0.011 * RATE_HZ


def pitch_hz(samples: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * rate_hz / samples.size)


@pytest.mark.parametrize("timbre", [0.85, 1.0, 1.2])
def test_samples_taken_faster_sound_higher(timbre: float) -> None:
    resampler = Resampler(RATE_HZ * timbre, 48_000)
    source = tone(1.0, hz=220.0)
    heard = np.concatenate([resampler.push(source[:5_000]), resampler.push(source[5_000:], last=True)])
    assert heard.size == pytest.approx(48_000 / timbre, abs=2)
    assert pitch_hz(heard, 48_000) == pytest.approx(220.0 * timbre, abs=1.5)


def test_too_loud_is_bent_not_wrapped() -> None:
    loud = to_int16(np.array([0.0, 0.5, 0.9, 1.0, 1.5, 40.0, -40.0], np.float32))
    assert list(loud[:2]) == [0, 16_384]
    assert np.all(np.diff(loud[:6].astype(int)) >= 0)
    assert loud[5] == 32_767
    assert loud[6] == -32_767


def test_level_is_that_of_the_speech_not_of_the_pauses() -> None:
    assert speech_level_dbfs(np.concatenate([silence(3), tone(1.0)]), RATE_HZ) == pytest.approx(-13.5, abs=0.2)
    assert speech_level_dbfs(silence(1), RATE_HZ) == -120.0


def test_a_voice_that_is_slow_to_slow_down_is_asked_for_more() -> None:
    tempo = Tempo((0.5, 1.0, 2.0), (60, 100, 180))
    assert tempo.scale(1.0) == 1.0
    assert tempo.scale(1.4) == pytest.approx(1.5)
    assert tempo.scale(0.8) == pytest.approx(0.75)
    assert tempo.scale(3.6) == pytest.approx(4.0)
    assert tempo.scale(0.3) == pytest.approx(0.25)


def test_lengths_that_were_not_measured_are_taken_in_proportion() -> None:
    assert Tempo((1.0,), (1.0,)).scale(0.8) == pytest.approx(0.8)
    assert Tempo((1.0,), (1.0,)).scale(1.3) == pytest.approx(1.3)
