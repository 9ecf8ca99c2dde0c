"""A mouth on real parts: OpenAI's protocol over HTTP, Piper's voice, real time; only the track is a fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import patch

import numpy as np
import pytest
from livekit.plugins import openai, piper

from agent.clock import EpisodeClock
from agent.floor.actions import Continue, Drop, Hold, Resume, Speak, Stop, Think
from agent.floor.events import Event, PlaybackEnded, PlaybackStarted, ReplyFailed, ReplyReady
from agent.speaking.audio import Int16
from agent.speaking.canned import LINES
from agent.speaking.conversation import Conversation
from agent.speaking.logbook import Heard, LogEntry
from agent.speaking.mouth import Mouth
from agent.speaking.playout import Playout
from agent.speaking.settings import SpeakingSettings
from tests.speaking.fakes import FakeSink, until
from tests.support.llm_vendor import Refuse, Say, Vendor, Wait, serving
from tests.support.personas import CLAUDE

pytestmark = [pytest.mark.real, pytest.mark.alone]

TEXT = "That is a fair question, and I have a clear view on it. It cost $3.5 million in 1995."


class Show:
    def __init__(self, vendor: Vendor, voice: piper.TTS) -> None:
        self.clock = EpisodeClock()
        self.sink = FakeSink(self.clock)
        self.events: list[Event] = []
        self.log: list[LogEntry] = []
        self.captions: list[Heard] = []
        self.tapped: list[tuple[float, Int16]] = []
        self.conversation = Conversation()
        self.conversation.remember("you", "Sam", "Claude, is that fair?")
        self.model = openai.LLM(model="scripted", base_url=vendor.address, api_key="none")
        self.mouth = Mouth(
            CLAUDE,
            llm=self.model,
            tts=voice,
            playout=Playout(self.sink, tap=lambda at, pcm: self.tapped.append((at, pcm)), clock=self.clock),
            conversation=self.conversation,
            clock=self.clock,
            emit=self.events.append,
            log=self.log.append,
            on_heard=self.captions.append,
            settings=SpeakingSettings(next_token_s=1.0),
        )

    async def next(self, kind: type[Event], count: int = 1) -> Event:
        await until(lambda: len([event for event in self.events if isinstance(event, kind)]) >= count, within_s=60)
        return [event for event in self.events if isinstance(event, kind)][count - 1]


@asynccontextmanager
async def on_air(vendor: Vendor) -> AsyncIterator[Show]:
    """With the canned lines made at once, so that the processor is free for what is asked."""
    with patch("agent.speaking.canned._AFTER_S", 0.0):
        async with serving(vendor), piper.TTS() as voice:
            show = Show(vendor, voice)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(show.mouth.run())
                await until(
                    lambda: len([entry for entry in show.log if entry.kind == "tts.end"]) == len(LINES), within_s=90
                )
                yield show
                running.cancel()
            await show.model.aclose()


def think(reply: str) -> Think:
    return Think(who="claude", reply=reply, reason="answer")


async def test_a_reply_is_heard_with_its_captions_and_survives_a_hold() -> None:
    async with on_air(Vendor(scenes=[[Say(TEXT, words_per_s=60)]])) as show:
        show.mouth.start(think("r1"))
        ready = await show.next(ReplyReady)
        assert isinstance(ready, ReplyReady)
        assert ready.text == "That is a fair question,"
        show.mouth.start(Speak(who="claude", reply="r1"))
        await show.next(PlaybackStarted)
        await asyncio.sleep(1.2)
        show.mouth.start(Hold(who="claude", reply="r1"))
        held = show.clock.now()
        await asyncio.sleep(0.4)
        assert show.sink.level(held + 0.2, held + 0.4) == 0
        show.mouth.start(Resume(who="claude", reply="r1"))
        ended = await show.next(PlaybackEnded)
        assert isinstance(ended, PlaybackEnded)
        assert ended.heard == TEXT
        finals = [caption.text for caption in show.captions if caption.final]
        assert finals == ["That is a fair question,", "and I have a clear view on it.", "It cost $3.5 million in 1995."]
        spoken = np.concatenate([pcm for _, pcm in show.tapped])
        assert 4 < len(spoken) / 48_000 < 12
        usage = [entry.details for entry in show.log if entry.kind == "llm.end"]
        assert usage[0]["completion_tokens"] == len(TEXT.split())


async def test_an_interruption_hangs_up_on_the_vendor_and_go_on_continues() -> None:
    vendor = Vendor(scenes=[[Say(f"{TEXT} " * 20, words_per_s=20)], [Say("The end.", words_per_s=20)]])
    async with on_air(vendor) as show:
        show.mouth.start(think("r1"))
        show.mouth.start(Speak(who="claude", reply="r1"))
        await show.next(PlaybackStarted)
        await asyncio.sleep(2.0)
        show.mouth.start(Stop(who="claude", reply="r1"))
        cut = await show.next(PlaybackEnded)
        assert isinstance(cut, PlaybackEnded)
        assert cut.interrupted
        await until(lambda: vendor.hung_up == 1)
        show.mouth.start(Continue(who="claude", reply="r1"))
        await show.next(PlaybackStarted, 2)
        rest = await show.next(PlaybackEnded, 2)
        assert isinstance(rest, PlaybackEnded)
        assert f"{cut.heard} {rest.heard}".startswith(TEXT)
        assert rest.heard.endswith("The end.")
        said_before = str(vendor.requests[1][1]["messages"])
        assert "... [interrupted]" in said_before


async def test_a_vendor_that_stalls_or_refuses_is_named() -> None:
    vendor = Vendor(scenes=[[Say("One moment please, I"), Wait(3600)], Refuse(503, "overloaded", "server_error")])
    async with on_air(vendor) as show:
        show.mouth.start(think("r1"))
        failed = await show.next(ReplyFailed)
        assert isinstance(failed, ReplyFailed)
        assert "no further token in 1 s" in failed.reason
        show.mouth.start(Drop(who="claude", reply="r1"))
        show.mouth.start(think("r2"))
        refused = await show.next(ReplyFailed, 2)
        assert isinstance(refused, ReplyFailed)
        assert "LLM" in refused.reason
        assert "scripted" in refused.reason
