"""Replies as their mouths tell of them, from the first token to the last sample."""

from __future__ import annotations

from dataclasses import replace

from agent.floor import interjection, thinking
from agent.floor.actions import Report
from agent.floor.agenda import Open, Owed, Reply, Resuming, Sorry
from agent.floor.events import (
    ClauseBegan,
    ClauseHeard,
    InterjectionAsked,
    PlaybackEnded,
    PlaybackStarted,
    ReplyAddressed,
    ReplyFailed,
    ReplyPassed,
    ReplyReady,
    SpeakerId,
    ThinkingAsked,
)
from agent.floor.judgement import spoken
from agent.floor.rules import Rules
from agent.floor.table import Table
from agent.floor.unexpected import UnexpectedEvent
from agent.floor.voice import Held, Nobody, Playing, Starting, Stopping, Turn, has, told

ReplyEvent = (
    ReplyReady
    | ReplyPassed
    | ReplyFailed
    | ReplyAddressed
    | ThinkingAsked
    | InterjectionAsked
    | PlaybackStarted
    | ClauseBegan
    | ClauseHeard
    | PlaybackEnded
)


def reply_told(table: Table, event: ReplyEvent) -> None:
    seat = table.seats.here.get(event.who)
    if seat is None and event.who in table.seats.gone:
        return  # the last words of a mouth that has left
    if seat is None or seat.role != "ai":
        raise UnexpectedEvent(event, f"{event.who} is no persona at the table")
    prepared = table.replies.get(event.reply)
    if has(table.voice, event.who, event.reply):
        _voiced(table, event)
    elif prepared is not None and prepared.who == event.who:
        _prepared(table, event, prepared)
    elif not table.seats.was_issued(event.reply):
        raise UnexpectedEvent(event, "nobody was asked for that reply")
    # Otherwise the reply is over: dropped or given up, and the event crossed the action that said so.


def _prepared(table: Table, event: ReplyEvent, reply: Reply) -> None:
    """Word of a reply that is not being spoken."""
    match event:
        case ReplyReady() if not reply.ready:
            if reply.reason == "listen" and not reply.interject:
                table.drop((reply.reply,))  # it had something to say and no wish to break in
                return
            bid_at = table.now if reply.bid_at is None else reply.bid_at
            table.replies[reply.reply] = replace(reply, ready=True, bid_at=bid_at, text=event.text)
        case ReplyPassed():
            del table.replies[reply.reply]
            _note(table, reply, failed=False)
        case ReplyFailed() if reply.ready and reply.reason != "listen":
            table.replies[reply.reply] = replace(reply, broken=True)  # what there is of it can be said
        case ReplyFailed():
            table.drop((reply.reply,))
            _note(table, reply, failed=True)
        case ReplyAddressed(to=to):
            table.replies[reply.reply] = replace(reply, to=to)
        case ThinkingAsked() if table.thinking is not None:
            pass  # one at a time: this one answers as it is
        case ThinkingAsked():
            bid_at = table.now if reply.bid_at is None else reply.bid_at
            table.replies[reply.reply] = replace(reply, think=True, bid_at=bid_at)
        case InterjectionAsked():
            table.replies[reply.reply] = replace(reply, interject=True)
        case ReplyReady() | PlaybackStarted() | ClauseBegan() | ClauseHeard() | PlaybackEnded():
            raise UnexpectedEvent(event, reply)


def _note(table: Table, reply: Reply, *, failed: bool) -> None:
    """A reply will not come: whoever waits for it is to know."""
    attempt = table.round
    if attempt is not None and reply.reply in attempt.replies:
        if failed:
            table.round = replace(attempt, failed=(*attempt.failed, reply.who))
        else:
            table.round = replace(attempt, passed=(*attempt.passed, reply.who))
    elif table.thinking is not None and table.thinking.reply == reply.reply:
        then = table.thinking.then
        table.end_thinking()
        if isinstance(table.agenda, Open):
            table.agenda = Sorry(who=reply.who, then=then) if failed else Open()


