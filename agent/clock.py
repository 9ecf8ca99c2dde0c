"""The episode clock: one monotonic clock an episode, on which every event, caption and sample lies."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class EpisodeClock:
    """Seconds since t = 0, the start of the recording.

    Monotonic, so that a corrected wall clock moves nothing. The stages are handed times; only the shells that touch
    a device or a socket read this clock.
    """

    def __init__(self) -> None:
        self._origin_s = time.monotonic()
        self.started_at = datetime.now(UTC)

    def now(self) -> float:
        """Seconds since t = 0."""
        return time.monotonic() - self._origin_s
