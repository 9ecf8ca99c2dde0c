"""Somebody asks, and a chain of minds answers or does not: real plugins, real HTTP, virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from livekit.agents import APIConnectOptions, llm

from agent.errors import ServiceFailed
from agent.notices import Notice
from agent.providers.chain import Chain
from agent.providers.minds import make_mind
from agent.providers.outages import Outages
from agent.recording import log, log_kinds
from agent.settings import MindChoice, ProvidersSettings
from agent.speaking.settings import SpeakingSettings
from tests.support.llm_vendor import Protocol, Say, Scene, Vendor, serving

KEY = "sk-live-0123456789abcdef"
LOCAL_WORDS = "The local model says so."


@dataclass
class Answer:
    text: str = ""
    service: str = ""
    failure: str = ""
    empty: bool = False
    took_s: float = 0.0
    usage: llm.CompletionUsage | None = None


@dataclass
class Desk:
    """
    Attributes:
        cloud, local: the vendors.
        told: what the host was told.
        log: lines for events.jsonl.
    """

    cloud: Vendor
    local: Vendor
    providers: ProvidersSettings
    told: list[Notice] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.outages = Outages(now=self._loop.time, tell=self.told.append, log=self._log)

    def _log(self, kind: str, **fields: Any) -> None:
        self.log.append({"kind": kind, **fields})

    def chain(self, name: str, *choices: str, model: str | None = None) -> Chain:
        """The chain of the persona `name`: `cloud`, `local` or both."""
        provider = self.cloud.protocol
        made = [MindChoice(provider, model) if choice == "cloud" else MindChoice("local") for choice in choices]
        chain = make_mind(
            made,
            self.providers,
            llama_url=self.local.address,
            temperature=0.7,
            next_words_s=SpeakingSettings().next_token_s,
            breakers=self.outages.breakers,
            on_missed=partial(self.outages.missed, name.lower()),
        )
        self.outages.watch(name, chain)
        return chain

    async def ask(self, chain: Chain, *talk: str, instructions: str = "You are the guest.") -> Answer:
        """One reply to the end, or to its failure."""
        context = llm.ChatContext.empty()
        context.add_message(role="system", content=[instructions, llm.CacheBreakpoint()])
        for place, words in enumerate(talk or ("Is that so?",)):
            context.add_message(role="assistant" if place % 2 else "user", content=words)
        answer, began = Answer(), self._loop.time()
        options = APIConnectOptions(timeout=SpeakingSettings().first_token_s)
        try:
            async with chain.chat(chat_ctx=context, conn_options=options) as stream:
                async for chunk in stream:
                    if chunk.delta and chunk.delta.content:
                        answer.text += chunk.delta.content
                        answer.service = answer.service or (chunk.delta.extra or {}).get("service", "")
                    answer.usage = chunk.usage or answer.usage
        except ServiceFailed as error:
            answer.failure, answer.empty = str(error), error.empty
        answer.took_s = self._loop.time() - began
        return answer

    def at(self, address: str) -> ProvidersSettings:
        """The settings with the cloud somewhere else."""
        return settings(self.cloud.protocol, address)

    def now(self) -> float:
        return self._loop.time()

    def limit(self, seconds: float) -> asyncio.Timeout:
        return asyncio.timeout(seconds)

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def problems(self) -> list[str]:
        return [line["problem"] for line in self.log if line["kind"] == "service.missed"]

    def log_entries(self) -> list[log_kinds.LogEntry]:
        """The log as its file has it; what does not fit the schema is of kind "unknown"."""
        return [log.entry(0.0, line["kind"], {k: v for k, v in line.items() if k != "kind"}) for line in self.log]

    def texts(self) -> list[str]:
        return [notice.text for notice in self.told]

    def everything_told(self) -> str:
        """All that people and files get to see."""
        return repr((self.told, self.log, self.outages, self.providers))


@asynccontextmanager
async def desk(
    protocol: Protocol, *scenes: Scene, local: Sequence[Scene] = ((Say(LOCAL_WORDS),),)
) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(serving(Vendor(protocol, scenes)))
        own = await stack.enter_async_context(serving(Vendor("openai", local)))
        yield Desk(cloud, own, settings(protocol, cloud.address))


def settings(protocol: Protocol, address: str) -> ProvidersSettings:
    return ProvidersSettings.model_validate({protocol: {"api_key": KEY, "base_url": address}})
