"""Whatever the floor asks for, and whenever: every reply ends once, and nothing is left running."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.agents import APIConnectionError

from agent.floor.actions import Apologise, Continue, Drop, Duck, Hold, Resume, Speak, Stop, Think, Unduck
from agent.floor.events import PlaybackEnded, PlaybackStarted, ReplyFailed, ReplyPassed, ReplyReady
from agent.speaking.mouth import MouthAction
from agent.speaking.settings import SpeakingSettings
from tests.speaking.fakes import HummingTTS, ScriptedLLM, until
from tests.speaking.studio import Studio, running
from tests.support.virtual_time import run_virtual

REPLIES = ("a", "b", "c")
TEXTS: list[str | list[str | float | Exception]] = [
    "Yes, it is so. And there is more to it, of course. That is all.",
    "<pass/>",
    ["It begins well enough, and then ", 99.0],
    ["It begins well enough. And then ", APIConnectionError("gone", retryable=False)],
    [APIConnectionError("gone", retryable=False)],
    "<think/>",
    "No.",
    "Here is a sentence the voice cannot say: xyzzy. And one that it can.",
]
_PREPARED_S = 15.0  # the canned lines are there, and their synthesis is not counted
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["think", "speak", "drop", "hold", "resume", "stop", "continue", "apologise", "duck", "unduck"]
        ),
        st.sampled_from(REPLIES),
        st.sampled_from([0.0, 0.0, 0.001, 0.01, 0.05, 0.2, 0.7, 1.5]),
    ),
    max_size=25,
)


def action(kind: str, reply: str) -> MouthAction:
    who = "claude"
    match kind:
        case "think":
            return Think(who=who, reply=reply, reason="answer")
        case "apologise":
            return Apologise(who=who, reply=reply, line="one_moment")
        case "duck":
            return Duck()
        case "unduck":
            return Unduck()
        case "speak":
            return Speak(who=who, reply=reply)
        case "drop":
            return Drop(who=who, reply=reply)
        case "hold":
            return Hold(who=who, reply=reply)
        case "resume":
            return Resume(who=who, reply=reply)
        case "stop":
            return Stop(who=who, reply=reply)
    return Continue(who=who, reply=reply)


@settings(max_examples=25, deadline=None)
@given(STEPS, st.permutations(TEXTS))
def test_nothing_is_left_running(steps: list[tuple[str, str, float]], texts: list[str]) -> None:
    async def main() -> None:
        model, voice = ScriptedLLM(*texts, words_per_s=20), HummingTTS(fail_on="xyzzy")
        studio = Studio(model, voice, settings=SpeakingSettings(first_token_s=2, next_token_s=2, first_audio_s=2))
        async with running(studio):
            await asyncio.sleep(_PREPARED_S)
            ids = dict.fromkeys(REPLIES, 0)
            alive: set[str] = set()
            continued: set[str] = set()
            for kind, letter, wait_s in steps:
                if kind in ("think", "apologise"):  # the floor gives each reply an id of its own
                    ids[letter] += 1
                reply = f"{letter}{ids[letter]}"
                studio.mouth.start(action(kind, reply))
                alive.add(reply)
                if kind == "continue":
                    continued.add(reply)
                await asyncio.sleep(wait_s)
            for reply in alive:
                studio.mouth.start(action("stop", reply))
            await until(lambda: not studio.mouth.busy, within_s=5)
            await asyncio.sleep(0.1)
            assert model.running == voice.running == 0
            assert not studio.playout.busy
            silent = studio.clock.now()
            await asyncio.sleep(0.5)
            assert studio.sink.level(silent, silent + 0.5) == 0
            _each_reply_is_told_in_order(studio, continued)

    run_virtual(main())


def _each_reply_is_told_in_order(studio: Studio, continued: set[str]) -> None:
    open_playbacks: Counter[str] = Counter()
    for event in studio.events:
        match event:
            case PlaybackStarted(reply=reply):
                assert open_playbacks[reply] == 0
                open_playbacks[reply] += 1
            case PlaybackEnded(reply=reply):
                open_playbacks[reply] = 0
            case _:
                pass
    assert not +open_playbacks
    ready = [event.reply for event in studio.of(ReplyReady)]
    assert len(ready) == len(set(ready))
    passed = {event.reply for event in studio.of(ReplyPassed)}
    failed = {event.reply for event in studio.of(ReplyFailed)}
    assert not passed & failed - set(ready) - continued  # to go on with what was never said fails by itself
