"""What the arrival times of a stream say about its clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

BLOCK_S = 1.0
_MEMORY_BLOCKS = 120
_LEVEL_BLOCKS = 5
_SLOPE_SPAN_S = 12.0  # under this, jitter of 1 ms reads as 100 ppm of drift


def median(values: Iterable[float]) -> float:
    """The upper median. `np.median` would do, but its first call imports for 60 ms, in the middle of a show."""
    ordered = np.sort(np.fromiter(values, dtype=np.float64))
    return float(ordered[len(ordered) // 2])


def lateness(offsets: Iterable[float]) -> float:
    """How far a typical frame lies behind the most punctual of those that follow it.

    Lost packets lift all that follow, so they do not count as jitter here: else a bad network would hide its losses.
    """
    values = np.fromiter(offsets, dtype=np.float64)
    punctual = np.minimum.accumulate(values[::-1])[::-1]
    return median(values - punctual)


class ArrivalClock:
    """Separates a stream's clock from the jitter of its delivery.

    A frame's offset is its arrival time less the count of samples before it. Delivery can only add delay, so the
    smallest offset of a second lies close to the truth (the minimum filter of NTP's clock filter, RFC 5905, and of
    network tomography), and the slope through those minima is the drift between the two clocks. The slope is
    Theil and Sen's median of pairwise slopes, which a third of bad seconds does not move.
    """

    def __init__(self, *, assumed_jitter_s: float = 0.0) -> None:
        self._block: list[tuple[float, float]] = []
        self._minima: deque[tuple[float, float]] = deque(maxlen=_MEMORY_BLOCKS)  # (when, offset), seconds
        self._spreads: deque[float] = deque(maxlen=_LEVEL_BLOCKS)
        self.drift = 0.0  # seconds a second: > 0 when the stream brings too few samples
        self.jitter_s = assumed_jitter_s  # see `lateness`

    def add(self, at: float, offset_s: float) -> bool:
        """One frame; True when a second has been completed and the figures are new."""
        complete = bool(self._block) and abs(at - self._block[0][0]) >= BLOCK_S
        if complete:
            self._close_block()
        self._block.append((at, offset_s))
        return complete

    def offset_s(self, at: float) -> float:
        """The estimate of the stream's offset at `at`."""
        recent = list(self._minima)[-_LEVEL_BLOCKS:]
        return median([offset + self.drift * (at - when) for when, offset in recent])

    @property
    def drift_ppm(self) -> float:
        """The stream's clock against the episode's, parts per million; > 0 when it runs fast (too many samples)."""
        return -self.drift * 1e6

    def _close_block(self) -> None:
        offsets = np.array([offset for _, offset in self._block])
        best = int(offsets.argmin())
        self._minima.append((self._block[best][0], float(offsets[best])))
        self._spreads.append(lateness(offsets))
        self.jitter_s = median(self._spreads)
        self._block.clear()
        when, offset = np.array(self._minima).T
        if when[-1] - when[0] < _SLOPE_SPAN_S:
            return
        first, second = np.triu_indices(len(when), k=max(1, len(when) // 4))  # short spans are mostly noise
        spans = when[second] - when[first]
        self.drift = median((offset[second] - offset[first])[spans > 0] / spans[spans > 0])
