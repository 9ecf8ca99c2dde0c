"""How much voice is in an audio, by livekit-agents' own voice activity detector (Silero, 0.02 ms a window)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from livekit.local_inference import VAD, VAD_WINDOW_SAMPLES

RATE_HZ = 16_000
WINDOW_S = VAD_WINDOW_SAMPLES / RATE_HZ
VOICE = 0.5  # the detector's own activation threshold in livekit-agents


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What the detector found in one audio."""

    voiced_s: float
    """Seconds of windows with a probability of 0.5 or more."""
    peak: float
    """The highest probability of any window, 0 to 1."""
    level_dbfs: float
    """RMS of the voiced windows, of all windows when none is voiced; -120 for digital silence."""


class VoiceMeter:
    """Measures whole audios, one after the other. One thread at a time."""

    def __init__(self) -> None:
        self._vad = VAD()

    def measure(self, pcm: npt.NDArray[np.int16]) -> Voice:
        """Args:
        pcm: int16, shape (samples,), 16 kHz mono. A last part shorter than a window of 32 ms is filled up with silence.
        """
        count = -(-len(pcm) // VAD_WINDOW_SAMPLES)
        if not count:
            return Voice(voiced_s=0.0, peak=0.0, level_dbfs=-120.0)
        padded = np.zeros(count * VAD_WINDOW_SAMPLES, np.int16)
        padded[: len(pcm)] = pcm
        windows = padded.reshape(count, VAD_WINDOW_SAMPLES)
        self._vad.reset()
        probability = np.array([self._vad.predict(window) for window in windows])
        voiced = probability >= VOICE
        heard = windows[voiced] if voiced.any() else windows
        return Voice(
            voiced_s=float(voiced.sum()) * WINDOW_S,
            peak=float(probability.max()),
            level_dbfs=level_dbfs(heard),
        )


def level_dbfs(pcm: npt.NDArray[np.int16]) -> float:
    """RMS level; 0 is a full-scale square wave, -120 the floor."""
    power = float(np.mean(np.square(pcm.astype(np.float64)))) if pcm.size else 0.0
    return max(-120.0, 10.0 * float(np.log10(power / 32768.0**2 + 1e-12)))
