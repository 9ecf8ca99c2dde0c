"""What a streaming service has said so far, final and not. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from agent.hearing.transcriber import SpokenWord

SLACK_S = 0.25  # services' word times are that rough
KEPT = 256  # finals that nobody took; a speaker says one in two seconds at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One result. Seconds on the episode clock."""

    text: str
    start: float
    end: float
    confidence: float = 0.0  # 0 to 1; 0 when the service tells none
    words: tuple[SpokenWord, ...] = ()

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


class HeardWords:
    """Final results in order, and the one that may still change."""

    def __init__(self) -> None:
        self._finals: deque[Heard] = deque(maxlen=KEPT)
        self._interim: Heard | None = None
        self._final_to = 0.0

    def final(self, heard: Heard) -> None:
        self._final_to = max(self._final_to, heard.end)
        self._interim = None
        if heard.text:
            self._finals.append(heard)

    def interim(self, heard: Heard) -> None:
        self._interim = heard if heard.text else None

    def final_to(self, time: float) -> bool:
        """Whether all words up to `time` are final."""
        return self._final_to >= time - SLACK_S

    def since(self, start: float) -> tuple[Heard, ...]:
        """Final and interim results from `start` on."""
        results = [*self._finals, *([self._interim] if self._interim else [])]
        return tuple(heard for heard in results if heard.middle >= start)

    def take(self, start: float, end: float) -> tuple[Heard, ...]:
        """Results between, and forget everything up to `end`. Words that are not final by now will not be."""
        taken = tuple(heard for heard in self.since(start) if heard.middle <= end + SLACK_S)
        self._finals = deque((heard for heard in self._finals if heard.middle > end + SLACK_S), KEPT)
        if self._interim is not None and self._interim.middle <= end + SLACK_S:
            self._interim = None
        return taken
