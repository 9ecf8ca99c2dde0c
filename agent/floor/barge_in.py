"""Barge-in in three steps: duck at the onset, hold when it lasts, and stop or go on when it has been judged."""

from __future__ import annotations

from agent.floor.actions import Duck, Hold, Resume
from agent.floor.agenda import Invited, Open, Resuming, Sorry
from agent.floor.speech import Claim, Talking
from agent.floor.table import Table
from agent.floor.unexpected import UnexpectedEvent
from agent.floor.voice import Held, Nobody, Playing, Starting, Stopping, Turn


def settle(table: Table) -> None:
    """Bring the voice to what the humans' voices claim, at this time."""
    table.speech.settle(table.now)
    level, heard = table.speech.claim(table.now)
    wakes = table.memory.wakes
    match table.voice, level:
        case ((Starting() | Playing() | Held()), Claim.TURN) if heard is not None:
            table.drop_all()
            table.stop("barge_in", by=heard.who, utterance=heard.utterance)
        case Starting(turn=turn), (Claim.DUCK | Claim.HOLD):
            # Not a word of it has been heard: it waits at once, and nobody notices
            _duck(table)
            _hold(table, turn)
        case Playing(turn=turn), Claim.HOLD:
            _duck(table)
            _hold(table, turn)
        case Playing(), Claim.DUCK:
            _duck(table)
        case Held(), Claim.QUIET if table.now < (breath_until := table.speech.paused_at + table.rules.breath_s):
            wakes.append(breath_until)
        case Held(turn=turn), Claim.QUIET:
            table.do(Resume(who=turn.who, reply=turn.reply))
            table.unduck()
            if turn.began is None:
                table.voice = Starting(turn=turn, since=table.now)
            else:
                table.voice = Playing(turn=turn, sign=table.now)
        case ((Starting() | Playing()), Claim.QUIET):
            table.unduck()
        case ((Nobody() | Stopping()), Claim.TURN):
            _take(table)
        case Held(), (Claim.DUCK | Claim.HOLD):
            pass  # it waits for the judgement
        case ((Nobody() | Stopping()), (Claim.QUIET | Claim.DUCK | Claim.HOLD)):
            pass  # no voice to move
        case state, claimed:
            raise UnexpectedEvent(claimed, state)
    wakes.extend(table.speech.deadlines(table.now))


def _take(table: Table) -> None:
    """A human has taken the floor while nobody spoke: what was being prepared is out of date."""
    table.drop_listening()
    guess = table.round.guess if table.round is not None else None
    for heard in table.speech.taking():
        if guess is None or heard.utterance != guess.utterance or isinstance(heard, Talking):
            table.drop_round()
    if isinstance(table.agenda, Invited | Sorry | Resuming):
        table.agenda = Open()


def _duck(table: Table) -> None:
    if not table.ducked:
        table.ducked = True
        table.do(Duck())


def _hold(table: Table, turn: Turn) -> None:
    table.do(Hold(who=turn.who, reply=turn.reply))
    table.voice = Held(turn=turn)
