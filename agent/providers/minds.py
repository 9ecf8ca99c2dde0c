"""Language models. A provider's package is imported when it is chosen: all of them together take 3 s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx2 as httpx
from livekit.agents import llm

from agent.errors import StudioError
from agent.settings import LlmSettings, MindChoice, ProvidersSettings

# Retrying is the fallback adapter's and the floor's business: a client that retries in silence is dead air.
_MAX_RETRIES = 0
_CONNECT_S = 3.0
_READ_S = 15.0  # between two chunks; the mouth's own watchdog is quicker
_ATTEMPT_S = 4.0  # to the first chunk, before the next mind is asked: nobody should hear more than 4 s of silence
_MAX_TOKENS = 1000  # a turn of six minutes; what ends a model that cannot stop


def make_mind(
    choices: Sequence[MindChoice], providers: ProvidersSettings, *, llama_url: str | None, temperature: float
) -> llm.LLM[Any]:
    """The first choice, and the others behind it for when it fails.

    Args:
        llama_url: address of the local model, up to /v1; needed when a choice is "local".
        temperature: of all of them.
    Raises:
        StudioError: a local mind without its server.
    """
    minds = [_make(choice, providers, llama_url=llama_url, temperature=temperature) for choice in choices]
    if len(minds) == 1:
        return minds[0]
    return llm.FallbackAdapter(minds, attempt_timeout=_ATTEMPT_S)


def describe_minds(choices: Sequence[MindChoice], providers: ProvidersSettings) -> list[str]:
    """Each choice as `provider:model`, for session.yml and `/health`."""
    return [f"{choice.provider}:{_model(choice, providers)}" for choice in choices]


def _model(choice: MindChoice, providers: ProvidersSettings) -> str:
    if choice.provider == "local":
        return choice.model or "SmolLM2-135M-Instruct"
    if choice.model:
        return choice.model
    if choice.provider == "anthropic":
        return providers.anthropic.model
    return _openai_settings(choice, providers)[0]


def _openai_settings(choice: MindChoice, providers: ProvidersSettings) -> tuple[str, str, str]:
    """Model, address and key of a provider that speaks OpenAI's chat completions."""
    if choice.provider == "openai-compatible":
        other = providers.openai_compatible
        key = other.api_key.get_secret_value() if other.api_key else "none"
        return choice.model or other.model or "default", other.base_url or "", key
    by_name: dict[str, LlmSettings] = {
        "openai": providers.openai,
        "groq": providers.groq,
        "together": providers.together,
        "xai": providers.xai,
    }
    settings = by_name[choice.provider]
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    return choice.model or settings.model, settings.base_url, key


def _make(
    choice: MindChoice, providers: ProvidersSettings, *, llama_url: str | None, temperature: float
) -> llm.LLM[Any]:
    timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
    if choice.provider == "anthropic":
        from livekit.plugins import anthropic

        settings = providers.anthropic
        return anthropic.LLM(
            model=choice.model or settings.model,
            api_key=settings.api_key.get_secret_value() if settings.api_key else "",
            base_url=settings.base_url,
            temperature=min(temperature, 1.0),  # the Messages API takes no more
            max_tokens=_MAX_TOKENS,
            caching="ephemeral",
            timeout=timeout,
            max_retries=_MAX_RETRIES,
        )
    if choice.provider == "local":
        if llama_url is None:
            raise StudioError(
                "the local mind has no server", fix="start the worker by 'studio up', or set STUDIO_SERVICES__LLAMA_URL"
            )
        model, base_url, key = choice.model or "local", llama_url, "none"
    else:
        model, base_url, key = _openai_settings(choice, providers)
    from livekit.plugins import openai

    return openai.LLM(
        model=model,
        api_key=key,
        base_url=base_url,
        temperature=temperature,
        max_completion_tokens=_MAX_TOKENS,
        timeout=timeout,
        max_retries=_MAX_RETRIES,
    )
