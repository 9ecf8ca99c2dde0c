"""A host and two AIs at one table: the real floor, real mouths and chains, vendors over real HTTP, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count, pairwise
from typing import Any

import numpy as np
from livekit.agents import llm

from agent.floor.actions import (
    Action,
    Apologise,
    Continue,
    Drop,
    Duck,
    Hold,
    Remember,
    Resume,
    Speak,
    Stop,
    Think,
    Unduck,
)
from agent.floor.events import (
    Event,
    Evidence,
    PlaybackEnded,
    ReplyFailed,
    SpeakerJoined,
    SpeechPaused,
    SpeechStarted,
    Tick,
    UtteranceEnded,
)
from agent.floor.machine import Floor
from agent.floor.rules import Rules
from agent.speaking.audio import FRAME_S
from agent.speaking.conversation import Conversation
from agent.speaking.logbook import LogEntry
from agent.speaking.mouth import Mouth
from agent.speaking.playout import Playout
from tests.speaking.fakes import FakeSink, HummingTTS
from tests.support.personas import CLAUDE, GUEST
from tests.support.virtual_time import VirtualClock

_WORD_S = 0.3
_PREPARED_S = 8.0  # the canned lines are there
_AUDIBLE = 200  # of 32767


class Show:
    """
    Attributes:
        heard: who said what, in order, as a listener would write it down.
        log: what the mouths wrote down.
        failed: the floor's ReplyFailed events.
    """

    def __init__(self, minds: Mapping[str, llm.LLM[Any]], rules: Rules | None = None) -> None:
        self.clock = VirtualClock()
        self.floor = Floor(rules or Rules(follow_up=False, interject=False), strict=True)
        self.conversation = Conversation()
        self.heard: list[str] = []
        self.log: list[LogEntry] = []
        self.failed: list[ReplyFailed] = []
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        self._utterances = count(1)
        self._asked_at = 0.0
        self._sinks: list[FakeSink] = []
        self._mouths: dict[str, Mouth] = {}
        for persona in (CLAUDE, GUEST):
            sink = FakeSink(self.clock)
            self._sinks.append(sink)
            self._mouths[persona.slug] = Mouth(
                persona,
                llm=minds[persona.slug],
                tts=HummingTTS(),
                playout=Playout(sink, tap=lambda at, pcm: None, clock=self.clock),
                conversation=self.conversation,
                clock=self.clock,
                emit=self._inbox.put_nowait,
                log=self.log.append,
            )

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for mouth in self._mouths.values():
                tasks.create_task(mouth.run())
            await asyncio.sleep(0)
            for who, mouth in self._mouths.items():
                self._tell(SpeakerJoined(at=self.clock.now(), who=who, name=mouth.persona.name, role="ai"))
            self._tell(SpeakerJoined(at=self.clock.now(), who="sam", name="Sam", role="human"))
            self.conversation.introduce("sam", "Sam")
            while True:
                self._tell(await self._next())

    async def _next(self) -> Event:
        deadline = self.floor.deadline
        if deadline is None:
            return await self._inbox.get()
        try:
            async with asyncio.timeout(max(0.0, deadline - self.clock.now())):
                return await self._inbox.get()
        except TimeoutError:
            return Tick(at=max(deadline, self.clock.now()))

    def _tell(self, event: Event) -> None:
        if isinstance(event, PlaybackEnded) and event.heard:
            self.heard.append(f"{event.who}: {event.heard}")
        if isinstance(event, ReplyFailed):
            self.failed.append(event)
        for action in self.floor.handle(event):
            self._do(action)

    def _do(self, action: Action) -> None:
        match action:
            case Duck() | Unduck():
                for mouth in self._mouths.values():
                    mouth.start(action)
            case Think() | Speak() | Drop() | Hold() | Resume() | Stop() | Continue() | Apologise():
                self._mouths[action.who].start(action)
            case Remember(text=text):
                self.conversation.remember("sam", "Sam", text)
            case _:
                pass

    async def says(self, text: str) -> None:
        """The host says it, and the answer, or the apology for it, is heard to its end."""
        utterance, speech_s = f"u{next(self._utterances)}", _WORD_S * len(text.split())
        emit, now = self._inbox.put_nowait, self.clock.now
        emit(SpeechStarted(at=now(), who="sam", utterance=utterance))
        await asyncio.sleep(speech_s)
        self._asked_at = now()
        await asyncio.sleep(0.1)
        emit(SpeechPaused(at=now(), who="sam", utterance=utterance, speech_s=speech_s))
        await asyncio.sleep(0.35)
        sure = Evidence(speech_s=speech_s, level_dbfs=-24, average_log_probability=-0.35, no_speech_probability=0.08)
        emit(UtteranceEnded(at=now(), who="sam", utterance=utterance, text=text, evidence=sure))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(40):
            while not self._settled():  # noqa: ASYNC110  (virtual time: looking again costs nothing)
                await asyncio.sleep(0.1)

    def _settled(self) -> bool:
        """Nobody speaks or thinks, and the floor waits for nothing."""
        busy = any(mouth.busy for mouth in self._mouths.values())
        return self.floor.deadline is None and self._inbox.empty() and not busy

    def longest_silence_s(self) -> float:
        """From the host's last word to the end of what answers it."""
        audible = {
            round(at / FRAME_S) * FRAME_S
            for sink in self._sinks
            for at, pcm in sink.frames
            if at >= self._asked_at and len(pcm) and np.abs(pcm.astype(int)).max() > _AUDIBLE
        }
        marks = [self._asked_at, *sorted(audible), self.clock.now()]
        return max(later - earlier for earlier, later in pairwise(marks))


@asynccontextmanager
async def on_air(minds: Mapping[str, llm.LLM[Any]]) -> AsyncIterator[Show]:
    show = Show(minds)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(show.run())
        await asyncio.sleep(_PREPARED_S)
        yield show
        running.cancel()
