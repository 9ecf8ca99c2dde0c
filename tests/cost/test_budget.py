"""A budget as it is used up: save, warn, end; and a persona's own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agent.cost.budget import Stage, stage_at
from agent.cost.meter import Meter
from agent.floor import events as ev
from agent.speaking.persona import Persona
from agent.spending import Spending
from tests.support.virtual_time import VirtualClock, run_virtual


@pytest.mark.parametrize(
    ("usd", "stage"),
    [(0.0, Stage.FREE), (0.69, Stage.FREE), (0.7, Stage.SAVING), (0.85, Stage.WARNED), (1.0, Stage.SPENT)],
)
def test_stages(usd: float, stage: Stage) -> None:
    assert stage_at(usd, 1.0) is stage
    assert stage_at(usd * 1e6, None) is Stage.FREE


@dataclass
class Bill:
    """A meter that a test sets."""

    usd: float = 0.0
    by: dict[str, float] = field(default_factory=dict)
    unpriced: tuple[str, ...] = ()

    def usd_of(self, who: str) -> float:
        return self.by.get(who, 0.0)

    def sums(self) -> dict[str, object]:
        return {"usd": self.usd}


class Show:
    """What the spending of a show is told to do."""

    def __init__(self, budget_usd: float | None = 1.0) -> None:
        self.bill = Bill()
        self.clock = VirtualClock()
        self.told: list[str] = []
        self.events: list[ev.Event] = []
        self.ais = {
            "claude": SimpleNamespace(persona=Persona(slug="claude", name="Claude", prompt=""), busy=False),
            "sceptic": SimpleNamespace(
                persona=Persona(slug="sceptic", name="Vera", prompt="", budget_usd=0.2), busy=False
            ),
        }
        journal = SimpleNamespace(
            cost=lambda at, usd, sums: self.told.append(f"cost {usd:g}"),
            budget=lambda at, stage, *, usd, budget_usd, who="": self.told.append(f"budget {stage.name} {who}".strip()),
        )
        table = SimpleNamespace(
            clock=self.clock,
            journal=journal,
            emit=self.events.append,
            trouble=lambda service, text: self.told.append(text),
        )
        notices = SimpleNamespace(tell=lambda severity, text, service: self.told.append(f"{severity}: {text}"))
        self.spending = Spending(
            cast("Meter", self.bill),
            budget_usd=budget_usd,
            ais=cast("Any", self.ais),
            table=cast("Any", table),
            notices=cast("Any", notices),
            end=lambda: self.told.append("end"),
        )


def test_first_it_saves_then_it_warns_then_it_ends_after_the_last_words() -> None:
    async def main() -> None:
        show = Show()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(show.spending.run())
            await asyncio.sleep(3)
            show.bill.usd = 0.75
            await asyncio.sleep(3)
            assert [type(event) for event in show.events] == [ev.SavingBegun]
            assert "budget SAVING" in show.told
            show.bill.usd = 0.9
            await asyncio.sleep(3)
            assert "used an estimated $0.90 of the budget of $1.00" in show.told[-1]
            show.bill.usd = 1.01
            show.ais["claude"].busy = True
            await asyncio.sleep(8)
            assert "ends after this turn" in show.told[-1]
            show.ais["claude"].busy = False
            await asyncio.sleep(1)
            assert show.told[-1] == "end"

    run_virtual(main())


def test_a_voice_that_never_ends_does_not_keep_the_show() -> None:
    async def main() -> None:
        show = Show()
        show.bill.usd = 5.0
        show.ais["claude"].busy = True
        async with asyncio.timeout(30):
            await show.spending.run()
        assert [line for line in show.told if line.startswith("budget")] == [
            "budget SAVING", "budget WARNED", "budget SPENT",
        ]  # fmt: skip
        assert show.told[-1] == "end"

    run_virtual(main())


def test_a_personas_own_budget_sends_it_from_the_table_once_it_is_silent() -> None:
    async def main() -> None:
        show = Show(budget_usd=None)
        show.bill.by["sceptic"] = 0.21
        show.ais["sceptic"].busy = True
        show.spending.look()
        assert show.events == []
        show.ais["sceptic"].busy = False
        show.spending.look()
        show.spending.look()
        assert show.events == [ev.SpeakerLeft(at=show.clock.now(), who="sceptic")]
        assert show.spending.spent == {"sceptic"}
        assert "Vera has used up its budget" in show.told[-1]

    run_virtual(main())


def test_what_a_budget_cannot_count_is_told_once() -> None:
    async def main() -> None:
        show = Show()
        show.bill.unpriced = ("openrouter.ai:some-model",)
        show.spending.look()
        show.spending.look()
        assert [line for line in show.told if "No price is known of openrouter.ai:some-model" in line] == show.told[-1:]

    run_virtual(main())


def test_the_log_is_told_when_something_changed_and_not_all_the_time() -> None:
    async def main() -> None:
        show = Show(budget_usd=None)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(show.spending.run())
            for _ in range(60):
                show.bill.usd += 0.001
                await asyncio.sleep(1)
            await asyncio.sleep(60)
            running.cancel()
        assert 3 <= len(show.told) <= 6

    run_virtual(main())
