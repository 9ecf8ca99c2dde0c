"""What the bench calls two AIs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pytest

from agent.rehearsal.person import Person
from bench.probe import overlap_s


@dataclass
class Host:
    """Who has heard this."""

    heard: Sequence[tuple[float, str]]

    def voices(self, since: float) -> list[tuple[float, str]]:
        return sorted(moment for moment in self.heard if moment[0] >= since)


def voice(who: str, since: float, until: float) -> list[tuple[float, str]]:
    return [(frame / 100, who) for frame in range(round(since * 100), round(until * 100))]


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        pytest.param(1.98, 0.0, id="one follows the other within 50 ms"),
        pytest.param(2.0, 0.0, id="at once"),
        pytest.param(2.05, 0.0, id="50 ms of both"),
        pytest.param(2.3, 0.3, id="300 ms of both"),
    ],
)
def test_two_voices_at_once_are_two_that_are_heard_at_the_same_time(until: float, seconds: float) -> None:
    host = Host([*voice("claude", 1.0, until), *voice("guest", 2.0, 4.0)])
    assert overlap_s(cast("Person", host)) == pytest.approx(seconds, abs=0.011)


def test_frames_that_were_stamped_a_little_late_do_not_divide_an_overlap() -> None:
    late = [(at + 0.004 * (number % 3), who) for number, (at, who) in enumerate(voice("guest", 2.0, 4.0))]
    host = Host([*voice("claude", 1.0, 2.2), *late])
    assert overlap_s(cast("Person", host)) == pytest.approx(0.2, abs=0.021)
