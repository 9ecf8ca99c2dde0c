"""The real local model behind a chain: it answers, it is stopped in its tracks, it is gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from livekit.agents import APIConnectOptions, llm

from agent.errors import ServiceFailed
from agent.notices import Notice
from agent.providers.chain import Chain
from agent.providers.minds import make_mind
from agent.providers.outages import Outages
from agent.services.llama import command
from agent.services.ports import free_port
from agent.settings import MindChoice, ProvidersSettings

pytestmark = pytest.mark.real


@pytest.fixture
def llama() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    line = command(port=free_port(), model=None, context=512, parallel=1, threads=1)
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["address"]
        finally:
            process.kill()


async def ask(chain: Chain, text: str, *, within_s: float) -> str:
    context = llm.ChatContext.empty()
    context.add_message(role="user", content=text)
    said = ""
    async with chain.chat(chat_ctx=context, conn_options=APIConnectOptions(timeout=within_s)) as stream:
        async for chunk in stream:
            if chunk.delta and chunk.delta.content:
                said += chunk.delta.content
                if len(said) > 40:
                    break
    return said


async def test_it_answers_hangs_and_dies(llama: tuple[subprocess.Popen[bytes], str]) -> None:
    process, address = llama
    told: list[Notice] = []
    clock = [0.0]
    outages = Outages(now=lambda: clock[0], tell=told.append, log=lambda kind, **fields: None)
    chain = make_mind(
        [MindChoice("local")],
        ProvidersSettings(),
        llama_url=address,
        temperature=0.7,
        next_words_s=20.0,
        breakers=outages.breakers,
    )
    outages.watch("Guest", chain)
    assert await ask(chain, "Say hello.", within_s=60)
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(ServiceFailed, match=r"The local model gave no words in 0\.5 s"):
        await ask(chain, "Say hello.", within_s=0.5)
    os.kill(process.pid, signal.SIGCONT)
    clock[0] += 7
    assert await ask(chain, "Say hello.", within_s=60)
    assert [notice.severity for notice in told] == ["error", "info"]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(ServiceFailed, match=f"The local model cannot be reached at {address}"):
        await ask(chain, "Say hello.", within_s=5)
    assert told[-1].text.endswith("check the network and STUDIO_SERVICES__LLAMA_URL. Guest cannot answer until then.")
    await chain.aclose()


async def test_a_talk_beyond_its_context_is_shortened_and_answered(
    llama: tuple[subprocess.Popen[bytes], str],
) -> None:
    _, address = llama
    outages = Outages(now=lambda: 0.0, tell=lambda notice: None, log=lambda kind, **fields: None)
    chain = make_mind(
        [MindChoice("local")],
        ProvidersSettings(),
        llama_url=address,
        temperature=0.7,
        next_words_s=20.0,
        breakers=outages.breakers,
    )
    context = llm.ChatContext.empty()
    for number in range(61):
        role: llm.ChatRole = "assistant" if number % 2 else "user"
        context.add_message(role=role, content=f"This is number {number} of many turns in a long talk.")
    said = ""
    async with chain.chat(chat_ctx=context, conn_options=APIConnectOptions(timeout=60)) as stream:
        async for chunk in stream:
            if chunk.delta and chunk.delta.content:
                said += chunk.delta.content
                break
    assert said
    assert chain.minds[0].fits_chars is not None
    await chain.aclose()
