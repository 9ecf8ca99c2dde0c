"""What a persona's mouth does for the floor, told as it happens; virtual time, fake engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.floor.actions import Apologise, Continue, Drop, Hold, Resume, Speak, Stop, Think, ThinkReason
from agent.floor.events import (
    ClauseHeard,
    InterjectionAsked,
    PlaybackEnded,
    PlaybackStarted,
    ReplyAddressed,
    ReplyFailed,
    ReplyPassed,
    ReplyReady,
    ThinkingAsked,
)
from agent.speaking.settings import SpeakingSettings
from tests.speaking.fakes import HummingTTS, ScriptedLLM, until
from tests.speaking.studio import Studio, running
from tests.support.virtual_time import run_virtual

TWO_SENTENCES = "Yes, that is right. And it will stay so for a long time, I think."
LONG = " ".join(f"This is sentence number {word} of a rather long answer." for word in ("one", "two", "three") * 100)


def think(reply: str = "r1", reason: ThinkReason = "answer", **more: Any) -> Think:
    return Think(who="claude", reply=reply, reason=reason, **more)


def speak(reply: str = "r1") -> Speak:
    return Speak(who="claude", reply=reply)


def stop(reply: str = "r1") -> Stop:
    return Stop(who="claude", reply=reply)


def in_the_studio(test: Callable[[Studio], Awaitable[None]], *args: Any, **options: Any) -> None:
    async def main() -> None:
        async with running(Studio(*args, **options)) as studio:
            await test(studio)

    run_virtual(main())


def test_a_reply_is_ready_with_its_first_clause_and_plays_when_told() -> None:
    async def talk(studio: Studio) -> None:
        asked = studio.clock.now()
        studio.mouth.start(think())
        ready = await studio.next(ReplyReady)
        assert ready.text == "Yes, that is right."
        assert ready.at - asked == pytest.approx(0.15 + 4 / 60 + 0.1, abs=0.02)  # first token, four words, synthesis
        await asyncio.sleep(2)
        assert not studio.tapped
        studio.mouth.start(speak())
        ended = await studio.next(PlaybackEnded)
        assert (ended.heard, ended.interrupted) == (TWO_SENTENCES, False)
        assert [event.text for event in studio.of(ClauseHeard)] == [
            "Yes, that is right.",
            "And it will stay so for a long time, I think.",
        ]
        assert studio.conversation.turns[-1].text == TWO_SENTENCES
        assert not studio.mouth.busy

    in_the_studio(talk, ScriptedLLM(TWO_SENTENCES))


def test_captions_appear_with_the_words_and_never_before_them() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        started = await studio.next(PlaybackStarted)
        await studio.next(PlaybackEnded)
        words = [caption.text.split()[-1] for caption in studio.captions if not caption.final]
        assert words == TWO_SENTENCES.split()
        assert studio.captions[0].end >= started.at + 0.1
        finals = [caption for caption in studio.captions if caption.final]
        assert [caption.text for caption in finals] == [
            "Yes, that is right.",
            "And it will stay so for a long time, I think.",
        ]
        assert all(caption.start < caption.end for caption in finals)
        assert finals[0].end <= finals[1].start

    in_the_studio(talk, ScriptedLLM(TWO_SENTENCES))


def test_held_for_a_cough_the_voice_goes_on_and_nothing_is_lost_or_said_twice() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        await studio.next(PlaybackStarted)
        for pause_s in (0.31, 0.47, 0.53, 0.71):
            await asyncio.sleep(pause_s)
            studio.mouth.start(Hold(who="claude", reply="r1"))
            held = studio.clock.now()
            await asyncio.sleep(0.5)
            assert studio.sink.level(held + 0.04, held + 0.5) == 0
            studio.mouth.start(Resume(who="claude", reply="r1"))
        ended = await studio.next(PlaybackEnded)
        assert (ended.heard, ended.interrupted) == (TWO_SENTENCES, False)

    in_the_studio(talk, ScriptedLLM(TWO_SENTENCES))


def test_interrupted_only_what_was_heard_is_remembered_and_everything_else_dies() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        await studio.next(PlaybackStarted)
        await asyncio.sleep(2.0)
        at = studio.clock.now()
        studio.mouth.start(stop())
        ended = await studio.next(PlaybackEnded)
        assert ended.at - at < 0.05
        assert ended.interrupted
        assert LONG.startswith(ended.heard)
        assert 3 <= len(ended.heard.split()) <= 8
        assert studio.sink.level(at + 0.04, at + 5) == 0
        turn = studio.conversation.turns[-1]
        assert (turn.text, turn.interrupted) == (ended.heard, True)
        await asyncio.sleep(0.1)
        assert isinstance(studio.model, ScriptedLLM)
        assert isinstance(studio.voice, HummingTTS)
        assert studio.model.running == studio.voice.running == 0
        assert "llm.cancelled" in studio.kinds()
        assert not studio.mouth.busy

    in_the_studio(talk, ScriptedLLM(LONG, words_per_s=10))


def test_go_on_says_the_rest_at_once_from_the_word_that_was_cut() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        await studio.next(PlaybackStarted)
        await asyncio.sleep(2.0)
        studio.mouth.start(stop())
        cut = await studio.next(PlaybackEnded)
        await asyncio.sleep(1.0)
        asked = studio.clock.now()
        studio.mouth.start(Continue(who="claude", reply="r1"))
        assert (await studio.next(PlaybackStarted, count=2)).at - asked < 0.05
        rest = await studio.next(PlaybackEnded, count=2)
        assert f"{cut.heard} {rest.heard}" == TWO_SENTENCES
        assert not rest.interrupted

    in_the_studio(talk, ScriptedLLM(TWO_SENTENCES))


def test_go_on_generates_the_end_of_a_reply_that_was_cut_while_it_was_written() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        await studio.next(PlaybackStarted)
        await asyncio.sleep(0.5)
        studio.mouth.start(stop())
        cut = await studio.next(PlaybackEnded)
        studio.mouth.start(Continue(who="claude", reply="r1"))
        rest = await studio.next(PlaybackEnded, count=2)
        assert rest.heard.endswith("The end.")
        assert f"{cut.heard} {rest.heard}".startswith("This is sentence number one of a rather long answer.")

    in_the_studio(talk, ScriptedLLM(LONG, "The end.", words_per_s=10))


def test_go_on_with_nothing_left_fails_in_words() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(Continue(who="claude", reply="r7"))
        assert "nothing left" in (await studio.next(ReplyFailed)).reason

    in_the_studio(talk)


def test_a_dropped_reply_ends_without_a_word_and_without_a_running_call() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        await asyncio.sleep(0.3)
        studio.mouth.start(Drop(who="claude", reply="r1"))
        await asyncio.sleep(0.05)
        assert isinstance(studio.model, ScriptedLLM)
        assert studio.model.running == 0
        assert not studio.mouth.busy
        assert not studio.of(PlaybackEnded)
        await asyncio.sleep(1)
        studio.mouth.start(Drop(who="claude", reply="r1"))  # harmless

    in_the_studio(talk, ScriptedLLM(LONG, words_per_s=10))


@pytest.mark.parametrize("text", ["<pass/>", "", "*smiles*", "<pass/> Never said."])
def test_a_reply_with_nothing_to_say_passes(text: str) -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        await studio.next(ReplyPassed)
        await asyncio.sleep(0.1)
        assert not studio.mouth.busy
        assert not studio.of(ReplyReady)

    in_the_studio(talk, ScriptedLLM(text))


def test_tags_reach_the_floor_and_not_the_voice() -> None:
    async def talk(studio: Studio) -> None:
        studio.conversation.introduce("guest", "Ada")
        studio.mouth.start(think())
        assert (await studio.next(ReplyAddressed)).to == "guest"
        assert (await studio.next(ThinkingAsked)).reply == "r1"
        studio.mouth.start(speak())
        assert (await studio.next(PlaybackEnded)).heard == "What do you say, Ada?"
        assert not [text for text in studio.voice.texts if "<" in text]  # type: ignore[attr-defined]

    in_the_studio(talk, ScriptedLLM('<think/> <to name="Ada"/> What do you say, Ada?'))


def test_a_model_that_asks_to_think_and_stops_is_asked_again() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        await studio.next(ThinkingAsked)
        assert (await studio.next(ReplyReady)).text == "Now I know it."
        assert not studio.of(ReplyPassed)

    in_the_studio(talk, ScriptedLLM("<think/>", "Now I know it."))


def test_a_wish_to_think_in_plain_words_is_told_when_it_is_being_said() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        await studio.next(ReplyReady)
        await asyncio.sleep(1)
        assert not studio.of(ThinkingAsked)
        studio.mouth.start(speak())
        await studio.next(ThinkingAsked)
        assert studio.of(PlaybackStarted)
        assert not studio.of(PlaybackEnded)

    in_the_studio(talk, ScriptedLLM("Hm, good question. Give me a moment to think about that."))


def test_listening_it_breaks_in_only_with_its_tag() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think(reason="listen"))
        await studio.next(ReplyPassed)
        await asyncio.sleep(0.5)
        assert not studio.of(ReplyReady)
        assert studio.model.running == 0  # type: ignore[attr-defined]
        studio.mouth.start(think("r2", "listen"))
        assert (await studio.next(InterjectionAsked)).reply == "r2"
        assert (await studio.next(ReplyReady)).text == "That is not so."

    in_the_studio(talk, ScriptedLLM("I agree with all of it. " + LONG, "<interject/> That is not so."))


def test_a_model_that_never_answers_fails_by_name() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        failed = await studio.next(ReplyFailed)
        assert failed.reason == "LLM fake scripted: no first token in 3 s"
        assert [entry.details["reason"] for entry in studio.log if entry.kind == "error"] == ["no first token in 3 s"]
        assert not studio.mouth.busy or await _quiet(studio)

    in_the_studio(talk, ScriptedLLM([99.0]), settings=SpeakingSettings(first_token_s=3))


async def _quiet(studio: Studio) -> bool:
    await until(lambda: not studio.mouth.busy)
    return True


def test_a_model_that_breaks_off_is_heard_to_its_last_clause_and_the_floor_knows() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        ended = await studio.next(PlaybackEnded)
        assert ended.heard == "That is a good point, and I want to say one thing."
        assert not ended.interrupted
        assert studio.of(ReplyFailed)[0].reason == "LLM fake scripted: no further token in 2 s"
        assert studio.model.running == 0  # type: ignore[attr-defined]

    model = ScriptedLLM(["That is a good point, and I want to say one thing. But the", 99.0])
    in_the_studio(talk, model, settings=SpeakingSettings(next_token_s=2))


def test_a_voice_that_breaks_off_can_still_apologise_from_memory() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        ended = await studio.next(PlaybackEnded)
        assert ended.heard == "Yes, that is right."
        assert studio.of(ReplyFailed)[0].reason == "TTS fake humming: the voice is gone"
        studio.mouth.start(Apologise(who="claude", reply="a1", line="lost_thread"))
        assert (await studio.next(PlaybackEnded, count=2)).heard == "Sorry, I lost my thread."
        errors = [entry for entry in studio.log if entry.kind == "error"]
        assert errors[0].details["service"] == "TTS fake humming"

    in_the_studio(talk, ScriptedLLM(TWO_SENTENCES), HummingTTS(fail_on="long time"))


def test_a_voice_that_never_comes_fails_by_name() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        assert "TTS fake humming" in (await studio.next(ReplyFailed)).reason

    in_the_studio(talk, ScriptedLLM(TWO_SENTENCES), HummingTTS(fail_on="Yes"))


def test_the_floor_can_have_a_canned_line_said_at_once() -> None:
    async def talk(studio: Studio) -> None:
        await asyncio.sleep(10)  # they are made once the show is under way
        asked = studio.clock.now()
        studio.mouth.start(Apologise(who="claude", reply="a1", line="one_moment"))
        assert (await studio.next(PlaybackStarted)).at - asked < 0.03
        assert (await studio.next(PlaybackEnded)).heard == "One moment."

    in_the_studio(talk)


def test_a_3000_word_answer_does_not_grow_memory() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        await studio.next(PlaybackStarted)
        most = 0
        for _ in range(12):
            await asyncio.sleep(1)
            reply = next(iter(studio.mouth._running.values()))[0]
            most = max(most, sum(clip.pcm.nbytes for clip in reply._passage.clips))
        assert most < 10 * 48_000 * 2  # ten seconds of samples, of an answer of twenty minutes
        studio.mouth.start(stop())
        await studio.next(PlaybackEnded)

    in_the_studio(talk, ScriptedLLM(LONG, words_per_s=2000))


def test_a_guess_joins_the_context_for_one_reply_only() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think(guess="And what do you th", guess_by="you", guess_of="u2"))
        await studio.next(ReplyReady)
        assert "And what do you th" in str(studio.model.contexts[0].messages()[-1].text_content)  # type: ignore[attr-defined]
        assert all("you th" not in turn.text for turn in studio.conversation.turns)

    in_the_studio(talk)


def test_the_recording_hears_the_full_level_without_a_gap_while_the_room_hears_it_ducked() -> None:
    async def talk(studio: Studio) -> None:
        from agent.floor.actions import Duck, Unduck

        studio.mouth.start(think())
        studio.mouth.start(speak())
        await studio.next(PlaybackStarted)
        await asyncio.sleep(0.5)
        at = studio.clock.now()
        studio.mouth.start(Duck())
        await asyncio.sleep(0.3)
        assert studio.sink.level(at + 0.09, at + 0.3) == pytest.approx(8000 / 32767 / 4, rel=0.05)
        studio.mouth.start(Unduck())
        await studio.next(PlaybackEnded)
        assert studio.sink.level(at + 0.5, at + 1.0) == pytest.approx(8000 / 32767, rel=0.05)
        for (before, pcm), (after, _) in zip(studio.tapped, studio.tapped[1:], strict=False):
            assert after - before == pytest.approx(len(pcm) / 48_000, abs=1e-6)
        assert max(abs(pcm).max() for start, pcm in studio.tapped if at < start < at + 0.3) >= 7900

    in_the_studio(talk, ScriptedLLM(TWO_SENTENCES))


def test_a_model_that_does_not_come_to_an_end_is_ended_at_a_clause() -> None:
    async def talk(studio: Studio) -> None:
        studio.mouth.start(think())
        studio.mouth.start(speak())
        ended = await studio.next(PlaybackEnded)
        assert ended.heard == " ".join(LONG.split(". ")[0:1]) + ". This is sentence number two of a rather long answer."
        assert not ended.interrupted

    in_the_studio(talk, ScriptedLLM(LONG), settings=SpeakingSettings(brief_chars=60))


def test_a_model_that_is_primed_has_read_its_instructions_before_anybody_asks() -> None:
    async def test(studio: Studio) -> None:
        assert isinstance(studio.model, ScriptedLLM)
        (context,) = studio.model.contexts
        assert studio.mouth.persona.instructions in (context.messages()[0].text_content or "")
        assert studio.model.running == 0
        assert studio.events == []
        studio.mouth.start(think())
        await studio.next(ReplyReady)

    in_the_studio(test, ScriptedLLM("Hello.", TWO_SENTENCES), settings=SpeakingSettings(prime=True))


def test_a_model_that_cannot_be_primed_is_asked_all_the_same() -> None:
    async def test(studio: Studio) -> None:
        studio.mouth.start(think())
        await studio.next(ReplyReady)

    refusing = ScriptedLLM([ConnectionError("not there yet")], TWO_SENTENCES)
    in_the_studio(test, refusing, settings=SpeakingSettings(prime=True))
