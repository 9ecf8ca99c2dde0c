"""Utterances as talks: what the floor is told, and when."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from agent.floor.events import (
    InterimHeard,
    SpeechPaused,
    SpeechStarted,
    UtteranceDrafted,
    UtteranceEnded,
    UtteranceGuessed,
)
from agent.hearing.settings import HearingSettings
from agent.hearing.transcriber import Ending, Transcript
from agent.hearing.utterance import Part, Utterance
from tests.hearing.voices import ScriptedLine, Talk, counting, says, voiced_s
from tests.support.virtual_time import run_virtual


def test_a_question_is_guessed_in_its_first_silence_and_ends_at_once() -> None:
    async def talk() -> None:
        async with Talk(says((2.0, "What do you think about that?"))) as anna:
            await anna.is_silent(0.5)
            await anna.says(2.0)
            ended_at = anna.now
            await anna.is_silent(3.0)
        assert anna.story == [
            "anna-1 starts",
            "anna-1 pauses",
            "anna-1 perhaps: What do you think about that?",
            "anna-1 said: What do you think about that?",
        ]
        assert anna.when(UtteranceGuessed) - ended_at < 0.2
        assert anna.when(UtteranceEnded) - ended_at < 0.35

    run_virtual(talk())


def test_a_pause_in_mid_sentence_is_not_answered() -> None:
    async def talk() -> None:
        async with Talk(says((0.6, "I think"), (2.0, "I think the point is that nobody knows."))) as anna:
            await anna.says(0.6)
            await anna.is_silent(1.2)
            await anna.says(1.4)
            await anna.is_silent(3.0)
        assert anna.story == [
            "anna-1 starts",
            "anna-1 pauses",
            "anna-1 perhaps: I think",
            "anna-1 starts",
            "anna-1 pauses",
            "anna-1 perhaps: I think the point is that nobody knows.",
            "anna-1 said: I think the point is that nobody knows.",
        ]

    run_virtual(talk())


@pytest.mark.parametrize(("later", "ends_s"), [(7.0, 0.35), (3.2, 0.75)])
def test_of_a_sentence_that_may_have_ended_the_recogniser_is_asked_again_as_the_silence_lasts(
    later: float, ends_s: float
) -> None:
    async def talk() -> None:
        line = ScriptedLine(
            says((1.5, "The food was great.")),
            ending_of=lambda silence_s: Ending(2.0 if silence_s < 0.15 else later),
        )
        async with Talk(line.script, line=line, sounds_ended=0.52) as anna:
            await anna.says(1.5)
            await anna.is_silent(3.0)
        asked = [speech.end - speech.voice_end for kind, speech in line.asked if kind == "ending"]
        assert asked
        assert all(before < after for before, after in pairwise(asked))
        assert ends_s - 0.15 < anna.when(UtteranceEnded) - 1.5 < ends_s + 0.1

    run_virtual(talk())


@pytest.mark.parametrize(
    ("asked", "ends_s"), [("What do you say to that, Claude?", 0.3), ("What do you say to it?", 0.5)]
)
def test_a_name_at_the_end_need_not_be_borne_out_by_the_audio(asked: str, ends_s: float) -> None:
    """No recogniser spells "Priya" by itself; of any other word it is known that it was hardly said."""

    async def talk() -> None:
        line = ScriptedLine(says((1.5, asked)), ending_of=lambda silence_s: Ending(3.0, -6.0))
        async with Talk(line.script, line=line, sounds_ended=0.7) as anna:
            await anna.says(1.5)
            await anna.is_silent(3.0)
        assert ends_s - 0.1 < anna.when(UtteranceEnded) - 1.5 < ends_s + 0.1

    run_virtual(talk())


@pytest.mark.parametrize(("other", "ends_s"), [("", 2.0), ("Who decides which of them gets the money?", 0.35)])
def test_a_question_that_was_misread_into_half_a_sentence_ends_like_one_where_another_reading_has_it(
    other: str, ends_s: float
) -> None:
    async def talk() -> None:
        line = ScriptedLine(says((2.0, "To decide which of them gets the money,")), other=other)
        async with Talk(line.script, line=line, sounds_ended=0.52) as anna:
            await anna.says(2.0)
            await anna.is_silent(3.0)
        assert ends_s - 0.35 < anna.when(UtteranceEnded) - 2.0 < ends_s + 0.1
        assert anna.story[-1] == "anna-1 said: To decide which of them gets the money,"

    run_virtual(talk())


def test_another_reading_of_a_monologues_last_words_is_one_of_the_whole() -> None:
    """ "... because", and a breath that cuts the part: what another reader makes of the rest stands behind it."""
    utterance = Utterance("anna-1", [Part(0, 0, 0), Part(9, 9, 9)])
    utterance.parts[0].transcript = Transcript(text="It was a long day because", other="It was a long day.")
    assert utterance.other_text == ""
    utterance.part.transcript = Transcript(text="the train broke")
    assert utterance.other_text == ""
    utterance.part.transcript = Transcript(text="the train broke", other="the train broke down.")
    assert utterance.other_text == "It was a long day because the train broke down."


def test_where_the_words_say_enough_it_is_not_asked_again() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((1.5, "Hold on.")), ending_of=lambda silence_s: Ending(3.0))
        async with Talk(line.script, line=line) as anna:
            await anna.says(1.5)
            await anna.is_silent(1.0)
        assert [kind for kind, _ in line.asked] == ["fast", "record"]

    run_virtual(talk())


def test_decoding_begins_before_the_pause_is_told() -> None:
    async def talk() -> None:
        async with Talk(says((1.0, "Go on.")), line=ScriptedLine(says((1.0, "Go on.")), decode_s=0.01)) as anna:
            await anna.says(1.0)
            await anna.is_silent(0.032)
            await asyncio.sleep(0)
            assert [kind for kind, _ in anna.line.asked] == ["fast"]
            assert not anna.of(SpeechPaused)
            await anna.is_silent(1.0)
        assert anna.story[1:3] == ["anna-1 pauses", "anna-1 perhaps: Go on."], (
            "and a guess never comes before its pause"
        )

    run_virtual(talk())


def test_a_first_reading_is_told_before_the_better_one_and_never_before_its_pause() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((0.5, "Go on.")), decode_s=0.3, reads_first=says((0.5, "Gone.")))
        async with Talk(line.script, line=line) as anna:
            await anna.says(0.5)
            await anna.is_silent(1.5)
        assert anna.story[1:] == [
            "anna-1 pauses",
            "anna-1 at first: Gone.",
            "anna-1 perhaps: Go on.",
            "anna-1 said: Go on.",
        ]

    run_virtual(talk())


def test_a_first_reading_that_comes_before_the_pause_is_told_with_it() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((0.5, "Go on.")), decode_s=0.8, reads_first=says((0.5, "Gone.")))
        line.first_s = 0.02
        async with Talk(line.script, line=line) as anna:
            await anna.says(0.5)
            await anna.is_silent(2.0)
        assert anna.story[1:4] == ["anna-1 pauses", "anna-1 at first: Gone.", "anna-1 perhaps: Go on."]

    run_virtual(talk())


def test_a_first_reading_of_speech_that_went_on_is_not_told() -> None:
    async def talk() -> None:
        line = ScriptedLine(
            says((0.5, "Half."), (1.0, "Half and half.")), decode_s=0.6, reads_first=says((0.5, "Off."))
        )
        async with Talk(line.script, line=line) as anna:
            await anna.says(0.5)
            await anna.is_silent(0.2)
            await anna.says(0.5)
            await anna.is_silent(2.0)
        assert [event.text for event in anna.of(UtteranceDrafted)] == ["Off."]  # type: ignore[attr-defined]
        assert anna.when(UtteranceDrafted) > 1.2

    run_virtual(talk())


def test_a_voice_that_goes_on_cancels_the_decoding() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((0.5, "Half."), (1.0, "Half and half.")), decode_s=0.3)
        async with Talk(line.script, line=line) as anna:
            await anna.says(0.5)
            await anna.is_silent(0.2)
            await anna.says(0.5)
            await anna.is_silent(2.0)
        assert [event.text for event in anna.of(UtteranceGuessed)] == ["Half and half."]  # type: ignore[attr-defined]

    run_virtual(talk())


def test_the_next_utterance_has_the_next_number() -> None:
    async def talk() -> None:
        async with Talk(says((0.5, "Stop."))) as anna:
            for _ in range(3):
                await anna.says(0.5)
                await anna.is_silent(1.0)
        assert [event.utterance for event in anna.of(SpeechStarted)] == ["anna-1", "anna-2", "anna-3"]  # type: ignore[attr-defined]
        assert anna.ends == ["Stop."] * 3

    run_virtual(talk())


def test_a_sound_without_words_ends_quickly_and_is_no_caption() -> None:
    async def talk() -> None:
        async with Talk(says()) as anna:
            await anna.says(0.4)
            ended_at = anna.now
            await anna.is_silent(3.0)
        assert anna.ends == [""]
        assert anna.when(UtteranceEnded) - ended_at < 0.7
        assert anna.records == []

    run_virtual(talk())


def test_speech_is_decoded_from_half_a_second_before_its_onset() -> None:
    async def talk() -> None:
        async with Talk(says((1.0, "Yes."))) as anna:
            await anna.is_silent(2.0)
            await anna.says(1.0)
            await anna.is_silent(1.0)
        _, speech = anna.line.asked[0]
        assert 0.45 <= 2.0 - speech.start <= 0.6
        assert abs(voiced_s(speech) - 1.0) < 0.05

    run_virtual(talk())


def test_two_utterances_share_no_sample() -> None:
    async def talk() -> None:
        async with Talk(says((0.5, "Right."), (0.9, "What a day that was!"))) as anna:
            await anna.says(0.5)
            await anna.is_silent(0.4)
            assert anna.ends == ["Right."]
            await anna.says(0.9)
            await anna.is_silent(2.0)
        first, second = [speech for kind, speech in anna.line.asked if kind == "record"]
        assert first.end <= second.start + 1e-6

    run_virtual(talk())


def test_the_evidence_is_of_the_voice_alone() -> None:
    async def talk() -> None:
        async with Talk(says((1.0, "I don't agree with you."))) as anna:
            await anna.is_silent(1.0)
            await anna.says(1.0)
            await anna.is_silent(1.0)
        (end,) = anna.of(UtteranceEnded)
        assert isinstance(end, UtteranceEnded)
        assert abs(end.evidence.speech_s - 1.0) < 0.1
        assert abs(end.evidence.level_dbfs - -20.0) < 1.0
        assert end.evidence.average_log_probability == -0.3

    run_virtual(talk())


def test_what_another_reader_made_of_a_word_or_two_is_part_of_it() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((1.0, "Yeah, so tell me.")), also_read="Yeah, totally.")
        async with Talk(line.script, line=line) as anna:
            await anna.is_silent(1.0)
            await anna.says(1.0)
            await anna.is_silent(1.0)
        for event in (*anna.of(UtteranceGuessed), *anna.of(UtteranceEnded)):
            assert isinstance(event, UtteranceGuessed | UtteranceEnded)
            assert event.evidence is not None
            assert event.evidence.also_read == "Yeah, totally."

    run_virtual(talk())


def test_stable_words_are_shown_while_the_voice_goes_on() -> None:
    words = ["the", "first", "computer", "that", "I", "ever", "saw", "was", "as", "large", "as", "a", "house"]

    async def talk() -> None:
        line = ScriptedLine(counting(words, 0.3), interims=True)
        async with Talk(line.script, line=line) as anna:
            await anna.says(4.2)
            await anna.is_silent(1.0)
        interims = [event.text for event in anna.of(InterimHeard)]  # type: ignore[attr-defined]
        assert len(interims) >= 4
        assert all(later.startswith(earlier) for earlier, later in pairwise(interims))
        assert anna.when(InterimHeard, 0) < 0.8

    run_virtual(talk())


def test_interims_take_their_share_of_the_time_and_no_more() -> None:
    async def talk() -> None:
        line = ScriptedLine(counting(["word"] * 99, 0.3), decode_s=0.5, interims=True)
        async with Talk(line.script, line=line) as anna:
            await anna.says(10.0)
            await anna.is_silent(1.0)
        share = 0.5 * sum(kind == "interim" for kind, _ in anna.line.asked) / 10.0
        assert share <= HearingSettings().interim.share + 0.05

    run_virtual(talk())


def test_a_monologue_is_cut_at_its_pauses_and_no_word_is_lost_or_said_twice() -> None:
    async def talk() -> None:
        taken = 0.0

        def script(voiced: float) -> str:
            return f"{voiced:.3f}"

        async with Talk(script) as anna:
            for _ in range(30):  # five minutes
                await anna.says(9.5)
                await anna.is_silent(0.5)
                taken += 9.5
            await anna.is_silent(3.0)
            await asyncio.sleep(60.0)  # the texts of record take their time
        assert len(anna.of(UtteranceEnded)) == 1
        parts = [float(part) for part in anna.ends[0].split()]
        assert len(parts) >= 15
        assert abs(sum(parts) - taken) < 0.05 * len(parts), "each voiced second is in one part"
        assert max(parts) < 26.0
        assert len(anna.records) == len(parts)
        assert anna.records[-1].whole == anna.ends[0]
        assert anna.tape.end - anna.tape.kept < 40 * 16_000, "and the tape is not kept for ever"

    run_virtual(talk())


def test_a_voice_without_a_pause_is_cut_before_whisper_is_full() -> None:
    async def talk() -> None:
        async with Talk(lambda voiced: f"{voiced:.1f}") as anna:
            await anna.says(70.0)
            await anna.is_silent(3.0)
        parts = [float(part) for part in anna.ends[0].split()]
        assert len(parts) == 3
        assert abs(sum(parts) - 70.0) < 0.2

    run_virtual(talk())


def test_a_recogniser_that_fails_ends_the_utterance_all_the_same_and_is_told() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((1.0, "Hello?")), fails=True)
        async with Talk(line.script, line=line) as anna:
            await anna.says(1.0)
            await anna.is_silent(3.0)
            line.fails = False
            await anna.says(1.0)
            await anna.is_silent(3.0)
        assert anna.ends == ["", "Hello?"]
        assert anna.troubles == ["the engine is broken; mend it"]
        assert [record.text for record in anna.records] == ["Hello?"], "nothing is kept of a failure"

    run_virtual(talk())


@pytest.mark.parametrize("words", ["", "Hello?"])
def test_words_that_come_too_late_to_be_answered_are_kept(words: str) -> None:
    async def talk() -> None:
        line = ScriptedLine(says((1.0, words)), late=True)
        async with Talk(line.script, line=line) as anna:
            await anna.says(1.0)
            await anna.is_silent(3.0)
        assert anna.ends == [""]
        assert [(record.fast, record.text) for record in anna.records] == ([("", words)] if words else [])

    run_virtual(talk())


def test_an_outage_that_has_been_told_is_not_told_at_each_utterance() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((1.0, "Hello?")), fails=True, told=True)
        async with Talk(line.script, line=line) as anna:
            for _ in range(3):
                await anna.says(1.0)
                await anna.is_silent(3.0)
        assert anna.ends == ["", "", ""]
        assert anna.troubles == []

    run_virtual(talk())


def test_a_recogniser_that_hangs_is_not_waited_for_for_ever() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((1.0, "Hello?")), decode_s=1e6)
        async with Talk(line.script, line=line) as anna:
            await anna.says(1.0)
            await anna.is_silent(12.0)
        assert anna.ends == [""]
        assert len(anna.troubles) == 1

    run_virtual(talk())


def test_the_text_of_record_replaces_the_fast_one_and_keeps_the_time_of_the_voice() -> None:
    async def talk() -> None:
        line = ScriptedLine(says((1.0, "I met Clyde.")), record_s=0.7)
        async with Talk(line.script, line=line) as anna:
            await anna.is_silent(1.0)
            await anna.says(1.0)
            await anna.is_silent(2.0)
            line.script = says((1.0, "I met Claude."))
            await anna.says(1.0)
            await anna.is_silent(3.0)
        first, second = anna.records
        assert (first.text, second.text) == ("I met Clyde.", "I met Claude.")
        assert abs(first.start - 1.0) < 0.04
        assert abs(first.end - 2.0) < 0.04

    run_virtual(talk())


def test_a_word_right_behind_an_end_is_read_together_with_what_was_said_before_it() -> None:
    question = "Is there anything you would change?"

    async def talk() -> None:
        async with Talk(says((0.4, "Ada?"), (2.0, question))) as anna:
            await anna.says(2.0)
            await anna.is_silent(0.5)
            await anna.says(0.4)
            await anna.is_silent(5.0)
        assert anna.ends == [question, "Ada?"]
        of_name = [(kind, speech) for kind, speech in anna.line.asked if speech.utterance == "anna-2"]
        assert {"fast", "record"} <= {kind for kind, _ in of_name}
        for _, speech in of_name:
            assert speech.lead is not None
            assert speech.lead.text == question
            assert speech.lead.start + len(speech.lead.pcm) / 16_000 == pytest.approx(speech.start), "without a gap"
            assert np.count_nonzero(speech.lead.pcm) / 16_000 == pytest.approx(2.0, abs=0.05)
            assert voiced_s(speech) == pytest.approx(0.4, abs=0.05), "and it is not in it twice"
        assert all(speech.lead is None for _, speech in anna.line.asked if speech.utterance == "anna-1")

    run_virtual(talk())


@pytest.mark.parametrize(
    ("first_s", "text", "silent_s", "then_s"),
    [
        (2.0, "Is there anything you would change?", 2.0, 0.4),  # long after it
        (2.0, "", 0.5, 0.4),  # a laugh has no words
        (1.0, "Right?", 0.5, 0.4),  # nor does this tell anything
        (8.0, "Is there anything you would change?", 0.5, 0.4),  # too much to read again
    ],
)
def test_a_word_is_read_alone_when_there_is_nothing_that_it_belongs_to(
    first_s: float, text: str, silent_s: float, then_s: float
) -> None:
    async def talk() -> None:
        async with Talk(says((0.4, "Ada?"), (first_s, text))) as anna:
            await anna.says(first_s)
            await anna.is_silent(max(silent_s, 0.5 if text else 3.0))
            await anna.says(then_s)
            await anna.is_silent(5.0)
        assert anna.ends[-1] == "Ada?"
        assert all(speech.lead is None for _, speech in anna.line.asked)

    run_virtual(talk())


def test_a_long_turn_right_behind_an_end_is_read_alone_once_it_is_long() -> None:
    async def talk() -> None:
        async with Talk(
            says((2.0, "Is there anything you would change?"), (7.0, "I do not, and I will tell you why."))
        ) as anna:
            await anna.says(2.0)
            await anna.is_silent(0.5)
            await anna.says(7.0)
            await anna.is_silent(5.0)
        kept = [speech for kind, speech in anna.line.asked if kind == "record" and speech.utterance == "anna-2"]
        assert [speech.lead for speech in kept] == [None]

    run_virtual(talk())
