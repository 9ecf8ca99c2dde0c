"""Speech recognisers of the cloud, as LiveKit streams. The local one is not a stream: hearing drives its recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livekit.agents import stt
from livekit.agents.types import NOT_GIVEN

from agent.settings import EarChoice, ProvidersSettings

_DEEPGRAM_URL = "https://api.deepgram.com"
_ASSEMBLYAI_URL = "wss://streaming.assemblyai.com"


def make_ears(choices: Sequence[EarChoice], providers: ProvidersSettings, *, terms: Sequence[str]) -> stt.STT[Any]:
    """The first cloud recogniser, and the others behind it for when it fails.

    Args:
        choices: without "faster-whisper".
        terms: names and terms to expect.
    Raises:
        ValueError: no choice, or "faster-whisper" among them.
    """
    ears = [_make(choice, providers, terms) for choice in choices]
    if not ears:
        raise ValueError("no recogniser is chosen")
    return ears[0] if len(ears) == 1 else stt.FallbackAdapter(ears, max_retry_per_stt=0)


def _make(choice: EarChoice, providers: ProvidersSettings, terms: Sequence[str]) -> stt.STT[Any]:
    if choice.provider == "deepgram":
        from livekit.plugins import deepgram

        settings = providers.deepgram
        model = choice.model or settings.model
        return deepgram.STT(
            model=model,
            language=providers.language,
            api_key=settings.api_key.get_secret_value() if settings.api_key else "",
            smart_format=True,
            keyterm=list(terms) if terms and model.startswith("nova-3") else NOT_GIVEN,
            base_url=f"{settings.base_url or _DEEPGRAM_URL}/v1/listen",
        )
    if choice.provider == "assemblyai":
        from livekit.plugins import assemblyai

        assembly = providers.assemblyai
        return assemblyai.STT(
            model=choice.model or assembly.model,  # type: ignore[arg-type]  # the service knows more than the list
            api_key=assembly.api_key.get_secret_value() if assembly.api_key else "",
            format_turns=True,
            keyterms_prompt=list(terms) if terms else NOT_GIVEN,
            base_url=assembly.base_url or _ASSEMBLYAI_URL,
        )
    if choice.provider == "google":
        from livekit.plugins import google

        return google.STT(
            languages=providers.language,
            detect_language=False,
            model=choice.model or providers.google.stt_model,
            credentials_file=str(providers.google.credentials) if providers.google.credentials else NOT_GIVEN,
            keywords=[(term, 10.0) for term in terms] or NOT_GIVEN,
        )
    raise ValueError(f"{choice.provider} is no stream")
