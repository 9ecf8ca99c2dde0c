"""Thinking mode: a persona thinks in silence for half a minute while the others rest, then says what it thought."""

from __future__ import annotations

from dataclasses import replace

from agent.floor.actions import ShowThinking
from agent.floor.agenda import Open, Owed, Reply, Round, Thinking
from agent.floor.events import SpeakerId
from agent.floor.table import Table
from agent.floor.voice import Nobody


def enter(table: Table, who: SpeakerId, reply: Reply, *, then: tuple[SpeakerId, ...] = (), said: bool) -> None:
    """`said`: the persona has announced it in its own words; otherwise a canned sentence does, if the floor is free."""
    table.drop_all()
    until = table.now + table.rules.thinking_s
    table.replies[reply.reply] = reply
    table.thinking = Thinking(who=who, reply=reply.reply, until=until, then=then)
    table.agenda = Open()
    table.do(ShowThinking(who=who, until=until))
    if not said and isinstance(table.voice, Nobody) and not table.speech.blocking():
        table.say(who, "let_me_think")


def settle(table: Table) -> None:
    """When the time is over, the answer is owed like any other: spoken at once if it is ready."""
    thinking = table.thinking
    if thinking is None:
        return
    table.memory.wakes.append(thinking.until)
    free = isinstance(table.voice, Nobody) and isinstance(table.agenda, Open) and table.round is None
    if table.now < thinking.until or not free or table.speech.blocking():
        return
    reply = table.replies[thinking.reply]
    table.replies[reply.reply] = replace(reply, think=False, bid_at=table.now if reply.ready else None)
    table.end_thinking()
    table.agenda = Owed(since=table.now, to=(thinking.who, *thinking.then), reason="think")
    table.round = Round(since=table.now, reason="think", addressed=True, replies=(reply.reply,))
