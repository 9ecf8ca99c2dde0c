"""The AI voice that has the floor: at most one, and each of its states holds what is true in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.floor.actions import Line, StopCause
from agent.floor.agenda import Owed
from agent.floor.events import (
    ClauseBegan,
    ClauseHeard,
    PlaybackStarted,
    ReplyAddressed,
    ReplyFailed,
    ReplyId,
    SpeakerId,
    ThinkingAsked,
    UtteranceId,
)
from agent.floor.unexpected import UnexpectedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What an AI says from Speak to PlaybackEnded."""

    who: SpeakerId
    reply: ReplyId
    line: Line | None = None  # a canned sentence; not a turn for the count of turns
    owed: Owed | None = None  # the debt that it pays by being heard
    then: tuple[SpeakerId, ...] = ()  # who was asked together with it, and answers after it
    to: SpeakerId | None = None  # whom its <to/> tag gave the floor
    broken: bool = False  # the rest of the reply will not come
    think: bool = False  # it ends with the wish to think
    continued: bool = False  # the remainder of a cut reply
    began: float | None = None
    clause: str = ""  # the last one heard


@dataclass(frozen=True, slots=True)
class Nobody:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """Asked to play, not heard yet."""

    turn: Turn
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    turn: Turn
    sign: float  # when the mouth was last heard of
    stop_at: float | None = None  # it has said what it was to say; if it goes on, it is stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """Stopped; PlaybackEnded is on its way."""

    turn: Turn
    since: float
    cause: StopCause
    by: UtteranceId | None = None  # the utterance that took the floor


Audible = Starting | Playing | Held
Voice = Nobody | Starting | Playing | Held | Stopping


def turn_of(voice: Voice) -> Turn | None:
    return None if isinstance(voice, Nobody) else voice.turn


def has(voice: Voice, who: SpeakerId, reply: ReplyId) -> bool:
    turn = turn_of(voice)
    return turn is not None and (turn.who, turn.reply) == (who, reply)


Word = PlaybackStarted | ClauseBegan | ClauseHeard | ReplyAddressed | ReplyFailed | ThinkingAsked


def told(voice: Voice, event: Word) -> Voice:
    """The voice after word from its mouth. The event is of this voice's reply; its end is not handled here."""
    match voice, event:
        case Starting(turn=turn), PlaybackStarted(at=at):
            return Playing(turn=replace(turn, began=at if turn.began is None else turn.began), sign=at)
        case Held(turn=Turn(began=None) as turn), PlaybackStarted(at=at):
            return Held(turn=replace(turn, began=at))  # it crossed the Hold
        case Playing(), ClauseBegan(at=at):
            return replace(voice, sign=at)
        case ((Held() | Stopping()), ClauseBegan()):
            return voice  # it crossed the Hold or the Stop
        case Playing(turn=turn), ClauseHeard(at=at, text=text):
            return Playing(turn=replace(turn, clause=text), sign=at)
        case Held(turn=turn), ClauseHeard(text=text):
            return Held(turn=replace(turn, clause=text))  # its last samples crossed the Hold
        case Stopping(turn=turn), PlaybackStarted(at=at):
            return replace(voice, turn=replace(turn, began=at if turn.began is None else turn.began))
        case Stopping(turn=turn), ClauseHeard(text=text):
            return replace(voice, turn=replace(turn, clause=text))
        case (
            (Starting(turn=turn) | Playing(turn=turn) | Held(turn=turn) | Stopping(turn=turn)),
            ReplyAddressed(to=to),
        ):
            return replace(voice, turn=replace(turn, to=to))
        case ((Starting(turn=turn) | Playing(turn=turn) | Held(turn=turn) | Stopping(turn=turn)), ReplyFailed()):
            return replace(voice, turn=replace(turn, broken=True))
        case ((Starting(turn=turn) | Playing(turn=turn) | Held(turn=turn) | Stopping(turn=turn)), ThinkingAsked()):
            return replace(voice, turn=replace(turn, think=True))
        case (Nobody(), _) | (Starting(), ClauseBegan() | ClauseHeard()) | (Playing() | Held(), PlaybackStarted()):
            raise UnexpectedEvent(event, voice)
    raise UnexpectedEvent(event, voice)
