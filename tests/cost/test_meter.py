"""The meter: what LiveKit's plugins tell, over real HTTP, and what they do not tell."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from livekit.agents import llm, metrics
from livekit.agents.metrics.base import Metadata

from agent.cost.meter import Meter
from agent.providers import make_mind
from agent.providers.breaker import Breakers
from agent.settings import MindChoice, Settings, load
from agent.speaking.logbook import LogEntry, LogKind
from tests.speaking.fakes import HummingTTS, ScriptedLLM
from tests.support.llm_vendor import Say, Vendor, Wait, serving


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    counting = Vendor(scenes=[[Say("One two three.", words_per_s=1000)]], first_token_s=0, prompt_tokens=10)
    async with serving(counting) as running:
        yield running


def settings(vendor: Vendor, **environ: str) -> Settings:
    base = {"OPENAI_API_KEY": "sk-0123456789", "OPENAI_BASE_URL": vendor.address}
    return load(base | environ, env_file=None).settings


def mind(of: Settings, *choices: MindChoice) -> llm.LLM[Any]:
    return make_mind(
        choices,
        of.providers,
        llama_url="http://127.0.0.1:9/v1",
        temperature=0,
        next_words_s=4.5,
        breakers=Breakers(now=time.monotonic, on_change=lambda change: None),
    )


def asked() -> llm.ChatContext:
    context = llm.ChatContext.empty()
    context.add_message(role="user", content="Count.")
    return context


def ended(kind: LogKind, **details: int) -> LogEntry:
    return LogEntry(at=1.0, kind=kind, who="claude", reply="r1", details=details)


async def test_tokens_are_counted_and_priced(vendor: Vendor) -> None:
    everything = settings(vendor)
    meter, engine = Meter.of(everything), mind(everything, MindChoice("openai"))
    meter.follow(engine, "claude")
    async with engine.chat(chat_ctx=asked()) as stream:
        _ = [chunk async for chunk in stream]
    meter.logged(ended("llm.end"))
    assert meter.usd == pytest.approx((10 * 0.4 + 3 * 1.6) / 1e6)
    assert meter.usd_of("claude") == meter.usd
    sums = cast("dict[str, Any]", meter.sums())
    assert sums["minds"]["openai:gpt-4.1-mini"] == {
        "calls": 1, "prompt_tokens": 10, "completion_tokens": 3, "usd": 9e-06,
    }  # fmt: skip
    assert sums["prices_as_of"]["openai"].startswith("20")


async def test_a_fallbacks_tokens_are_the_fallbacks(vendor: Vendor) -> None:
    everything = settings(vendor)
    meter, engine = Meter.of(everything), mind(everything, MindChoice("local"), MindChoice("openai"))
    meter.follow(engine, "guest")
    async with engine.chat(chat_ctx=asked()) as stream:
        _ = [chunk async for chunk in stream]
    assert list(cast("dict[str, Any]", meter.sums()["minds"])) == ["openai:gpt-4.1-mini"]


async def test_a_call_that_was_cut_off_is_estimated_by_its_length(vendor: Vendor) -> None:
    everything = settings(vendor)
    meter, engine = Meter.of(everything), mind(everything, MindChoice("openai"))
    meter.follow(engine, "claude", first="openai:gpt-4.1-mini")
    vendor.scenes = [[Say("One two three four"), Wait(3600)]]
    async with engine.chat(chat_ctx=asked()) as stream:
        await anext(stream)
    meter.logged(ended("llm.cancelled", prompt_chars=4000, chars=40))
    assert meter.usd == pytest.approx((1000 * 0.4 + 10 * 1.6) / 1e6)
    assert cast("dict[str, Any]", meter.sums())["minds"]["openai:gpt-4.1-mini"]["estimated_calls"] == 1


async def test_what_has_no_price_is_counted_and_named() -> None:
    meter, model, voice = Meter({}), ScriptedLLM("Yes."), HummingTTS()
    meter.follow(model, "claude")
    meter.follow(voice, "claude")
    async with voice.synthesize("Hello there.") as stream:
        _ = [audio async for audio in stream]
    (use,) = cast("dict[str, Any]", meter.sums()["voices"]).values()
    assert use["characters"] == len("Hello there.")
    assert use["usd"] is None
    assert len(meter.unpriced) == 1
    assert meter.usd == 0


def test_cloud_voices_and_ears_are_priced_as_their_plugins_tell_them() -> None:
    meter, voice = Meter({}), HummingTTS()
    meter.follow(voice, "guest", google_voice="en-US-Neural2-F")
    metadata = Metadata(model_name="Chirp3", model_provider="Google Cloud Platform")
    base: dict[str, Any] = {"label": "", "request_id": "", "timestamp": 0.0, "duration": 0.0, "streamed": False}
    voice.emit(
        "metrics_collected",
        metrics.TTSMetrics(
            **base, ttfb=0, audio_duration=60, cancelled=False, characters_count=1000, metadata=metadata
        ),
    )
    assert meter.usd_of("guest") == pytest.approx(0.016)
    deepgram = Metadata(model_name="nova-3", model_provider="Deepgram")
    voice.emit("metrics_collected", metrics.STTMetrics(**base, audio_duration=3600, metadata=deepgram))
    assert meter.usd == pytest.approx(0.016 + 0.462)


def test_a_call_that_was_cut_off_finds_as_much_in_the_cache_as_the_last_whole_one() -> None:
    meter, model = Meter({"api.anthropic.com": "anthropic"}), ScriptedLLM("Yes.")
    meter.follow(model, "claude", first="anthropic:claude-haiku-4-5")
    base: dict[str, Any] = {"label": "", "request_id": "", "timestamp": 0.0, "duration": 0.0, "ttft": 0.0}
    metadata = Metadata(model_name="claude-haiku-4-5", model_provider="api.anthropic.com")
    tokens = {"prompt_tokens": 1000, "prompt_cached_tokens": 900, "completion_tokens": 0, "total_tokens": 1000}
    told = metrics.LLMMetrics(**base, **tokens, cancelled=False, tokens_per_second=0, metadata=metadata)
    model.emit("metrics_collected", told)
    meter.logged(ended("llm.end"))
    assert meter.usd == pytest.approx((100 * 1 + 900 * 0.1) / 1e6)
    meter.logged(ended("llm.cancelled", prompt_chars=4000, chars=0))
    assert meter.usd == pytest.approx(2 * (100 * 1 + 900 * 0.1) / 1e6)


def test_the_own_ears_cost_nothing_and_are_counted() -> None:
    meter = Meter({})
    meter.heard(2.5)
    meter.heard(1.5)
    assert cast("dict[str, Any]", meter.sums())["ears"] == {"local:faster-whisper": {"audio_s": 4.0, "usd": 0.0}}
