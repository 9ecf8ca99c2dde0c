"""How far two sequences are apart. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def edits(one: Sequence[str], other: Sequence[str]) -> list[int]:
    """Levenshtein's: what is to be changed, added or left out between `one` and the first 0, 1, 2, ... of `other`.

    Letters of two strings, or words of two lists.
    """
    row = list(range(len(other) + 1))
    for place, sign in enumerate(one, start=1):
        corner, row[0] = row[0], place
        for column, against in enumerate(other, start=1):
            corner, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, corner + (sign != against))
    return row
