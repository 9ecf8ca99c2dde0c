"""Names that were misread: where one may stand, and the text with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hearing.moonshine.names import (
    UNSURE_WORDS,
    Span,
    Word,
    called_by,
    called_first,
    spans,
    was_said,
    with_name,
)

NAMES = ("Nova", "Claude")


def read(text: str, *unsure: str) -> list[Word]:
    """A text, and its words that the model was not sure of."""
    return [Word(word, -0.6 if word.strip(".,?!") in unsure else -0.01) for word in text.split()]


def said(text: str, *unsure: str) -> list[str]:
    """The words in whose place a name may have been called."""
    words = read(text, *unsure)
    return [" ".join(word.text for word in words[span.start : span.end]) for span in spans(words, NAMES)]


@pytest.mark.parametrize(
    ("text", "unsure", "there"),
    [
        ("Over, what do you make of that?", "Over", "Over,"),
        ("No, but what do you make of that?", "No", "No, but"),
        ("Right. But noble. Do you like them?", "noble", "noble."),
        ("Is that what you meant, over?", "over", "over?"),
        ("Is that what you meant? No, but...", "but", "No, but..."),
    ],
)
def test_a_name_may_stand_beside_a_comma_and_at_an_end(text: str, unsure: str, there: str) -> None:
    assert there in said(text, unsure)


@pytest.mark.parametrize(
    ("text", "unsure"),
    [
        ("Over, what do you make of that?", "nothing"),  # sure of every word
        ("What do you make of over and over again?", "make"),  # in mid-sentence nobody is called
        ("Nova, what do you make of it?", "Nova"),  # it stands there
        ("No. Nova, what do you make of it?", "No"),
        ("Over.", "Over"),  # a word alone is Whisper's
    ],
)
def test_elsewhere_none_is_looked_for(text: str, unsure: str) -> None:
    assert said(text, unsure) == []


def test_what_was_read_as_two_words_is_not_crowded_out_by_what_surrounds_them() -> None:
    """Nova comes out as "no, but"."""
    assert "no, but" in said("Right, but no, but do you like them?", "Right", "no")


@given(st.lists(st.tuples(st.sampled_from(["over,", "no", "it?", "Nova,", "and"]), st.floats(-3, 0)), max_size=12))
def test_there_are_never_many_places_and_each_fits(drawn: list[tuple[str, float]]) -> None:
    words = [Word(text, least) for text, least in drawn]
    found = spans(words, NAMES)
    assert len(found) <= 3 * UNSURE_WORDS, "alone, and with the word before or behind it"
    for span in found:
        assert 0 <= span.start < span.end <= len(words)
        text = with_name(words, span, "Nova")
        assert sum("Nova" in word for word in text) == 1 + sum(
            "Nova" in word.text for word in [*words[: span.start], *words[span.end :]]
        )


@pytest.mark.parametrize(
    ("text", "start", "end", "wanted"),
    [
        ("No, but what do you think?", 0, 2, "Nova, what do you think?"),
        ("Right, but noble. Do you like them?", 2, 3, "Right, but Nova, do you like them?"),
        ("Is that what you meant, over?", 5, 6, "Is that what you meant, Nova?"),
        ("Is that what you meant over", 5, 6, "Is that what you meant, Nova."),
        ("Over, I think so too.", 0, 1, "Nova, I think so too."),
        ("Over, NASA has one.", 0, 1, "Nova, NASA has one."),
    ],
)
def test_the_text_goes_on_as_behind_a_name(text: str, start: int, end: int, wanted: str) -> None:
    assert " ".join(with_name(read(text), Span(start, end), "Nova")) == wanted


def test_a_name_that_costs_the_text_little_was_said() -> None:
    assert was_said(-4.0)
    assert not was_said(-5.0), "a 'then' that was one costs that much as Ben"


def test_people_are_called_by_their_first_names() -> None:
    assert called_by(["Anna Lee", "Dr. Ben Carter", "Claude", "Anna"]) == ("Anna", "Ben", "Claude")
    assert called_by(["Professor"]) == ("Professor",), "when that is all they are called"


def test_who_is_called_first() -> None:
    assert called_first("nova, are you there?", NAMES) == "Nova"
    assert called_first("Novara is a town.", NAMES) == ""
