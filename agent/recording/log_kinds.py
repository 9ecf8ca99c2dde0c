"""The kinds of line in events.jsonl.

A reader ignores fields that it does not know; `v` is raised when a known field changes its meaning.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue

VERSION = 1
Json: TypeAlias = dict[str, JsonValue]
Seconds: TypeAlias = Annotated[float, Field(ge=0)]


class Entry(BaseModel):
    """What every line has."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    v: Literal[1] = 1
    at: float = Field(description="seconds on the episode clock")


class OfSpeaker(Entry):
    who: str = Field(description="the speaker's slug")


class OfUtterance(OfSpeaker):
    utterance: str


class OfReply(OfSpeaker):
    reply: str


class SessionStart(Entry):
    kind: Literal["session.start"]
    title: str
    slug: str
    started_at: str = Field(description="t = 0 in UTC, ISO 8601")


class SessionEnd(Entry):
    kind: Literal["session.end"]
    reason: str


class ParticipantJoined(OfSpeaker):
    kind: Literal["participant.joined"]
    name: str
    role: Literal["human", "ai"]


class ParticipantLeft(OfSpeaker):
    kind: Literal["participant.left"]
    reason: str = ""


class VadStart(OfUtterance):
    kind: Literal["vad.start"]


class VadEnd(OfUtterance):
    kind: Literal["vad.end"]
    speech_s: Seconds | None = Field(None, description="voiced seconds of the utterance so far")


class SttText(OfUtterance):
    text: str
    latency_s: Seconds | None = Field(None, description="from the end of the speech to the text")


class SttInterim(SttText):
    kind: Literal["stt.interim"]


class SttFinal(SttText):
    kind: Literal["stt.final"]


class SttRecord(SttText):
    """The text of record: what captions keep."""

    kind: Literal["stt.record"]
    start: float | None = Field(None, description="first sound, seconds on the episode clock")
    end: float | None = None


class LlmStart(OfReply):
    kind: Literal["llm.start"]
    model: str = ""


class LlmFirstToken(OfReply):
    kind: Literal["llm.first_token"]
    latency_s: Seconds | None = Field(None, description="from the request to the first token")


class LlmCancelled(OfReply):
    """The reply was dropped or interrupted; what had been generated was thrown away."""

    kind: Literal["llm.cancelled"]
    wasted_tokens: int = Field(0, ge=0, description="generated and never heard, estimated where the provider is silent")


class LlmEnd(OfReply):
    kind: Literal["llm.end"]
    prompt_tokens: int | None = Field(None, ge=0)
    cached_tokens: int | None = Field(None, ge=0, description="of the prompt, read from the provider's cache")
    completion_tokens: int | None = Field(None, ge=0)
    latency_s: Seconds | None = Field(None, description="from the request to the last token")


class TtsStart(OfReply):
    kind: Literal["tts.start"]
    text: str = ""


class TtsFirstAudio(OfReply):
    kind: Literal["tts.first_audio"]
    latency_s: Seconds | None = Field(None, description="from the request to the first sample")


class TtsEnd(OfReply):
    kind: Literal["tts.end"]
    audio_s: Seconds | None = Field(None, description="length of what was synthesised")
    latency_s: Seconds | None = Field(None, description="from the request to the last sample")


class PlaybackStart(OfReply):
    kind: Literal["playback.start"]
    latency_s: Seconds | None = Field(None, description="from the end of the turn that is answered")


class PlaybackHeld(OfReply):
    """A human may be taking the floor: the voice is silent and keeps its place."""

    kind: Literal["playback.held"]


class PlaybackResumed(OfReply):
    kind: Literal["playback.resumed"]


class PlaybackEnd(OfReply):
    kind: Literal["playback.end"]
    heard: str = ""


class PlaybackInterrupted(OfReply):
    kind: Literal["playback.interrupted"]
    heard: str = Field("", description="what was really played, cut at the word")


class FloorRules(Entry):
    """The manners of the show, for its replay."""

    kind: Literal["floor.rules"]
    rules: Json


class FloorEvent(Entry):
    """What the floor was told, as `agent.floor` writes it: the log replays to the same decisions."""

    kind: Literal["floor.event"]
    event: Json


