import numpy as np
import pytest
from livekit.plugins.faster_whisper.segment import Change, Segmenter, SegmentRules, windows
from livekit.plugins.faster_whisper.tracker import Segment, Tracker

RULES = SegmentRules(pause_s=0.09, silence_s=0.32, before_s=0.16, cut_after_s=3.2, longest_s=6.4)


def changes(*runs: tuple[float, int]) -> list[tuple[int, Change]]:
    segmenter, found, at = Segmenter(RULES), [], 0
    for probability, count in runs:
        for _ in range(count):
            at += 1
            if (change := segmenter.push(probability)) is not None:
                found.append((at, change))
    return found


def test_a_turn_starts_pauses_and_ends():
    assert changes((0.1, 10), (0.9, 20), (0.1, 20)) == [
        (12, Change.STARTED),
        (33, Change.PAUSED),
        (40, Change.ENDED),
    ]


def test_a_breath_is_a_pause_and_no_end():
    assert [change for _, change in changes((0.9, 20), (0.1, 6), (0.9, 20))] == [
        Change.STARTED,
        Change.PAUSED,
        Change.RESUMED,
    ]


def test_a_click_of_one_window_is_no_voice():
    assert changes((0.1, 5), (0.9, 1), (0.1, 30)) == []


def test_a_voice_that_fades_goes_on_above_the_lower_threshold():
    assert [change for _, change in changes((0.9, 20), (0.4, 20))] == [Change.STARTED]


def test_windows_are_rounded_up():
    assert [windows(s) for s in (0.0, 0.032, 0.033, 0.08)] == [1, 1, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [{"activation": 0.3}, {"pause_s": 1.0}, {"longest_s": 29.0}, {"cut_after_s": 25.5, "longest_s": 25.0}],
)
def test_rules_that_cannot_hold_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=r";"):
        SegmentRules(**wrong)


async def track(*runs: tuple[float, int]) -> list[Segment]:
    """Windows are filled with their own numbers, so that a lost or repeated one shows."""
    tracker, at = Tracker(RULES, max_waiting=100), 0
    for probability, count in runs:
        for _ in range(count):
            await tracker.push(np.full(512, at, np.int16), probability)
            at += 1
    await tracker.close()
    found = []
    while (segment := tracker.segments.get_nowait()) is not None:
        found.append(segment)
    return found


def numbers(segment: Segment) -> list[int]:
    return [int(window[0]) for window in segment.pcm().reshape(-1, 512)]


async def test_a_segment_begins_before_its_voice():
    (segment,) = await track((0.1, 30), (0.9, 20), (0.1, 20))
    assert numbers(segment)[0] == 32 - windows(RULES.before_s)
    assert segment.start_s == pytest.approx(numbers(segment)[0] * 0.032)
    assert segment.end_s == pytest.approx(50 * 0.032)
    assert segment.ended
    assert segment.opens
    assert segment.closes


async def test_a_long_talk_is_cut_at_its_first_pause_after_a_while_and_loses_nothing():
    parts = await track((0.9, 110), (0.1, 4), (0.9, 40), (0.1, 20))
    assert [(part.opens, part.closes) for part in parts] == [(True, False), (False, True)]
    heard = [number for part in parts for number in numbers(part)]
    assert heard == list(range(heard[0], heard[-1] + 1))
    assert numbers(parts[1])[0] == 113


async def test_a_talk_without_any_pause_is_cut_where_it_is_quietest_and_loses_nothing():
    parts = await track((0.9, 450), (0.1, 20))
    assert len(parts) > 1
    assert all(len(part) <= windows(RULES.longest_s) for part in parts)
    heard = [number for part in parts for number in numbers(part)]
    assert heard == list(range(heard[0], heard[-1] + 1))
    assert [part.closes for part in parts] == [False] * (len(parts) - 1) + [True]


async def test_two_turns_are_two_segments():
    first, second = await track((0.9, 20), (0.1, 12), (0.9, 20), (0.1, 20))
    assert first.closes
    assert second.opens
    # The silence that ended the first is the run-up of the second: a soft first sound may lie in it.
    assert numbers(second)[0] <= 32


async def test_flush_ends_the_segment_and_says_whether_there_was_one():
    tracker = Tracker(RULES)
    assert not tracker.flush()
    for _ in range(10):
        await tracker.push(np.zeros(512, np.int16), 0.9)
    assert tracker.flush()
    segment = tracker.segments.get_nowait()
    assert segment is not None
    assert segment.ended
    assert segment.flushed
    assert tracker.flush()  # its text is not out yet
    tracker.done(segment)
    assert not tracker.flush()
