"""One show in one room: the one place where hearing, floor, speaking and recording meet."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from functools import partial

import numpy as np
import numpy.typing as npt
from livekit import rtc

from agent.between_turns import BetweenTurns
from agent.clock import EpisodeClock
from agent.cost.meter import Meter
from agent.engines import Engines
from agent.floor.actions import (
    Action,
    Apologise,
    Continue,
    Drop,
    Duck,
    Hold,
    Remember,
    Report,
    Resume,
    ShowState,
    ShowThinking,
    Speak,
    Stop,
    Think,
    Unduck,
)
from agent.floor.events import (
    CommandGiven,
    Event,
    ReplyFailed,
    SpeakerId,
    SpeakerJoined,
    SpeakerLeft,
    Tick,
)
from agent.floor.machine import Floor
from agent.hearing.vocabulary import Vocabulary
from agent.journal import Journal
from agent.notices import Notice, Notices, Severity
from agent.plan import Plan
from agent.providers.outages import Outages
from agent.recall import Earlier, recall
from agent.recording import EpisodeRecorder
from agent.recording.egress.recording import EgressRecording, open_egress
from agent.recording.session import CONTINUES, ERROR
from agent.room import commands
from agent.room.people import People, Person
from agent.room.seat import COLOUR_ATTRIBUTE, Seat, join_seat
from agent.room.sign import Sign, Tally
from agent.settings import COHOST
from agent.speakers import AiSpeaker, HumanSpeaker, Table
from agent.speaking.conversation import Conversation
from agent.speaking.logbook import JSON
from agent.spending import Spending

logger = logging.getLogger(__name__)

Int16 = npt.NDArray[np.int16]

ENDED_BY_HOST = "ended by a host"
_ANSWERED_S = 0.3  # a command's answer is with its sender by then
ENDED_BY_BUDGET = "the budget was used up"
_INBOX_EVENTS = 2048  # the floor takes microseconds an event; this many wait only when the process has stood still


class ShowOver(Exception):
    """Ends the tasks of a show."""


class Episode:
    """Holds one show, from the connected room to the sealed folder. Listens to the room's people."""

    def __init__(self, room: rtc.Room, *, plan: Plan, engines: Engines) -> None:
        self._room = room
        self._plan = plan
        self._engines = engines
        self._clock = EpisodeClock()
        self._inbox: asyncio.Queue[Event] = asyncio.Queue(_INBOX_EVENTS)
        self._rules = engines.rules([persona.slug for persona in plan.personas])
        self._floor = Floor(self._rules)
        self._ais: dict[SpeakerId, AiSpeaker] = {}
        self._humans: dict[SpeakerId, HumanSpeaker] = {}
        self._meter = Meter.of(engines.settings)
        self._notices = Notices()
        self._earlier: Earlier | None = None
        self._reason = ""
        self._ending = asyncio.Event()
        self._over = asyncio.Event()

    async def run(self) -> str:
        """Hold the show until it ends; returns why it ended. The folder is sealed then, whatever happened.

        Raises:
            Exception: an error ended the show; session.yml names it.
        """
        recordings = self._engines.settings.recording.folder
        self._earlier = await asyncio.to_thread(
            recall, recordings, self._room.name, now=self._clock.started_at, revived=self._plan.revived
        )
        self._recorder = await EpisodeRecorder.open(
            recordings,
            self._plan.slug,
            clock=self._clock,
            title=self._plan.title,
            about=self._about(),
            on_trouble=partial(self._trouble, "recording"),
        )
        async with self._open_egress() as self._egress:
            try:
                async with AsyncExitStack() as stack:
                    await self._set_table(stack)
                    await self._hold()
            except BaseException as error:
                self._end(f"{ERROR}: {_first_cause(error)!r}")
                raise
            finally:
                try:
                    await self._close()
                finally:
                    self._over.set()
        return self._reason

    async def _close(self) -> None:
        """Seal the folder, let the people go, and bring in what egress has: that comes last, and delays neither."""
        async with asyncio.TaskGroup() as tasks:
            if self._egress is not None:
                tasks.create_task(self._egress.end(), name="egress:end")
            if spending := getattr(self, "_spending", None):
                spending.tell()
            sealed = await self._recorder.seal(reason=self._reason)
            logger.info("the episode is sealed: %s (%s)", sealed.folder, self._reason)
            if self._reason in (ENDED_BY_HOST, ENDED_BY_BUDGET):  # an open room would call for the next show
                try:
                    await self._engines.close_room(self._room.name)
                except Exception:
                    logger.exception("the room could not be closed; it ends when the last one leaves")
        if self._egress is not None:
            await self._egress.bring_in(sealed)

    def _open_egress(self) -> AbstractAsyncContextManager[EgressRecording | None]:
        """The second recording back end, when it is chosen."""
        settings = self._engines.settings.recording
        if not settings.uses_egress:
            return nullcontext()
        keys = self._engines.keys
        return open_egress(
            settings,
            url=keys.url,
            api_key=keys.api_key,
            api_secret=keys.api_secret,
            room=self._room.name,
            recorder=self._recorder,
            clock=self._clock,
            tell=self._egress_told,
        )

    async def end(self, reason: str) -> None:
        """End the show and wait until its folder is sealed. The first reason given is the one that is kept."""
        self._end(reason)
        await self._over.wait()

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._ending.set()

    def _about(self) -> dict[str, object]:
        engines = self._engines.describe(self._plan.personas)
        about: dict[str, object] = {
            "room": self._room.name,
            "briefing": self._plan.briefing.file if self._plan.briefing else None,
            "models": {"ears": engines["ears"], "minds": engines["minds"], "language": engines["language"]},
            "voices": engines["voices"],
        }
        if self._engines.settings.stand_in:
            about["stand_in"] = "a local stand-in sits in Claude's chair: no ANTHROPIC_API_KEY was set"
        if self._earlier:
            about[CONTINUES] = self._earlier.folder
        return about

    async def _set_table(self, stack: AsyncExitStack) -> None:
        """Every AI at its seat, with a track of its own, before the first human is heard."""
        vocabulary = Vocabulary(title=self._plan.title, terms=self._plan.terms)
        conversation = Conversation(context_chars=self._engines.settings.speaking.context_chars)
        if self._earlier:
            self._earlier.retell(conversation)
        table = self._table = Table(
            clock=self._clock,
            conversation=conversation,
            vocabulary=vocabulary,
            transcriber=self._engines.transcriber(vocabulary, self._meter),
            journal=Journal(self._recorder, self._meter),
            meter=self._meter,
            emit=self._emit,
            trouble=self._part_failed,
            outages=Outages(now=self._clock.now, tell=self._tell, log=self._log_service),
            settings=self._engines.settings,
        )
        for persona in self._plan.personas:
            if persona.slug == COHOST:
                seat = Seat(self._room, who=persona.slug)
            else:
                keys = self._engines.keys
                joining = join_seat(
                    keys.url,
                    api_key=keys.api_key,
                    api_secret=keys.api_secret,
                    room_name=self._room.name,
                    who=persona.slug,
                    name=persona.name,
                    colour=persona.colour,
                )
                seat = await stack.enter_async_context(joining)
            await seat.publish()
            seat.set_attribute(COLOUR_ATTRIBUTE, persona.colour)
            track = self._recorder.track(persona.slug, name=persona.name, role="ai")
            self._ais[persona.slug] = AiSpeaker(persona, seat, track, table, self._engines)
        self._sign = Sign(
            self._room,
            self._ais[COHOST].seat,
            self._notices,
            title=self._plan.title,
            slug=self._recorder.folder.name,
            started_at=self._clock.started_at,
            stand_in=self._engines.settings.stand_in,
            budget_usd=self._engines.settings.cost.budget_usd,
        )
        self._spending = Spending(
            self._meter,
            budget_usd=self._engines.settings.cost.budget_usd,
            ais=self._ais,
            table=table,
            notices=self._notices,
            end=partial(self._end, ENDED_BY_BUDGET),
        )
        self._between_turns = BetweenTurns(
            self._plan,
            engines=self._engines,
            table=table,
            ais=self._ais,
            thrifty=lambda: self._spending.thrifty,
        )
        for fault in self._plan.faults:
            self._trouble("briefing", "warning", fault)

    async def _hold(self) -> None:
        self._people = People(self._room, clock=self._clock, listener=self, reserved=frozenset(self._ais))
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for who, ai in self._ais.items():
                    self._tasks.create_task(ai.run(), name=f"ai:{who}")
                await asyncio.sleep(0)  # a mouth takes actions once it runs
                for who, ai in self._ais.items():
                    persona = ai.persona
                    self._emit(
                        SpeakerJoined(
                            at=self._clock.now(), who=who, name=persona.name, role="ai", aliases=persona.aliases
                        )
                    )
                self._tasks.create_task(self._run_floor(), name="floor")
                self._tasks.create_task(self._sign.run(self._levels, self._tally), name="sign")
                self._tasks.create_task(self._people.run(), name="people")
                self._tasks.create_task(self._attend(), name="attendance")
                self._tasks.create_task(self._spending.run(), name="spending")
                self._tasks.create_task(self._between_turns.run(), name="between turns")
                self._room.on("disconnected", lambda *_: self._end("the room was closed, or its server was lost"))
                commands.register(self._room, self._commanded)
                self._people.watch()
                if self._egress is not None:
                    self._tasks.create_task(self._egress.run(), name="egress")
                    self._egress.watch(self._room, self._speaker)
                await self._ending.wait()
                raise ShowOver
        except* ShowOver:
            pass

    async def _attend(self) -> None:
        """A show that nobody is at does not go on for ever."""
        settings = self._engines.settings.worker
        alone_since = self._clock.now()
        came = False
        while True:
            await asyncio.sleep(1.0)
            if self._people.present:
                came, alone_since = True, self._clock.now()
            limit_s = settings.empty_s if came else settings.first_join_s
            if self._clock.now() - alone_since > limit_s:
                self._end("everyone had left" if came else "nobody came")

    # The floor

    async def _run_floor(self) -> None:
        journal = self._table.journal
        journal.rules(self._clock.now(), self._rules)
        while True:
            event = await self._next_event()
            journal.event(event)
            if isinstance(event, ReplyFailed) and not self._table.outages.have_told(event.reason):
                self._trouble(f"{event.who}'s mind or voice", "warning", event.reason)
            for action in self._floor.handle(event):
                journal.action(self._clock.now(), action)
                self._do(action)

    async def _next_event(self) -> Event:
        """The next event, or a Tick when the floor's deadline comes first."""
        deadline = self._floor.deadline
        if deadline is None:
            return await self._inbox.get()
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock.now())):
                return await self._inbox.get()
        except TimeoutError:
            return Tick(at=max(deadline, self._clock.now()))

    def _do(self, action: Action) -> None:
        match action:
            case Duck() | Unduck():
                for ai in self._ais.values():
                    ai.start(action)
            case Think() | Speak() | Drop() | Hold() | Resume() | Stop() | Continue() | Apologise():
                self._ais[action.who].start(action)
            case Remember(who=who, text=text, utterance=utterance):
                name = self._humans[who].person.name
                self._table.conversation.remember(who, name, text, utterance=utterance)
            case ShowState(who=who, state=state):
                self._ais[who].seat.show_state(state)
            case ShowThinking(who=who, until=until):
                self._sign.show_thinking(who, until)
            case Report(what=what):
                logger.warning("floor: %s", what)
            case _:
                raise TypeError(f"no such action is known: {action}")

    def _emit(self, event: Event) -> None:
        try:
            self._inbox.put_nowait(event)
        except asyncio.QueueFull:
            raise RuntimeError(f"{_INBOX_EVENTS} events wait for the floor: the process has stood still") from None

    # People, as the room brings them

    def person_joined(self, person: Person) -> None:
        if person.who not in self._humans:
            track = self._recorder.track(person.who, name=person.name, role="human")
            sid = partial(self._people.track_sid, person.identity)
            human = self._humans[person.who] = HumanSpeaker(person, self._room, track, self._table, sid)
            self._tasks.create_task(human.run(), name=f"human:{person.who}")
        self._recorder.event(self._clock.now(), "recording.notice", who=person.who, name=person.name)
        self._emit(SpeakerJoined(at=self._clock.now(), who=person.who, name=person.name, role="human"))

    def person_left(self, person: Person) -> None:
        self._humans[person.who].rest()
        self._emit(SpeakerLeft(at=self._clock.now(), who=person.who))

    def person_muted(self, person: Person, *, muted: bool) -> None:
        if muted:
            self._humans[person.who].rest()

    def person_heard(self, person: Person, at: float, pcm: Int16) -> None:
        self._humans[person.who].push(at, pcm)

    # What people ask for and are told

    def _commanded(self, identity: str, command: commands.Command) -> None:
        by = self._people.who(identity)
        if by is None:
            raise PermissionError("only people at the table give commands; join with a microphone first")
        commands.check_right(self._people.role(identity), command)
        if command.command == "end_show":
            # Who asked is answered first: an answer that the end of the room overtakes looks like a refusal
            asyncio.get_running_loop().call_later(_ANSWERED_S, self._end, ENDED_BY_HOST)
            return
        if command.command == "chapter":
            self._recorder.event(self._clock.now(), "chapter", by=by, text=command.text or "")
            return
        if command.target in self._spending.spent:
            raise ValueError(f"{self._ais[command.target].persona.name} has used up its budget; ask somebody else")
        if command.target is not None and command.target not in self._ais:
            raise ValueError(f"there is no {command.target!r} at this table; ask {' or '.join(self._ais)}")
        self._emit(CommandGiven(at=self._clock.now(), by=by, command=command.command, target=command.target))

    def _part_failed(self, service: str, text: str, *, recovered: bool = False) -> None:
        self._trouble(service, "info" if recovered else "warning", text)

    def _trouble(self, service: str, severity: Severity, text: str) -> None:
        """A part failed, and the show goes on, or it works again: say so to the people and in the log."""
        logger.log(logging.INFO if severity == "info" else logging.WARNING, "%s: %s", service, text)
        if severity == "info" and service != "recording":
            self._table.journal.back(self._clock.now(), service)
        elif service != "recording":  # the recorder has logged its own
            self._table.journal.error(self._clock.now(), service, text)
        self._notices.tell(severity, text, service=service)

    def _egress_told(self, severity: Severity, text: str) -> None:
        self._recorder.event(self._clock.now(), "recording.trouble", severity=severity, text=text)
        self._notices.tell(severity, text, service="egress")

    def _speaker(self, identity: str) -> tuple[SpeakerId, str] | None:
        """Id and name of the one at the table who has this identity in the room."""
        if identity in self._ais:
            return identity, self._ais[identity].persona.name
        who = self._people.who(identity)
        return (who, self._humans[who].person.name) if who is not None else None

    def _tell(self, notice: Notice) -> None:
        """A provider is out, or is back; the log has its own lines of it."""
        logger.log(logging.INFO if notice.severity == "info" else logging.WARNING, "%s", notice.text)
        self._notices.tell(notice.severity, notice.text, service=notice.service)

    def _log_service(self, kind: str, **fields: JSON) -> None:
        self._recorder.event(self._clock.now(), kind, **fields)

    def _levels(self) -> dict[SpeakerId, float]:
        tracks = {who: ai.track for who, ai in self._ais.items()}
        tracks |= {who: human.track for who, human in self._humans.items()}
        return {who: track.level_dbfs() for who, track in tracks.items()}

    async def _tally(self) -> Tally:
        return Tally(bytes=await asyncio.to_thread(self._recorder.size_bytes), cost_usd=self._meter.usd)


def _first_cause(error: BaseException) -> BaseException:
    """The first error inside of nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
