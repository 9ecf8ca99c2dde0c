"""The table of prices: dated, sourced, and with a price for everything that the settings choose by default."""

from __future__ import annotations

from datetime import date

import pytest

from agent.cost.prices import MindPrice, ear_price, mind_price, vendors, voice_price
from agent.settings import load


def test_every_price_has_a_date_and_a_source() -> None:
    for name, vendor in vendors().items():
        assert date(2025, 1, 1) < vendor.as_of, name
        assert vendor.source.startswith("https://") or name == "local"


def test_the_default_model_of_every_provider_has_a_price() -> None:
    providers = load({}, env_file=None).settings.providers
    for name in ("anthropic", "openai", "groq", "together", "xai"):
        assert mind_price(name, getattr(providers, name).model) is not None, name
    assert ear_price("deepgram", providers.deepgram.model)
    assert ear_price("assemblyai", providers.assemblyai.model)
    assert ear_price("google", providers.google.stt_model)
    assert voice_price("openai", providers.speech.model)
    assert voice_price("google", "en-US-Neural2-D") == 16


@pytest.mark.parametrize(
    ("provider", "model", "input_usd"),
    [
        ("anthropic", "claude-haiku-4-5-20251001", 1.0),
        ("anthropic", "claude-opus-4-6", 5.0),
        ("anthropic", "claude-opus-4-1", 15.0),
        ("openai", "gpt-4.1-mini-2025-04-14", 0.4),
        ("xai", "grok-3-mini-fast", 0.6),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", 0.88),
        ("local", "any.gguf", 0.0),
    ],
)
def test_the_longest_name_that_a_model_contains_decides(provider: str, model: str, input_usd: float) -> None:
    price = mind_price(provider, model)
    assert price is not None
    assert price.input == input_usd


def test_what_is_not_known_has_no_price() -> None:
    assert mind_price("openai", "o9-enormous") is None
    assert mind_price("openrouter", "claude-haiku-4-5") is None
    assert voice_price("groq", "anything") is None


def test_the_cache_has_its_own_prices() -> None:
    price = MindPrice(input=1, output=5, cached=0.1, cache_write=1.25)
    usd = price.usd(prompt=1_000_000, cached=600_000, written=200_000, completion=100_000)
    assert usd == pytest.approx(0.2 * 1 + 0.6 * 0.1 + 0.2 * 1.25 + 0.5)
    assert MindPrice(input=1, output=5).usd(prompt=10, cached=10, written=0, completion=0) == pytest.approx(10e-6)
