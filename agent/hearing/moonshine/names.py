"""Where in a text a name may have been called and misread, and the text with the name. Pure.

Names are what recognisers misread most: a small one writes "Mirror", "Okay" or "No, but" for Mira, Kai and Nova. Who is
called stands beside a comma or at an end, and the model is not sure of the words that it wrote there; how likely the
text is with each name instead, the reader asks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.floor.names import TITLES

STOPS = tuple(",.;:?!")
UNSURE_WORDS = 2  # the least sure ones are weighed, each alone and together with its neighbours
BEHIND = 2  # words that must fit behind a name
UNSURE = -0.05  # log-probability of a token: where no word is less sure, no name was misread
# A name that was said costs the text so much at most when it stands in the place of what was read ("Mira" for "Mirror":
# -2, "Kai" for "Okay": -1 to -3, "Nova" for "no, but": -2); one that was not said costs 5 at least ("Ben" for "then"),
# and 10 as a rule ("Kai" for an "Okay" that was one: 12 to 19).
_AT_LEAST = -4.5
# A hum that is misread ("Ham," "Them,") may be likelier with a name than as it was read ("Sam": -4.5), and is likelier
# still with one of these (-1.3 to -2.5; by 2.5 at least, and a name that was said is by 3 to 12 likelier than they).
HUMS = ("Hmm", "Um")
_PERHAPS = -10.0  # from here on it is worth another look, which read no name into 200 sentences that call nobody


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was read, with its punctuation, and the least log-probability of what it is spelt of."""

    text: str
    least: float

    @property
    def stops(self) -> bool:
        return self.text.endswith(STOPS)

    @property
    def bare(self) -> str:
        return self.text.strip(".,;:!?").lower()


@dataclass(frozen=True, slots=True)
class Span:
    """Words `start` to `end` (exclusive), in whose place a name may have been called."""

    start: int
    end: int


def called_by(names: Sequence[str]) -> tuple[str, ...]:
    """What people are called: first names."""
    found = {}
    for name in names:
        parts = [part for part in name.split() if part.strip(".").lower() not in TITLES] or name.split()
        found.update(dict.fromkeys(parts[:1]))
    return tuple(found)


def spans(words: Sequence[Word], names: Sequence[str]) -> list[Span]:
    """Where a name may have been misread: around the least sure words, and not beside a name that is there."""
    spelt = {name.lower() for name in names}
    found = [span for span in _bounded(words) if not spelt & {word.bare for word in words[span.start : span.end + 1]}]
    unsure = sorted({_least_sure(words, span) for span in found}, key=lambda place: words[place].least)[:UNSURE_WORDS]
    return [span for span in found if _least_sure(words, span) in unsure]


def _bounded(words: Sequence[Word]) -> Iterator[Span]:
    for start in range(len(words)):
        for end in range(start + 1, min(start + 2, len(words)) + 1):
            span = Span(start, end)
            behind = len(words) - end
            fits = behind >= BEHIND or (start > 1 and not behind)
            sure = words[_least_sure(words, span)].least > UNSURE
            if fits and not sure and any(word.stops for word in words[start:end]):
                yield span


def _least_sure(words: Sequence[Word], span: Span) -> int:
    """The number of that word."""
    return min(range(span.start, span.end), key=lambda place: words[place].least)


def was_said(log_odds: float) -> bool:
    """Whether a name makes the text so much likelier than what was read, that it was said."""
    return log_odds >= _AT_LEAST


def may_have_been(log_odds: float) -> bool:
    """Whether it is worth another look at the sound."""
    return log_odds >= _PERHAPS


def with_name(words: Sequence[Word], span: Span, name: str) -> list[str]:
    """The words with a name in the place of some: "Right. But noble. Do you?" is "Right. But Nova, do you?"."""
    before = [word.text for word in words[: span.start]]
    behind = [word.text for word in words[span.end :]]
    if behind:
        return [*before, f"{name},", *_lowered(" ".join(behind)).split()]
    if not before[-1].endswith(STOPS):
        before[-1] += ","
    end = words[-1].text[-1]
    return [*before, name + (end if end in STOPS else ".")]


def called_first(text: str, names: Sequence[str]) -> str:
    """The name that the text begins with, if it does."""
    for name in names:
        if re.match(rf"{re.escape(name)}\b", text, re.IGNORECASE):
            return name
    return ""


def _lowered(text: str) -> str:
    """As it goes on behind a name; "I" and what is written in capitals stays."""
    first = text.split(" ", 1)[0]
    keep = first.rstrip(",.?!'") == "I" or first.startswith(("I'", "I’")) or first[1:2].isupper()
    return text if keep else text[:1].lower() + text[1:]
