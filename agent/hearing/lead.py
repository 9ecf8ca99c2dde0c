"""What stands in a text behind words that are known of it. Pure.

A name behind the pause that ended a question ("Is there anything you would change?" [0.3 s] "Ada?") is too short to be
read by itself: by five voices 21 of 90 such names were read, and 87 together with the question before them; "at home?"
and "or not?" 4 of 105, and 89 (`bench/readers.py --part behind`).
"""

from __future__ import annotations

from agent.floor.edits import edits

_SIGNS = ".,;:?!…-\"'”’) "
_STOPS = (".", ",", "?", "!", "…", ";", ":")


def behind(whole: str, lead: str) -> str:
    """The words of `whole` that come behind those of `lead`, which may have been read a little differently before.

    Empty when there are none, or when the two have too little in common.
    """
    said = [word for word in whole.split() if word.strip(_SIGNS)]
    known = [_bare(word) for word in lead.split() if word.strip(_SIGNS)]
    if not known:
        return ""
    apart = edits(known, [_bare(word) for word in said])
    least = min(apart)
    if 2 * least > len(known):
        return ""
    slack = 1 if least else 0  # where they differ a sentence's end, or a comma, is the likeliest joint
    joints = [place for place, value in enumerate(apart) if value <= least + slack]

    def unlikely(place: int) -> tuple[bool, int, int]:
        stops = 0 < place < len(said) and said[place - 1].endswith(_STOPS)
        return not stops, apart[place], abs(place - len(known))

    return " ".join(said[min(joints, key=unlikely) :]).lstrip(_SIGNS)


def _bare(word: str) -> str:
    return word.strip(_SIGNS).lower()
