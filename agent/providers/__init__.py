"""From settings to engines: LiveKit's plugins, behind each other where settings name several."""

from __future__ import annotations

import importlib

from agent.providers.ears import make_ears
from agent.providers.minds import describe_minds, make_mind
from agent.providers.voices import describe_voices, make_voice
from agent.settings import Settings

_PACKAGES = {
    "anthropic": "anthropic",
    "assemblyai": "assemblyai",
    "deepgram": "deepgram",
    "google": "google",
    "piper": "piper",
    "faster-whisper": "faster_whisper",
}

# What the clients of the vendors import at their first call: a second, in which no audio would be heard or played
_LAZY = {
    "openai": (
        "anyio._backends._asyncio",
        "openai.lib._chat_completion_resources",
        "openai.resources.chat.chat",
        "openai.resources.chat.completions.completions",
        "openai.resources.audio",
        "openai.lib.streaming.chat",
        "openai.pagination",
    ),
    "anthropic": ("anyio._backends._asyncio", "anthropic.resources.messages", "opentelemetry.propagate"),
}


def preload(settings: Settings) -> None:
    """Import the packages of the providers in use, which takes a second each: no show should wait for it.

    LiveKit's plugins want to be imported on the main thread.
    """
    providers: set[str] = {mind.provider for slug in settings.personas.slugs for mind in settings.minds(slug)}
    providers |= {voice.provider for voice in settings.providers.tts}
    providers |= {ear.provider for ear in settings.providers.stt}
    for package in {_PACKAGES.get(provider, "openai") for provider in providers}:
        importlib.import_module(f"livekit.plugins.{package}")
        for lazy in _LAZY.get(package, ()):
            importlib.import_module(lazy)


__all__ = ["describe_minds", "describe_voices", "make_ears", "make_mind", "make_voice", "preload"]
