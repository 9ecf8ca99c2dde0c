"""How much voice is in an audio, by livekit-agents' own voice activity detector (Silero, 0.02 ms a window)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from livekit.local_inference import VAD, VAD_WINDOW_SAMPLES

from .whisper import RATE_HZ

WINDOW_S = VAD_WINDOW_SAMPLES / RATE_HZ
VOICE = 0.5  # the detector's own activation threshold in livekit-agents

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What the detector found in one audio, window by window of 32 ms."""

    probability: Float64
    """Of a voice, shape (windows,), 0 to 1."""
    level: Float64
    """RMS, shape (windows,), in units of int16."""

    @property
    def voiced_s(self) -> float:
        """Seconds of windows with a probability of 0.5 or more."""
        return float((self.probability >= VOICE).sum()) * WINDOW_S

    @property
    def peak(self) -> float:
        """The highest probability, 0 to 1; 0 for an empty audio."""
        return float(self.probability.max(initial=0.0))

    def between(self, start_s: float, end_s: float) -> Voice:
        """The part from `start_s` to `end_s`, rounded outwards to windows."""
        part = slice(max(0, int(start_s / WINDOW_S)), max(0, -int(-end_s // WINDOW_S)))
        return Voice(self.probability[part], self.level[part])


class VoiceMeter:
    """Measures whole audios, one after the other. One thread at a time."""

    def __init__(self) -> None:
        self._vad = VAD()

    def measure(self, pcm: npt.NDArray[np.int16]) -> Voice:
        """Look at each window.

        Args:
            pcm: int16, shape (samples,), 16 kHz mono. A last part shorter than a window is filled up with silence.
        """
        count = -(-len(pcm) // VAD_WINDOW_SAMPLES)
        padded = np.zeros(count * VAD_WINDOW_SAMPLES, np.int16)
        padded[: len(pcm)] = pcm
        windows = padded.reshape(count, VAD_WINDOW_SAMPLES)
        self._vad.reset()
        probability = np.array([self._vad.predict(window) for window in windows], np.float64)
        level = np.sqrt(np.mean(np.square(windows.astype(np.float64)), axis=1))
        return Voice(probability, level)