def _voiced(table: Table, event: ReplyEvent) -> None:
    """Word of the reply that has the floor."""
    match event:
        case PlaybackStarted():
            table.voice = told(table.voice, event)
            _began(table)
        case ClauseBegan(text=text):
            table.voice = told(table.voice, event)
            table.memory.played.append(spoken(text))
        case ClauseHeard(text=text):
            if spoken(text) not in table.memory.played:
                table.memory.played.append(spoken(text))
            table.voice = told(table.voice, event)
            table.tally.clause = text
            if isinstance(table.voice, Playing) and table.voice.turn.think and table.thinking is None:
                table.voice = replace(table.voice, stop_at=table.now + table.rules.last_words_s)
            elif isinstance(table.voice, Playing):
                interjection.clause_ended(table, table.voice.turn)
        case ReplyFailed():
            table.voice = told(table.voice, event)
            if isinstance(table.voice, Starting):
                table.stop("failure")
        case ReplyAddressed() | ThinkingAsked():
            table.voice = told(table.voice, event)
        case InterjectionAsked():
            pass  # it has the floor
        case PlaybackEnded(heard=heard, interrupted=interrupted):
            if heard.strip():
                table.tally.clause = heard
            playback_ended(table, interrupted=interrupted)
        case ReplyReady() | ReplyPassed():
            raise UnexpectedEvent(event, table.voice)


def _began(table: Table) -> None:
    """A turn counts from its first sample, and pays its debt with it."""
    match table.voice:
        case Playing(turn=turn) | Held(turn=turn) | Stopping(turn=turn):
            if turn.line is None and not turn.continued:
                table.tally.spoke(turn.who)
        case Starting() | Nobody():
            raise UnexpectedEvent("a beginning", table.voice)


def playback_ended(table: Table, *, interrupted: bool) -> None:
    """The voice is silent. What follows depends on how it came to that."""
    voice = table.voice
    table.voice = Nobody()
    table.unduck()
    table.tally.quiet_since = table.tally.ai_quiet_since = table.now
    match voice:
        case Stopping(turn=turn, cause=cause):
            if not interrupted and turn.began is not None:
                table.memory.cuts.pop(turn.who, None)  # it had come to its end before the stop reached it
            if cause == "failure":
                _failed(table, turn)
            elif cause == "think":
                _ended(table, turn)
            elif cause == "interjection":
                interjection.take_over(table, turn)
        case Starting(turn=turn) | Held(turn=turn) if turn.began is None:
            _failed(table, turn)
        case Playing(turn=turn) | Held(turn=turn):
            _ended(table, turn)
        case Nobody() | Starting():
            raise UnexpectedEvent("PlaybackEnded", voice)


def _ended(table: Table, turn: Turn) -> None:
    """A turn came to its own end."""
    if turn.line is not None or not isinstance(table.agenda, Open):
        return
    if interjection.take_over(table, turn):
        return
    if turn.broken:
        table.agenda = Sorry(who=turn.who, then=turn.then)
    elif turn.think and table.thinking is None:
        thinking.enter(table, turn.who, table.think(turn.who, "think"), then=turn.then, said=True)
    elif turn.then:
        table.owe_rest(turn.then)
    elif turn.to is not None and turn.to != turn.who and turn.to in table.seats.here:
        _hand_over(table, turn.to)
    else:
        table.invite(turn.who)


def _hand_over(table: Table, to: SpeakerId) -> None:
    """An AI named who speaks next. It may not keep the floor from the humans for longer than the manners allow."""
    allowed = table.tally.ai_turns < table.rules.max_ai_turns and table.thinking is None
    if allowed and to in table.seats.personas:
        table.owe((to,))


