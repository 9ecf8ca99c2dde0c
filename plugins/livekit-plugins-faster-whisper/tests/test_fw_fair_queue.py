import pytest
from livekit.plugins.faster_whisper.fair_queue import FairQueue, Full


def drain(queue: FairQueue[str]) -> list[str]:
    taken = []
    while (item := queue.take()) is not None:
        taken.append(item)
    return taken


def filled(*items: tuple[str, str], most: int = 100) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue(max_items=most)
    for item, caller in items:
        queue.put(item, caller=caller)
    return queue


def test_callers_take_turns():
    queue = filled(("a1", "anna"), ("a2", "anna"), ("a3", "anna"), ("b1", "ben"), ("c1", "cy"))
    assert drain(queue) == ["a1", "b1", "c1", "a2", "a3"]


def test_whoever_was_served_stands_at_the_end():
    queue = filled(("a1", "anna"), ("a2", "anna"))
    assert queue.take() == "a1"
    queue.put("b1", caller="ben")
    assert drain(queue) == ["a2", "b1"]


def test_the_bound_holds():
    queue = filled(("a", "anna"), ("b", "ben"), most=2)
    with pytest.raises(Full):
        queue.put("c", caller="cy")
    assert len(queue) == 2


def test_removing_is_by_caller():
    queue = filled(("a", "anna"), ("b", "ben"), ("c", "anna"))
    assert queue.remove(lambda item: item != "c", caller="anna") == ["a"]
    assert len(queue) == 2
    assert drain(queue) == ["c", "b"]
