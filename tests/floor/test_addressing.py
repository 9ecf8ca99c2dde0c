"""Who is spoken to, by a table of utterances: addressed, mentioned, both, nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.floor.addressing import address
from agent.floor.names import ANY_GUEST, Seat, sound, words

TABLE = (
    Seat("sam", "Sam", "human"),
    Seat("anna", "Anna", "human"),
    Seat("claude", "Claude", "ai"),
    Seat("guest", "Nova", "ai"),
)


def rows(name: str) -> list[tuple[tuple[str, ...], str]]:
    lines = Path(__file__).with_name(name).read_text().splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(() if to == "-" else tuple(to.split(",")), text) for to, text in pairs]


@pytest.mark.parametrize(("to", "text"), rows("addressing.tsv"))
def test_who_is_asked(to: tuple[str, ...], text: str) -> None:
    assert address(text, TABLE, by="sam").to == to


@pytest.mark.parametrize("name", ["addressing_held_out.tsv", "addressing_fresh.tsv", "addressing_last.tsv"])
def test_utterances_that_were_scored_before_the_patterns_were_made_for_them(name: str) -> None:
    """When first scored: held_out 94.4 %, and 97.2 % once addressing.tsv was right; fresh 96.3 %; last 94.3 %."""
    table = rows(name)
    wrong = [(text, address(text, TABLE, by="sam").to) for to, text in table if address(text, TABLE, by="sam").to != to]
    assert not wrong


@pytest.mark.parametrize("text", ["What does our guests think about that?", "And what does the guests think?"])
def test_where_there_is_one_guest_an_s_too_many_changes_nothing(text: str) -> None:
    assert address(text, TABLE, by="sam").to == ("guest",)


@pytest.mark.parametrize("our", ["our", "hour", "outer"])
def test_our_guest_is_known_by_the_sound_of_our(our: str) -> None:
    assert address(f"What does {our} guest think about that?", TABLE, by="sam").to == ("guest",)
    assert address(f"That was said by {our} guest, last week.", TABLE, by="sam").to == ()


def test_punctuation_is_not_needed_where_the_words_are_plain() -> None:
    for text in ("claude what do you think", "what do you think claude", "hey nova how are you", "over to you nova"):
        assert address(text, TABLE).to, text


@pytest.mark.parametrize(
    "text", ["Claude Claude", "Claude, Claude.", "Claude Claude, are you there?", "nova nova nova"]
)
def test_a_name_said_or_written_twice_is_one_call(text: str) -> None:
    assert address(text, TABLE).to == (("guest",) if "nova" in text else ("claude",))


def test_nobody_addresses_themselves() -> None:
    assert address("Anna, what do you think?", TABLE, by="anna").to == ()


def test_one_ai_alone_is_not_both() -> None:
    assert address("Both of you, listen.", TABLE[:3]).to == ()


def test_any_name_can_be_a_personas() -> None:
    table = (*TABLE, Seat("sage", "Doctor Sage Miller", "ai"))
    assert address("Sage, what do you think?", table).to == ("sage",)
    assert address("Dr. Miller, what do you think?", table).to == ("sage",)
    assert address("That was a sage remark.", table).to == ()


def test_a_human_called_like_a_sound_of_a_persona_is_that_human() -> None:
    table = (*TABLE, Seat("clyde", "Clyde", "human"))
    assert address("Clyde, what do you think?", table).to == ("clyde",)
    assert address("Claude, what do you think?", table).to == ("claude",)


def test_what_is_said_is_left_without_the_names() -> None:
    assert words(address("Claude, please go on.", TABLE).rest) == ["please", "go", "on"]


def test_names_by_their_sound() -> None:
    assert sound("claude") == sound("clyde") == sound("cloud") == sound("clod") == sound("klawed")
    assert sound("cold") != sound("claude")


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_has_an_answer(text: str) -> None:
    for who in address(text, TABLE, by="sam").to:
        assert who in {"anna", "claude", "guest"}


WORDS = (
    "Claude",
    "Nova",
    "Anna",
    "and",
    ",",
    ".",
    "?",
    "the guest",
    "both of you",
    "what",
    "do",
    "think",
    "cloud",
    "not",
)


@given(st.lists(st.sampled_from(WORDS), max_size=14))
@settings(deadline=None)
def test_any_row_of_such_words_has_an_answer(row: list[str]) -> None:
    to = address(" ".join(row), TABLE, by="sam").to
    assert len(set(to)) == len(to)


THREE = (*TABLE, Seat("sceptic", "Vera", "ai", ("the sceptic",)))


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("What does the guest think?", (ANY_GUEST,)),
        ("Over to our guest.", (ANY_GUEST,)),
        ("Claude, and then the guest, what do you say?", ("claude", ANY_GUEST)),
        ("What do our guests think?", ("guest", "sceptic")),
        ("Not the guest. Claude, what do you think?", ("claude",)),
        ("Our guest, Vera, what do you think?", ("sceptic",)),
        ("What does the sceptic think?", ("sceptic",)),
        ("Vera, go on.", ("sceptic",)),
        ("Nova, go on.", ("guest",)),
        ("Both of you, one sentence each.", ("claude", "guest", "sceptic")),
        ("That was a guest of ours.", ()),
    ],
)
def test_with_several_guests_the_guest_is_any_of_them(text: str, to: tuple[str, ...]) -> None:
    assert address(text, THREE, by="sam").to == to


def test_a_guest_called_guest_is_called_by_its_name() -> None:
    seats = (*TABLE[:3], Seat("guest", "Guest", "ai"), Seat("sceptic", "Vera", "ai"))
    assert address("Guest, what do you think?", seats).to == ("guest",)
    assert address("What does the guest think?", seats).to == (ANY_GUEST,)
