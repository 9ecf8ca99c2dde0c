"""The AIs at the table: who sits there, and what the environment says of each in place of its file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from agent.settings.choices import MindChoice, Minds
from agent.settings.persona_files import BRIGHTEST, COHOST, DARKEST, PALETTE, PersonaFile
from agent.settings.problems import Wrong

_STEPS = 35  # of the timbres that are tried: hundredths


class PersonaSettings(BaseModel, frozen=True, extra="forbid"):
    """One AI, with everything decided: its file, and the environment before it.

    Attributes:
        slug: its speaker id and participant identity.
        place: 0 for the co-host, then the guests in their order; engines with a list of voices choose by it.
        renamed: its name was set in the environment, which goes before a briefing's.
    """

    slug: str
    place: int
    name: str
    renamed: bool = False
    colour: str
    mind: Minds
    voice: str | None = None
    timbre: float = 1.0
    temperature: float = 0.8
    aliases: tuple[str, ...] = ()
    budget_usd: float | None = None
    character: str = ""


class ClaudeSettings(BaseModel, frozen=True, extra="forbid"):
    name: str | None = Field(None, min_length=1, max_length=40, description="in place of the name in its file")
    mind: Minds = Field(
        (),
        description="the co-host's mind; without it its file's, then claude-haiku-4-5 when there is a key, else a "
        "local stand-in",
        json_schema_extra={"variable": "COHOST"},
    )
    voice: str | None = Field(None, description="path of a Piper voice, or a voice name of the TTS in use")
    timbre: float | None = Field(
        None, ge=DARKEST, le=BRIGHTEST, description="Piper: colour of the voice, darker below 1; else its file's"
    )
    temperature: float | None = Field(None, ge=0, le=2, description="of its mind; else its file's")


class GuestSettings(ClaudeSettings, frozen=True):
    name: str | None = Field(None, min_length=1, max_length=40, description="in place of its file's and the briefing's")
    mind: Minds = Field(
        (),
        description="the mind of the persona guest, and of every guest whose file names none; else local: local, groq, "
        "together, openai, xai, anthropic, openai-compatible; provider:model names a model, a comma adds a fallback",
        json_schema_extra={"variable": "GUEST"},
    )


def _slugs(value: object) -> object:
    if not isinstance(value, str):
        return value
    slugs = [slug.strip().removesuffix(".md") for slug in value.split(",")]
    if COHOST in slugs:
        raise Wrong(f"{COHOST} is the co-host and sits there anyway", "leave it out: GUESTS=guest,sceptic")
    return tuple(dict.fromkeys(filter(None, slugs)))


Slugs = Annotated[tuple[str, ...], BeforeValidator(_slugs)]


def timbre_apart(taken: Sequence[float]) -> float:
    """A timbre as far from those taken as there is, by ratio: pitch is heard in ratios."""
    if not taken:
        return 1.0
    tried = [round(DARKEST + step * (BRIGHTEST - DARKEST) / _STEPS, 2) for step in range(_STEPS + 1)]
    return max(tried, key=lambda timbre: min(abs(math.log(timbre / other)) for other in taken))


def colour_apart(taken: Sequence[str]) -> str:
    """The palette's next."""
    free = [colour for colour in PALETTE if colour not in taken]
    return free[0] if free else PALETTE[len(taken) % len(PALETTE)]


def minds_of(file: PersonaFile, chosen: Minds, default: Minds) -> Minds:
    """A persona's mind and its fallbacks: the environment's, its file's, or the default."""
    if chosen:
        return chosen
    if not file.provider:
        return default
    first, *others = file.provider
    return (MindChoice(first.provider, first.model or file.model), *others)
