"""Circuit breakers, as a service goes and comes back."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.providers.breaker import Breaker, Breakers, Change

OUT, BACK = "out", "back"


@dataclass
class World:
    at: float = 0.0
    told: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breakers = Breakers(now=lambda: self.at, on_change=self.told.append)
        self.breaker = self.breakers.get("groq", "Groq")

    def asks(self, lasts_s: float | None = None, *, fails: bool = True) -> bool:
        """Whether somebody may ask; what comes of it is told."""
        attempt = self.breaker.begin()
        if attempt is None:
            return False
        if fails:
            attempt.failed("Groq is out", kind="key", lasts_s=lasts_s)
        else:
            attempt.succeeded()
        return True


def test_what_lasts_is_not_asked_again_until_its_time_has_passed() -> None:
    world = World()
    assert world.asks(10)
    assert not world.asks(10)
    world.at = 9.9
    assert not world.asks(10)
    world.at = 10.0
    assert world.asks(fails=False)
    assert [change.what for change in world.told] == [OUT, BACK]
    assert world.told[0].retry_s == 10
    assert world.told[1].outage.since == 0


def test_each_trial_that_fails_doubles_the_time_and_is_not_told() -> None:
    world = World()
    waits = []
    for _ in range(7):
        assert world.asks(10)
        waits.append(world.breaker.retry_s)
        world.at += world.breaker.retry_s
    assert waits == [10, 20, 40, 80, 160, 300, 300]
    assert len(world.told) == 1


def test_one_trial_at_a_time_and_one_that_is_dropped_gives_its_place_back() -> None:
    world = World()
    world.asks(10)
    world.at = 10
    trial = world.breaker.begin()
    assert trial is not None
    assert trial.trial
    assert world.breaker.begin() is None
    trial.abandoned()
    assert world.breaker.begin() is not None


def test_what_may_pass_opens_it_the_second_time_in_a_row() -> None:
    world = World()
    assert world.asks()
    assert world.asks(fails=False)
    assert world.asks()
    assert world.told == []
    assert world.asks()
    assert not world.asks()
    assert [change.what for change in world.told] == [OUT]


def test_those_who_were_on_their_way_add_nothing_to_an_outage_and_may_end_it() -> None:
    world = World()
    first, second, third = (world.breaker.begin() for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    first.failed("Groq is out", kind="silent", lasts_s=10)
    second.failed("Groq is out", kind="silent", lasts_s=10)
    assert world.breaker.retry_s == 10
    third.succeeded()
    assert [change.what for change in world.told] == [OUT, BACK]
    assert world.breaker.admits


def test_an_account_has_one_and_reasons_that_were_told_are_known() -> None:
    world = World()
    assert world.breakers.get("groq", "Groq") is world.breaker
    assert isinstance(world.breakers.get("together", "Together.ai"), Breaker)
    assert not world.breakers.have_told("Groq is out")
    world.asks(10)
    assert world.breakers.have_told("Groq is out")
    assert world.breakers.have_told("Groq is out; ")
    assert not world.breakers.have_told("Groq is out; Together.ai broke off")
    assert not world.breakers.have_told("Together.ai broke off")
