"""Text in pieces that can be said one after the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.plugins.piper.text import MAX_WORD_CHARACTERS, MAX_WORDS, pieces, with_hums


def test_each_sentence_is_a_piece_so_that_the_first_is_heard_while_the_second_is_made() -> None:
    assert list(pieces('Hello there. "How are you?" Fine!')) == ["Hello there.", '"How are you?"', "Fine!"]


def test_initials_and_decimals_do_not_end_a_sentence() -> None:
    assert list(pieces("J. R. R. Tolkien paid 3.50 at 10 p.m. In the U.S. Army?")) == [
        "J. R. R. Tolkien paid 3.50 at 10 p.m. In the U.S. Army?"
    ]


def test_three_thousand_words_without_a_full_stop_are_cut_preferably_at_commas() -> None:
    made = list(pieces("and so on, and then " * 600))
    assert sum(len(piece.split()) for piece in made) == 3_000
    assert max(len(piece.split()) for piece in made) <= MAX_WORDS
    assert all(piece.endswith("on,") for piece in made[:-1])


def test_raw_phoneme_marks_and_control_characters_are_not_piper_s_to_see() -> None:
    assert list(pieces("say [[ h@loU ]]\x00 now\ud800")) == ["say [ h@loU ] now"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mm-hm.", "[[m̩hˈm̩.]]"),
        ("Mhm, mm-hmm, go on.", "[[m̩hˈm̩,]] [[m̩hˈm̩,]] go on."),
        ('"Hm," she said.', "[[hˈəm,]] she said."),
        ("Well, hmm... I wonder.", "Well, [[hˈəm.]] I wonder."),
        ("Mmm! (Shh!)", "[[ˈm̩ː!]] [[ʃː!]]"),
        ("It is 5 mm long, HM Treasury says, in hm.txt.", "It is 5 mm long, HM Treasury says, in hm.txt."),
        ("Ham, hem, him, hum; mom, mam.", "Ham, hem, him, hum; mom, mam."),
    ],
)
def test_a_hum_is_hummed_and_not_spelt(text: str, said: str) -> None:
    """espeak-ng makes "em em aitch em" of "Mm-hm.", and reads out a sign that stands alone behind raw phonemes."""
    assert with_hums(text) == said


def test_nothing_is_no_piece() -> None:
    assert list(pieces("")) == list(pieces(" \n\t ")) == []


@given(st.text(max_size=400))
def test_no_text_loses_a_letter(text: str) -> None:
    made = list(pieces(text))
    assert all(piece and len(piece.split()) <= MAX_WORDS for piece in made)
    assert all(len(word) <= MAX_WORD_CHARACTERS for piece in made for word in piece.split())
    letters = [c for c in text if c.isalnum()]
    assert [c for piece in made for c in piece if c.isalnum()] == letters
