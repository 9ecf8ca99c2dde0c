"""When a cloud service's line is trusted, and how soon it tries again."""

from __future__ import annotations

from agent.hearing.cloud_ear import Fault
from agent.hearing.standing import LASTING_S, RECONNECT_S, UNCLEAR_TRIES, Standing

HICCUP = Fault("the connection broke")
REFUSED = Fault("the key is refused", lasting=True, known=True)
BUSY = Fault("too many streams", known=True)
UNCLEAR = Fault("something went wrong", unclear=True)


def test_one_break_is_a_hiccup_and_the_second_in_a_row_is_an_outage() -> None:
    line = Standing()
    assert line.break_off(HICCUP) == RECONNECT_S[0]
    assert line.trusted
    line.connected()
    assert line.break_off(HICCUP) == RECONNECT_S[0], "it had worked meanwhile"
    assert line.trusted
    assert line.break_off(HICCUP) == RECONNECT_S[1]
    assert not line.trusted
    assert line.lost.is_set()


def test_it_is_tried_more_and_more_seldom_and_never_given_up() -> None:
    line = Standing()
    waits = [line.break_off(HICCUP) for _ in range(8)]
    assert waits == [*RECONNECT_S, *[RECONNECT_S[-1]] * 3]


def test_what_lasts_is_an_outage_at_once() -> None:
    line = Standing()
    assert line.break_off(REFUSED) == LASTING_S
    assert not line.trusted
    assert line.fault is REFUSED


def test_the_first_reason_that_the_service_gave_is_the_one_that_is_told() -> None:
    line = Standing()
    line.break_off(BUSY)
    line.break_off(HICCUP)
    assert line.fault is BUSY
    line.break_off(REFUSED)
    assert line.fault is REFUSED, "but one that lasts comes first"


def test_a_break_without_a_reason_is_tried_again_for_one() -> None:
    line = Standing()
    assert [line.break_off(UNCLEAR) for _ in range(UNCLEAR_TRIES)] == [RECONNECT_S[0]] * UNCLEAR_TRIES
    assert line.puzzled
    assert line.trusted
    for _ in range(1 + UNCLEAR_TRIES + 1):
        line.break_off(UNCLEAR)
    assert not line.trusted, "there is none, and it goes on breaking"


def test_two_utterances_without_their_words_are_one_too_many() -> None:
    line = Standing()
    assert not line.miss(silent=True)
    assert line.miss(silent=False)
    line.withdraw(HICCUP)
    assert line.miss(silent=True), "of one that is out, and shows no sign of life, one is enough"
    assert not line.miss(silent=False)


def test_words_in_time_bring_it_back_and_nothing_is_held_against_it() -> None:
    line = Standing()
    assert not line.give(), "no news"
    line.break_off(HICCUP)
    line.break_off(HICCUP)
    line.miss(silent=False)
    assert line.give()
    assert line.trusted
    assert line.fault is None
    assert not line.lost.is_set()
    assert not line.miss(silent=False)
    assert line.break_off(HICCUP) == RECONNECT_S[0]
    assert line.trusted
