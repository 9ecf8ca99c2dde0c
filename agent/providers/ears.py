"""Speech recognisers of the cloud, as LiveKit streams. The local one is not a stream: hearing drives its recogniser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from livekit.agents import stt
from livekit.agents.types import NOT_GIVEN

from agent.hearing.cloud_ear import CloudEar, Fault
from agent.providers.failure import is_unclear, judge
from agent.providers.speech import SpeechService
from agent.settings import EarChoice, ProvidersSettings

DEEPGRAM_URL = "https://api.deepgram.com"
ASSEMBLYAI_URL = "wss://streaming.assemblyai.com"

# Google ends a stream after 305 s ("Exceeded maximum allowed stream duration"), and LiveKit's plugin begins another
# one after 240 s without saying so, with which its word times begin at zero.
_GOOGLE_RENEW_S = 180.0
_RENEW_S = 3000.0  # AssemblyAI ends a session after three hours, Deepgram none; what may wait unsent is bounded by it
_ASSEMBLYAI_TERM_LETTERS = 50  # its limit for one of `keyterms_prompt`
_BOOST = 10.0  # of 20, Google's; what LiveKit's plugin takes for terms
_KEYWORD_BOOST = 2.0  # Deepgram's before Nova-3: "intensifier", 1 is none

# Google wants a language with its region: the one with most of its models.
_REGIONS = {
    "ar": "EG", "cs": "CZ", "da": "DK", "el": "GR", "en": "US", "et": "EE", "fa": "IR", "he": "IL", "hi": "IN",
    "ja": "JP", "ko": "KR", "nb": "NO", "pt": "BR", "sl": "SI", "sv": "SE", "uk": "UA", "vi": "VN", "zh": "CN",
}  # fmt: skip


def google_language(language: str) -> str:
    """A language of two letters as Google's BCP-47 code."""
    if language == "zh":
        return "cmn-Hans-CN"
    return f"{language}-{_REGIONS.get(language, language.upper())}"


def make_ears(choices: Sequence[EarChoice], providers: ProvidersSettings) -> list[CloudEar]:
    """The recognisers of the choices.

    Raises:
        ValueError: "faster-whisper" is among them.
    """
    return [_make(choice, providers) for choice in choices]


def _make(choice: EarChoice, providers: ProvidersSettings) -> CloudEar:
    make = _MAKERS.get(choice.provider)
    if make is None:
        raise ValueError(f"{choice.provider} is no stream")
    service = SERVICES[choice.provider]
    return CloudEar(
        name=service.name,
        make=partial(make, choice, providers),
        judge=partial(_judge, service),
        renew_s=_GOOGLE_RENEW_S if choice.provider == "google" else _RENEW_S,
    )


def _judge(service: SpeechService, error: Exception) -> Fault:
    failure = judge(error)
    return Fault(
        service.explain(failure),
        lasting=failure.lasting,
        known=failure.status is not None,
        unclear=is_unclear(error),
    )


SERVICES = {
    "deepgram": SpeechService(
        name="Deepgram", key="DEEPGRAM_API_KEY", base="DEEPGRAM_BASE_URL", instead="STT=faster-whisper"
    ),
    "assemblyai": SpeechService(
        name="AssemblyAI", key="ASSEMBLYAI_API_KEY", base="ASSEMBLYAI_BASE_URL", instead="STT=faster-whisper"
    ),
    "google": SpeechService(
        name="Google's speech recognition",
        key="GOOGLE_APPLICATION_CREDENTIALS",
        base="GOOGLE_STT_BASE_URL",
        instead="STT=faster-whisper",
    ),
}


def _deepgram(choice: EarChoice, providers: ProvidersSettings, terms: Sequence[str]) -> stt.STT[Any]:
    from livekit.plugins import deepgram

    settings = providers.deepgram
    model = choice.model or settings.model
    newest = model.startswith("nova-3")
    words = [word for term in terms for word in term.split()]
    return deepgram.STT(
        model=model,
        language=providers.language,
        api_key=settings.api_key.get_secret_value() if settings.api_key else "",
        smart_format=True,
        keyterm=list(terms) if terms and newest else NOT_GIVEN,
        keywords=[(word, _KEYWORD_BOOST) for word in words] if words and not newest else NOT_GIVEN,
        base_url=f"{settings.base_url or DEEPGRAM_URL}/v1/listen",
    )


def _assemblyai(choice: EarChoice, providers: ProvidersSettings, terms: Sequence[str]) -> stt.STT[Any]:
    from livekit.plugins import assemblyai

    settings = providers.assemblyai
    model = choice.model or settings.model
    if model == "universal-streaming-english" and providers.language != "en":
        model = "universal-streaming-multilingual"
    return assemblyai.STT(
        model=model,  # type: ignore[arg-type]  # the service knows more than the list
        api_key=settings.api_key.get_secret_value() if settings.api_key else "",
        format_turns=True,
        language_codes=[providers.language] if model.startswith(("universal-3", "u3")) else NOT_GIVEN,
        keyterms_prompt=[term for term in terms if len(term) <= _ASSEMBLYAI_TERM_LETTERS] or NOT_GIVEN,
        base_url=settings.base_url or ASSEMBLYAI_URL,
    )


def _google(choice: EarChoice, providers: ProvidersSettings, terms: Sequence[str]) -> stt.STT[Any]:
    from agent.providers.google import GoogleSTT

    settings = providers.google
    return GoogleSTT(
        address=settings.stt_base_url,
        languages=google_language(providers.language),
        detect_language=False,
        model=choice.model or settings.stt_model,
        credentials_file=str(settings.credentials) if settings.credentials else NOT_GIVEN,
        keywords=[(term, _BOOST) for term in terms] or NOT_GIVEN,
        min_confidence_threshold=0.0,  # its interim texts have no confidence, and none would be left
    )


_MAKERS: dict[str, Callable[[EarChoice, ProvidersSettings, Sequence[str]], stt.STT[Any]]] = {
    "deepgram": _deepgram,
    "assemblyai": _assemblyai,
    "google": _google,
}
