"""The read head: exact when it need not move, clean when it must."""

from __future__ import annotations

import numpy as np
import pytest

from agent.recording.audio import RATE_HZ, Int16
from agent.recording.stretching import Stretcher


def sine(hz: float, seconds: float, rate: float = RATE_HZ) -> Int16:
    wave: Int16 = np.rint(20_000 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.int16)
    return wave


def through(stretcher: Stretcher, pcm: Int16, frame: int = 480) -> Int16:
    parts = [stretcher.feed(pcm[n : n + frame]) for n in range(0, len(pcm), frame)]
    return np.concatenate([*parts, stretcher.drain()])


def test_without_skew_every_sample_passes_as_it_is() -> None:
    pcm = np.random.default_rng(0).integers(-32768, 32767, 10_007).astype(np.int16)
    assert np.array_equal(through(Stretcher(), pcm), pcm)


@pytest.mark.parametrize("skew", [-2e-3, -2e-4, 2e-4, 2e-3])
def test_length_follows_the_skew(skew: float) -> None:
    stretcher = Stretcher()
    stretcher.skew = skew
    assert len(through(stretcher, sine(440, 10.0))) == pytest.approx(10 * RATE_HZ * (1 + skew), abs=2)


@pytest.mark.parametrize(("hz", "least_db"), [(200, 70), (1000, 70), (4000, 60), (10_000, 55), (16_000, 45)])
def test_what_is_stretched_stays_clean(hz: float, least_db: float) -> None:
    stretcher = Stretcher()
    stretcher.skew = 200e-6
    output = through(stretcher, sine(hz, 2.0))[2000:-2000].astype(float)
    # the best sine of the frequency that it should have now; what is left over is noise
    t = np.arange(len(output)) * hz / RATE_HZ / (1 + 200e-6) * 2 * np.pi
    basis = np.column_stack((np.sin(t), np.cos(t)))
    weights, *_ = np.linalg.lstsq(basis, output, rcond=None)
    noise = output - basis @ weights
    assert 20 * np.log10(np.std(output) / np.std(noise)) > least_db


def test_setting_the_skew_in_mid_stream_makes_no_jump() -> None:
    stretcher, parts = Stretcher(), []
    pcm = sine(300, 1.0)
    for n in range(0, len(pcm), 480):
        stretcher.skew = 2e-3 if n > 10_000 else 0.0
        parts.append(stretcher.feed(pcm[n : n + 480]))
    steps = np.abs(np.diff(np.concatenate(parts).astype(int)))
    assert steps.max() <= 1.01 * np.abs(np.diff(pcm.astype(int))).max()
