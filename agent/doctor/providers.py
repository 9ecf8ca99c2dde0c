"""Keys and addresses of the providers in use: one small call each. Ears and voices are tried in `doctor.speech`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from agent.doctor.findings import Finding, fault, ok, warning
from agent.doctor.speech import speech
from agent.settings import MindChoice, Settings, VoiceChoice
from agent.settings.checks import chooser_of

_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question to a provider.

    Attributes:
        who: the provider, and what for.
        key: the variable that holds its key.
        base: the variable that holds its address.
        models: the models that should be offered there; none are looked for when it is empty.
        instead: the setting that does without this provider.
    """

    who: str
    key: str
    base: str
    url: str
    headers: dict[str, str] = field(repr=False)
    models: tuple[str, ...] = ()
    instead: str = ""


async def providers(settings: Settings) -> list[Finding]:
    """Every provider that the settings choose, all at once."""
    calls = list(_calls(settings))
    timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        found = await asyncio.gather(*(_ask(session, call) for call in calls))
    return [*found, *_google(settings), *await speech(settings)]


async def _ask(session: aiohttp.ClientSession, call: Call) -> Finding:
    try:
        async with session.get(call.url, headers=call.headers) as response:
            status, body = response.status, await response.text()
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        why = "no answer" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        return fault(call.who, f"{call.url} cannot be reached: {why}", f"check the network and {call.base}{_or(call)}")
    if status in (401, 403):
        return fault(call.who, f"the key is refused ({status})", f"set {call.key} to a valid key{_or(call)}")
    if status == 402:
        return fault(call.who, "the account has no credit left (402)", f"top it up{_or(call)}")
    if status == 429:
        return warning(call.who, "too many requests (429)", f"wait, or raise the account's limit{_or(call)}")
    if status >= 500:
        return fault(call.who, f"the provider is in trouble ({status})", f"try again later{_or(call)}")
    if status == 404:
        return fault(call.who, f"{call.url} is not there (404)", f"correct {call.base}: the address up to /v1")
    if status != 200:
        return fault(call.who, f"{call.url} answers {status}", f"check {call.base}{_or(call)}")
    offered = _offered(body)
    missing = [model for model in call.models if offered and not any(_same(model, each) for each in offered)]
    if missing:
        some = ", ".join(sorted(offered)[:5])
        fix = f"choose one that is offered, such as {some}"
        return fault(call.who, f"the key is good, but {', '.join(missing)} is not offered", fix)
    return ok(call.who, f"the key is good{f', {call.models[0]} is offered' if call.models and offered else ''}")


def _or(call: Call) -> str:
    return f", or set {call.instead}" if call.instead else ""


def _offered(body: str) -> set[str]:
    """Model names of a list in OpenAI's or Anthropic's form; empty when it is none."""
    try:
        listed: Any = json.loads(body)
        models = listed["data"] if isinstance(listed, dict) else listed  # Together's is a bare list
        return {str(model["id"]) for model in models}
    except (ValueError, KeyError, TypeError):
        return set()


def _same(wanted: str, offered: str) -> bool:
    """A name, or its dated version: claude-haiku-4-5 is claude-haiku-4-5-20251001."""
    return offered == wanted or (offered.startswith(f"{wanted}-") and offered.removeprefix(f"{wanted}-").isdigit())


def _calls(settings: Settings) -> Iterator[Call]:
    minds: dict[str, tuple[str, list[str]]] = {}
    for one in settings.cast():
        for mind in one.mind:
            _, models = minds.setdefault(mind.provider, (chooser_of(settings, one.slug), []))
            models.append(_model(settings, mind))
    for provider, (chooser, models) in minds.items():
        yield from _mind_call(settings, provider, chooser, tuple(dict.fromkeys(models)))
    for voice in settings.providers.tts:
        yield from _voice_call(settings, voice)


def _model(settings: Settings, mind: MindChoice) -> str:
    if mind.model:
        return mind.model
    if mind.provider == "local":
        return ""
    chosen = getattr(settings.providers, mind.provider.replace("-", "_")).model
    return str(chosen or "")


def _mind_call(settings: Settings, provider: str, chooser: str, models: tuple[str, ...]) -> Iterator[Call]:
    providers, instead = settings.providers, f"{chooser}=local"
    if provider == "anthropic":
        headers = {"x-api-key": _secret(providers.anthropic.api_key), "anthropic-version": "2023-06-01"}
        yield Call(
            who="claude (anthropic)",
            key="ANTHROPIC_API_KEY",
            base="ANTHROPIC_BASE_URL",
            url=f"{providers.anthropic.base_url}/v1/models?limit=1000",
            headers=headers,
            models=models,
            instead=instead,
        )
        return
    if provider == "local":
        if settings.services.llama_url:
            yield Call(
                who="local mind",
                key="STUDIO_SERVICES__LLAMA_URL",
                base="STUDIO_SERVICES__LLAMA_URL",
                url=f"{settings.services.llama_url}/models",
                headers={},
            )
        return
    chosen = getattr(providers, provider.replace("-", "_"))
    name = provider.replace("-", "_").upper()
    yield Call(
        who=f"mind ({provider})",
        key=f"{name}_API_KEY",
        base=f"{name}_BASE_URL",
        url=f"{chosen.base_url}/models",
        headers=_bearer(chosen.api_key),
        models=tuple(filter(None, models)),
        instead=instead,
    )


def _voice_call(settings: Settings, voice: VoiceChoice) -> Iterator[Call]:
    if voice.provider == "piper" and settings.services.piper_url:
        yield Call(
            who="voices (piper)",
            key="STUDIO_SERVICES__PIPER_URL",
            base="STUDIO_SERVICES__PIPER_URL",
            url=f"{settings.services.piper_url}/health",
            headers={},
        )


def _google(settings: Settings) -> list[Finding]:
    """A service account's file: is it one."""
    chosen = {ear.provider for ear in settings.providers.stt} | {voice.provider for voice in settings.providers.tts}
    if "google" not in chosen or settings.providers.google.credentials is None:
        return []
    return [_service_account(settings.providers.google.credentials)]


def _service_account(file: Path) -> Finding:
    fix = "download the JSON key of a service account, and set GOOGLE_APPLICATION_CREDENTIALS to it"
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        whole = about["type"] == "service_account" and "PRIVATE KEY" in about["private_key"]
        email = str(about["client_email"])
    except (OSError, ValueError, KeyError, TypeError):
        return fault("google", f"{file} is no service account's key", fix)
    return ok("google", f"key of {email}") if whole else fault("google", f"{file} is no service account's key", fix)


def _secret(key: SecretStr | None) -> str:
    return key.get_secret_value() if key else ""


def _bearer(key: SecretStr | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {_secret(key)}"} if key else {}
