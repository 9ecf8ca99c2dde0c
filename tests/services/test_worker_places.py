"""How many shows a worker takes."""

from __future__ import annotations

from agent.worker import Places


def test_two_shows_that_come_at_once_are_both_taken_and_a_third_is_not() -> None:
    places = Places(2, running=set)
    assert places.take("a", 0.0)
    assert places.take("b", 0.0)
    assert not places.take("c", 0.0)


def test_a_show_that_has_begun_is_not_counted_twice() -> None:
    running = {"a"}
    places = Places(2, running=lambda: running)
    assert places.take("a", 0.0)
    assert places.take("b", 0.1)
    assert not places.take("c", 0.2)
    running.clear()  # "a" has ended
    assert places.take("c", 1.0)


def test_a_place_for_a_job_that_went_elsewhere_is_free_again() -> None:
    places = Places(1, running=set)
    assert places.take("a", 0.0)
    assert not places.take("b", 10.0)
    assert places.take("b", 40.0)
