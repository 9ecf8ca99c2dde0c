"""One reply of one persona: generated, synthesised a clause ahead, played, and accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import llm

from agent.clock import EpisodeClock
from agent.floor.actions import Line
from agent.floor.events import (
    ClauseHeard,
    Event,
    InterjectionAsked,
    PlaybackEnded,
    PlaybackStarted,
    ReplyAddressed,
    ReplyFailed,
    ReplyId,
    ReplyPassed,
    ReplyReady,
    ThinkingAsked,
)
from agent.speaking.canned import CannedLines
from agent.speaking.captions import CaptionTracker
from agent.speaking.clauses import Clause
from agent.speaking.conversation import OPENING, YOUR_TURN, Conversation
from agent.speaking.habits import Habits
from agent.speaking.logbook import JSON, Heard, LogEntry, LogKind
from agent.speaking.nudges import NUDGES
from agent.speaking.passage import Clip, Passage, Place
from agent.speaking.persona import Persona, asks_to_think
from agent.speaking.playout import Playout
from agent.speaking.precedence import Ticket
from agent.speaking.settings import SpeakingSettings
from agent.speaking.speakable import Signal, SpeakableText
from agent.speaking.synthesis import Synthesis, SynthesisFailed
from agent.speaking.writer import Failure, Writer

WRAPPER = (OPENING, YOUR_TURN, *NUDGES)
_OWN_TURNS = 3  # that a small model is kept from repeating


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What all replies of a persona share."""

    persona: Persona
    model: llm.LLM[Any]
    synthesis: Synthesis
    canned: CannedLines
    playout: Playout
    conversation: Conversation
    clock: EpisodeClock
    settings: SpeakingSettings
    emit: Callable[[Event], None]
    log: Callable[[LogEntry], None]
    on_heard: Callable[[Heard], None]


@dataclass(slots=True)
class Remainder:
    """What an interrupted reply had left to say."""

    clips: list[Clip] = field(default_factory=list)  # with their audio, or to be synthesised
    clauses: list[Clause] = field(default_factory=list)
    generated: bool = True  # to its end; otherwise the rest is still to be generated
    ask: Callable[[str], llm.ChatContext] | None = None  # how it was asked, when it had not said or written a word

    def __bool__(self) -> bool:
        return bool(self.clips or self.clauses) or not self.generated

    @property
    def text(self) -> str:
        return " ".join([clip.clause.text for clip in self.clips] + [clause.text for clause in self.clauses])


