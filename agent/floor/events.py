"""What the floor is told. Small frozen values: they are logged, replayed and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

SpeakerId: TypeAlias = str  # a speaker's slug: "you", "anna", "claude"
UtteranceId: TypeAlias = str
ReplyId: TypeAlias = str

CommandName = Literal["stop", "skip", "ask", "go_on", "think", "end_thinking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: float  # seconds on the episode clock


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerJoined(Event):
    who: SpeakerId
    name: str
    role: Literal["human", "ai"]
    aliases: tuple[str, ...] = ()  # what else an AI is called


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerLeft(Event):
    """Gone from the room, for a human and for an AI alike. A human who comes back joins again."""

    who: SpeakerId


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted(Event):
    """A human's voice set in: VAD onset. `utterance` is new unless the last one had not ended yet."""

    who: SpeakerId
    utterance: UtteranceId


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechPaused(Event):
    """The voice fell silent; the utterance may go on (a SpeechStarted with its id) or end (UtteranceEnded)."""

    who: SpeakerId
    utterance: UtteranceId
    speech_s: float  # voiced seconds of the utterance so far


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimHeard(Event):
    """Stable words of an utterance that is still being spoken."""

    who: SpeakerId
    utterance: UtteranceId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an utterance sounded like: what tells a turn from an "mm-hm", a cough or a click."""

    speech_s: float  # voiced seconds
    level_dbfs: float  # RMS of the voiced part
    average_log_probability: float  # of the recogniser's tokens; 0 when unknown
    no_speech_probability: float  # of the recogniser; 0 when unknown
    also_read: str = ""  # of a word or two: what a second recogniser made of it, where that is something else


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceDrafted(Event):
    """A first reading at a silence, before the text that is told by `UtteranceGuessed`: replies may be prepared on it,
    and it decides nothing.
    """

    who: SpeakerId
    utterance: UtteranceId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceGuessed(Event):
    """The fast text at the first silence, before the endpoint: replies may be prepared on it, never spoken.

    It also ends the doubt about a voice that was held for an "mm-hm", so it should come even when nothing was
    understood (`text` empty), and with its evidence.
    """

    who: SpeakerId
    utterance: UtteranceId
    text: str
    evidence: Evidence | None = None  # None: the recogniser gave none; the text alone is judged


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceEnded(Event):
    """The endpoint. `text` is the fast text; empty when nothing was understood."""

    who: SpeakerId
    utterance: UtteranceId
    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReady(Event):
    """The first clause of a reply is synthesised and could be played at once."""

    who: SpeakerId
    reply: ReplyId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPassed(Event):
    """The persona chose to say nothing (`<pass/>` or an empty reply)."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFailed(Event):
    """No reply will come, or the rest of it will not."""

    who: SpeakerId
    reply: ReplyId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddressed(Event):
    """The reply names who should speak next (`<to name="..."/>`)."""

    who: SpeakerId
    reply: ReplyId
    to: SpeakerId


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingAsked(Event):
    """The persona would like to think in silence before it speaks (`<think/>` or its phrase)."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class InterjectionAsked(Event):
    """The persona would like to break in on the AI that is speaking (`<interject/>`)."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackStarted(Event):
    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseBegan(Event):
    """The first sample of a clause is being played. Optional; with it an echo is known while it lasts."""

    who: SpeakerId
    reply: ReplyId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseHeard(Event):
    """A clause of the reply has been played to its end."""

    who: SpeakerId
    reply: ReplyId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackEnded(Event):
    """The voice is silent and nothing is queued. `heard` is what was really played, cut at the word."""

    who: SpeakerId
    reply: ReplyId
    heard: str
    interrupted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven(Event):
    """A button of the page, or a data message."""

    by: SpeakerId
    command: CommandName
    target: SpeakerId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingBegun(Event):
    """Money runs short: nothing is generated any more that may be thrown away unheard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Event):
    """The floor's deadline has come."""
