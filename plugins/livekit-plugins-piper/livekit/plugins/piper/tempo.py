"""How slow speech becomes when the model is asked for slower speech. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TEMPO_SCALES = (0.5, 0.7, 0.85, 1.0, 1.15, 1.35, 1.7, 2.2)


class Tempo:
    """A voice's length scale for a wanted length.

    The two are not the same: durations are whole frames, rounded up, and most phonemes last one or two. Asked for 0.88
    of its usual length, `en_US-joe-medium` gives 0.95. So lengths are measured, and what lies between is interpolated.

    Args:
        scales: length scales that were tried, rising, among them 1.
        frames: how long a sentence became with each.
    """

    def __init__(self, scales: Sequence[float], frames: Sequence[float]) -> None:
        self._scales = scales
        usual = frames[list(scales).index(1.0)]
        self._lengths = np.maximum.accumulate([length / usual for length in frames])

    def scale(self, length: float) -> float:
        """The length scale that gives `length` times the usual length; in proportion beyond what was measured."""
        shortest, longest = float(self._lengths[0]), float(self._lengths[-1])
        if length <= shortest:
            return self._scales[0] * length / shortest
        if length >= longest:
            return self._scales[-1] * length / longest
        return float(np.interp(length, self._lengths, self._scales))