def _failed(table: Table, turn: Turn) -> None:
    """A reply that was ready could not be played, or broke off in a way that its mouth did not notice."""
    table.memory.cuts.pop(turn.who, None)
    if turn.line is not None:
        return
    if turn.began is not None:
        table.agenda = Sorry(who=turn.who, then=turn.then)
    elif turn.continued:
        table.owe((turn.who,), "go_on")  # nothing was left to continue with
    elif turn.owed is not None:
        table.agenda = replace(turn.owed, to=turn.then, tried=turn.owed.tried | {turn.who})
        if not turn.then and not any(persona not in table.agenda.tried for persona in table.seats.personas):
            table.agenda = Sorry(who=turn.who)


def watch(table: Table) -> None:
    """Voices that do not begin or end as they were told are given up: a mouth may have died."""
    rules = table.rules
    match table.voice:
        case Starting(turn=turn) as starting if table.now >= _begins_by(starting, rules):
            table.do(Report(what=f"{turn.who} did not begin {turn.reply} within {rules.start_lost_s} s"))
            table.stop("failure")
        case Playing(stop_at=float(stop_at)) if table.now >= stop_at:
            table.stop("think")
        case Playing(sign=sign, turn=turn) if table.now >= sign + rules.playback_lost_s:
            table.do(Report(what=f"{turn.who} gave no sign of {turn.reply} for {rules.playback_lost_s} s"))
            table.stop("failure")
        case Stopping(since=since, turn=turn) if table.now >= since + rules.stop_lost_s:
            table.do(Report(what=f"{turn.who} did not end {turn.reply} within {rules.stop_lost_s} s"))
            playback_ended(table, interrupted=True)
        case Nobody() | Starting() | Playing() | Held() | Stopping():
            pass  # in time; a hold ends with the human's claim, which has deadlines of its own
    match table.voice:
        case Starting() as starting:
            table.memory.wakes.append(_begins_by(starting, rules))
        case Playing(sign=sign, stop_at=last_words_until):
            table.memory.wakes.append(sign + rules.playback_lost_s)
            if last_words_until is not None:
                table.memory.wakes.append(last_words_until)
        case Stopping(since=since):
            table.memory.wakes.append(since + rules.stop_lost_s)
        case Nobody() | Held():
            pass


def _begins_by(starting: Starting, rules: Rules) -> float:
    """A reply that was ready begins at once; a canned line or a remainder may have to be made first."""
    ready = starting.turn.line is None and not starting.turn.continued
    return starting.since + (rules.start_lost_s if ready else rules.late_start_lost_s)


def absent(table: Table, who: SpeakerId) -> None:
    """A persona left: nothing is asked of it any more, and what it owed is owed by the others."""
    for reply in [reply for reply in table.replies.values() if reply.who == who]:
        del table.replies[reply.reply]
        _note(table, reply, failed=True)
    if table.thinking is not None and table.thinking.who == who:
        table.end_thinking()
    table.memory.cuts.pop(who, None)
    match table.voice:
        case Starting(turn=turn) | Playing(turn=turn) | Held(turn=turn) | Stopping(turn=turn) if turn.who == who:
            table.voice = Nobody()
            table.unduck()
            table.tally.quiet_since = table.now
            if isinstance(table.agenda, Open) and turn.owed is not None and turn.began is None:
                table.agenda = replace(turn.owed, tried=turn.owed.tried | {who})
            elif isinstance(table.agenda, Open):
                table.owe_rest(turn.then)
        case Nobody() | Starting() | Playing() | Held() | Stopping():
            pass  # somebody else's
    match table.agenda:
        case Owed(to=to) as owed if not table.seats.personas:
            table.agenda = Open()
        case Owed(to=to) as owed if who in to:
            table.agenda = replace(owed, to=tuple(persona for persona in to if persona != who))
        case Resuming(who=persona) | Sorry(who=persona) if persona == who:
            table.agenda = Open()
        case _settled:
            pass
