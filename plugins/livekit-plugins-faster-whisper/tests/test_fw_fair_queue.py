import pytest
from livekit.plugins.faster_whisper.fair_queue import FairQueue, Full

FAST, INTERIM, RECORD = 0, 1, 2
ALL = (FAST, INTERIM, RECORD)


def drain(queue: FairQueue[str]) -> list[str]:
    taken = []
    while (item := queue.take(ALL)) is not None:
        taken.append(item)
    return taken


def filled(*items: tuple[str, int, str], most: int = 100) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue(max_items=most)
    for item, priority, caller in items:
        queue.put(item, priority=priority, caller=caller)
    return queue


def test_what_is_answered_goes_before_captions_and_captions_before_the_record():
    queue = filled(("record", RECORD, "anna"), ("interim", INTERIM, "anna"), ("fast", FAST, "ben"))
    assert drain(queue) == ["fast", "interim", "record"]


def test_callers_take_turns():
    queue = filled(
        ("a1", FAST, "anna"), ("a2", FAST, "anna"), ("a3", FAST, "anna"), ("b1", FAST, "ben"), ("c1", FAST, "cy")
    )
    assert drain(queue) == ["a1", "b1", "c1", "a2", "a3"]


def test_whoever_was_served_stands_at_the_end():
    queue = filled(("a1", FAST, "anna"), ("a2", FAST, "anna"))
    assert queue.take(ALL) == "a1"
    queue.put("b1", priority=FAST, caller="ben")
    assert drain(queue) == ["a2", "b1"]


def test_a_lane_takes_only_its_own():
    queue = filled(("record", RECORD, "anna"))
    assert queue.take((FAST, INTERIM)) is None
    assert queue.take((RECORD,)) == "record"


def test_the_bound_holds():
    queue = filled(("a", FAST, "anna"), ("b", FAST, "ben"), most=2)
    with pytest.raises(Full):
        queue.put("c", priority=FAST, caller="cy")
    assert len(queue) == 2


def test_the_least_important_makes_room_and_the_greediest_first():
    queue = filled(("a1", RECORD, "anna"), ("b1", RECORD, "ben"), ("b2", RECORD, "ben"), ("i", INTERIM, "cy"))
    assert queue.newest_of_lowest(below=FAST) == "b2"
    assert queue.newest_of_lowest(below=RECORD) is None
    assert len(queue) == 3


def test_removing_is_by_priority_and_caller():
    queue = filled(("a", INTERIM, "anna"), ("b", INTERIM, "ben"), ("c", FAST, "anna"))
    assert queue.remove(lambda _: True, priority=INTERIM, caller="anna") == ["a"]
    assert queue.waiting(INTERIM) == 1
    assert drain(queue) == ["c", "b"]
