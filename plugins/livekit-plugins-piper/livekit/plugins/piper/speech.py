"""From the model's samples to those that are heard: level, silences at the ends, timbre and rate. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

Float32 = npt.NDArray[np.float32]
Int16 = npt.NDArray[np.int16]

SILENCE_DBFS = -58.0
"""Piper's silence lies at -96 dBFS, the first breath of an "f" or "h" above -55; 5 ms frames."""

FRAME_S = 0.005
FADE_S = 0.003
"""At both ends, so that a cut is never heard as a click."""

KNEE = 0.9
"""Above it, samples are bent towards full scale instead of clipped."""


class Trimmer:
    """Takes the silence off both ends of a stretch of speech, keeping (or adding) pads of a given length.

    Args:
        sample_rate_hz: of the samples, which may be a rate that they are only taken as.
        lead_in_s, tail_s: the silence that is left before and after.
    """

    def __init__(self, sample_rate_hz: float, *, lead_in_s: float, tail_s: float) -> None:
        self._frame = max(1, round(FRAME_S * sample_rate_hz))
        self._fade = max(1, round(FADE_S * sample_rate_hz))
        self._lead_in = round(lead_in_s * sample_rate_hz)
        self._tail = round(tail_s * sample_rate_hz)
        self._held: Float32 = np.zeros(0, np.float32)
        self._seen = 0
        self.offset: int | None = None
        """Samples from the input's first to the output's first; negative: silence was added; None: no voice yet."""

    def push(self, samples: Float32) -> Float32:
        """What can be heard now: up to the last voiced sample. Silence is held until voice follows it."""
        held = np.concatenate([self._held, samples])
        voiced = np.flatnonzero(_level_dbfs(held, self._frame) > SILENCE_DBFS)
        if self.offset is None:
            if not voiced.size:
                keep = min(held.size, self._lead_in)
                self._seen += held.size - keep
                self._held = held[held.size - keep :]
                return np.zeros(0, np.float32)
            onset = int(voiced[0]) * self._frame
            start = max(0, onset - self._lead_in)
            self.offset = self._seen + onset - self._lead_in
            pad = np.zeros(self._lead_in - (onset - start), np.float32)
            held = np.concatenate([pad, held[start:]])
            held[: self._fade] *= np.linspace(0, 1, min(self._fade, held.size), dtype=np.float32)
            voiced = np.flatnonzero(_level_dbfs(held, self._frame) > SILENCE_DBFS)
        end = (int(voiced[-1]) + 1) * self._frame if voiced.size else 0
        end = min(end, held.size)
        self._held = held[end:]
        return held[:end]

    def finish(self) -> Float32:
        """The tail's silence; empty when there was no voice at all."""
        if self.offset is None:
            return np.zeros(0, np.float32)
        tail = np.zeros(self._tail, np.float32)
        rest = self._held[: self._tail]
        tail[: rest.size] = rest
        fade = min(self._fade, rest.size)
        if fade:
            tail[rest.size - fade : rest.size] *= np.linspace(1, 0, fade, dtype=np.float32)
        return tail


def _level_dbfs(samples: Float32, frame: int) -> Float32:
    """RMS of each frame; a shorter last one counts too, since what follows it is not known yet."""
    if not samples.size:
        return np.zeros(0, np.float32)
    power = np.add.reduceat(np.square(samples), np.arange(0, samples.size, frame)) / frame
    level: Float32 = 10 * np.log10(power + 1e-12)
    return level


class Resampler:
    """Native samples, taken as `from_hz`, to int16 at `to_hz`: one resampling for timbre and rate (soxr HQ)."""

    def __init__(self, from_hz: float, to_hz: int) -> None:
        self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")

    def push(self, samples: Float32, *, last: bool = False) -> Int16:
        return to_int16(self._stream.resample_chunk(samples, last=last))


def to_int16(samples: Float32) -> Int16:
    over = np.abs(samples) > KNEE
    if over.any():
        bent = KNEE + (1 - KNEE) * np.tanh((np.abs(samples) - KNEE) / (1 - KNEE))
        samples = np.where(over, np.sign(samples) * bent, samples)
    return np.rint(samples * 32767).astype(np.int16)


def speech_level_dbfs(samples: Float32, sample_rate_hz: int) -> float:
    """RMS over the frames that hold speech (above -45 dBFS); -120 when none does."""
    levels = _level_dbfs(samples, round(0.010 * sample_rate_hz))
    loud = levels[levels > -45.0]
    return float(10 * np.log10(np.mean(10 ** (loud / 10)))) if loud.size else -120.0
