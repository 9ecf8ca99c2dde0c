"""The dated table of prices, `prices.yml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, TypeAdapter

FILE = Path(__file__).with_name("prices.yml")


class MindPrice(BaseModel, frozen=True, extra="forbid"):
    """US dollars a million tokens. Without a price of its own, what goes through a cache costs as other input does."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(None, ge=0)
    cache_write: float | None = Field(None, ge=0)

    def usd(self, *, prompt: int, cached: int, written: int, completion: int) -> float:
        """
        Args:
            prompt: tokens, those read from and written to the cache included.
        """
        read_usd = self.input if self.cached is None else self.cached
        write_usd = self.input if self.cache_write is None else self.cache_write
        fresh = max(0, prompt - cached - written)
        total = fresh * self.input + cached * read_usd + written * write_usd + completion * self.output
        return total / 1e6


class Vendor(BaseModel, frozen=True, extra="forbid"):
    """
    Attributes:
        as_of: when these prices stood at `source`.
        voices: US dollars a million characters.
        ears: US dollars an hour of audio.
    """

    as_of: date
    source: str
    minds: dict[str, MindPrice] = Field(default_factory=dict)
    voices: dict[str, float] = Field(default_factory=dict)
    ears: dict[str, float] = Field(default_factory=dict)


@cache
def vendors() -> Mapping[str, Vendor]:
    """Prices by provider, as settings call them."""
    return TypeAdapter(dict[str, Vendor]).validate_python(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def mind_price(provider: str, model: str) -> MindPrice | None:
    """None: it is not known."""
    vendor = vendors().get(provider)
    key = _name(vendor.minds, model) if vendor else None
    return vendor.minds[key] if vendor and key is not None else None


def voice_price(provider: str, model: str) -> float | None:
    """US dollars a million characters; None: it is not known."""
    vendor = vendors().get(provider)
    key = _name(vendor.voices, model) if vendor else None
    return vendor.voices[key] if vendor and key is not None else None


def ear_price(provider: str, model: str) -> float | None:
    """US dollars an hour; None: it is not known."""
    vendor = vendors().get(provider)
    key = _name(vendor.ears, model) if vendor else None
    return vendor.ears[key] if vendor and key is not None else None


def _name(names: Iterable[str], model: str) -> str | None:
    """The longest that is contained in the model's: vendors put owners before it and dates behind it."""
    return max((name for name in names if name.lower() in model.lower()), key=len, default=None)
