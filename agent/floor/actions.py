"""What the floor asks for. The shell starts each action and never waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.floor.events import ReplyId, SpeakerId, UtteranceId

SpeakerState = Literal["listening", "thinking", "speaking"]
ThinkReason = Literal["answer", "follow_up", "go_on", "command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Duck(Action):
    """Every AI voice 12 dB down, fading over 50 ms. The recording keeps the full level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unduck(Action):
    """Back to full level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Action):
    """The voice stops where it is; generation and synthesis go on."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Action):
    """After a Hold: go on from the last word boundary before it, at full level."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Action):
    """End playback now, and what is still being generated for it. PlaybackEnded follows."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Think(Action):
    """Start a generation; ReplyReady, ReplyPassed or ReplyFailed follows."""

    who: SpeakerId
    reply: ReplyId
    reason: ThinkReason
    guess_of: UtteranceId | None = None  # prepared on a text that is not final: `guess` joins the context for it alone
    guess_by: SpeakerId | None = None
    guess: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak(Action):
    """Play a reply that is ready. PlaybackStarted follows."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Action):
    """Cancel a reply that has not been heard. Nothing follows."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Action):
    """A human's words join the conversation that the models see."""

    who: SpeakerId
    utterance: UtteranceId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowState(Action):
    """What a speaker's tile shows (`lk.agent.state`)."""

    who: SpeakerId
    state: SpeakerState


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowThinking(Action):
    """Thinking mode is on until `until` (seconds on the episode clock), or over when it is None."""

    who: SpeakerId
    until: float | None
