"""What small models do that no speaker does: go in circles, say again what they said before, read the wrapper aloud.

`SpeakableText` sees to names, tags and other speakers' lines as the text comes; here clauses are judged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

Ruling = Literal["say", "skip", "end"]

_LEAST_WORDS = 3  # "I see." and "Yes, yes." may come again
_ROUNDS = 4  # "no, no, no" is emphasis
_PERIOD_WORDS = 6  # the longest circle within a clause that is looked for
_TOLD_WORDS = 4  # "Rarely." is anybody's word
_OWN_WORDS = 5  # as many words in the order of an earlier turn are no coincidence


class Habits:
    """One reply's clauses.

    Args:
        told: sentences of the wrapper, which a model is given and nobody says.
        before: the speaker's own earlier turns, that it is not to say again; none for a model that knows when it may.
        rounds: how often a clause may be said in one reply.
    """

    def __init__(self, *, told: Iterable[str] = (), before: Sequence[str] = (), rounds: int = 2) -> None:
        self._told = {words for sentence in told for words in _sentences(sentence) if len(words) >= _TOLD_WORDS}
        self._before = [_words(turn) for turn in before]
        self._rounds = rounds
        self._said: Counter[tuple[str, ...]] = Counter()
        self._last: tuple[str, ...] = ()

    def rule(self, clause: str) -> Ruling:
        """Whether a clause is said, left out, or the end of the reply: what comes after a circle is more of it."""
        words = _words(clause)
        if not words or words in self._told:
            return "skip"
        if _circles(words):
            return "end"
        if len(words) >= _LEAST_WORDS:
            if words == self._last or self._said[words] >= self._rounds:
                return "end"
            self._said[words] += 1
            self._last = words
        if len(words) >= _OWN_WORDS and any(_contains(turn, words) for turn in self._before):
            return "skip"
        return "say"


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'")))


def _sentences(text: str) -> list[tuple[str, ...]]:
    whole = [_words(sentence) for sentence in re.split(r"(?<=[.?!])\s+", text)]
    return [words for words in (*whole, _words(text)) if words]


def _circles(words: tuple[str, ...]) -> bool:
    """The same few words over and over: "and the and the and the and the"."""
    for period in range(1, min(_PERIOD_WORDS, len(words) // _ROUNDS) + 1):
        for start in range(len(words) - period * _ROUNDS + 1):
            round_ = words[start : start + period]
            if words[start : start + period * _ROUNDS] == round_ * _ROUNDS:
                return True
    return False


def _contains(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(words[start : start + len(part)] == part for start in range(len(words) - len(part) + 1))
