"""What is done when nobody waits for an answer: the briefing's points are ticked off, a long talk is summarised."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from agent.engines import Engines
from agent.plan import Plan
from agent.providers.chain import Chain
from agent.settings import COHOST
from agent.speakers import AiSpeaker, Table
from agent.speaking.coverage import Coverage, Point, Watch, WordJudge, mind_judge, watch_when_idle
from agent.speaking.summary import condense_when_idle, summariser


class BetweenTurns:
    """One show's idle work. It has the co-host's mind to ask, unless that is the small local one."""

    def __init__(
        self,
        plan: Plan,
        *,
        engines: Engines,
        table: Table,
        ais: Mapping[str, AiSpeaker],
        thrifty: Callable[[], bool],
    ) -> None:
        """Args:
        thrifty: whether what can be left undone is to be left, for its cost.
        """
        self._plan = plan
        self._engines = engines
        self._table = table
        self._ais = ais
        self._thrifty = thrifty
        points = plan.briefing.must_cover if plan.briefing else ()
        self._coverage = Coverage(points, on_covered=self._covered)
        table.journal.points(self._coverage.points)

    async def run(self) -> None:
        """Until cancelled, or until there is nothing to do in this show."""
        mind = self._mind()
        async with asyncio.TaskGroup() as tasks:
            if self._coverage.points:
                tasks.create_task(self._watch_points(mind), name="points")
            if mind:
                condensing = condense_when_idle(self._table.conversation, summariser(mind), idle=self._idle)
                tasks.create_task(condensing, name="summary")

    async def _watch_points(self, mind: Chain | None) -> None:
        watch = Watch(
            self._coverage,
            self._table.conversation,
            words=WordJudge(self._engines.settings.providers.language),
            judge=mind_judge(mind) if mind else None,
            now=self._table.clock.now,
            thrifty=self._thrifty,
        )
        await watch_when_idle(watch, idle=self._idle)

    def _mind(self) -> Chain | None:
        if self._engines.is_local(COHOST):
            return None
        mind = self._engines.mind(self._plan.personas[0], outages=self._table.outages)
        self._table.meter.follow(mind, "")
        return mind

    def _idle(self) -> bool:
        return not any(ai.busy for ai in self._ais.values())

    def _covered(self, place: int, point: Point) -> None:
        self._table.journal.covered(place, point)
        self._table.journal.points(self._coverage.points)
