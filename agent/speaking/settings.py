"""How long a voice waits, and how much it holds."""

from __future__ import annotations

from pydantic import BaseModel, Field


class SpeakingSettings(BaseModel, frozen=True, extra="forbid"):
    first_token_s: float = Field(
        6.5,
        ge=0.5,
        le=120,
        description="an LLM, with all that stand behind it, that has said nothing for so long has failed, seconds;"
        " longer than 7 s, and the floor has asked another AI, which may hang as well",
    )
    next_token_s: float = Field(
        4.5, ge=0.5, le=60, description="an LLM that falls silent in mid-reply for so long has failed, seconds"
    )
    first_audio_s: float = Field(
        5.0, ge=0.5, le=60, description="a TTS that gives no audio for so long has failed, seconds"
    )
    ahead_s: float = Field(
        3.0, ge=0.5, le=20, description="the next clause is synthesised when less than this is left to play, seconds"
    )
    reply_chars: int = Field(
        40_000, ge=200, description="a reply is ended here, characters; 3,000 words are about 18,000"
    )
    brief_chars: int | None = Field(
        None,
        ge=20,
        description="a reply is over with the clause that reaches so many; a small local model finds no end by itself",
    )
    prime: bool | None = Field(
        None,
        description="let the LLM read its instructions before anybody speaks; by itself for a local model, whose first"
        " answer comes a second sooner, and not for one that is paid for",
    )
    context_chars: int = Field(
        60_000, ge=1_000, description="how much of the talk an LLM is given, characters; about four a token"
    )
