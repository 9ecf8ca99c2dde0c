"""The live meter of one show: tokens, characters and seconds, by provider and by who used them.

LiveKit's plugins tell their usage (`metrics_collected`), through fallback adapters too. A call that was cancelled
before its end tells none and is billed all the same: it is estimated by its length and by the last whole one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from livekit.agents import llm, metrics, stt, tts

from agent.cost.prices import ear_price, mind_price, vendors, voice_price
from agent.settings import Settings
from agent.speaking.logbook import LogEntry

# What the plugins call their providers where it is not the address
_CALLED = {"google cloud platform": "google", "piper": "local", "faster-whisper": "local"}
_CHARS_A_TOKEN = 4


@dataclass(slots=True)
class Usage:
    """
    Attributes:
        estimated_calls: of the calls, those whose tokens the provider did not tell.
        usd: estimated; None: no price is known.
    """

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    completion_tokens: int = 0
    estimated_calls: int = 0
    characters: int = 0
    audio_s: float = 0.0
    usd: float | None = None

    def told(self) -> dict[str, float | int | None]:
        """What there is of it, for session.yml."""
        counts = {name: getattr(self, name) for name in self.__slots__ if name not in ("usd", "audio_s")}
        made: dict[str, float | int | None] = {name: count for name, count in counts.items() if count}
        if self.audio_s:
            made["audio_s"] = round(self.audio_s, 1)
        made["usd"] = None if self.usd is None else round(self.usd, 6)
        return made


Key = tuple[str, str]  # provider and model


@dataclass(frozen=True, slots=True)
class _Call:
    """
    Attributes:
        cached_share: of the prompt, in the provider's cache when the next call comes.
    """

    key: Key
    cached_share: float = 0.0


def _tokens(chars: object) -> int:
    return int(chars) // _CHARS_A_TOKEN if isinstance(chars, int | float) else 0


class Meter:
    """Counts what the engines tell.

    Args:
        hosts: provider, as settings call it, by the host and port of its address.
    """

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = dict(hosts)
        self._minds: dict[Key, Usage] = defaultdict(Usage)
        self._voices: dict[Key, Usage] = defaultdict(Usage)
        self._ears: dict[Key, Usage] = defaultdict(Usage)
        self._by: dict[str, float] = defaultdict(float)
        self._last: dict[str, _Call] = {}  # a speaker's last whole call
        self._told: dict[str, int] = defaultdict(int)  # calls that told their usage and whose end is not logged yet

    @classmethod
    def of(cls, settings: Settings) -> Meter:
        """For the addresses of these settings."""
        providers = settings.providers
        addresses: dict[str, list[str | None]] = {
            "openai-compatible": [providers.openai_compatible.base_url, providers.speech.base_url],
            "xai": [providers.xai.base_url],
            "together": [providers.together.base_url],
            "groq": [providers.groq.base_url],
            "openai": [providers.openai.base_url],
            "anthropic": [providers.anthropic.base_url],
            "local": [settings.services.llama_url],
        }
        return cls({urlsplit(url).netloc: name for name, urls in addresses.items() for url in urls if url})

    @property
    def usd(self) -> float:
        """Estimated, of everything that has a price."""
        return sum(usage.usd or 0.0 for usage in self._all())

    def usd_of(self, who: str) -> float:
        """What a speaker's mind and voice have cost, likewise."""
        return self._by[who]

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models in use that the table has no price of, as `provider:model`."""
        tables = (self._minds, self._voices, self._ears)
        return tuple(":".join(key) for table in tables for key, usage in table.items() if usage.usd is None)

    def follow(
        self,
        engine: llm.LLM[Any] | tts.TTS[Any] | stt.STT[Any],
        who: str,
        *,
        first: str = "",
        google_voice: str = "",
    ) -> None:
        """Count what `engine` tells from now on.

        Args:
            who: the speaker whose engine it is; empty for what all share.
            first: a mind as `provider:model`, the one asked first: calls before any whole one are taken for its.
            google_voice: Google prices by the voice, and its plugin tells another model.
        """
        if first:
            provider, _, model = first.partition(":")
            self._last[who] = _Call((provider, model))
        engine.on("metrics_collected", partial(self._collect, who, google_voice))

    def logged(self, entry: LogEntry) -> None:
        """A mouth's log: a call that ended without having told its usage is estimated."""
        if entry.kind == "llm.start":
            self._told[entry.who] = 0  # what was told before was of no reply: a model read its instructions, say
        if entry.kind not in ("llm.end", "llm.cancelled"):
            return
        if self._told[entry.who]:
            self._told[entry.who] -= 1
        elif last := self._last.get(entry.who):
            prompt = _tokens(entry.details.get("prompt_chars"))
            completion = _tokens(entry.details.get("chars"))
            self._think(entry.who, last.key, prompt, int(prompt * last.cached_share), 0, completion)
            self._minds[last.key].estimated_calls += 1

    def heard(self, seconds: float) -> None:
        """Speech that the own machine has turned into text."""
        usage = self._ears["local", "faster-whisper"]
        usage.audio_s += seconds
        usage.usd = 0.0

    def sums(self) -> dict[str, object]:
        """For session.yml."""
        used = {"minds": self._minds, "voices": self._voices, "ears": self._ears}
        names = {provider for table in used.values() for provider, _ in table}
        return {
            "estimate": "from list prices; the providers' bills are what counts",
            "usd": round(self.usd, 6),
            "unpriced": list(self.unpriced),
            "by_speaker_usd": {who: round(usd, 6) for who, usd in self._by.items() if who},
            **{part: {":".join(key): use.told() for key, use in table.items()} for part, table in used.items()},
            "prices_as_of": {name: str(vendors()[name].as_of) for name in sorted(names & set(vendors()))},
        }

    def _all(self) -> list[Usage]:
        return [*self._minds.values(), *self._voices.values(), *self._ears.values()]

    def _collect(self, who: str, google_voice: str, told: metrics.AgentMetrics) -> None:
        match told:
            case metrics.LLMMetrics():
                if not told.prompt_tokens and not told.completion_tokens:
                    return  # cut off before it told; `logged` estimates it
                key = self._key(told.metadata)
                self._told[who] += 1
                cached, written = told.prompt_cached_tokens, told.cache_creation_tokens
                self._last[who] = _Call(key, (cached + written) / max(1, told.prompt_tokens))
                self._think(who, key, told.prompt_tokens, cached, written, told.completion_tokens)
            case metrics.TTSMetrics():
                key = self._key(told.metadata)
                if key[0] == "google" and google_voice:
                    key = ("google", google_voice)
                self._speak(who, key, told.characters_count, told.audio_duration)
            case metrics.STTMetrics():
                key = self._key(told.metadata)
                usage, price = self._ears[key], ear_price(*key)
                usage.audio_s += told.audio_duration
                usage.usd = None if price is None else usage.audio_s / 3600 * price
            case _:
                pass  # of parts that are not used here

    def _think(self, who: str, key: Key, prompt: int, cached: int, written: int, completion: int) -> None:
        usage, price = self._minds[key], mind_price(*key)
        usage.calls += 1
        usage.prompt_tokens += prompt
        usage.cached_tokens += cached
        usage.cache_write_tokens += written
        usage.completion_tokens += completion
        if price is not None:
            usd = price.usd(prompt=prompt, cached=cached, written=written, completion=completion)
            usage.usd = (usage.usd or 0.0) + usd
            self._by[who] += usd

    def _speak(self, who: str, key: Key, characters: int, audio_s: float) -> None:
        usage, price = self._voices[key], voice_price(*key)
        usage.calls += 1
        usage.characters += characters
        usage.audio_s += audio_s
        if price is not None:
            usd = characters * price / 1e6
            usage.usd = (usage.usd or 0.0) + usd
            self._by[who] += usd

    def _key(self, metadata: metrics.base.Metadata | None) -> Key:
        provider = (metadata.model_provider if metadata else None) or "unknown"
        model = (metadata.model_name if metadata else None) or "unknown"
        named = self._hosts.get(provider) or _CALLED.get(provider.lower()) or provider.lower()
        return named, model
