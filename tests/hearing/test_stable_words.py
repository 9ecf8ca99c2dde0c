"""Which words of an unfinished utterance are shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.hearing.stable_words import StableWords


def test_words_are_shown_when_two_decodings_agree() -> None:
    words = StableWords()
    assert not words.push("So tell")
    assert words.push("So tell me what")
    assert words.text == "So tell"


def test_punctuation_and_case_are_no_disagreement_and_the_later_wording_counts() -> None:
    words = StableWords()
    words.push("so, tell me")
    words.push("So tell me what")
    assert words.text == "So tell me"


def test_a_sure_first_decoding_is_shown_but_for_its_last_word() -> None:
    words = StableWords()
    assert words.push("Hold on let", sure=True)
    assert words.text == "Hold on"


def test_a_sure_whole_sentence_is_shown_whole() -> None:
    words = StableWords()
    words.push("Stop!", sure=True)
    assert words.text == "Stop!"


def test_words_are_not_taken_back_by_one_other_opinion() -> None:
    words = StableWords()
    words.push("one two three")
    words.push("one two three")
    assert not words.push("one too")
    assert words.text == "one two three"


def test_two_decodings_correct_a_hasty_one() -> None:
    words = StableWords()
    words.push("Clyde is", sure=True)
    words.push("Claude is here")
    words.push("Claude is here now")
    assert words.text == "Claude is here"


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6).map(" ".join), max_size=8))
def test_it_never_shows_what_was_not_decoded(texts: list[str]) -> None:
    words = StableWords()
    for text in texts:
        words.push(text)
        assert not words.text or any(text.startswith(words.text) for text in texts)
