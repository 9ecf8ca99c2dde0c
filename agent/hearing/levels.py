"""Levels of audio."""

from __future__ import annotations

import numpy as np

from agent.hearing.transcriber import Int16

FLOOR_DBFS = -120.0


def level_dbfs(pcm: Int16) -> float:
    """RMS of int16 samples; 0 is a full-scale square wave, `FLOOR_DBFS` digital silence."""
    if not len(pcm):
        return FLOOR_DBFS
    samples = pcm.astype(np.float32)
    power = float(np.dot(samples, samples)) / len(samples) / 32768.0**2
    return max(FLOOR_DBFS, 10.0 * float(np.log10(power + 1e-12)))