class FloorAction(Entry):
    kind: Literal["floor.action"]
    action: Json


class Thinking(OfSpeaker):
    kind: Literal["thinking"]
    until: float | None = Field(description="seconds on the episode clock; null when thinking is over")


class Chapter(Entry):
    """A mark that a person at the table has set."""

    kind: Literal["chapter"]
    by: str = ""
    text: str = ""


class Cue(OfSpeaker):
    kind: Literal["cue"]
    text: str = ""
    segment: str = ""


class ErrorEntry(Entry):
    kind: Literal["error"]
    service: str = Field(description="which part failed: stt, llm, tts, livekit, recording, ...")
    message: str


class OfService(Entry):
    """A provider. The texts are in plain words, and never hold a key."""

    service: str = Field(description="the provider, and its model where only that is meant")


class ServiceMissed(OfService):
    """A request that came to nothing; somebody else may have been asked after it."""

    kind: Literal["service.missed"]
    who: str = Field(description="the speaker whose reply it was for")
    problem: str = Field(description="key, credit, rate, overloaded, unreachable, silent, cut, empty, too long, ...")
    message: str
    waited_s: Seconds | None = Field(None, description="for words in vain")
    said_chars: int = Field(0, ge=0, description="of the reply that had come by then")
    words: str = Field("", description="the provider's own")


class ServiceOut(OfService):
    """It is not asked until its time has passed; the host has been told."""

    kind: Literal["service.out"]
    problem: str
    message: str
    retry_s: Seconds | None = Field(None, description="until it is tried again")


class ServiceBack(OfService):
    """It has answered again; the host has been told."""

    kind: Literal["service.back"]
    out_s: Seconds | None = Field(None, description="since the outage was noticed")


class RecordingNotice(OfSpeaker):
    """A participant was shown that the show is being recorded."""

    kind: Literal["recording.notice"]
    name: str = ""


class RecordingTrack(OfSpeaker):
    kind: Literal["recording.track"]
    name: str
    role: Literal["human", "ai"]
    file: str


class RecordingTrouble(Entry):
    kind: Literal["recording.trouble"]
    severity: Literal["info", "warning", "error"]
    text: str


class RecordingSync(OfSpeaker):
    """How the track has been kept on the clock so far: `agent.recording.placement.SyncReport`."""

    kind: Literal["recording.sync"]
    report: Json


class RecordingEgress(Entry):
    """How LiveKit Egress is with a track: asked of it, refused by it, or told by it."""

    kind: Literal["recording.egress"]
    who: str | None = Field(description="the speaker's slug; null where no track is named")
    status: Literal[
        "asked", "refused", "starting", "active", "ending", "complete", "failed", "aborted", "limit_reached", "lost"
    ]
    track_id: str = ""
    egress_id: str = ""
    reason: str = ""


class RecordingSalvaged(Entry):
    kind: Literal["recording.salvaged"]
    text: str = ""


class Unknown(Entry):
    """An event that did not fit its kind: kept as it came, so that nothing is lost."""

    kind: Literal["unknown"]
    of: str
    problem: str
    fields: Json


LogEntry: TypeAlias = Annotated[
    SessionStart
    | SessionEnd
    | ParticipantJoined
    | ParticipantLeft
    | VadStart
    | VadEnd
    | SttInterim
    | SttFinal
    | SttRecord
    | LlmStart
    | LlmFirstToken
    | LlmCancelled
    | LlmEnd
    | TtsStart
    | TtsFirstAudio
    | TtsEnd
    | PlaybackStart
    | PlaybackHeld
    | PlaybackResumed
    | PlaybackEnd
    | PlaybackInterrupted
    | FloorRules
    | FloorEvent
    | FloorAction
    | Thinking
    | Chapter
    | Cue
    | ErrorEntry
    | ServiceMissed
    | ServiceOut
    | ServiceBack
    | RecordingNotice
    | RecordingTrack
    | RecordingTrouble
    | RecordingSync
    | RecordingEgress
    | RecordingSalvaged
    | Unknown,
    Field(discriminator="kind"),
]
