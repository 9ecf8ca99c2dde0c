"""Whether words come fast enough to be spoken. Pure: time is handed in."""

from __future__ import annotations

SPEECH_CHARS_PER_S = 15.0  # of the voices here at their usual tempo
TOO_SLOW_CHARS_PER_S = 4.0  # a voice that waits for its words three quarters of the time
TOLERATED_S = 4.0  # of that
_AHEAD_S = 1.0  # of a voice that has words again


class Pace:
    """Follows a reply's text against a voice that speaks it as it comes.

    Args:
        at: when the voice can begin, seconds on any one clock.
    """

    def __init__(self, at: float) -> None:
        self._spoken_until = at
        self._starved_since: float | None = None
        self._chars = 0

    def too_slow(self, chars: int, at: float) -> bool:
        """Tell of `chars` more characters, which came `at`; whether a voice has starved for too long by then."""
        if self._starved_since is None and at > self._spoken_until:
            self._starved_since, self._chars = self._spoken_until, 0
        self._spoken_until = max(self._spoken_until, at) + chars / SPEECH_CHARS_PER_S
        if self._starved_since is None:
            return False
        self._chars += chars
        if self._spoken_until - at > _AHEAD_S:
            self._starved_since = None
            return False
        starved_s = at - self._starved_since
        return starved_s >= TOLERATED_S and self._chars < TOO_SLOW_CHARS_PER_S * starved_s
