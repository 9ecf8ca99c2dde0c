"""Interjection: personas listen while another speaks, and one may break in at the end of a clause, now and then."""

from __future__ import annotations

from dataclasses import replace

from agent.floor.agenda import Invited, Reply, Round
from agent.floor.table import Table
from agent.floor.voice import Turn


def clause_ended(table: Table, turn: Turn) -> None:
    """The one moment at which a voice may be cut by another."""
    if turn.line is not None or not _allowed(table):
        return
    asking = _asking(table)
    if asking is not None:
        table.tally.interjected_at = table.now
        table.stop("interjection", by=asking.who)
        return
    if turn.began is None or table.now < turn.began + table.rules.listen_after_s:
        return
    for who in table.seats.personas:
        listened_at = table.tally.listened_at.get(who)
        rested = listened_at is None or table.now >= listened_at + table.rules.listen_every_s
        busy = any(reply.who == who for reply in table.replies.values())
        if who != turn.who and rested and not busy:
            table.tally.listened_at[who] = table.now
            table.think(who, "listen")


def take_over(table: Table, turn: Turn) -> bool:
    """After `turn`, whoever wanted to break in speaks; the other listeners are let go."""
    asking = _asking(table)
    if asking is None or table.tally.ai_turns >= table.rules.max_ai_turns or turn.then:
        table.drop_listening()
        return False
    table.replies[asking.reply] = replace(asking, reason="follow_up")
    table.drop_listening()
    table.agenda = Invited(since=table.now, after=turn.who)
    table.round = Round(since=table.now, reason="follow_up", addressed=True, replies=(asking.reply,))
    return True


def _asking(table: Table) -> Reply | None:
    return next(
        (r for r in table.replies.values() if r.reason == "listen" and r.interject and r.ready),
        None,
    )


def _allowed(table: Table) -> bool:
    rules, last = table.rules, table.tally.interjected_at
    return (
        rules.interject
        and table.thinking is None
        and table.tally.ai_turns < rules.max_ai_turns
        and (last is None or table.now >= last + rules.interject_every_s)
    )