class Reply:
    """Runs as a task of the mouth; the mouth's actions reach it as plain calls.

    Args:
        ask: renders the context for an LLM call, given a further nudge; None when nothing is to be generated.
        only_if_it_interjects: generate while another speaks, and go on only when the model writes `<interject/>`.
        may_pass: nobody waits for it, so that an empty reply is no failure.
        remainder: what is said first, before anything is generated.
        line: a canned sentence, and nothing else.
        ticket: its place among replies that are prepared at the same time.
    """

    def __init__(
        self,
        reply: ReplyId,
        parts: Parts,
        *,
        ask: Callable[[str], llm.ChatContext] | None = None,
        only_if_it_interjects: bool = False,
        may_pass: bool = False,
        remainder: Remainder | None = None,
        line: Line | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        self.id = reply
        self._ticket = ticket
        self._parts = parts
        self._synthesis = parts.synthesis.turn()
        self._ask = ask
        self._only_if_it_interjects = only_if_it_interjects
        self._may_pass = may_pass
        self._remainder = remainder
        self._line = line
        self._passage = Passage()
        self._captions = CaptionTracker(
            parts.persona.slug, reply, self._passage, on_heard=self._on_heard, on_clause=self._on_clause
        )
        self._stage = _Stage()
        self._writer: Writer | None = None
        self._making: asyncio.Task[None] | None = None

    # The mouth's calls.

    def speak(self) -> None:
        """Play from now on, or as soon as there is audio."""
        if not self._stage.speaking and not self._stage.stopped:
            self._stage.speaking = True
            self._stage.room.set()
            if self._stage.ready:
                self._parts.playout.play(self._passage, self)

    def hold(self) -> None:
        if self._stage.playing:
            self._parts.playout.hold()
            self._tell("playback.held")

    def resume(self) -> None:
        if self._stage.playing:
            self._parts.playout.resume()
            self._tell("playback.resumed")

    def stop(self) -> None:
        """Silence now, generation and synthesis too; PlaybackEnded follows."""
        if self._stage.stopped or self._stage.over.is_set():
            return
        self._stage.stopped = True
        if self._making:
            self._making.cancel()
        if self._stage.playing:
            self._parts.playout.stop()
            self._parts.conversation.hearing(self._parts.persona.slug, self._captions.so_far, interrupted=True)
        else:
            self._end(self._parts.clock.now(), interrupted=True)

    def remainder(self) -> Remainder:
        """After a stop: what is left."""
        rest = Remainder(
            self._passage.rest(), generated=self._line is not None or (self._ask is None and self._writer is None)
        )
        if self._writer:
            while not self._writer.clauses.empty():
                clause = self._writer.clauses.get_nowait()
                if clause is None:
                    rest.generated = True
                else:
                    rest.clauses.append(clause)
            rest.generated = rest.generated or self._stage.generated
        if self._stage.waiting:
            rest.clauses.insert(0, self._stage.waiting)
        if not rest.text and not self._captions.so_far:
            rest.ask = self._ask
        return rest

    async def run(self) -> None:
        """Until the reply is over: heard, stopped, passed, failed, or cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._making = tasks.create_task(self._make(), name=f"reply:{self.id}:make")
                if self._stage.stopped:
                    self._making.cancel()
                await self._stage.over.wait()
                self._making.cancel()
        finally:
            if self._stage.playing:  # cancelled in mid-word
                self._parts.playout.stop()

    # From text to audio.

    async def _make(self) -> None:
        failure: Failure | None = None
        try:
            if self._line:
                self._add(await self._parts.canned.get(self._line))
            if self._remainder:
                await self._say_remainder(self._remainder)
            if self._ask:
                failure = await self._generate(self._ask(""))
                if self._stage.thinking and not self._passage.clips and not failure:
                    failure = await self._generate(self._ask(ANSWER_NOW))  # the model wrote <think/> and stopped
        except SynthesisFailed as error:
            failure = error.failure
        self._passage.close()
        if failure and failure.empty and self._may_pass:
            failure = None
        at, who = self._parts.clock.now(), self._parts.persona.slug
        if failure:  # what there is gets played all the same; the floor sees to it that somebody apologises
            self._parts.emit(ReplyFailed(at=at, who=who, reply=self.id, reason=str(failure)))
        elif not self._stage.ready:
            self._parts.emit(ReplyPassed(at=at, who=who, reply=self.id))
        elif self._ask and len(self._passage.clips) <= 2 and asks_to_think(self._passage.clips[-1].clause.text):
            self._stage.asks_aloud = True
            self._ask_to_think()
        if not self._stage.ready:
            self._stage.over.set()

    async def _generate(self, context: llm.ChatContext) -> Failure | None:
        persona, conversation = self._parts.persona, self._parts.conversation
        prompt_chars = sum(len(message.text_content or "") for message in context.messages())

        def tell(kind: LogKind, **details: JSON) -> None:
            """The end of a call with its length: where the provider told no usage, it is priced by that."""
            if kind in ("llm.end", "llm.cancelled"):
                details["prompt_chars"] = prompt_chars
            self._tell(kind, **details)

        writer = Writer(
            self._parts.model,
            context,
            path=SpeakableText(persona.names, conversation.names(but=persona.slug)),
            on_signal=self._on_signal,
            settings=self._parts.settings,
            clock=self._parts.clock,
            log=tell,
        )
        self._writer = writer
        failure: Failure | None = None
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(writer.run(), name=f"reply:{self.id}:write")
            habits = self._habits()
            said = 0
            while (clause := await writer.clauses.get()) is not None:
                if self._only_if_it_interjects and not self._stage.interjecting:
                    break
                ruling = habits.rule(clause.text)
                if ruling == "end":
                    break
                if ruling == "skip":
                    continue
                try:
                    await self._say(clause)
                except SynthesisFailed as error:
                    failure = error.failure
                    break
                said += len(clause.text)
                brief = self._parts.settings.brief_chars
                if brief is not None and said >= brief:
                    break
            writing.cancel()
        self._stage.generated = writer.failure is None
        return failure or writer.failure

    def _habits(self) -> Habits:
        """A model too small to know what it has said is not let say it again."""
        persona, conversation = self._parts.persona, self._parts.conversation
        if persona.style == "tagged":
            return Habits(told=WRAPPER)
        own = [turn.text for turn in conversation.turns if turn.who == persona.slug and not turn.open]
        return Habits(told=WRAPPER, before=own[-_OWN_TURNS:], rounds=1)

    async def _say_remainder(self, remainder: Remainder) -> None:
        for clip in remainder.clips:
            if clip.complete:
                self._add(clip)
            else:
                await self._say(clip.clause)
        for clause in remainder.clauses:
            await self._say(clause)

    async def _say(self, clause: Clause) -> None:
        """Synthesise `clause` when its turn has come: one clause before anybody listens, then a few seconds ahead."""
        self._stage.waiting = clause
        while self._passage.clips and not (
            self._stage.speaking and self._passage.ahead_s < self._parts.settings.ahead_s
        ):
            self._stage.room.clear()
            await self._stage.room.wait()
        if self._ticket is not None and not self._passage.clips:
            await self._ticket.turn()
        clip = self._passage.open(clause)
        self._stage.waiting = None
        await self._synthesis.fill(clip, self._get_ready)

    def _add(self, clip: Clip) -> None:
        self._passage.add(clip)
        self._get_ready()

    def _get_ready(self) -> None:
        if self._stage.ready or self._stage.stopped:
            return
        self._stage.ready = True
        self.give_ticket_back()
        if self._stage.speaking:
            self._parts.playout.play(self._passage, self)
        else:
            text = self._passage.clips[0].clause.text
            self._parts.emit(
                ReplyReady(at=self._parts.clock.now(), who=self._parts.persona.slug, reply=self.id, text=text)
            )

    def give_ticket_back(self) -> None:
        """Others need not give way to it any more. Idempotent."""
        if self._ticket is not None:
            self._ticket.leave()

    def _ask_to_think(self) -> None:
        """Its whole reply was that it would like to think: the floor is told when that is being said, not before."""
        if self._stage.asks_aloud and self._stage.started and not self._stage.thinking:
            self._stage.thinking = True
            self._parts.emit(ThinkingAsked(at=self._parts.clock.now(), who=self._parts.persona.slug, reply=self.id))

    def _on_signal(self, signal: Signal) -> None:
        at, who = self._parts.clock.now(), self._parts.persona.slug
        if signal.kind == "think" and not self._stage.thinking:
            self._stage.thinking = True
            self._parts.emit(ThinkingAsked(at=at, who=who, reply=self.id))
        elif signal.kind == "interject" and not self._stage.interjecting:
            self._stage.interjecting = True
            self._parts.emit(InterjectionAsked(at=at, who=who, reply=self.id))
        elif signal.kind == "to":
            to = self._parts.conversation.find(signal.name)
            if to and to != who:
                self._parts.emit(ReplyAddressed(at=at, who=who, reply=self.id, to=to))

    # What the playout tells.

    def playback_started(self, at: float) -> None:
        self._tell("playback.start")
        self._parts.emit(PlaybackStarted(at=at, who=self._parts.persona.slug, reply=self.id))
        self._stage.started = True
        self._ask_to_think()

    def playback_reached(self, at: float, place: Place) -> None:
        self._captions.reach(at, place)
        if self._passage.ahead_s < self._parts.settings.ahead_s:
            self._stage.room.set()

    def playback_ended(self, at: float, place: Place, *, interrupted: bool) -> None:
        self._captions.reach(at, place)
        self._captions.end(at)
        self._end(at, interrupted=interrupted)

    def _end(self, at: float, *, interrupted: bool) -> None:
        who, heard = self._parts.persona.slug, self._captions.so_far
        self._stage.ended = True
        self._parts.conversation.heard(who, heard, interrupted)
        self._tell("playback.interrupted" if interrupted else "playback.end", heard=heard)
        self._parts.emit(PlaybackEnded(at=at, who=who, reply=self.id, heard=heard, interrupted=interrupted))
        self._stage.over.set()

    def _on_heard(self, heard: Heard) -> None:
        self._parts.conversation.hearing(heard.who, heard.so_far, interrupted=self._stage.stopped)
        self._parts.on_heard(heard)

    def _on_clause(self, text: str) -> None:
        self._parts.emit(
            ClauseHeard(at=self._parts.clock.now(), who=self._parts.persona.slug, reply=self.id, text=text)
        )

    def _tell(self, kind: LogKind, **details: JSON) -> None:
        at, who = self._parts.clock.now(), self._parts.persona.slug
        self._parts.log(LogEntry(at=at, kind=kind, who=who, reply=self.id, details=details))


ANSWER_NOW = "You have had your time to think. Answer now, without <think/>."


class _Stage:
    """How far a reply has come."""

    def __init__(self) -> None:
        self.ready = False  # its beginning could be played
        self.speaking = False  # the floor has said Speak
        self.stopped = False
        self.ended = False
        self.generated = False  # to its end
        self.started = False  # its first sample has been heard
        self.thinking = False  # it has asked for time
        self.asks_aloud = False  # in so many words, and with nothing else
        self.interjecting = False
        self.waiting: Clause | None = None  # its synthesis is not due yet
        self.room = asyncio.Event()  # set when the next clause may be synthesised
        self.over = asyncio.Event()

    @property
    def playing(self) -> bool:
        return self.ready and self.speaking and not self.ended
