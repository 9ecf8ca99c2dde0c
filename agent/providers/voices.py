"""Speech synthesisers. A provider's package is imported when it is chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from livekit.agents import tts
from livekit.agents.types import NOT_GIVEN

from agent.providers.breaker import Breakers
from agent.providers.ears import google_language
from agent.providers.failure import BadAudio
from agent.providers.speech import SpeechService
from agent.providers.voice_chain import Voice, VoiceChain
from agent.settings import PersonaSettings, ProvidersSettings, VoiceChoice
from agent.settings.choices import own_voice

if TYPE_CHECKING:
    import httpx2 as httpx
    from pydantic import SecretStr

# Two Neural2 voices that nobody confuses; a persona's own `voice` setting goes before them.
_GOOGLE_VOICES = {"claude": "en-US-Neural2-D", "guest": "en-US-Neural2-F"}
_READ_S = 15.0  # between two pieces; the chain is quicker
_CONNECT_S = 3.0
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
    breakers: Breakers,
) -> tts.TTS[Any]:
    """The persona's voice at the first choice, and at the others behind it for when that fails.

    Args:
        slug: the persona's id; a cloud voice is chosen by it where the persona names none.
        piper_url: address of a running Piper server; without it each worker starts one of its own.
        breakers: the show's.
    """
    engines = [make_engine(choice, providers, persona, slug=slug, piper_url=piper_url) for choice in choices]
    if [choice.provider for choice in choices] == ["piper"]:
        return engines[0]  # on this machine, and alone: nothing is gained by leaving it alone
    voices = []
    for choice, engine in zip(choices, engines, strict=True):
        service = SERVICES[choice.provider]
        breaker = breakers.get(("voice", choice.provider), service.name)
        voices.append(Voice(engine=engine, service=service, breaker=breaker))
    return VoiceChain(voices)


SERVICES: dict[str, SpeechService] = {
    "google": SpeechService(
        name="Google's voices", key="GOOGLE_APPLICATION_CREDENTIALS", base="GOOGLE_TTS_BASE_URL", instead="TTS=piper"
    ),
    "openai": SpeechService(name="OpenAI's voices", key="OPENAI_API_KEY", base="OPENAI_BASE_URL", instead="TTS=piper"),
    "openai-compatible": SpeechService(
        name="The voice server",
        key="STUDIO_PROVIDERS__SPEECH__API_KEY",
        base="STUDIO_PROVIDERS__SPEECH__BASE_URL",
        instead="TTS=piper",
    ),
    "piper": SpeechService(
        name="Piper's voice", key=None, base="STUDIO_SERVICES__PIPER_URL", instead="TTS to another voice"
    ),
}


def describe_voices(choices: Sequence[VoiceChoice], persona: PersonaSettings, *, slug: str) -> list[str]:
    """Each choice as `provider:voice`, for session.yml and `/health`."""
    return [f"{choice.provider}:{_voice_name(choice, persona, slug)}" for choice in choices]


def _voice_name(choice: VoiceChoice, persona: PersonaSettings, slug: str) -> str:
    own = own_voice(choice.provider, persona.voice)
    if choice.provider == "piper":
        return f"{own or 'en_US-joe-medium'}*{persona.timbre:g}"
    if choice.provider == "google":
        return own or _GOOGLE_VOICES.get(slug) or _MORE_GOOGLE_VOICES[persona.place % 5]
    return own or _OPENAI_VOICES.get(slug) or _MORE_OPENAI_VOICES[persona.place % 5]


def make_engine(
    choice: VoiceChoice, providers: ProvidersSettings, persona: PersonaSettings, *, slug: str, piper_url: str | None
) -> tts.TTS[Any]:
    """One voice by itself. The arguments are those of `make_voice`."""
    name = _voice_name(choice, persona, slug)
    if choice.provider == "piper":
        from livekit.plugins import piper

        return piper.TTS(voice=own_voice("piper", persona.voice), timbre=persona.timbre, address=piper_url)
    if choice.provider == "google":
        from agent.providers.google import GoogleTTS

        located = re.match(r"[a-z]{2,3}-(?:[A-Za-z]+-)?[A-Z]{2}(?=-)", name)
        chirp = "chirp" in name.lower() and choice.model is None
        return GoogleTTS(
            address=providers.google.tts_base_url,
            language=located[0] if located else google_language(providers.language),
            voice_name=name,
            # A voice such as Neural2 is its own model; the plugin would send the name of Gemini's, which has none such.
            model_name=NOT_GIVEN if chirp else choice.model or "",
            credentials_file=str(providers.google.credentials) if providers.google.credentials else NOT_GIVEN,
            use_streaming=False,  # a clause a request: Neural2 has no streaming synthesis
        )
    if choice.provider == "openai":
        return _openai(choice, providers, providers.openai.base_url, providers.openai.api_key, name)
    return _openai(choice, providers, providers.speech.base_url or "", providers.speech.api_key, name)


def _openai(
    choice: VoiceChoice, providers: ProvidersSettings, base_url: str, key: SecretStr | None, voice: str
) -> tts.TTS[Any]:
    import httpx2 as httpx
    import openai as vendor
    from livekit.plugins import openai

    client = vendor.AsyncClient(
        api_key=key.get_secret_value() if key else "none",
        base_url=base_url,
        max_retries=0,
        http_client=httpx.AsyncClient(
            timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S),
            follow_redirects=True,
            event_hooks={"response": [_only_audio]},
        ),
    )
    return openai.TTS(model=choice.model or providers.speech.model, voice=voice, client=client, response_format="pcm")


async def _only_audio(response: httpx.Response) -> None:
    """An answer that is a page or an error in JSON would be played as noise."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code == 200 and not (
        kind.startswith("audio/") or kind in ("", "application/octet-stream", "text/event-stream")
    ):
        raise BadAudio(f"{kind or 'nothing'} in place of audio")
