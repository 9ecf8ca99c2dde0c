"""From speakable text to clauses, the units of synthesis.

The first clause is short, since its length is the listener's wait; the later ones are long enough to be spoken with a
melody. livekit-agents' tokenizers hold a sentence until the next one begins; here a clause is out with the character
after its mark.
Pure: time is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import regex

ClauseEnd = Literal["sentence", "comma", "none"]

WAIT_S = 0.6  # no new text for so long: what is there is spoken
SLOW_FIRST_S = 0.35  # a model this slow has its first clause cut at a conjunction
_FIRST_WORDS = 2
_SLOW_FIRST_WORDS = 4
_LATER_CHARS = 50  # a comma ends a later clause from here on
_LONGEST_CHARS = 240  # no mark at all: cut at a word

_MARK = regex.compile(r"""(?P<mark>[.?!…]+|[,;:]|\s[—–-]|[—–])['"’”)\]]*(?=\s)|(?<=\w)(?P<dash>[—])(?=\w)""")
_CONJUNCTION = regex.compile(
    r"\s(?=(?:and|but|or|so|because|since|which|who|while|when|if|though|although|than)\s)", regex.IGNORECASE
)
_BEFORE = r"(?:^|[\s(\"'“‘])"
_NEVER_ENDS = regex.compile(
    _BEFORE + r"(?:dr|mr|mrs|ms|prof|rev|gen|sen|rep|gov|capt|lt|col|vs|e\.g|i\.e|cf|approx|(?-i:[A-HJ-Z]))\.$",
    regex.IGNORECASE,
)
_ENDS_UNLESS_A_NUMBER_FOLLOWS = regex.compile(
    _BEFORE + r"(?:no|fig|vol|pp?|ch|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.$", regex.IGNORECASE
)
_ENDS_IF_A_CAPITAL_FOLLOWS = regex.compile(
    _BEFORE + r"(?:etc|inc|ltd|co|corp|jr|sr|st|a\.m|p\.m|u\.s|u\.k|al)\.$", regex.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Clause:
    text: str
    ends: ClauseEnd  # how long a pause follows


class ClauseSplitter:
    """Feed it text, take the clauses; the same text gives the same clauses however it was cut, unless time cut them."""

    def __init__(self) -> None:
        self._text = ""
        self._count = 0
        self._first_at: float | None = None
        self._last_at = 0.0

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to cut if no text comes before, or None."""
        return self._last_at + WAIT_S if self._cut_by_wait() else None

    @property
    def rest(self) -> str:
        """Text that is in no clause yet."""
        return self._text.strip()

    def feed(self, text: str, at: float) -> list[Clause]:
        """Add `text`, which came `at` (seconds on any one clock)."""
        if not text:
            return []
        if self._first_at is None:
            self._first_at = at
        self._text += text
        self._last_at = at
        clauses = []
        while (clause := self._next(slow=at - self._first_at > SLOW_FIRST_S)) is not None:
            clauses.append(clause)
        return clauses

    def expire(self, at: float) -> list[Clause]:
        """Cut what is waiting, if nothing has come for WAIT_S."""
        end = self._cut_by_wait()
        if end and at - self._last_at >= WAIT_S - 1e-3:  # a timer may fire a hair early
            return [self._cut(end, "none")]
        return []

    def end(self) -> list[Clause]:
        """The text is complete: whatever is left is a clause."""
        clauses = []
        self._text += " "  # a mark at the very end is a mark
        while (clause := self._next(slow=False, final=True)) is not None:
            clauses.append(clause)
        if self._text.strip():
            clauses.append(self._cut(len(self._text), "sentence"))
        self._text = ""
        return clauses

    def _cut_by_wait(self) -> int:
        """Where a wait may cut: after the last complete word, two words at least. 0 when nowhere."""
        end = len(self._text.rstrip()) if self._text[-1:].isspace() else self._text.rfind(" ")
        return end if end > 0 and len(self._text[:end].split()) >= _FIRST_WORDS else 0

    def _next(self, *, slow: bool, final: bool = False) -> Clause | None:
        first = self._count == 0
        for found in _MARK.finditer(self._text, 0, _LONGEST_CHARS):
            end = found.end()
            before = self._text[:end]
            if not any(character.isalnum() for character in before):
                continue
            mark = (found["mark"] or found["dash"]).strip()
            if mark[0] in ".?!…":
                ends = self._ends_sentence(before, mark, self._text[end:].lstrip())
                if ends is None and not final:
                    return None  # the next word tells
                if ends is not False:
                    return self._cut(end, "sentence")
                continue
            words = len(before.split())
            if (first and words >= _FIRST_WORDS) or (not first and len(before.strip()) >= _LATER_CHARS):
                return self._cut(end, "comma")
        if first and slow:
            for found in _CONJUNCTION.finditer(self._text, 0, _LONGEST_CHARS):
                if len(self._text[: found.start()].split()) >= _SLOW_FIRST_WORDS:
                    return self._cut(found.start(), "none")
        if len(self._text) > _LONGEST_CHARS:
            return self._cut(self._longest(), "none")
        return None

    @staticmethod
    def _ends_sentence(before: str, mark: str, after: str) -> bool | None:
        """Whether the full stop ends a sentence; None when only the next word can tell."""
        if mark != ".":
            return True
        bare = before.rstrip("'\"’”)]")
        if _NEVER_ENDS.search(bare):
            return False
        if _ENDS_UNLESS_A_NUMBER_FOLLOWS.search(bare):
            return not after[0].isdigit() if after else None
        if _ENDS_IF_A_CAPITAL_FOLLOWS.search(bare):
            return after[0].isupper() if after else None
        return True

    def _longest(self) -> int:
        within = self._text[:_LONGEST_CHARS]
        places = [found.start() for found in _CONJUNCTION.finditer(within) if found.start() > _LONGEST_CHARS // 2]
        if places:
            return places[-1]
        space = within.rfind(" ")
        return space if space > 0 else _LONGEST_CHARS

    def _cut(self, end: int, ends: ClauseEnd) -> Clause:
        clause = Clause(self._text[:end].strip(), ends)
        self._text = self._text[end:].lstrip()
        self._count += 1
        return clause
