"""Engines: which ones, and for each provider its key, address and model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr

from agent.settings.choices import EarChoice, Ears, VoiceChoice, Voices
from agent.settings.problems import Wrong

_PLACEHOLDER = re.compile(r"your[-_ ]|change-?me|<|x+$|.*\.\.\.$", re.IGNORECASE)


def variable(name: str) -> dict[str, Any]:
    """For `Field(json_schema_extra=...)`: the plain name of a setting, in place of its path in the tree."""
    return {"variable": name}


def _key(value: object) -> object:
    if isinstance(value, str):
        value = value.strip()
        if any(ord(character) < 33 or ord(character) > 126 for character in value):
            raise Wrong("the key has spaces or characters that no key has", "copy it again")
        if _PLACEHOLDER.match(value):
            raise Wrong("the value is a placeholder, not a key", "put the real key there, or remove the line")
    return value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Wrong(f"{value!r} is no http address", "write it like https://api.example.com/v1")
    return value.rstrip("/")


def _language(value: object) -> object:
    if isinstance(value, str):
        code = value.strip().lower().replace("_", "-").partition("-")[0]
        if not (2 <= len(code) <= 3 and code.isascii() and code.isalpha()):
            raise Wrong(f"{value!r} is no language code", "write two letters, such as en, de or fr")
        return code
    return value


def _ws_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname:
        raise Wrong(f"{value!r} is no WebSocket address", "write it like wss://streaming.eu.assemblyai.com")
    return value.rstrip("/")


Key = Annotated[SecretStr, BeforeValidator(_key)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
WsUrl = Annotated[str, AfterValidator(_ws_url)]


class AnthropicSettings(BaseModel, frozen=True, extra="forbid"):
    api_key: Key | None = Field(None, description="Claude's key", json_schema_extra=variable("ANTHROPIC_API_KEY"))
    base_url: HttpUrl = Field(
        "https://api.anthropic.com",
        description="address of the Messages API, without /v1",
        json_schema_extra=variable("ANTHROPIC_BASE_URL"),
    )
    model: str = Field(
        "claude-haiku-4-5",
        min_length=1,
        description="the model where COHOST or GUEST says just anthropic",
        json_schema_extra=variable("ANTHROPIC_MODEL"),
    )


class LlmSettings(BaseModel, frozen=True, extra="forbid"):
    """A provider that speaks OpenAI's chat completions."""

    api_key: Key | None
    base_url: HttpUrl
    model: str


class OpenAISettings(LlmSettings, frozen=True):
    api_key: Key | None = Field(None, description="OpenAI's key", json_schema_extra=variable("OPENAI_API_KEY"))
    base_url: HttpUrl = Field("https://api.openai.com/v1", json_schema_extra=variable("OPENAI_BASE_URL"))
    model: str = Field(
        "gpt-4.1-mini", min_length=1, description="its chat model", json_schema_extra=variable("OPENAI_MODEL")
    )


class GroqSettings(LlmSettings, frozen=True):
    api_key: Key | None = Field(None, description="Groq's key", json_schema_extra=variable("GROQ_API_KEY"))
    base_url: HttpUrl = Field("https://api.groq.com/openai/v1", json_schema_extra=variable("GROQ_BASE_URL"))
    model: str = Field(
        "llama-3.3-70b-versatile", min_length=1, description="its chat model", json_schema_extra=variable("GROQ_MODEL")
    )


class TogetherSettings(LlmSettings, frozen=True):
    api_key: Key | None = Field(None, description="Together.ai's key", json_schema_extra=variable("TOGETHER_API_KEY"))
    base_url: HttpUrl = Field("https://api.together.xyz/v1", json_schema_extra=variable("TOGETHER_BASE_URL"))
    model: str = Field(
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        min_length=1,
        description="its chat model",
        json_schema_extra=variable("TOGETHER_MODEL"),
    )


class XaiSettings(LlmSettings, frozen=True):
    api_key: Key | None = Field(None, description="xAI's key", json_schema_extra=variable("XAI_API_KEY"))
    base_url: HttpUrl = Field("https://api.x.ai/v1", json_schema_extra=variable("XAI_BASE_URL"))
    model: str = Field(
        "grok-3-fast", min_length=1, description="its chat model", json_schema_extra=variable("XAI_MODEL")
    )


