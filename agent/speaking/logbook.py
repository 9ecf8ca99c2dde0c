"""What the stage tells about itself: entries for the event log, and captions as they are heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agent.floor.events import ReplyId, SpeakerId

JSON: TypeAlias = str | int | float | bool | None

LogKind = Literal[
    "llm.start", "llm.first_token", "llm.end", "llm.cancelled", "tts.start", "tts.first_audio", "tts.end",
    "playback.start", "playback.held", "playback.resumed", "playback.end", "playback.interrupted", "error",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of events.jsonl: `recorder.event(entry.at, entry.kind, **entry.fields)`."""

    at: float  # seconds on the episode clock
    kind: LogKind
    who: SpeakerId
    reply: ReplyId
    details: Mapping[str, JSON] = field(default_factory=dict)  # service, latency_s, tokens, text, ...

    @property
    def fields(self) -> dict[str, JSON]:
        return {"who": self.who, "reply": self.reply, **self.details}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A caption of a clause, as far as it has been heard. Each clause of which a word was heard gets a final one."""

    who: SpeakerId
    reply: ReplyId
    segment: int  # counts the reply's clauses
    text: str  # the clause's words so far, in their written form
    so_far: str  # all words of the reply so far
    start: float  # seconds on the episode clock
    end: float
    final: bool
