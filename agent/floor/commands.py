"""Buttons of the page: they do what a human could say, and are never misheard."""

from __future__ import annotations

from dataclasses import replace

from agent.floor import listening, thinking
from agent.floor.addressing import Address
from agent.floor.agenda import Invited, Open, Owed, Resuming, Sorry
from agent.floor.events import CommandGiven, SpeakerId
from agent.floor.table import Table
from agent.floor.unexpected import UnexpectedEvent
from agent.floor.voice import Audible, Held, Nobody, Playing, Starting, Stopping, Turn


def obey(table: Table, event: CommandGiven) -> None:
    target = event.target
    if target is not None and target not in table.seats.personas:
        if target in table.seats.here or target in table.seats.gone:
            return  # a human is not to be told, and who has left cannot be
        raise UnexpectedEvent(event, f"{target} is nobody at the table")
    match event.command:
        case "stop":
            _stop(table, event.by, target)
        case "skip":
            _skip(table, event.by, target)
        case "ask":
            _ask(table, target)
        case "go_on":
            listening.go_on(table, None, None, "", Address((target,) if target else ()))
        case "think":
            _think(table, target)
        case "end_thinking":
            if table.thinking is not None and target in (None, table.thinking.who):
                table.thinking = replace(table.thinking, until=table.now)


def _stop(table: Table, by: SpeakerId, target: SpeakerId | None) -> None:
    """Silence, and nothing owed. With a target, that persona's alone."""
    if table.thinking is not None and target is None:
        _let_go(table, table.thinking.who)
    if isinstance(table.voice, Audible) and target in (None, table.voice.turn.who):
        table.stop("command", by=by)
        if target is None:
            table.agenda = Open()
    if target is None:
        table.drop_all()
        table.agenda = Open()
    else:
        _let_go(table, target)


def _skip(table: Table, by: SpeakerId, target: SpeakerId | None) -> None:
    """The turn is over, and the others may have it."""
    match table.voice:
        case Starting(turn=turn) | Playing(turn=turn) | Held(turn=turn) if target in (None, turn.who):
            table.drop_all()
            table.stop("command", by=by)
            if turn.then:
                table.owe_rest(turn.then)
            else:
                table.agenda = Open()
                table.invite(turn.who)
        case Nobody() | Stopping() | Starting() | Playing() | Held():
            match table.agenda:
                case Owed(to=(first, *rest)) if target in (None, first):
                    table.drop_round()
                    table.owe_rest(tuple(rest))
                case Owed() | Invited() | Resuming() | Sorry() if target is None:
                    table.drop_round()
                    table.agenda = Open()
                case Open() | Owed() | Invited() | Resuming() | Sorry():
                    if target is not None:
                        _let_go(table, target)


def _ask(table: Table, target: SpeakerId | None) -> None:
    """The persona is next: at once, or after the one who is speaking."""
    table.tally.ai_turns = 0
    to = (target,) if target is not None else ()
    match table.voice:
        case Starting(turn=turn) | Playing(turn=turn) | Held(turn=turn):
            if target is not None and target != turn.who:
                table.voice = replace(table.voice, turn=_followed_by(turn, target))
        case Nobody() | Stopping():
            table.drop_round()
            if not isinstance(table.agenda, Owed):
                table.agenda = Open()
            table.agenda = Owed(since=table.now, to=to, reason="command") if table.seats.personas else Open()


def _followed_by(turn: Turn, target: SpeakerId) -> Turn:
    return replace(turn, then=tuple(dict.fromkeys((target, *turn.then))))


def _think(table: Table, target: SpeakerId | None) -> None:
    """Thinking mode for the persona, or for the one who spoke last."""
    personas = table.seats.personas
    who = target or max(personas, key=lambda persona: table.tally.last_turn.get(persona, 0), default=None)
    if who is None or table.thinking is not None:
        return
    table.tally.ai_turns = 0
    match table.voice:
        case Starting(turn=turn) | Playing(turn=turn) | Held(turn=turn):
            if turn.who == who:
                table.voice = replace(table.voice, turn=replace(turn, think=True))
            else:
                table.drop_listening()
                thinking.enter(table, who, table.think(who, "think"), said=True)
        case Nobody() | Stopping():
            table.drop_all()
            thinking.enter(table, who, table.think(who, "think"), said=False)


def _let_go(table: Table, who: SpeakerId) -> None:
    """Nothing more is expected of one persona."""
    if table.thinking is not None and table.thinking.who == who:
        table.end_thinking()
    table.drop(reply.reply for reply in tuple(table.replies.values()) if reply.who == who)
    match table.agenda:
        case Owed(to=to) as owed if who in to:
            table.drop_round()
            left = tuple(persona for persona in to if persona != who)
            table.agenda = replace(owed, to=left) if left else Open()
        case Resuming(who=persona) | Sorry(who=persona) if persona == who:
            table.agenda = Open()
        case Open() | Owed() | Invited() | Resuming() | Sorry():
            pass  # not theirs
