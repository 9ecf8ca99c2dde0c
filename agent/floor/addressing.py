"""Who is spoken to. A name in the vocative addresses, and so does handing over ("what does the guest think?").

A name that is merely mentioned ("as Claude said") does not. A recogniser hears "Clyde" or "cloud" for "Claude", so in
a vocative place a name is known by its sound; elsewhere a cloud is a cloud.

Each sentence is rewritten with its names as `<0>`, `<1>`, ... and put to the patterns of `grammar`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from agent.floor.events import SpeakerId
from agent.floor.grammar import (
    COURTESY,
    EVERYONE,
    EXCLUDED,
    GREETING,
    NOT_EVERYONE,
    THANKED_BEFORE,
    THANKED_FIRST,
    THANKS_ALONE,
    Call,
    call,
)
from agent.floor.names import ANY_GUEST, EVERY_GUEST, WORD, NameHeard, Seat, guests_among, names_in, words


@dataclass(frozen=True, slots=True)
class Address:
    """Who is asked to speak, in order. Empty: nobody in particular, and the floor is free. Humans are named too."""

    to: tuple[SpeakerId, ...] = ()  # may hold ANY_GUEST once
    rest: str = ""  # what is said, without the names that were called
    thanked: bool = False  # and no more: nobody was asked anything


def is_thanks_alone(text: str) -> bool:
    """Whether somebody is thanked who is not named: "Thank you.", "Good point." """
    return bool(THANKS_ALONE.match(" ".join(text.lower().split())))


@lru_cache(maxsize=1024)
def address(text: str, seats: tuple[Seat, ...], by: SpeakerId | None = None) -> Address:
    """Who is addressed in an utterance; sentences are judged one by one and the addressees joined.

    Args:
        text: a recogniser's text, with or without punctuation.
        seats: everybody at the table.
        by: the speaker, who does not address themselves.
    """
    others = tuple(seat for seat in seats if seat.who != by)
    personas = [seat.who for seat in others if seat.role == "ai"]
    to: list[SpeakerId] = []
    thanked: list[SpeakerId] = []
    turned_to: list[SpeakerId] = []  # named behind who was thanked
    everyone = thanks = False
    excluded: set[SpeakerId] = set()
    rest: list[str] = []
    sentences = _sentences(text)
    for sentence in sentences:
        rewritten, groups = _rewrite(sentence, others)
        if before := THANKED_FIRST.match(rewritten):
            thanked.extend(name.who for name in groups[0])
            rewritten = rewritten[before.end() :]
        elif THANKED_BEFORE.match(rewritten):
            thanked.extend(name.who for name in groups[0])
            thanks = sentence is sentences[-1]
            (thanked if thanks else turned_to).extend(name.who for name in groups[1])
            if thanks:
                rest.append(re.sub(r"<\d+>", "", rewritten))
            continue
        if len(personas) > 1 and EVERYONE.search(rewritten) and not NOT_EVERYONE.search(rewritten):
            everyone = True
        calls: dict[int, Call] = {}
        for index, group in enumerate(groups[bool(before) :], start=bool(before)):
            if EXCLUDED.search(rewritten[: rewritten.index(f"<{index}>")]):
                excluded.update(name.who for name in group)
            else:
                calls[index] = call(
                    rewritten, f"<{index}>", exact=all(name.exact for name in group), by_role=group[0].by_role
                )
        loudest = max(calls.values(), default=Call.NOT)  # "Nova, does Claude agree?" is for Nova alone
        courteous = COURTESY.search(rewritten)
        thanks = bool(courteous) and not GREETING.search(rewritten)
        for index in (index for index, how in calls.items() if how is loudest is not Call.NOT):
            (thanked if courteous else to).extend(name.who for name in groups[index])
            rewritten = rewritten.replace(f"<{index}>", "")
        rest.append(re.sub(r"<\d+>", "somebody", rewritten))
    if everyone:
        to.extend(personas)
    thanks = thanks and not to
    to = to or turned_to or thanked  # "Thank you, Claude. Nova, ..." asks Nova alone
    guests = [seat.who for seat in guests_among(others)]
    asked = [one for who in to for one in (guests if who == EVERY_GUEST else [who])]
    return Address(tuple(dict.fromkeys(who for who in asked if who not in excluded)), " ".join(rest), thanks)


def _sentences(text: str) -> list[str]:
    flat = re.sub(r"\s+", " ", text.replace("’", "'").lower()).strip()
    flat = re.sub(r"\b(dr|mr|mrs|ms|prof|st)\.", r"\1", flat)
    flat = re.sub(r"\s*(?:\.\.\.|…|--|—|–)\s*", ", ", flat)
    flat = re.sub(r"[\"“”()\[\]*]", "", flat)
    return [sentence for sentence in re.split(r"(?<=[.?!]) +", flat.strip(" ,")) if WORD.search(sentence)]


def _rewrite(sentence: str, seats: tuple[Seat, ...]) -> tuple[str, list[list[NameHeard]]]:
    """Names become `<0>`, `<1>`, ...

    "Claude and the guest" is one group; "our guest, Nova," and "Claude Claude" are one name each.
    """
    spans = [match.span() for match in WORD.finditer(sentence)]
    found = list(names_in(words(sentence), seats))
    guests = {seat.who for seat in guests_among(seats)}
    groups: list[list[NameHeard]] = []
    pieces: list[str] = []
    place = 0
    begun: int | None = None  # where "our guest," began, when its name follows
    for name, after in zip_longest(found, found[1:]):
        start, end = spans[name.start][0], spans[name.end - 1][1]
        start = start if begun is None else begun
        if after is not None:
            joint = sentence[end : spans[after.start][0]]
            twice = after.who == name.who  # said again, or written twice by a recogniser
            apposed = name.who == ANY_GUEST and after.who in guests
            if (joint == ", " and (twice or apposed)) or (joint == " " and twice):
                begun = start
                continue
        between = sentence[place:start]
        joined = groups and between in (" and ", ", and ", " & ", " then ", " and then ") and pieces[-1].endswith(">")
        if joined:
            groups[-1].append(name)
        else:
            pieces.append(between)
            pieces.append(f"<{len(groups)}>")
            groups.append([name])
        if name.possessive:
            pieces.append("'s")
        place = end + (begun is not None and sentence[end : end + 2] == ", ")
        begun = None
    pieces.append(sentence[place:])
    return "".join(pieces), groups
