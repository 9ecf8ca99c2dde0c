"""Samples of a voice: the one format behind TTS, and the small operations that keep it free of clicks."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Int16: TypeAlias = npt.NDArray[np.int16]  # shape (samples,), 48 kHz mono

RATE_HZ = 48_000
FRAME_S = 0.01
FRAME = int(RATE_HZ * FRAME_S)  # samples; WebRTC's own unit
EDGE_FADE = int(RATE_HZ * 0.004)  # long enough against a click, too short to be heard as a fade

QUIET_DBFS = -50.0  # below this a TTS is between words: Piper's noise floor is near -65, its soft fricatives near -42
_QUIET = 32768 * 10 ** (QUIET_DBFS / 20)
_QUIET_WINDOW = int(RATE_HZ * 0.005)

EMPTY: Int16 = np.zeros(0, np.int16)


def samples(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def ramped(pcm: Int16, start: float, end: float) -> Int16:
    """`pcm` with a gain that goes linearly from `start` to `end` (factors) over its length; int16, same shape."""
    if start == end == 1.0 or not len(pcm):
        return pcm
    gain = np.linspace(start, end, len(pcm), endpoint=False, dtype=np.float32)
    return (pcm * gain).astype(np.int16)


def faded_in(pcm: Int16, length: int = EDGE_FADE) -> Int16:
    length = min(length, len(pcm))
    return np.concatenate([ramped(pcm[:length], 0.0, 1.0), pcm[length:]])


def faded_out(pcm: Int16, length: int = EDGE_FADE) -> Int16:
    length = min(length, len(pcm))
    return np.concatenate([pcm[: len(pcm) - length], ramped(pcm[len(pcm) - length :], 1.0, 0.0)])


def loud_windows(pcm: Int16) -> npt.NDArray[np.bool_]:
    """Which 5 ms windows of `pcm` are above QUIET_DBFS (peak); a last partial window counts. bool, shape (windows,)."""
    pad = -len(pcm) % _QUIET_WINDOW
    padded = np.pad(np.abs(pcm.astype(np.int32)), (0, pad))
    loud: npt.NDArray[np.bool_] = padded.reshape(-1, _QUIET_WINDOW).max(axis=1) > _QUIET
    return loud


class Trimmer:
    """Takes the silence before and after a clause's voice, while the clause is still being synthesised.

    Engines put silence of their own around each clause (Piper: 55 ms before, 120-180 ms after). What is said first
    would be late by the one, and pauses would be the engine's rather than the punctuation's by the other. Silence
    within is kept.
    """

    KEPT_BEFORE = samples(0.01)
    KEPT_AFTER = samples(0.03)

    def __init__(self) -> None:
        self.before = 0  # samples taken off the front: word timings move by as much
        self._quiet = EMPTY  # not known yet whether it lies within the voice or after it
        self._begun = False

    def push(self, pcm: Int16) -> Int16:
        """What can be played of `pcm` and of what was held back before it."""
        pcm = np.concatenate([self._quiet, pcm])
        loud = np.flatnonzero(loud_windows(pcm))
        if not len(loud):
            if self._begun:
                self._quiet = pcm
            else:
                keep = min(len(pcm), self.KEPT_BEFORE)
                self.before += len(pcm) - keep
                self._quiet = pcm[len(pcm) - keep :]
            return EMPTY
        start = 0
        if not self._begun:
            start = max(0, int(loud[0]) * _QUIET_WINDOW - self.KEPT_BEFORE)
            self.before += start
            self._begun = True
        end = min(len(pcm), (int(loud[-1]) + 1) * _QUIET_WINDOW)
        self._quiet = pcm[end:]
        return pcm[start:end]

    def end(self) -> Int16:
        """The short tail that stays after the voice."""
        tail = self._quiet[: self.KEPT_AFTER] if self._begun else EMPTY
        self._quiet = EMPTY
        return tail
