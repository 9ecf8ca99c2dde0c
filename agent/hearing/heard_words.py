"""What a streaming service has said so far, final and not. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from agent.hearing.transcriber import SpokenWord

SLACK_S = 0.25  # services' word times are that rough
KEPT = 256  # finals that nobody took; a speaker says one in two seconds at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One result. Seconds on the episode clock."""

    text: str
    start: float
    end: float
    arrived: float  # when it came, by the audio that had been sent
    timed: bool = True  # by the service; otherwise `start` and `end` are when it came
    confidence: float = 0.0  # 0 to 1; 0 when the service tells none
    words: tuple[SpokenWord, ...] = ()

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2

    def between(self, start: float, end: float = float("inf")) -> Heard | None:
        """What of it was said between; a result without words of its own goes as a whole."""
        if not self.words:
            return self if start <= self.middle <= end else None
        words = tuple(word for word in self.words if start <= (word.start + word.end) / 2 <= end)
        if len(words) == len(self.words):
            return self
        if not words:
            return None
        text = " ".join(word.text for word in words)
        return replace(self, text=text, words=words, start=words[0].start, end=words[-1].end)


class HeardWords:
    """Final results in order, and the one that may still change."""

    def __init__(self) -> None:
        self._finals: deque[Heard] = deque(maxlen=KEPT)
        self._interim: Heard | None = None
        self._final_to = 0.0

    @property
    def final_to(self) -> float:
        """Where the last final result ends."""
        return self._final_to

    @property
    def unsettled(self) -> bool:
        """There is a text that is not final yet."""
        return self._interim is not None

    def final(self, heard: Heard) -> None:
        interim = self._interim
        if not heard.timed and interim is not None:  # a service that tells no times: it was said when it was first told
            heard = replace(heard, start=interim.start, end=interim.end)
        if interim is not None and (not interim.timed or interim.start < heard.end):
            self._interim = None
        self._final_to = max(self._final_to, heard.end)
        if heard.text:
            self._finals.append(heard)

    def interim(self, heard: Heard) -> None:
        if self._interim is not None and not heard.timed and not self._interim.timed:
            heard = replace(heard, start=self._interim.start)
        self._interim = heard if heard.text else None

    def drop_interim(self) -> None:
        """Its stream is gone, and no final result will follow it."""
        self._interim = None

    def final_at(self, time: float) -> bool:
        """Whether all words up to `time` are final."""
        return self._final_to >= time - SLACK_S

    def reached(self, time: float) -> bool:
        """Whether there are words up to `time`, final or not."""
        if self._interim is None or self.final_at(time):
            return self.final_at(time)
        # When a text came without times, it may lack the words that were just being said
        return self._interim.end >= time - (SLACK_S if self._interim.timed else 0.0)

    def since(self, start: float, end: float = float("inf")) -> tuple[Heard, ...]:
        """Final and interim results from `start` on."""
        results = [*self._finals, *([self._interim] if self._interim else [])]
        return tuple(part for heard in results if (part := heard.between(start, end)) is not None)

    def take(self, start: float, end: float) -> tuple[Heard, ...]:
        """Results between, and forget everything up to `end`. Words that are not final by now will not be."""
        taken = self.since(start, end + SLACK_S)
        self.forget(end)
        return taken

    def forget(self, end: float) -> None:
        """Everything up to `end`."""
        after = end + SLACK_S
        kept = (part for heard in self._finals if (part := heard.between(after)) is not None)
        self._finals = deque(kept, KEPT)
        if self._interim is not None:
            self._interim = self._interim.between(after)
