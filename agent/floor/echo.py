"""An AI's own words, come back through a loudspeaker into a human's microphone: known by the words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_LEAST_WORDS = 3  # fewer may be said by chance, and "the cost" back at an AI is how people interrupt
_SHARE = 0.75  # a small recogniser mishears one word in eight of a loudspeaker in a room


def is_echo(said: tuple[str, ...], played: Iterable[tuple[str, ...]]) -> bool:
    """Whether `said` is for the most part what was played lately, in its order.

    Args:
        said: words of a human's microphone, lower case.
        played: clauses that an AI has said or is saying, oldest first, likewise.
    """
    if len(said) < _LEAST_WORDS:
        return False
    lately = [word for clause in played for word in clause]
    same = SequenceMatcher(None, said, lately, autojunk=False).get_matching_blocks()
    return sum(block.size for block in same) >= _SHARE * len(said)
