"""Replies that are prepared at once: whose first clause is synthesised first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agent.floor.actions import Drop, Think
from agent.floor.events import ReplyReady
from agent.speaking.precedence import GRACE_S, LIMIT_S, Precedence
from tests.speaking.fakes import HummingTTS, ScriptedLLM
from tests.speaking.studio import Studio, running
from tests.support.virtual_time import run_virtual

SAID = "Yes, that is right. And it will stay so for a long time, I think."
CLAUSE_S = 4 / 60  # of four words, by the scripted model


class Pair:
    """Two who are asked at the same time, the first one before the second."""

    def __init__(self, first: Studio, second: Studio) -> None:
        self.first, self.second = first, second
        self.asked_at = first.clock.now()
        for studio in (first, second):
            studio.mouth.start(Think(who="claude", reply="r1", reason="answer"))

    async def ready_after(self, studio: Studio) -> float:
        return (await studio.next(ReplyReady)).at - self.asked_at


def together(
    test: Callable[[Pair], Awaitable[None]], *, first_s: float, second_s: float, voice_s: float = 0.12
) -> None:
    """Two personas whose models take `first_s` and `second_s` to their first words."""

    async def main() -> None:
        precedence = Precedence()
        studios = [
            Studio(ScriptedLLM(SAID, first_token_s=wait_s), HummingTTS(delay_s=voice_s), precedence=precedence)
            for wait_s in (first_s, second_s)
        ]
        async with running(studios[0]) as first, running(studios[1]) as second:
            await test(Pair(first, second))

    run_virtual(main())


def test_of_two_that_are_ready_together_the_one_that_was_asked_first_has_the_voices_processor() -> None:
    async def talk(pair: Pair) -> None:
        assert await pair.ready_after(pair.first) == pytest.approx(0.15 + CLAUSE_S + 0.12, abs=0.02)
        assert await pair.ready_after(pair.second) == pytest.approx(0.15 + CLAUSE_S + 2 * 0.12, abs=0.03)

    together(talk, first_s=0.15, second_s=0.15)


def test_also_when_the_other_is_ready_a_moment_sooner() -> None:
    async def talk(pair: Pair) -> None:
        assert await pair.ready_after(pair.first) < await pair.ready_after(pair.second)

    together(talk, first_s=0.15 + GRACE_S / 2, second_s=0.15)


def test_a_slow_model_keeps_nobody_waiting() -> None:
    async def talk(pair: Pair) -> None:
        assert await pair.ready_after(pair.second) == pytest.approx(0.15 + CLAUSE_S + GRACE_S + 0.12, abs=0.02)

    together(talk, first_s=1.5, second_s=0.15)


def test_nor_does_a_slow_voice_for_long() -> None:
    async def talk(pair: Pair) -> None:
        most = 0.15 + CLAUSE_S + GRACE_S + LIMIT_S + 2.0
        assert await pair.ready_after(pair.second) == pytest.approx(most, abs=0.05)

    together(talk, first_s=0.15, second_s=0.15, voice_s=2.0)


def test_whoever_is_dropped_is_not_waited_for() -> None:
    async def talk(pair: Pair) -> None:
        await asyncio.sleep(0.15 + CLAUSE_S + 0.01)
        pair.first.mouth.start(Drop(who="claude", reply="r1"))
        assert await pair.ready_after(pair.second) == pytest.approx(0.15 + CLAUSE_S + GRACE_S + 0.12, abs=0.03)

    together(talk, first_s=0.15, second_s=0.15)


def test_nothing_is_kept_of_what_is_over() -> None:
    async def main() -> None:
        precedence = Precedence()
        async with running(Studio(ScriptedLLM(SAID), HummingTTS(), precedence=precedence)) as studio:
            for number in range(20):
                studio.mouth.start(Think(who="claude", reply=f"r{number}", reason="answer"))
                studio.mouth.start(Drop(who="claude", reply=f"r{number}"))  # before its task has begun
            await asyncio.sleep(0.1)
            newest = precedence.join()
            assert precedence.ahead_of(newest) == []

    run_virtual(main())
