"""How a human is heard, as numbers. Frozen, with a unit in each name."""

from __future__ import annotations

from pydantic import BaseModel, Field


class VoiceSettings(BaseModel, frozen=True, extra="forbid"):
    """When a voice is there. Windows are the detector's, 32 ms each."""

    sure_probability: float = Field(0.8, ge=0, le=1, description="one window as sure as this is a voice")
    on_probability: float = Field(0.5, ge=0, le=1, description="two windows in a row as sure as this are a voice")
    quick_probability: float = Field(
        0.4, ge=0, le=1, description="one window is enough where it is as loud as quick_dbfs and can be nobody's echo"
    )
    pitched_periodicity: float = Field(
        0.75, ge=0, le=1, description="where an AI speaks, a sound with so much of a pitch that grows louder"
    )
    pitched_probability: float = Field(0.03, ge=0, le=1, description="is a voice for this probability, too")
    quick_dbfs: float = Field(-48.0, le=0, description="what a loudspeaker's echo leaves in a microphone is softer")
    off_probability: float = Field(0.35, ge=0, le=1, description="below, a window is silent once a voice was there")
    off_after_s: float = Field(0.064, gt=0, le=0.5, description="silence that is a pause")
    dip_db: float = Field(
        20.0,
        gt=0,
        description="a level so far below the voice's, for as long, lets the decoding begin before the detector",
    )
    preroll_s: float = Field(
        0.5, ge=0.3, le=2.0, description="audio kept from before the onset, so that no first word is cut"
    )


class EndpointSettings(BaseModel, frozen=True, extra="forbid"):
    """How much silence ends an utterance; how finished it looks and sounds lies between the bounds."""

    min_silence_s: float = Field(
        0.3,
        ge=0.1,
        le=2.0,
        description="no utterance ends sooner; a finished question does then. A reply is prepared meanwhile, and takes"
        " longer, so that less would cut sentences and save nothing",
    )
    max_silence_s: float = Field(2.5, ge=0.5, le=10.0, description="no utterance outlasts more")
    patience: float = Field(1.0, ge=0.3, le=3.0, description="times the silence that is asked of unfinished words")
    asks_every_s: float = Field(0.12, gt=0, description="between two questions to the audio end-of-turn model")


class InterimSettings(BaseModel, frozen=True, extra="forbid"):
    """Texts of an utterance that is still being spoken."""

    first_after_s: float = Field(0.45, gt=0, description="voice before the first decoding")
    every_s: float = Field(0.6, gt=0, description="at least between two decodings")
    share: float = Field(0.3, gt=0, le=1, description="of the time that may go into them, one speaker")
    sure_log_probability: float = Field(
        -0.45, le=0, description="above, a first decoding needs no second to confirm it"
    )


class HearingSettings(BaseModel, frozen=True, extra="forbid"):
    """One human's ear."""

    backlog_s: float = Field(10.0, gt=0, description="audio that may wait; beyond, the oldest is dropped and counted")
    voice: VoiceSettings = VoiceSettings()
    endpoint: EndpointSettings = EndpointSettings()
    interim: InterimSettings = InterimSettings()
    part_s: float = Field(6.0, gt=1, description="from here on a monologue is cut at its pauses")
    longest_part_s: float = Field(
        24.0, gt=5, le=28.0, description="a voice without a pause is cut here; whisper takes 30 s"
    )
    lead_after_s: float = Field(
        0.8, ge=0, le=2.0, description="a voice that sets in so soon behind an utterance is read together with it"
    )
    lead_s: float = Field(6.0, gt=0, le=10.0, description="if that was not longer")
    led_s: float = Field(2.5, gt=0, le=10.0, description="and as long as the voice itself has not lasted longer")
    record_after_s: float = Field(
        1.5, ge=0, le=10.0, description="the text of record waits so long: the answer needs the processor first"
    )
    record_backlog: int = Field(
        32, ge=1, description="parts that may wait for their text of record; then the fast text stays"
    )
