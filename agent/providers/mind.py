"""One language model of one provider, as a chain asks it and as the host is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from livekit.agents import llm

from agent.providers.breaker import Attempt, Breaker
from agent.providers.failure import Failure, Kind, redacted


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Who is asked, and what the host can change about it.

    Attributes:
        name: as people call it, at the beginning of a sentence.
        model: its model.
        address: base URL.
        secret: the key, which is never shown.
        key_variable, address_variable, model_variable: the settings.
    """

    name: str
    model: str
    address: str = field(repr=False)
    key_variable: str
    address_variable: str
    model_variable: str
    secret: str = field(repr=False, default="")
    local: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.model}"

    @property
    def place(self) -> str:
        """The address as it is shown: without the user and the query, which may hold a key."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def explain(self, failure: Failure, limit_s: float) -> str:
        """A failure in plain words with its remedy, and without a key."""
        return f"{self.name} {redacted(self._explain(failure, limit_s), self.secret)}"

    def _explain(self, failure: Failure, limit_s: float) -> str:
        status = f" ({failure.status})" if failure.status else ""
        match failure.kind:
            case Kind.KEY:
                return f"refused the key: check {self.key_variable}"
            case Kind.CREDIT:
                return f"has no credit left for this key: top up the account of {self.key_variable}"
            case Kind.RATE:
                after = f" for {failure.retry_after_s:.0f} s" if failure.retry_after_s else ""
                return f"takes no more requests{after}: wait, or raise the account's limit"
            case Kind.OVERLOADED:
                return f"is overloaded{status}: wait, or choose another provider"
            case Kind.BROKEN:
                return f"is in trouble{status}: wait, or choose another provider"
            case Kind.MODEL:
                return f"does not offer {self.model}: set {self.model_variable} to a model that it offers"
            case Kind.ADDRESS:
                return f"does not answer at {self.place}{status}: check {self.address_variable}"
            case Kind.UNREACHABLE:
                return f"cannot be reached at {self.place}: check the network and {self.address_variable}"
            case Kind.SILENT:
                return f"gave no words in {round(limit_s, 1):g} s: wait, or choose another provider"
            case Kind.STALLED:
                return f"fell silent for {round(limit_s, 1):g} s in mid-reply"
            case Kind.SLOW:
                return "is too slow to be spoken: choose a faster model"
            case Kind.CUT:
                return "broke off"
            case Kind.GARBLED:
                return f"answered what is no answer: check {self.address_variable}"
            case Kind.EMPTY:
                return "gave an empty reply"
            case Kind.TOO_LONG:
                return f"cannot read so much at once with {self.model}: shorten the briefing, or choose another model"
            case Kind.REQUEST:
                return f"refused the request{status}: {failure.words[:160]}"


@dataclass(slots=True, kw_only=True)
class Mind:
    """A place in a chain.

    Attributes:
        engine: LiveKit's plugin; it does not retry by itself.
        account: the breaker of provider, address and key.
        own: the breaker of this model there: a model that is not offered says nothing about the others.
        fits_chars: the most of a talk that it has been found to read; None: no limit has been met.
    """

    service: Service
    engine: llm.LLM[Any]
    account: Breaker
    own: Breaker
    fits_chars: int | None = None

    @property
    def admits(self) -> bool:
        return self.account.admits and self.own.admits

    @property
    def outage_text(self) -> str:
        """Why it is not asked; empty when it is."""
        outage = self.account.outage or self.own.outage
        return outage.text if outage else ""

    def begin(self) -> Asking | None:
        """Ask to ask; None while it is out."""
        account = self.account.begin()
        own = self.own.begin() if account else None
        if account is None or own is None:
            if account:
                account.abandoned()
            return None
        return Asking(account, own)


_OF_THE_MODEL = (Kind.MODEL, Kind.RATE, Kind.SLOW)
_OF_THE_REQUEST = (Kind.TOO_LONG, Kind.EMPTY)  # a model that has nothing to say is not out


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that was let through; what became of it is told to the breaker whose business it is."""

    account: Attempt
    own: Attempt

    @property
    def trial(self) -> bool:
        """Of a provider that was out."""
        return self.account.trial or self.own.trial

    def succeeded(self) -> None:
        self.account.succeeded()
        self.own.succeeded()

    def failed(self, failure: Failure, text: str) -> None:
        if failure.kind not in _OF_THE_REQUEST:
            guilty = self.own if failure.kind in _OF_THE_MODEL else self.account
            guilty.failed(text, kind=failure.kind, lasts_s=failure.lasts_s)
        self.abandoned()

    def abandoned(self) -> None:
        self.account.abandoned()
        self.own.abandoned()
