"""What people at the table are called, and what their names sound like to a recogniser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from agent.floor.events import SpeakerId

# What small recognisers write for the two personas every show has (whisper-base on Piper and human voices).
_MISHEARD = {
    "claude": (
        "claud", "clawd", "clod", "cod", "pod", "todd", "tod", "clot", "cloud", "clyde", "clide", "klaus", "claus",
        "clause", "clawed", "cloudy",
    ),
    "guest": ("guessed", "guess", "gust", "quest"),
}  # fmt: skip
TITLES = frozenset({"dr", "doctor", "mr", "mrs", "ms", "miss", "prof", "professor", "sir", "the"})
_OUR = ("our", "hour", "outer")  # as recognisers write it before "guest"
ANY_GUEST: SpeakerId = "<any-guest>"
"""In place of a speaker's id: "the guest" at a table with several. The floor chooses one."""
EVERY_GUEST: SpeakerId = "<every-guest>"
"""In place of a speaker's id: "our guests"."""
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody at the table, as far as talk about them goes."""

    who: SpeakerId
    name: str
    role: Literal["human", "ai"]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameHeard:
    """A name in a text: words `start` to `end` (exclusive) of `words(text)`."""

    who: SpeakerId
    start: int
    end: int
    exact: bool  # spelt as the name is; otherwise it only sounds like it
    possessive: bool
    by_role: bool = False  # "the guest", "my co-host"


def words(text: str) -> list[str]:
    """Lower-case words without punctuation; apostrophes and inner hyphens stay: "Claude's co-host" is two words."""
    return [match.group().replace("’", "'") for match in WORD.finditer(text.lower())]


@lru_cache(maxsize=4096)
def sound(word: str) -> str:
    """A coarse phonetic key: consonants by class, `*` for vowels, a silent e gone.

    claude, clyde, cloud and clod share `KL*T`; cold (`K*LT`) does not. In the manner of Metaphone, but vowels keep
    their place, because a name is short and the place is half of what tells it from other words.
    """
    word = re.sub(r"[^a-z]", "", word.lower())
    word = re.sub(r"^(kn|gn|wr)", lambda match: match.group()[1], word)
    word = re.sub(r"e$", "", word)
    word = word.replace("ph", "f").replace("ck", "k").replace("gh", "").replace("th", "0").replace("x", "ks")
    word = re.sub(r"c(?=[eiy])", "s", word)
    word = re.sub(r"[ckq]", "k", word)
    word = re.sub(r"[dt]", "t", word)
    word = re.sub(r"[sz]", "s", word)
    word = re.sub(r"[aeiouyw]+h?", "*", word)
    word = re.sub(r"(.)\1+", r"\1", word)
    return word.upper()


def guests_among(seats: tuple[Seat, ...]) -> list[Seat]:
    """The AIs beside the co-host."""
    return [seat for seat in seats if seat.role == "ai" and seat.who != "claude"]


@lru_cache(maxsize=64)
def _spellings(seats: tuple[Seat, ...]) -> tuple[dict[tuple[str, ...], SpeakerId], dict[str, SpeakerId]]:
    """Exact spellings (word sequences) and single words that may be a misheard name."""
    exact: dict[tuple[str, ...], SpeakerId] = {}
    for seat in seats:
        parts = words(seat.name)
        plain = [part for part in parts if part not in TITLES]
        more = [tuple(words(alias)) for alias in seat.aliases]
        for spelling in (tuple(parts), tuple(plain), tuple(plain[:1]), tuple(plain[-1:]), (seat.who.lower(),), *more):
            if spelling and (spelling not in exact or seat.role == "human"):  # a human's name is never a persona's
                exact[spelling] = seat.who
    personas = [seat for seat in seats if seat.role == "ai"]
    guests = guests_among(seats)
    if guests:
        one = guests[0].who if len(guests) == 1 else ANY_GUEST
        named = {word for seat in seats for word in words(seat.name)}
        if exact.get(("guest",)) == "guest" and "guest" not in named:
            exact[("guest",)] = one  # it is only called so by its id, and so is every other guest
        for before in ("the", "my", *_OUR, "mister"):
            exact.setdefault((before, "guest"), one)
        exact.setdefault(("guest",), one)
    if guests:  # where there is but one, an "s" was read into "the guest thinks"
        every = EVERY_GUEST if len(guests) > 1 else guests[0].who
        for before in ("the", "my", *_OUR, "both"):
            exact.setdefault((before, "guests"), every)
        exact.setdefault(("guests",), every)
    if any(seat.who == "claude" for seat in personas):
        for spelling in (("my", "co-host"), ("our", "co-host"), ("the", "co-host"), ("co-host",), ("cohost",)):
            exact.setdefault(spelling, "claude")
    misheard: dict[str, SpeakerId] = {}
    for seat in personas:
        first = [part for part in words(seat.name) if part not in TITLES][:1] or [seat.who]
        for word in _MISHEARD.get(first[0], ()):
            if (word,) not in exact:
                misheard[word] = seat.who
    return exact, misheard


def names_in(text_words: Sequence[str], seats: tuple[Seat, ...]) -> Iterator[NameHeard]:
    """Names in the order of the text; the longest spelling wins ("the guest" over "guest")."""
    exact, misheard = _spellings(seats)
    keys = _sounds(seats)
    longest = max((len(spelling) for spelling in exact), default=0)
    place = 0
    while place < len(text_words):
        for length in range(min(longest, len(text_words) - place), 0, -1):
            last = text_words[place + length - 1]
            possessive = last.endswith(("'s", "s'"))
            bare = last.removesuffix("'s").removesuffix("'") if possessive else last
            spelling = (*text_words[place : place + length - 1], bare)
            if spelling in exact:
                by_role = spelling[0] in ("the", "our", "my", "both")
                yield NameHeard(exact[spelling], place, place + length, True, possessive, by_role)
                place += length
                break
        else:
            word = text_words[place]
            possessive = word.endswith("'s")
            bare = word.removesuffix("'s")
            who = misheard.get(bare) or (keys.get(sound(bare)) if len(bare) >= 4 else None)
            if who is not None:
                yield NameHeard(who, place, place + 1, exact=False, possessive=possessive)
            place += 1


@lru_cache(maxsize=64)
def _sounds(seats: tuple[Seat, ...]) -> dict[str, SpeakerId]:
    """Keys of names long enough to be told by sound, humans' too: a human who is asked is answered by no persona."""
    keys: dict[str, SpeakerId] = {}
    for seat in seats:
        first = [part for part in words(seat.name) if part not in TITLES][:1]
        if first and len(first[0]) >= 4 and len(sound(first[0])) >= 3:
            keys.setdefault(sound(first[0]), seat.who)
    return keys
