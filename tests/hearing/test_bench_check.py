"""What `make bench-check` calls a regression."""

from __future__ import annotations

from bench.hearing import LEAST, LIMITS, regressions


def test_figures_at_their_limits_pass() -> None:
    assert regressions(LIMITS) == []
    assert regressions(LEAST) == []


def test_a_figure_that_is_worse_or_no_number_is_told_with_its_limit() -> None:
    assert regressions({"non-speech": {"false captions": 1.0, "minutes": 10.0}}) == [
        "non-speech: false captions is 1.00, and may be 0 at most"
    ]
    assert len(regressions({"echo": {"real barge-ins caught, %": 94.0, "false barge-ins": float("nan")}})) == 2
