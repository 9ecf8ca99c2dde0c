"""A talk that is too long for a model, without its oldest part."""

from __future__ import annotations

from livekit.agents import llm

LEFT_OUT = "[The earlier part of the show is left out.]"


def chars(context: llm.ChatContext) -> int:
    """How long the messages are together, characters."""
    return sum(len(message.text_content or "") for message in context.messages())


def shortened(context: llm.ChatContext, limit_chars: int) -> llm.ChatContext:
    """A copy that keeps the system message and as many of the latest messages as fit, the last one always.

    Args:
        limit_chars: of everything that is kept.
    """
    messages = context.messages()
    system = [message for message in messages if message.role == "system"]
    talk = [message for message in messages if message.role != "system"]
    left = limit_chars - sum(len(message.text_content or "") for message in system) - len(LEFT_OUT) - 1
    kept: list[llm.ChatMessage] = []
    for message in reversed(talk):
        left -= len(message.text_content or "")
        if kept and left < 0:
            break
        kept.insert(0, message)
    shorter = llm.ChatContext.empty()
    shorter.items = [*system]
    if len(kept) == len(talk):
        shorter.items += kept
        return shorter
    if kept[0].role == "assistant":
        shorter.add_message(role="user", content=LEFT_OUT)
        shorter.items += kept
    else:
        shorter.add_message(role="user", content=f"{LEFT_OUT}\n{kept[0].text_content}")
        shorter.items += kept[1:]
    return shorter
