"""What a show does about its cost: tells it, saves, warns its people, and ends when the budget is used up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from agent.cost.budget import Stage, stage_at
from agent.cost.meter import Meter
from agent.floor.events import SavingBegun, SpeakerId, SpeakerLeft
from agent.notices import Notices
from agent.speakers import AiSpeaker, Table

_EVERY_S = 2.0
_TOLD_EVERY_S = 15.0  # to the log: a power cut loses no more
_LAST_WORDS_S = 20.0  # a show that is to end waits so long for whoever is speaking


class Spending:
    """Looks at the meter every other second.

    Args:
        budget_usd: of the episode; None: none. Personas may have budgets of their own.
        end: ends the show.
    """

    def __init__(
        self,
        meter: Meter,
        *,
        budget_usd: float | None,
        ais: Mapping[SpeakerId, AiSpeaker],
        table: Table,
        notices: Notices,
        end: Callable[[], None],
    ) -> None:
        self._meter = meter
        self._budget_usd = budget_usd
        self._ais = ais
        self._table = table
        self._notices = notices
        self._end = end
        self._stage = Stage.FREE
        self._told_at = float("-inf")
        self._told_usd: float | None = None
        self._unpriced: set[str] = set()
        self.spent: set[SpeakerId] = set()  # AIs that have used up budgets of their own

    @property
    def thrifty(self) -> bool:
        """Money runs short."""
        return self._stage >= Stage.SAVING

    async def run(self) -> None:
        """Until cancelled, or until the budget is used up and the show has been ended."""
        while self._stage is not Stage.SPENT:
            await asyncio.sleep(_EVERY_S)
            self.look()
        until = self._table.clock.now() + _LAST_WORDS_S
        while self._table.clock.now() < until and any(ai.busy for ai in self._ais.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        self._end()

    def look(self) -> None:
        """Once: tell what has changed, and act on the budgets."""
        usd = self._meter.usd
        if usd != self._told_usd and self._table.clock.now() >= self._told_at + _TOLD_EVERY_S:
            self.tell()
        if self._budget_usd is not None:
            reached = stage_at(usd, self._budget_usd)
            for stage in Stage:
                if self._stage < stage <= reached:
                    self._stage = stage
                    self._reach(stage, usd, self._budget_usd)
            self._tell_unpriced()
        for who, ai in self._ais.items():
            own_usd = ai.persona.budget_usd
            # A voice that is on is let finish: the floor would give its place to another at once
            if own_usd is not None and who not in self.spent and self._meter.usd_of(who) >= own_usd and not ai.busy:
                self._dismiss(who, own_usd)

    def tell(self) -> None:
        """What has been spent, to the log and to session.yml."""
        self._told_at, self._told_usd = self._table.clock.now(), self._meter.usd
        self._table.journal.cost(self._told_at, self._told_usd, self._meter.sums())

    def _reach(self, stage: Stage, usd: float, budget_usd: float) -> None:
        at = self._table.clock.now()
        self._table.journal.budget(at, stage, usd=usd, budget_usd=budget_usd)
        spent = f"an estimated ${usd:.2f} of the budget of ${budget_usd:.2f} (BUDGET_USD)"
        if stage is Stage.SAVING:
            self._table.emit(SavingBegun(at=at))
        elif stage is Stage.WARNED:
            self._notices.tell(
                "warning", f"This show has used {spent}. It ends when that is used up.", service="budget"
            )
        elif stage is Stage.SPENT:
            self._notices.tell("error", f"This show has used {spent}. It ends after this turn.", service="budget")

    def _dismiss(self, who: SpeakerId, budget_usd: float) -> None:
        at = self._table.clock.now()
        self.spent.add(who)
        self._table.journal.budget(at, Stage.SPENT, usd=self._meter.usd_of(who), budget_usd=budget_usd, who=who)
        text = f"{self._ais[who].persona.name} has used up its budget and says no more in this show."
        self._notices.tell("warning", text, service="budget")
        self._table.emit(SpeakerLeft(at=at, who=who))

    def _tell_unpriced(self) -> None:
        if missing := [model for model in self._meter.unpriced if model not in self._unpriced]:
            self._unpriced.update(missing)
            text = f"No price is known of {', '.join(missing)}: the budget does not count what it costs."
            self._table.trouble("budget", text)
