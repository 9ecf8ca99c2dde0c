"""When silence is the end of an utterance. Pure: it is told the silence, the words and what the audio model says.

Silence alone ends half of all turns in mid-sentence, and an audio model alone calls most clause pauses an end. So the
words decide how long a silence has to be, and the audio model shortens or lengthens it; both are asked again while the
silence lasts.
"""

from __future__ import annotations

from agent.hearing.completeness import Completeness
from agent.hearing.settings import EndpointSettings


class Endpointer:
    """One pause. Made new for each."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._completeness: Completeness | None = None
        self._ends: list[float] = []  # the audio model's answers through this silence
        self._asked_at_s = 0.0

    def text(self, completeness: Completeness) -> None:
        """The fast text is there."""
        self._completeness = completeness

    def sound(self, end_probability: float) -> None:
        """The audio model has answered."""
        self._ends.append(end_probability)

    def should_ask(self, silence_s: float) -> bool:
        """Whether the audio model's opinion matters now; the caller then asks, and calls `sound` with the answer."""
        if (
            self._completeness in (None, Completeness.CLOSED)
            or silence_s < self._asked_at_s + self._settings.asks_every_s
        ):
            return False
        self._asked_at_s = silence_s
        return True

    @property
    def needed_s(self) -> float:
        """The silence that ends the utterance, as it looks now. Infinite before there is a text."""
        settings = self._settings
        match self._completeness:
            case None:
                return float("inf")
            case Completeness.CLOSED:
                needed = settings.finished_s
            case Completeness.SENTENCE:
                needed = settings.statement_s if self._sounds_ended else settings.unsure_s
            case Completeness.OPEN:
                needed = settings.unsure_s if self._sounds_ended else settings.unfinished_s
            case Completeness.GOES_ON:
                needed = settings.unfinished_s if self._sounds_ended else settings.trailing_s
        return min(settings.max_silence_s, max(settings.min_silence_s, needed))

    def ended(self, silence_s: float) -> bool:
        """Whether the utterance is over after `silence_s` of silence."""
        return silence_s >= self.needed_s

    @property
    def _sounds_ended(self) -> bool:
        """The last two answers count: the model is surer the longer the silence it sees."""
        latest = self._ends[-2:]
        return bool(latest) and sum(latest) / len(latest) >= self._settings.end_probability
