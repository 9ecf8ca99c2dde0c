"""Language models, from settings to a chain. A provider's package is imported when it is chosen: all of them together
take 3 s."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import httpx2 as httpx
from livekit.agents import llm

from agent.errors import StudioError
from agent.providers.breaker import Breakers
from agent.providers.chain import Chain, Missed
from agent.providers.event_client import event_client
from agent.providers.mind import Mind, Service
from agent.settings import LlmSettings, MindChoice, ProvidersSettings

# Retrying is the chain's and the floor's business: a client that retries in silence is dead air.
_MAX_RETRIES = 0
_CONNECT_S = 3.0
_READ_S = 15.0  # between two chunks; the chain's own watchdogs are quicker
_MAX_TOKENS = 1000  # a turn of six minutes; what ends a model that cannot stop

_NAMES = {
    "anthropic": "Anthropic",
    "openai": "OpenAI",
    "groq": "Groq",
    "together": "Together.ai",
    "xai": "xAI",
    "openai-compatible": "The model server",
    "local": "The local model",
}


def make_mind(
    choices: Sequence[MindChoice],
    providers: ProvidersSettings,
    *,
    llama_url: str | None,
    temperature: float,
    next_words_s: float,
    breakers: Breakers,
    on_missed: Callable[[Missed], None] = lambda missed: None,
) -> Chain:
    """The first choice, and the others behind it for when it fails.

    Args:
        llama_url: address of the local model, up to /v1; needed when a choice is "local".
        temperature: of all of them.
        next_words_s: a mind that falls silent in mid-reply for so long has failed.
        breakers: the show's.
        on_missed: told of each request that came to nothing.
    Raises:
        StudioError: a local mind without its server.
    """
    minds = []
    for choice in choices:
        service = _service(choice, providers, llama_url=llama_url)
        digest = hashlib.sha256(service.secret.encode()).hexdigest()
        account = (choice.provider, service.address, digest)
        minds.append(
            Mind(
                service=service,
                engine=_engine(choice, service, temperature),
                account=breakers.get(account, service.name),
                own=breakers.get((*account, service.model), str(service)),
            )
        )
    return Chain(minds, next_words_s=next_words_s, on_missed=on_missed)


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
        key = other.api_key.get_secret_value() if other.api_key else ""
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


def _service(choice: MindChoice, providers: ProvidersSettings, *, llama_url: str | None) -> Service:
    """
    Raises:
        StudioError: a local mind without its server.
    """
    model, secret = _model(choice, providers), ""
    prefix = choice.provider.replace("-", "_").upper()
    address_variable, model_variable = f"{prefix}_BASE_URL", f"{prefix}_MODEL"
    if choice.provider == "local":
        if llama_url is None:
            raise StudioError(
                "the local mind has no server", fix="start the worker by 'studio up', or set STUDIO_SERVICES__LLAMA_URL"
            )
        address, address_variable = llama_url, "STUDIO_SERVICES__LLAMA_URL"
        model_variable = "STUDIO_SERVICES__LLAMA_MODEL"
    elif choice.provider == "anthropic":
        key = providers.anthropic.api_key
        address, secret = providers.anthropic.base_url, key.get_secret_value() if key else ""
    else:
        _, address, secret = _openai_settings(choice, providers)
    return Service(
        name=_NAMES[choice.provider],
        model=model,
        address=address,
        key_variable=f"{prefix}_API_KEY",
        address_variable=address_variable,
        model_variable=model_variable,
        secret=secret,
        local=choice.provider == "local",
    )


def _engine(choice: MindChoice, service: Service, temperature: float) -> llm.LLM[Any]:
    """LiveKit's plugin, on a client of ours that notices broken streams."""
    http = event_client(httpx.Timeout(_READ_S, connect=_CONNECT_S))
    if choice.provider == "anthropic":
        from anthropic import AsyncAnthropic
        from livekit.plugins import anthropic

        return anthropic.LLM(
            model=service.model,
            api_key=service.secret,
            client=AsyncAnthropic(
                api_key=service.secret, base_url=service.address, max_retries=_MAX_RETRIES, http_client=http
            ),
            temperature=min(temperature, 1.0),  # the Messages API takes no more
            max_tokens=_MAX_TOKENS,
            caching="ephemeral",
        )
    from livekit.plugins import openai
    from openai import AsyncOpenAI

    # A server of one's own may want no key, and the client insists on one
    key = service.secret or ("none" if choice.provider in ("local", "openai-compatible") else "")
    return openai.LLM(
        model=choice.model or "local" if service.local else service.model,
        api_key=key,
        client=AsyncOpenAI(api_key=key, base_url=service.address, max_retries=_MAX_RETRIES, http_client=http),
        temperature=temperature,
        max_completion_tokens=_MAX_TOKENS,
    )
