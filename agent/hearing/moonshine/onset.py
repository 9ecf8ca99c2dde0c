"""Where the voice sets in, to some 10 ms: by level alone. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE_HZ = 16_000
FRAME = RATE_HZ // 100
BELOW_PEAK_DB = 35.0  # a voice's softest beginnings
ABOVE_FLOOR_DB = 6.0  # and what stands out of the noise around it
FLOOR_QUANTILE = 0.1  # the pauses of a turn are a tenth of it, with the silence before and behind
LEAD_S = 0.05

Float32 = npt.NDArray[np.float32]


def from_onset(speech: Float32) -> Float32:
    """The audio from `LEAD_S` before its voice, with silence put there if it has less.

    What Moonshine makes of a turn's end depends on the silence before its beginning: with half a second of it the odds
    of a full stop fall from 150 to 1 to 12 to 1. So it is the same each time, and that of which most ends and pauses
    are told apart (bench/readers.py).

    Args:
        speech: (samples,), 16 kHz mono, -1..1.
    """
    start = onset(speech) - round(LEAD_S * RATE_HZ)
    return speech[start:] if start >= 0 else np.concatenate([np.zeros(-start, np.float32), speech])


def onset(speech: Float32) -> int:
    """The first sample of two frames in a row with a voice in them; 0 where there is none."""
    count = len(speech) // FRAME
    if count < 2:
        return 0
    frames = speech[: count * FRAME].reshape(count, FRAME)
    level = np.sqrt(np.mean(frames * frames, axis=1))
    least = max(
        float(level.max()) * 10 ** (-BELOW_PEAK_DB / 20),
        float(np.quantile(level, FLOOR_QUANTILE)) * 10 ** (ABOVE_FLOOR_DB / 20),
    )
    loud = level > least
    both = np.flatnonzero(loud[:-1] & loud[1:])
    return int(both[0]) * FRAME if len(both) else 0
