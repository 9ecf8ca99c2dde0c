"""How long a silence has to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hearing.completeness import Completeness
from agent.hearing.endpointing import Endpointer
from agent.hearing.settings import EndpointSettings
from agent.hearing.transcriber import Ending

SETTINGS = EndpointSettings()
ASKED_S = 0.15


def pause(
    completeness: Completeness | None, *sounds: float, full_stop: float | None = None, last_word: float = 0.0
) -> Endpointer:
    endpointer = Endpointer(SETTINGS)
    if completeness is not None:
        endpointer.text(completeness)
    if full_stop is not None:
        endpointer.ending(Ending(full_stop, last_word), ASKED_S)
    for sound in sounds:
        endpointer.sound(sound)
    return endpointer


def test_nothing_ends_before_its_text_is_known() -> None:
    assert not pause(None, 0.99, 0.99).ended(60.0)


def test_a_command_ends_at_the_shortest_silence() -> None:
    command = pause(Completeness.CLOSED)
    assert not command.ended(SETTINGS.min_silence_s - 0.01)
    assert command.ended(SETTINGS.min_silence_s)


def test_the_audio_model_is_not_asked_about_a_command() -> None:
    assert not pause(Completeness.CLOSED).should_ask(0.5)


def test_a_question_that_sounds_like_its_end_is_over_at_once_and_one_that_does_not_may_go_on() -> None:
    """ "What does the guest think about?" is one, and so is "... about that?"."""
    assert pause(Completeness.QUESTION, 0.64).needed_s == SETTINGS.min_silence_s
    assert pause(Completeness.QUESTION, 0.3).needed_s > SETTINGS.min_silence_s


def test_the_audio_model_alone_ends_nothing() -> None:
    assert not pause(Completeness.GOES_ON, 1.0, 1.0, 1.0).ended(1.2)


def test_a_sentence_that_sounds_ended_is_sooner_over_than_one_that_does_not() -> None:
    assert pause(Completeness.SENTENCE, 0.9).needed_s < pause(Completeness.SENTENCE, 0.1).needed_s


def test_the_latest_opinions_count() -> None:
    assert pause(Completeness.SENTENCE, 0.1, 0.1, 0.9, 0.9).needed_s == pause(Completeness.SENTENCE, 0.9).needed_s


def test_the_audio_model_is_asked_again_and_again() -> None:
    sentence = pause(Completeness.SENTENCE)
    asked = [sentence.should_ask(tenth / 10) for tenth in range(1, 12)]
    assert sum(asked) >= 4


@pytest.mark.parametrize("sounds", [(), (0.0,), (1.0,), (0.0, 1.0)])
def test_the_more_finished_the_words_the_shorter_the_silence(sounds: tuple[float, ...]) -> None:
    needed = [pause(completeness, *sounds).needed_s for completeness in sorted(Completeness)]
    assert needed == sorted(needed, reverse=True)


@given(st.sampled_from(list(Completeness)), st.lists(st.floats(0, 1), max_size=8))
def test_every_silence_that_is_long_enough_is_an_end(completeness: Completeness, sounds: list[float]) -> None:
    needed = pause(completeness, *sounds).needed_s
    assert SETTINGS.min_silence_s <= needed <= SETTINGS.max_silence_s


def test_a_whole_sentence_with_a_comma_in_its_melody_may_go_on() -> None:
    """ "The food was great" ... "but the service was terrible"."""
    final = pause(Completeness.SENTENCE, 0.5, full_stop=6.5).needed_s
    assert final == SETTINGS.min_silence_s
    assert final < pause(Completeness.SENTENCE, 0.5).needed_s
    assert pause(Completeness.SENTENCE, 0.5).needed_s < pause(Completeness.SENTENCE, 0.5, full_stop=2.5).needed_s


def test_one_plain_sign_of_an_end_is_enough() -> None:
    sentence = pause(Completeness.SENTENCE, 0.5, full_stop=2.0)
    undecided_s = sentence.needed_s
    sentence.ending(Ending(7.0), 0.4)
    assert sentence.needed_s == SETTINGS.min_silence_s
    sentence.ending(Ending(3.5), 0.5)
    assert SETTINGS.min_silence_s < sentence.needed_s < undecided_s, "the first and the latest count"


def test_the_same_answer_says_less_the_longer_the_silence() -> None:
    """The recogniser puts full stops behind silence."""
    at_once, late = pause(Completeness.SENTENCE, 0.5), pause(Completeness.SENTENCE, 0.5)
    at_once.ending(Ending(4.4), 0.15)
    late.ending(Ending(4.4), 0.9)
    assert at_once.needed_s < late.needed_s


@pytest.mark.parametrize("words", [Completeness.SENTENCE, Completeness.QUESTION])
def test_where_the_last_word_was_hardly_said_the_speaker_was_broken_off(words: Completeness) -> None:
    """ "And then we decided to sta..." read as "And then we decided to speak."."""
    sure = pause(words, 0.6, full_stop=3.1)
    assert pause(words, 0.6, full_stop=3.1, last_word=-4.0).needed_s > sure.needed_s + 0.1
    assert pause(words, 0.6, full_stop=3.1, last_word=-0.3).needed_s == sure.needed_s


def test_before_a_plain_full_stop_it_was_misread_and_the_speaker_is_not_kept_waiting() -> None:
    """ "We moved to the coast when I was seven." read as "... when I was chairman."."""
    sentence = pause(Completeness.SENTENCE, 0.5)
    sentence.ending(Ending(5.2, -5.0), 0.3)
    undecided_s = sentence.needed_s
    assert undecided_s > 0.4, "at first every text is a plain one"
    sentence.ending(Ending(5.6, -5.8), 0.6)
    assert sentence.needed_s < min(0.6, undecided_s - 0.2)


def test_a_question_mark_is_no_sign_that_the_last_word_was_misread() -> None:
    """ "Would you agree th..." read as "Would you agree death?", as plain as can be."""
    question = pause(Completeness.QUESTION, 0.5)
    for silence_s in (0.22, 0.45, 0.6):
        question.ending(Ending(6.5, -9.0), silence_s)
    assert question.needed_s > 0.5


def test_the_recogniser_is_asked_where_the_words_leave_it_open() -> None:
    asked = {words for words in Completeness if pause(words).weighs_ending}
    assert asked == set(Completeness) - {Completeness.GOES_ON, Completeness.CLOSED}


def test_a_new_text_takes_back_what_was_said_of_the_old_one() -> None:
    sentence = pause(Completeness.SENTENCE, 0.5, full_stop=9.0)
    sentence.text(Completeness.SENTENCE)
    sentence.ending(Ending(2.0), ASKED_S)
    assert sentence.needed_s == pause(Completeness.SENTENCE, 0.5, full_stop=2.0).needed_s


def test_an_audio_model_that_knows_no_such_voice_does_not_keep_a_final_sentence_waiting() -> None:
    assert pause(Completeness.SENTENCE, 0.3, full_stop=6.5).needed_s < 0.5
    assert pause(Completeness.SENTENCE, 0.3).needed_s > 0.9


@pytest.mark.parametrize("words", [Completeness.COMMA, Completeness.OPEN])
def test_a_plain_full_stop_in_the_melody_is_an_end_whatever_sign_was_written(words: Completeness) -> None:
    assert pause(words, 0.5).needed_s > 0.9
    assert pause(words, 0.5, full_stop=7.0).needed_s < 0.5


@pytest.mark.parametrize("words", [Completeness.GOES_ON, Completeness.CLOSED])
def test_a_full_stop_makes_no_end_of_words_that_go_on(words: Completeness) -> None:
    assert pause(words, 0.5, full_stop=9.0).needed_s == pause(words, 0.5).needed_s
