"""Ears and voices in the cloud, tried as a show uses them: the same plugins, models and addresses. A tenth of a second
of silence is sent to be heard, and one word to be said, which costs next to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, stt, tts
from livekit.agents.utils import http_context

from agent.doctor.findings import Finding, fault, ok, warning
from agent.errors import ungrouped
from agent.providers import ears, preload, voices
from agent.providers.failure import Kind, is_unclear, judge
from agent.providers.speech import SpeechService
from agent.settings import COHOST, EarChoice, Settings, VoiceChoice

_LIMIT_S = 10.0
_RATE_HZ = 16_000
_SILENCE_S = 0.1
_STAYS_S = 1.0  # some services accept a stream, and say that they refuse it by ending it
_WORD = "Yes."


async def speech(settings: Settings) -> list[Finding]:
    """Every ear and voice in the cloud that the settings choose, all at once."""
    here = {ear.provider for ear in settings.providers.stt} <= {"faster-whisper"}
    if here and {voice.provider for voice in settings.providers.tts} <= {"piper"}:
        return []
    tried: list[Awaitable[Finding]] = []
    preload(settings)  # which is not to count as the service's time
    async with http_context.open():
        for ear in settings.providers.stt:
            if ear.provider in ears.SERVICES:
                service = ears.SERVICES[ear.provider]
                tried.append(_try(f"ears ({ear.provider})", service, partial(_hear, settings, ear)))
        for voice in settings.providers.tts:
            if voice.provider != "piper":
                service = voices.SERVICES[voice.provider]
                tried.append(_try(f"voices ({voice.provider})", service, partial(_say, settings, voice)))
        return list(await asyncio.gather(*tried))


async def _try(who: str, service: SpeechService, trial: Callable[[], Awaitable[str]], *, tries: int = 5) -> Finding:
    try:
        async with asyncio.timeout(_LIMIT_S):
            return ok(who, await trial())
    except Exception as error:  # plugins raise whatever their vendor's library does
        if is_unclear(error) and tries > 1:
            return await _try(who, service, trial, tries=tries - 1)
        failure = judge(error)
        wrong, remedy = service.diagnose(failure)
        return (warning if failure.kind is Kind.RATE else fault)(who, wrong, remedy)


async def _hear(settings: Settings, choice: EarChoice) -> str:
    (ear,) = ears.make_ears([choice], settings.providers)
    engine = ear.make(())
    stream = engine.stream(conn_options=APIConnectOptions(max_retry=0, timeout=_LIMIT_S))
    try:
        samples = round(_SILENCE_S * _RATE_HZ)
        stream.push_frame(rtc.AudioFrame(bytes(2 * samples), _RATE_HZ, 1, samples))
        with ungrouped(Exception):
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(_read(stream))
                await asyncio.wait({reading}, timeout=_STAYS_S)
                if reading.done() and reading.exception() is None:
                    raise ConnectionResetError("the service ended the stream")
                stream.end_input()
    finally:
        await _close(stream, engine)
    return f"hears, with {engine.model}"


async def _read(stream: stt.RecognizeStream) -> None:
    async for _ in stream:
        pass


async def _say(settings: Settings, choice: VoiceChoice) -> str:
    persona = settings.persona(COHOST)
    persona = persona.model_copy(update={"timbre": persona.timbre or 1.0})
    engine: tts.TTS[Any] = voices.make_engine(choice, settings.providers, persona, slug=COHOST, piper_url=None)
    stream = engine.synthesize(_WORD, conn_options=APIConnectOptions(max_retry=0, timeout=_LIMIT_S))
    try:
        async for _ in stream:
            pass
    finally:
        await _close(stream, engine)
    (name,) = voices.describe_voices([choice], persona, slug=COHOST)
    return f"speaks, as {name}"


async def _close(*resources: Any) -> None:
    for resource in resources:
        try:
            async with asyncio.timeout(1.0):
                await resource.aclose()
        except Exception:
            pass
