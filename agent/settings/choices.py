"""Which engines, as one line of settings: `GUEST=groq:llama-3.3-70b-versatile, local` is a choice and its fallback."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BeforeValidator

from agent.settings.problems import Wrong

MindProvider = Literal["anthropic", "local", "groq", "together", "openai", "xai", "openai-compatible"]
EarProvider = Literal["faster-whisper", "deepgram", "assemblyai", "google"]
VoiceProvider = Literal["piper", "google", "openai", "openai-compatible"]


@dataclass(frozen=True, slots=True)
class MindChoice:
    """A language model. `model` is None for the provider's default (`GROQ_MODEL` and so on)."""

    provider: MindProvider
    model: str | None = None

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}" if self.model else self.provider


@dataclass(frozen=True, slots=True)
class EarChoice:
    """A speech recogniser."""

    provider: EarProvider
    model: str | None = None

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}" if self.model else self.provider


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """A speech synthesiser. Whose voice it takes is the persona's setting."""

    provider: VoiceProvider
    model: str | None = None

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}" if self.model else self.provider


# How Piper's and Google's voices are called
_PIPER_VOICE = re.compile(r".*\.onnx|[a-z]{2,3}_[A-Z]{2}-.+")
_GOOGLE_VOICE = re.compile(r"[a-z]{2,3}-([A-Za-z]+-)?[A-Z]{2}-.+|[A-Z][a-z]+")


def own_voice(provider: VoiceProvider, name: str | None) -> str | None:
    """A persona's voice where it is one of the provider's; None: the provider's own choice, as behind another one."""
    if name is None:
        return None
    piper, google = bool(_PIPER_VOICE.fullmatch(name)), bool(_GOOGLE_VOICE.fullmatch(name))
    if provider == "google":
        return name if google and not piper else None
    if provider == "piper":
        return None if google else name
    return None if piper or google else name


CLAUDE_HAIKU = MindChoice("anthropic", "claude-haiku-4-5")
LOCAL = MindChoice("local")

_NICKNAMES = {
    "grok": "xai",
    "claude": "anthropic",
    "gpt": "openai",
    "chatgpt": "openai",
    "llama": "local",
    "whisper": "faster-whisper",
    "compatible": "openai-compatible",
}


def _parser(
    make: Callable[[str, str | None], object], known: Sequence[str], example: str
) -> Callable[[object], object]:
    def parse(value: object) -> object:
        if not isinstance(value, str):
            return value
        chosen = []
        for item in filter(None, (part.strip() for part in value.split(","))):
            provider, _, model = item.partition(":")
            if provider.startswith("claude-") and "anthropic" in known and not model:
                provider, model = "anthropic", item
            if provider not in known:
                nickname = _NICKNAMES.get(provider.lower(), "")
                near = [nickname] if nickname in known else difflib.get_close_matches(provider.lower(), known, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                raise Wrong(
                    f"{provider!r} is no provider known here",
                    f"{hint}choose from {', '.join(known)}, for example {example}; a comma adds a fallback",
                )
            chosen.append(make(provider, model or None))
        return tuple(chosen)

    return parse


Minds: TypeAlias = Annotated[
    tuple[MindChoice, ...], BeforeValidator(_parser(MindChoice, get_args(MindProvider), "GUEST=groq,local"))
]
Ears: TypeAlias = Annotated[
    tuple[EarChoice, ...], BeforeValidator(_parser(EarChoice, get_args(EarProvider), "STT=deepgram,faster-whisper"))
]
Voices: TypeAlias = Annotated[
    tuple[VoiceChoice, ...], BeforeValidator(_parser(VoiceChoice, get_args(VoiceProvider), "TTS=google,piper"))
]
