"""One call of an LLM, from its stream to clauses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import APIConnectOptions, llm, tts

from agent.clock import EpisodeClock
from agent.errors import ServiceFailed, raise_if_cancelled
from agent.speaking.clauses import Clause, ClauseSplitter
from agent.speaking.logbook import JSON, LogKind
from agent.speaking.settings import SpeakingSettings
from agent.speaking.speakable import Signal, SpeakableText

# A bound in text, which is cheap: some 4,000 characters of clauses; beyond, the model's stream waits.
_CLAUSES = 64
_CHUNKS = 64
_GRACE_S = 0.25  # for a chain of minds, which has the same limits and a reason to give


@dataclass(frozen=True, slots=True)
class Failure:
    """Why no more comes, in words for the event log and the page."""

    service: str
    reason: str
    empty: bool = False  # the service worked, and had nothing to say

    def __str__(self) -> str:
        return f"{self.service}: {self.reason}" if self.service else self.reason


def service_name(engine: llm.LLM[Any] | tts.TTS[Any]) -> str:
    """How logs and notices call an engine."""
    kind = "LLM" if isinstance(engine, llm.LLM) else "TTS"
    return f"{kind} {engine.provider} {engine.model}".replace("unknown unknown", engine.label)


class Writer:
    """Reads the stream, and offers its clauses in `clauses`; None ends them.

    Args:
        context: what the model is given.
        path: the reply's text path.
        on_signal: told of each control tag as it comes.
        log: `log(kind, **details)`.
    """

    def __init__(
        self,
        model: llm.LLM[Any],
        context: llm.ChatContext,
        *,
        path: SpeakableText,
        on_signal: Callable[[Signal], None],
        settings: SpeakingSettings,
        clock: EpisodeClock,
        log: Callable[..., None],
    ) -> None:
        self._model = model
        self._context = context
        self._path = path
        self._on_signal = on_signal
        self._settings = settings
        self._clock = clock
        self._log = log
        self._chunks: asyncio.Queue[str | None] = asyncio.Queue(_CHUNKS)
        self.clauses: asyncio.Queue[Clause | None] = asyncio.Queue(_CLAUSES)
        self.report = _Report(service_name(model))
        self.failure: Failure | None = None

    async def run(self) -> None:
        """Until the reply is complete, has failed (`failure` says why), or is cancelled."""
        started = self._clock.now()
        self._tell("llm.start", started)
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read(), name="llm:read")
                await self._compose(started)
                reading.cancel()
        except asyncio.CancelledError:
            self._tell("llm.cancelled", started, chars=self.report.chars)
            raise
        if self.failure:
            self._tell("error", started, reason=self.failure.reason)
        self._tell("llm.end", started, chars=self.report.chars, **self.report.usage)
        await self.clauses.put(None)

    async def _read(self) -> None:
        options = APIConnectOptions(max_retry=0, timeout=self._settings.first_token_s)  # a chain retries as it sees fit
        try:
            async with self._model.chat(chat_ctx=self._context, conn_options=options) as stream:
                async for chunk in stream:
                    if chunk.usage:
                        self.report.count(chunk.usage)
                    if chunk.delta and chunk.delta.content:
                        self.report.answered(chunk.delta)
                        await self._chunks.put(chunk.delta.content)
        except ServiceFailed as error:
            raise_if_cancelled()
            self.failure = Failure("", str(error), empty=error.empty)
        except (
            Exception
        ) as error:  # a plugin may raise whatever its vendor's library does; the reply ends, the show does not
            raise_if_cancelled()
            self.failure = Failure(self.report.service, str(error) or type(error).__name__)
        await self._chunks.put(None)

    async def _compose(self, started: float) -> None:
        splitter = ClauseSplitter()
        heard_of = False
        last_at, limit_s = started, self._settings.first_token_s + _GRACE_S
        while not self._path.ended and self.report.chars < self._settings.reply_chars:
            wake_at = min(last_at + limit_s, splitter.deadline or float("inf"))
            try:
                async with asyncio.timeout(max(0.0, wake_at - self._clock.now())):
                    chunk = await self._chunks.get()
            except TimeoutError:
                now = self._clock.now()
                await self._offer(splitter.expire(now))
                if now - last_at >= limit_s - 1e-3:
                    what = f"no {'further' if heard_of else 'first'} token in {limit_s - _GRACE_S:g} s"
                    self.failure = Failure(self.report.service, what)
                    return
                continue
            if chunk is None:
                break
            now = self._clock.now()
            if chunk.strip():  # white space is a sign of life, not of a reply
                if not heard_of:
                    self._tell("llm.first_token", started)
                last_at, limit_s, heard_of = now, self._settings.next_token_s + _GRACE_S, True
            self.report.chars += len(chunk)
            await self._offer(splitter.feed(self._said(self._path.feed(chunk)), now))
        if self.failure is None:
            await self._offer(splitter.feed(self._said(self._path.end()), self._clock.now()) + splitter.end())

    def _said(self, text: str) -> str:
        for signal in self._path.signals:
            self._on_signal(signal)
        self._path.signals.clear()
        return text

    async def _offer(self, clauses: list[Clause]) -> None:
        for clause in clauses:
            await self.clauses.put(clause)

    def _tell(self, kind: LogKind, started: float, **details: JSON) -> None:
        self._log(kind, service=self.report.service, latency_s=round(self._clock.now() - started, 3), **details)


class _Report:
    """What the call has cost."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.chars = 0
        self._named = False
        self.usage: dict[str, JSON] = {}

    def answered(self, delta: llm.ChoiceDelta) -> None:
        """Of several minds behind each other, the one that answers says so with its first words."""
        if not self._named and delta.extra and delta.extra.get("service"):
            self.service = f"LLM {delta.extra['service']}"
        self._named = True

    def count(self, usage: llm.CompletionUsage) -> None:
        self.usage = {
            "prompt_tokens": usage.prompt_tokens,
            "cached_tokens": usage.prompt_cached_tokens,
            "completion_tokens": usage.completion_tokens,
        }
