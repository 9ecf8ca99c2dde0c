"""A mouth with fakes all round, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from livekit.agents import llm, tts

from agent.floor.events import Event
from agent.speaking.audio import Int16
from agent.speaking.conversation import Conversation
from agent.speaking.logbook import Heard, LogEntry
from agent.speaking.mouth import Mouth
from agent.speaking.persona import Persona
from agent.speaking.playout import Playout
from agent.speaking.precedence import Precedence
from agent.speaking.settings import SpeakingSettings
from tests.speaking.fakes import FakeSink, HummingTTS, ScriptedLLM, until
from tests.support.personas import CLAUDE
from tests.support.virtual_time import VirtualClock

E = TypeVar("E", bound=Event)


class Studio:
    def __init__(
        self,
        model: llm.LLM[Any] | None = None,
        voice: tts.TTS[Any] | None = None,
        *,
        persona: Persona = CLAUDE,
        settings: SpeakingSettings | None = None,
        precedence: Precedence | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.sink = FakeSink(self.clock)
        self.model = model or ScriptedLLM("Yes, that is right. And it will stay so for a long time, I think.")
        self.voice = voice or HummingTTS()
        self.events: list[Event] = []
        self.log: list[LogEntry] = []
        self.captions: list[Heard] = []
        self.tapped: list[tuple[float, Int16]] = []
        self.conversation = Conversation()
        self.conversation.remember("you", "Sam", "Hello Claude, is that right?")
        self.playout = Playout(self.sink, tap=lambda at, pcm: self.tapped.append((at, pcm)), clock=self.clock)
        self.mouth = Mouth(
            persona,
            llm=self.model,
            tts=self.voice,
            playout=self.playout,
            conversation=self.conversation,
            clock=self.clock,
            emit=self.events.append,
            log=self.log.append,
            on_heard=self.captions.append,
            settings=settings,
            precedence=precedence,
        )

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def next(self, kind: type[E], *, count: int = 1, within_s: float = 60.0) -> E:
        """The `count`-th event of its kind, as soon as it has come."""
        await until(lambda: len(self.of(kind)) >= count, within_s=within_s)
        return self.of(kind)[count - 1]

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.log]


@asynccontextmanager
async def running(studio: Studio) -> AsyncIterator[Studio]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(studio.mouth.run())
        await asyncio.sleep(0.5)  # the canned lines are there
        yield studio
        task.cancel()
