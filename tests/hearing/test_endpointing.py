"""How long a silence has to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hearing.completeness import Completeness
from agent.hearing.endpointing import Endpointer
from agent.hearing.settings import EndpointSettings

SETTINGS = EndpointSettings()


def pause(completeness: Completeness | None, *sounds: float, finality: float | None = None) -> Endpointer:
    endpointer = Endpointer(SETTINGS)
    if completeness is not None:
        endpointer.text(completeness)
    if finality is not None:
        endpointer.finality(finality)
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
    final = pause(Completeness.SENTENCE, 0.5, finality=6.5).needed_s
    assert final == SETTINGS.min_silence_s
    assert final < pause(Completeness.SENTENCE, 0.5).needed_s
    assert pause(Completeness.SENTENCE, 0.5).needed_s < pause(Completeness.SENTENCE, 0.5, finality=3.0).needed_s


def test_one_more_answer_of_the_recogniser_counts_as_much_as_the_first() -> None:
    sentence = pause(Completeness.SENTENCE, 0.5, finality=2.0)
    assert sentence.needed_s > 1.0
    sentence.finality(6.0)
    assert sentence.needed_s == pause(Completeness.SENTENCE, 0.5, finality=4.0).needed_s < 0.6


def test_the_recogniser_is_asked_of_a_whole_sentence_only() -> None:
    assert pause(Completeness.SENTENCE).weighs_finality
    assert not any(pause(other).weighs_finality for other in Completeness if other is not Completeness.SENTENCE)


def test_a_new_text_takes_back_what_was_said_of_the_old_one() -> None:
    sentence = pause(Completeness.SENTENCE, 0.5, finality=9.0)
    sentence.text(Completeness.SENTENCE)
    sentence.finality(2.0)
    assert sentence.needed_s == pause(Completeness.SENTENCE, 0.5, finality=2.0).needed_s


def test_an_audio_model_that_knows_no_such_voice_does_not_keep_a_final_sentence_waiting() -> None:
    assert pause(Completeness.SENTENCE, 0.3, finality=6.5).needed_s < 0.5
    assert pause(Completeness.SENTENCE, 0.3).needed_s > 0.9


@pytest.mark.parametrize("other", [Completeness.GOES_ON, Completeness.OPEN, Completeness.QUESTION, Completeness.CLOSED])
def test_a_full_stop_makes_no_end_of_what_is_no_whole_sentence(other: Completeness) -> None:
    assert pause(other, 0.5, finality=9.0).needed_s == pause(other, 0.5).needed_s
