"""The body of `POST /synthesize`, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .voice import Style

MAX_CHARACTERS = 200_000
RATES_HZ = (8_000, 192_000)
TIMBRES = (0.5, 2.0)
SPEEDS = (0.25, 4.0)


class BadRequest(ValueError):
    """A field that cannot be; the message names it, its value and what it may be."""


@dataclass(frozen=True, slots=True)
class SynthesisRequest:
    text: str
    voice: str | None  # name, or path of a model; None: the server's first
    style: Style
    format: Literal["frames", "pcm"]


_KNOWN = {
    "text", "voice", "timbre", "speed", "speaker_id", "noise_scale", "noise_w_scale",
    "sample_rate", "lead_in_ms", "tail_ms", "format",
}  # fmt: skip


def parse(body: object) -> SynthesisRequest:
    """
    Raises:
        BadRequest: the first fault found.
    """
    if not isinstance(body, Mapping):
        raise BadRequest('the body is to be a JSON object like {"text": "Hello."}')
    if unknown := sorted(set(body) - _KNOWN):
        raise BadRequest(f"unknown field {', '.join(map(str, unknown))}; known are {', '.join(sorted(_KNOWN))}")
    text, voice, form = body.get("text"), body.get("voice"), body.get("format", "frames")
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise BadRequest(f"`text` is to be a string of at most {MAX_CHARACTERS} characters")
    if not isinstance(voice, str | None):
        raise BadRequest("`voice` is to be a voice's name, or null for the first one")
    if form not in ("frames", "pcm"):
        raise BadRequest(f'`format` is to be "frames" or "pcm", not {form!r}')
    speaker = body.get("speaker_id")
    if not (speaker is None or (isinstance(speaker, int) and not isinstance(speaker, bool))):
        raise BadRequest(f"`speaker_id` is to be a whole number or null, not {speaker!r}")
    noise, noise_w = body.get("noise_scale"), body.get("noise_w_scale")
    return SynthesisRequest(
        text=text,
        voice=voice,
        style=Style(
            sample_rate_hz=round(_number(body, "sample_rate", 48_000, *RATES_HZ)),
            timbre=_number(body, "timbre", 1.0, *TIMBRES),
            speed=_number(body, "speed", 1.0, *SPEEDS),
            speaker_id=speaker,
            noise_scale=None if noise is None else _number(body, "noise_scale", 0.0, 0.0, 2.0),
            noise_w_scale=None if noise_w is None else _number(body, "noise_w_scale", 0.0, 0.0, 2.0),
            lead_in_s=_number(body, "lead_in_ms", 10, 0, 2_000) / 1000,
            tail_s=_number(body, "tail_ms", 60, 0, 2_000) / 1000,
        ),
        format=form,
    )


def _number(body: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadRequest(f"`{name}` is to be a number, not {value!r}")
    if not low <= value <= high:
        raise BadRequest(f"`{name}` is to lie between {low:g} and {high:g}, not {value:g}")
    return float(value)