class CompatibleSettings(BaseModel, frozen=True, extra="forbid"):
    """Any other server that speaks OpenAI's chat completions, such as vLLM, Ollama or OpenRouter."""

    api_key: Key | None = Field(
        None, description="its key, if it wants one", json_schema_extra=variable("OPENAI_COMPATIBLE_API_KEY")
    )
    base_url: HttpUrl | None = Field(
        None,
        description="address up to /v1, for openai-compatible in GUEST or COHOST",
        json_schema_extra=variable("OPENAI_COMPATIBLE_BASE_URL"),
    )
    model: str | None = Field(None, description="its chat model", json_schema_extra=variable("OPENAI_COMPATIBLE_MODEL"))


class SttSettings(BaseModel, frozen=True, extra="forbid"):
    """A recogniser in the cloud."""

    api_key: Key | None
    base_url: str | None
    model: str


class DeepgramSettings(SttSettings, frozen=True):
    api_key: Key | None = Field(None, description="Deepgram's key", json_schema_extra=variable("DEEPGRAM_API_KEY"))
    base_url: HttpUrl | None = Field(
        None, description="another address than Deepgram's own", json_schema_extra=variable("DEEPGRAM_BASE_URL")
    )
    model: str = Field("nova-3", min_length=1, json_schema_extra=variable("DEEPGRAM_MODEL"))


class AssemblyAISettings(SttSettings, frozen=True):
    api_key: Key | None = Field(None, description="AssemblyAI's key", json_schema_extra=variable("ASSEMBLYAI_API_KEY"))
    base_url: WsUrl | None = Field(
        None, description="another address than AssemblyAI's own", json_schema_extra=variable("ASSEMBLYAI_BASE_URL")
    )
    model: str = Field("universal-streaming-english", min_length=1, json_schema_extra=variable("ASSEMBLYAI_MODEL"))


class GoogleSettings(BaseModel, frozen=True, extra="forbid"):
    credentials: Path | None = Field(
        None,
        description="JSON file of a Google Cloud service account",
        json_schema_extra=variable("GOOGLE_APPLICATION_CREDENTIALS"),
    )
    stt_base_url: HttpUrl | None = Field(
        None, description="another address for speech recognition", json_schema_extra=variable("GOOGLE_STT_BASE_URL")
    )
    tts_base_url: HttpUrl | None = Field(
        None, description="another address for synthesis", json_schema_extra=variable("GOOGLE_TTS_BASE_URL")
    )
    stt_model: str = Field("latest_long", min_length=1, json_schema_extra=variable("GOOGLE_STT_MODEL"))


class SpeechSettings(BaseModel, frozen=True, extra="forbid"):
    """Any server with OpenAI's `/v1/audio/speech`, for openai-compatible in TTS."""

    api_key: Key | None = Field(None, description="its key, if it wants one")
    base_url: HttpUrl | None = Field(None, description="address up to /v1")
    model: str = Field("tts-1", min_length=1, description="also the model of TTS=openai")


class FasterWhisperSettings(BaseModel, frozen=True, extra="forbid"):
    model: str | None = Field(None, description="folder or name of a CTranslate2 Whisper; base is built in")
    compute_type: str = Field("int8", min_length=1, description="CTranslate2's number format")
    threads: int = Field(2, ge=1, le=64, description="threads of one decoding")
    quick: bool = Field(
        True, description="English: Moonshine, a small model, reads a turn first, and Whisper what that is unsure of"
    )


class ProvidersSettings(BaseModel, frozen=True, extra="forbid"):
    stt: Ears = Field(
        (EarChoice("faster-whisper"),),
        min_length=1,
        description="ears: faster-whisper, deepgram, assemblyai, google",
        json_schema_extra=variable("STT"),
    )
    tts: Voices = Field(
        (VoiceChoice("piper"),),
        min_length=1,
        description="voices: piper, google, openai, openai-compatible",
        json_schema_extra=variable("TTS"),
    )
    language: Annotated[str, BeforeValidator(_language)] = Field(
        "en",
        description="the show's language, two letters; a desktop's en_US:en in the environment is passed over",
        json_schema_extra=variable("LANGUAGE"),
    )
    anthropic: AnthropicSettings = AnthropicSettings()
    openai: OpenAISettings = OpenAISettings()
    groq: GroqSettings = GroqSettings()
    together: TogetherSettings = TogetherSettings()
    xai: XaiSettings = XaiSettings()
    openai_compatible: CompatibleSettings = CompatibleSettings()
    deepgram: DeepgramSettings = DeepgramSettings()
    assemblyai: AssemblyAISettings = AssemblyAISettings()
    google: GoogleSettings = GoogleSettings()
    speech: SpeechSettings = SpeechSettings()
    faster_whisper: FasterWhisperSettings = FasterWhisperSettings()
