"""Speech synthesisers. A provider's package is imported when it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livekit.agents import tts
from livekit.agents.types import NOT_GIVEN

from agent.settings import PersonaSettings, ProvidersSettings, VoiceChoice

# Two Neural2 voices that nobody confuses; a persona's own `voice` setting goes before them.
_GOOGLE_VOICES = {"claude": "en-US-Neural2-D", "guest": "en-US-Neural2-F"}
_OPENAI_VOICES = {"claude": "ash", "guest": "coral"}
# Further guests, by their place at the table
_MORE_GOOGLE_VOICES = ("en-US-Neural2-J", "en-US-Neural2-H", "en-US-Neural2-A", "en-US-Neural2-E", "en-US-Neural2-I")
_MORE_OPENAI_VOICES = ("sage", "onyx", "nova", "verse", "shimmer")


def make_voice(
    choices: Sequence[VoiceChoice],
    providers: ProvidersSettings,
    persona: PersonaSettings,
    *,
    slug: str,
    piper_url: str | None,
) -> tts.TTS[Any]:
    """The persona's voice at the first choice, and at the others behind it for when that fails.

    Args:
        slug: the persona's id; a cloud voice is chosen by it where the persona names none.
        piper_url: address of a running Piper server; without it each worker starts one of its own.
    """
    voices = [_make(choice, providers, persona, slug=slug, piper_url=piper_url) for choice in choices]
    if len(voices) == 1:
        return voices[0]
    return tts.FallbackAdapter(voices, max_retry_per_tts=0)


def describe_voices(choices: Sequence[VoiceChoice], persona: PersonaSettings, *, slug: str) -> list[str]:
    """Each choice as `provider:voice`, for session.yml and `/health`."""
    return [f"{choice.provider}:{_voice_name(choice, persona, slug)}" for choice in choices]


def _voice_name(choice: VoiceChoice, persona: PersonaSettings, slug: str) -> str:
    if choice.provider == "piper":
        return f"{persona.voice or 'en_US-joe-medium'}*{persona.timbre:g}"
    if choice.provider == "google":
        return persona.voice or _GOOGLE_VOICES.get(slug) or _MORE_GOOGLE_VOICES[persona.place % 5]
    return persona.voice or _OPENAI_VOICES.get(slug) or _MORE_OPENAI_VOICES[persona.place % 5]


def _make(
    choice: VoiceChoice, providers: ProvidersSettings, persona: PersonaSettings, *, slug: str, piper_url: str | None
) -> tts.TTS[Any]:
    name = _voice_name(choice, persona, slug)
    if choice.provider == "piper":
        from livekit.plugins import piper

        return piper.TTS(voice=persona.voice, timbre=persona.timbre, address=piper_url)
    if choice.provider == "google":
        from livekit.plugins import google

        return google.TTS(
            language="-".join(name.split("-")[:2]),
            voice_name=name,
            credentials_file=str(providers.google.credentials) if providers.google.credentials else NOT_GIVEN,
            use_streaming=False,  # a clause a request: Neural2 has no streaming synthesis
        )
    from livekit.plugins import openai

    if choice.provider == "openai":
        key = providers.openai.api_key
        return openai.TTS(
            model=choice.model or providers.speech.model,
            voice=name,
            api_key=key.get_secret_value() if key else "",
            base_url=providers.openai.base_url,
            response_format="pcm",
        )
    key = providers.speech.api_key
    return openai.TTS(
        model=choice.model or providers.speech.model,
        voice=name,
        api_key=key.get_secret_value() if key else "none",
        base_url=providers.speech.base_url or "",
        response_format="pcm",
    )
