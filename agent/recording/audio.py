"""The one sample format of a recording."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Int16: TypeAlias = npt.NDArray[np.int16]

RATE_HZ = 48_000
FRAME_SAMPLES = 960  # 20 ms, one Opus packet
SILENT_DBFS = -120.0  # what a meter shows for digital silence, and for nothing at all


def samples(seconds: float) -> int:
    """Seconds as a whole number of samples."""
    return round(seconds * RATE_HZ)


def dbfs(sum_of_squares: float, count: int) -> float:
    """RMS level in dB of full scale, `SILENT_DBFS` at the least.

    Args:
        sum_of_squares: of int16 sample values.
        count: of samples.
    """
    if count <= 0 or sum_of_squares <= 0.0:
        return SILENT_DBFS
    rms = np.sqrt(sum_of_squares / count) / 32768.0
    return max(SILENT_DBFS, float(20.0 * np.log10(rms)))
