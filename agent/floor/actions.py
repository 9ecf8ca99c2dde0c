"""What the floor asks for. The shell starts each action and never waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.floor.events import ReplyId, SpeakerId, UtteranceId

SpeakerState = Literal["listening", "thinking", "speaking"]
ThinkReason = Literal[
    "answer",  # a human, or an AI by its <to/> tag, is owed an answer
    "follow_up",  # another AI has spoken: add to it, react, or pass
    "go_on",  # asked to continue, with nothing left unsaid to continue from
    "command",  # the page's button
    "think",  # thinking mode: a long answer, spoken when the countdown ends
    "listen",  # another AI is speaking: ask to break in (<interject/>) or pass; to be synthesised only when it asks
]
StopCause = Literal[
    "barge_in",  # a human took the floor
    "interjection",  # another persona did
    "command",  # the page's button
    "think",  # it has said that it wants to think; what it wrote after that is not to be said
    "failure",  # it did not play as it should
]
Line = Literal[
    "lost_thread",  # "Sorry, I lost my thread.": no answer will come
    "one_moment",  # "One moment.": the answer is late and still being waited for
    "still_thinking",  # "Still thinking.": likewise, a while later
    "let_me_think",  # "Let me think about that.": thinking mode begins and the persona has not said so itself
]


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
    """End playback now, and what is still being generated for it. PlaybackEnded follows in any case.

    What was generated and not heard is kept for a Continue, until the next Speak or Continue, or a Drop of it.
    """

    who: SpeakerId
    reply: ReplyId
    cause: StopCause = "barge_in"
    by: SpeakerId | None = None  # who cut in, so that the context can say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue(Action):
    """After a Stop: play the unheard remainder of the same reply, from the word where it was cut.

    Events follow as after Speak; the `heard` of the next PlaybackEnded holds the continuation alone. When the
    generation had been cut short, the rest is generated. ReplyFailed when there is nothing left to say.
    """

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Apologise(Action):
    """Say a canned sentence at once, with no generation. PlaybackStarted and PlaybackEnded follow."""

    who: SpeakerId
    reply: ReplyId
    line: Line


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
    """Cancel a reply that is not playing. Nothing follows; harmless when the reply is already over."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Action):
    """An event came in a state where it should not: for the log, and for nobody's ears. The floor is as it was."""

    what: str
