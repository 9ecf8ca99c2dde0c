"""The floor: who speaks, when, and who falls silent. It is told what happens, says what to do, and does nothing."""

from __future__ import annotations

from agent.floor import barge_in, listening, replying, turns
from agent.floor.actions import Action, Report, ShowState, SpeakerState
from agent.floor.commands import obey
from agent.floor.events import (
    ClauseBegan,
    ClauseHeard,
    CommandGiven,
    Event,
    InterimHeard,
    InterjectionAsked,
    PlaybackEnded,
    PlaybackStarted,
    ReplyAddressed,
    ReplyFailed,
    ReplyPassed,
    ReplyReady,
    SavingBegun,
    SpeakerId,
    SpeakerJoined,
    SpeakerLeft,
    SpeechPaused,
    SpeechStarted,
    ThinkingAsked,
    Tick,
    UtteranceDrafted,
    UtteranceEnded,
    UtteranceGuessed,
)
from agent.floor.names import Seat
from agent.floor.rules import Rules
from agent.floor.speech import Speech
from agent.floor.table import Table
from agent.floor.unexpected import UnexpectedEvent
from agent.floor.voice import Held, Nobody, Playing, Starting, Stopping

_SETTLED_WITHIN = 16  # rounds of consequences to one event; more would be a loop


class Floor:
    """One table's floor. Deterministic: the same events give the same actions, reply ids included ("r1", "r2", ...).

    Args:
        rules: the manners.
        strict: an event in a state where it should not come raises `UnexpectedEvent` (tests). Otherwise it is answered
            with a `Report`, and the floor stays as it was.
    """

    def __init__(self, rules: Rules, *, strict: bool = False) -> None:
        self._table = Table(rules=rules, speech=Speech(rules))
        self._strict = strict
        self._shown: dict[SpeakerId, SpeakerState] = {}
        self._showing: tuple[object, ...] = ()  # what the tiles were last made from
        self._deadline: float | None = None

    @property
    def deadline(self) -> float | None:
        """When a `Tick` is due (seconds on the episode clock), or None: nothing will change by itself."""
        return self._deadline

    def handle(self, event: Event) -> tuple[Action, ...]:
        """What is to be done about an event, in order. Due deadlines count, whether or not their Tick has come.

        Raises:
            UnexpectedEvent: in strict mode, see the class.
        """
        table = self._table
        table.now = max(table.now, event.at)
        try:
            self._told(event)
        except UnexpectedEvent as unexpected:
            if self._strict:
                raise
            table.do(Report(what=str(unexpected)))
        self._settle()
        self._show()
        actions = tuple(table.memory.out)
        table.memory.out.clear()
        return actions

    def _told(self, event: Event) -> None:
        table = self._table
        match event:
            case SpeechStarted() | SpeechPaused() | InterimHeard() | UtteranceEnded():
                listening.hear(table, event)
            case UtteranceDrafted() | UtteranceGuessed():
                listening.hear(table, event)
            case ReplyReady() | ReplyPassed() | ReplyFailed() | ReplyAddressed() | ThinkingAsked():
                replying.reply_told(table, event)
            case InterjectionAsked() | PlaybackStarted() | ClauseBegan() | ClauseHeard() | PlaybackEnded():
                replying.reply_told(table, event)
            case CommandGiven():
                obey(table, event)
            case SpeakerJoined(who=who, name=name, role=role, aliases=aliases):
                if who in table.seats.here:
                    raise UnexpectedEvent(event, f"{who} is at the table already")
                table.seats.join(Seat(who, name, role, aliases))
            case SpeakerLeft(who=who):
                self._left(event, who)
            case SavingBegun():
                table.save()
            case Tick():
                pass  # the time has come, and `_settle` looks at the time
            case _:
                raise UnexpectedEvent(event, "no such event is known")

    def _left(self, event: SpeakerLeft, who: SpeakerId) -> None:
        table = self._table
        seat = table.seats.leave(who)
        if seat is None:
            raise UnexpectedEvent(event, f"{who} is not at the table")
        self._shown.pop(who, None)
        if seat.role == "ai":
            replying.absent(table, who)
        else:
            listening.leave(table, who)
            if not table.seats.humans:
                turns.let_go(table)

    def _settle(self) -> None:
        """Follow the consequences until there are none."""
        table = self._table
        for _ in range(_SETTLED_WITHIN):
            before = (table.voice, table.agenda, table.round, table.thinking, len(table.memory.out))
            table.memory.wakes.clear()
            listening.give_up_lost(table)
            listening.give_back_early(table)
            barge_in.settle(table)
            replying.watch(table)
            turns.settle(table)
            if before == (table.voice, table.agenda, table.round, table.thinking, len(table.memory.out)):
                break
        else:
            raise RuntimeError(f"the floor does not settle: {table.voice}, {table.agenda}, {table.round}")
        self._deadline = min((wake for wake in table.memory.wakes if wake > table.now), default=None)

    def _show(self) -> None:
        """Tiles change when what they show does."""
        table = self._table
        showing = (table.voice, table.round, table.thinking, len(table.replies), table.seats.all)
        if showing == self._showing:
            return
        self._showing = showing
        states: dict[SpeakerId, SpeakerState] = dict.fromkeys(table.seats.personas, "listening")
        if table.round is not None and table.round.guess is None:
            states.update((r.who, "thinking") for r in table.replies.values() if r.reply in table.round.replies)
        if table.thinking is not None:
            states[table.thinking.who] = "thinking"
        match table.voice:
            case Starting(turn=turn):
                states[turn.who] = "thinking"
            case Playing(turn=turn) | Held(turn=turn):
                states[turn.who] = "speaking" if turn.began is not None else "thinking"
            case Nobody() | Stopping():
                pass
        for who, state in states.items():
            if self._shown.get(who) != state:
                self._shown[who] = state
                table.do(ShowState(who=who, state=state))
