"""Old turns to a short text, when nobody is waiting for an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from livekit.agents import APIConnectOptions, llm

from agent.errors import raise_if_cancelled
from agent.speaking.conversation import Conversation, Summarise

log = logging.getLogger(__name__)

_TASK = (
    "Below is the earlier part of a live podcast, perhaps after a summary of what was before it. Sum it all up for the "
    "speakers in at most 200 words of plain text: who holds which view, facts and names that were mentioned, promises "
    "and open questions, running jokes. Attribute everything to its speaker. Invent nothing."
)
_LIMIT_S = 60.0


def summariser(model: llm.LLM[Any]) -> Summarise:
    """A `Summarise` that asks `model`."""

    async def summarise(transcript: str) -> str:
        context = llm.ChatContext.empty()
        context.add_message(role="system", content=_TASK)
        context.add_message(role="user", content=transcript)
        parts: list[str] = []
        async with asyncio.timeout(_LIMIT_S):
            async with model.chat(chat_ctx=context, conn_options=APIConnectOptions(max_retry=1)) as stream:
                async for chunk in stream:
                    if chunk.delta and chunk.delta.content:
                        parts.append(chunk.delta.content)
        return "".join(parts)

    return summarise


async def condense_when_idle(
    conversation: Conversation, summarise: Summarise, *, idle: Callable[[], bool], every_s: float = 5.0
) -> None:
    """Until cancelled: keep the talk within its budget by summaries, made while `idle()` holds.

    When a summary fails, the talk goes on without it; the oldest turns are dropped when the budget is full.
    """
    while True:
        await asyncio.sleep(every_s)
        if not idle():
            continue
        try:
            await conversation.condense(summarise)
        except Exception as error:  # whatever the vendor's library raises; the show goes on
            raise_if_cancelled()
            log.warning("the talk could not be summarised: %s", error)
            await asyncio.sleep(60.0)
