"""What has the pitch of a voice that sets in, and what has not."""

from __future__ import annotations

import numpy as np
import pytest

from agent.hearing.voicing import periodicity

RATE_HZ = 16_000
LENGTH = 512


def buzz(pitch_hz: float, level: float = 3000.0) -> np.ndarray:
    """Pulses through a resonance, as from a throat."""
    pulses = np.zeros(LENGTH)
    pulses[:: round(RATE_HZ / pitch_hz)] = 1.0
    time = np.arange(120) / RATE_HZ
    sound = np.convolve(pulses, np.exp(-time * 400) * np.sin(2 * np.pi * 600 * time))[:LENGTH]
    return np.asarray(sound / np.abs(sound).max() * level)


def heard(sound: np.ndarray) -> float:
    hiss = np.random.default_rng(1).normal(0, 8, LENGTH)
    return periodicity((sound + hiss).astype(np.int16))


def swelling(sound: np.ndarray, since: int = 100) -> np.ndarray:
    """Silence, and then louder and louder."""
    return np.asarray(sound * np.clip((np.arange(LENGTH) - since) / 300, 0, 1))


@pytest.mark.parametrize("pitch_hz", [80, 110, 150, 220, 300, 390])
def test_a_voice_that_sets_in_is_periodic(pitch_hz: float) -> None:
    assert heard(swelling(buzz(pitch_hz))) > 0.75


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros(LENGTH), id="silence"),
        pytest.param(swelling(np.random.default_rng(2).normal(0, 1500, LENGTH)), id="breath"),
        pytest.param(buzz(150) * np.exp(-np.arange(LENGTH) / 150), id="what rings and dies away"),
        pytest.param(np.pad(np.random.default_rng(3).normal(0, 9000, 60), (LENGTH - 60, 0)), id="a key"),
    ],
)
def test_what_is_no_voice_is_not(sound: np.ndarray) -> None:
    assert heard(sound) < 0.6


def test_digital_silence_is_not_either() -> None:
    assert periodicity(np.zeros(LENGTH, np.int16)) == 0.0
