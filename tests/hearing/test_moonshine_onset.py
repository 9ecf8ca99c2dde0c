"""Where a voice begins, for the reader whose full stops depend on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hearing.moonshine.onset import LEAD_S, RATE_HZ, from_onset, onset


def audio(
    before_s: float, *, noise_dbfs: float = -72.0, voice_dbfs: float = -20.0, after_s: float = 0.13
) -> np.ndarray:
    """A second of a voice in noise: a tone that swells in 30 ms."""
    rng = np.random.default_rng(3)
    count = round((before_s + 1.0 + after_s) * RATE_HZ)
    sound = rng.normal(0, 10 ** (noise_dbfs / 20), count)
    voice = 10 ** (voice_dbfs / 20) * 1.4 * np.sin(np.arange(RATE_HZ) * 2 * np.pi * 180 / RATE_HZ)
    voice *= np.minimum(1.0, np.arange(RATE_HZ) / (0.03 * RATE_HZ))
    begin = round(before_s * RATE_HZ)
    sound[begin : begin + RATE_HZ] += voice
    return sound.astype(np.float32)


@pytest.mark.parametrize(("noise_dbfs", "voice_dbfs"), [(-72.0, -20.0), (-72.0, -45.0), (-50.0, -30.0), (-35.0, -20.0)])
@pytest.mark.parametrize("before_s", [0.0, 0.3, 0.5, 2.0])
def test_a_voice_is_found_whatever_lies_before_it(before_s: float, noise_dbfs: float, voice_dbfs: float) -> None:
    sound = audio(before_s, noise_dbfs=noise_dbfs, voice_dbfs=voice_dbfs)
    assert onset(sound) / RATE_HZ == pytest.approx(before_s, abs=0.02)


@pytest.mark.parametrize("before_s", [0.0, 0.02, 0.5])
def test_there_is_the_same_silence_before_it_each_time(before_s: float) -> None:
    kept = from_onset(audio(before_s))
    assert len(kept) / RATE_HZ == pytest.approx(LEAD_S + 1.13, abs=0.02)
    assert kept.dtype == np.float32


def test_a_click_before_it_is_no_voice() -> None:
    sound = audio(0.5)
    sound[800:810] = 0.5
    assert onset(sound) / RATE_HZ == pytest.approx(0.5, abs=0.02)


@given(st.integers(0, 4000), st.sampled_from([0.0, 1e-4, 0.5]))
def test_an_audio_without_any_voice_stays_whole(samples: int, level: float) -> None:
    sound = np.full(samples, level, np.float32)
    assert len(from_onset(sound)) >= samples
