"""A persona's voice: takes the floor's actions, and tells the floor what became of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from livekit.agents import APIConnectOptions, llm, tts

from agent.clock import EpisodeClock
from agent.errors import raise_if_cancelled
from agent.floor.actions import Apologise, Continue, Drop, Duck, Hold, Resume, Speak, Stop, Think, Unduck
from agent.floor.events import Event, ReplyFailed, ReplyId, ReplyPassed
from agent.speaking.canned import CannedLines
from agent.speaking.conversation import Conversation
from agent.speaking.logbook import JSON, Heard, LogEntry, LogKind
from agent.speaking.nudges import go_on_after, nudge
from agent.speaking.persona import Persona
from agent.speaking.playout import Playout
from agent.speaking.precedence import Precedence
from agent.speaking.reply import Parts, Remainder, Reply
from agent.speaking.settings import SpeakingSettings
from agent.speaking.synthesis import Synthesis

log = logging.getLogger(__name__)

MouthAction: TypeAlias = Think | Speak | Drop | Hold | Resume | Stop | Duck | Unduck | Continue | Apologise


class Mouth:
    """One persona's LLM, TTS and track at work.

    Args:
        persona: whose mouth it is.
        model: "llm" of the providers; a chain where there is a second one.
        voice: its TTS, likewise.
        playout: its track.
        conversation: the show's transcript; what is heard of this voice is added to it.
        emit: takes the events for the floor.
        record: takes entries for the event log.
        on_heard: takes captions as the words are heard.
        precedence: the show's, where there are several mouths.
    """

    def __init__(
        self,
        persona: Persona,
        *,
        llm: llm.LLM[Any],
        tts: tts.TTS[Any],
        playout: Playout,
        conversation: Conversation,
        clock: EpisodeClock,
        emit: Callable[[Event], None],
        log: Callable[[LogEntry], None],
        on_heard: Callable[[Heard], None] = lambda heard: None,
        settings: SpeakingSettings | None = None,
        precedence: Precedence | None = None,
    ) -> None:
        settings = settings or SpeakingSettings()
        self._precedence = precedence or Precedence()
        self.persona = persona
        conversation.introduce(persona.slug, persona.name, persona.aliases)
        self._log = log
        synthesis = Synthesis(tts, settings=settings, clock=clock, log=partial(self._tell, ""))
        self._parts = Parts(
            persona=persona,
            model=llm,
            synthesis=synthesis,
            canned=CannedLines(synthesis, place=persona.place),
            playout=playout,
            conversation=conversation,
            clock=clock,
            settings=settings,
            emit=emit,
            log=log,
            on_heard=on_heard,
        )
        self._prewarm: tuple[Callable[[], None], ...] = (llm.prewarm, tts.prewarm)
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[ReplyId, tuple[Reply, asyncio.Task[None]]] = {}
        self._remainder: tuple[ReplyId, Remainder] | None = None

    async def run(self) -> None:
        """Until cancelled. Replies are its children, and end with it."""
        for prewarm in self._prewarm:
            prewarm()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._parts.canned.prepare(), name=f"{self.persona.slug}:canned")
                if self._parts.settings.prime:
                    self._tasks.create_task(self._prime(), name=f"{self.persona.slug}:prime")
                await self._parts.playout.run()
        finally:
            self._tasks = None

    @property
    def busy(self) -> bool:
        """A reply is being generated, waits, or is played."""
        return bool(self._running)

    def start(self, action: MouthAction) -> None:
        """Begin what the floor asks for; never waits.

        Raises:
            RuntimeError: run() is not running.
            ValueError: the action is for another speaker.
        """
        who = getattr(action, "who", self.persona.slug)
        if who != self.persona.slug:
            raise ValueError(f"{action} is not for {self.persona.slug}")
        match action:
            case Duck():
                self._parts.playout.duck()
            case Unduck():
                self._parts.playout.unduck()
            case Think():
                self._think(action)
            case Apologise():
                self._launch(Reply(action.reply, self._parts, line=action.line)).speak()
            case Continue():
                self._continue(action)
            case Speak() | Hold() | Resume() | Stop() | Drop():
                self._steer(action)

    async def _prime(self) -> None:
        """One word for the opening: a model on this machine keeps what it has read of a prompt for the next one."""
        parts = self._parts
        options = APIConnectOptions(max_retry=0, timeout=parts.settings.first_token_s)
        try:
            context = parts.conversation.render(self.persona)
            async with parts.model.chat(chat_ctx=context, conn_options=options) as stream:
                async for chunk in stream:
                    if chunk.delta and chunk.delta.content:
                        break
        except Exception as error:  # whatever a plugin raises: the first answer will tell, and be told of
            raise_if_cancelled()
            log.debug("%s: the model was not primed: %s", self.persona.slug, error)

    def _think(self, action: Think) -> None:
        parts = self._parts
        if action.reason == "listen" and self.persona.style == "plain":
            # A tiny model cannot judge whether to break in.
            parts.emit(ReplyPassed(at=parts.clock.now(), who=self.persona.slug, reply=action.reply))
            return
        asked = nudge(action.reason, self.persona)

        def ask(further: str) -> llm.ChatContext:
            return parts.conversation.render(
                self.persona, guess=action.guess, guess_by=action.guess_by, nudge=f"{asked} {further}".strip()
            )

        listens = action.reason == "listen"
        may_pass = listens or action.reason == "follow_up"
        ticket = None if listens else self._precedence.join()
        self._launch(
            Reply(action.reply, parts, ask=ask, only_if_it_interjects=listens, may_pass=may_pass, ticket=ticket)
        )

    def _continue(self, action: Continue) -> None:
        kept, self._remainder = self._remainder, None
        remainder = kept[1] if kept and kept[0] == action.reply else None
        if not remainder:
            reason = "there is nothing left to say of it"
            self._parts.emit(
                ReplyFailed(at=self._parts.clock.now(), who=self.persona.slug, reply=action.reply, reason=reason)
            )
            return
        ask = remainder.ask
        if ask is None and not remainder.generated:
            going_on = go_on_after(remainder.text)

            def ask(further: str) -> llm.ChatContext:
                return self._parts.conversation.render(self.persona, nudge=f"{going_on} {further}".strip())

        self._launch(Reply(action.reply, self._parts, remainder=remainder, ask=ask)).speak()

    def _steer(self, action: Speak | Hold | Resume | Stop | Drop) -> None:
        if isinstance(action, Drop) and self._remainder and self._remainder[0] == action.reply:
            self._remainder = None
        reply, task = self._running.get(action.reply, (None, None))
        if reply is None or task is None:
            log.debug("%s: the reply is over", action)
            return
        match action:
            case Speak():
                self._remainder = None
                reply.speak()
            case Hold():
                reply.hold()
            case Resume():
                reply.resume()
            case Stop():
                reply.stop()
                self._remainder = (action.reply, reply.remainder())
            case Drop():
                task.cancel()

    def _launch(self, reply: Reply) -> Reply:
        if self._tasks is None:
            raise RuntimeError(f"the mouth of {self.persona.slug} is not running; start run() first")
        task = self._tasks.create_task(reply.run(), name=f"{self.persona.slug}:{reply.id}")
        self._running[reply.id] = (reply, task)
        task.add_done_callback(partial(self._over, reply))
        return reply

    def _over(self, reply: Reply, task: asyncio.Task[None]) -> None:
        reply.give_ticket_back()
        if self._running.get(reply.id, (None, None))[1] is task:
            del self._running[reply.id]

    def _tell(self, reply: ReplyId, kind: LogKind, **details: JSON) -> None:
        at = self._parts.clock.now()
        self._log(LogEntry(at=at, kind=kind, who=self.persona.slug, reply=reply, details=details))
