"""Frames as they come: jitter, gaps, bursts, backlogs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.hearing.intake import Backlog, Resampler, Tape, Timeline


def test_a_backlog_drops_the_oldest_and_counts_it() -> None:
    backlog = Backlog(limit_s=0.1)
    for number in range(30):
        backlog.push(number * 0.01, np.full(480, number, np.int16))
    assert abs(backlog.waiting_s - 0.1) < 1e-9
    assert abs(backlog.dropped_s - 0.2) < 1e-9
    frame = backlog.pop()
    assert frame is not None
    assert frame[0] == 0.2


def test_jitter_moves_no_sample() -> None:
    timeline, rng = Timeline(), np.random.default_rng(1)
    for number in range(1000):
        timeline.stamp(number * 160, 7.0 + number * 0.01 + rng.uniform(0, 0.03))
    assert abs(timeline.at(160_000) - 17.0) < 0.03


def test_a_drifting_sound_card_is_followed() -> None:
    timeline = Timeline()
    for number in range(360_000):  # an hour at 150 ppm
        timeline.stamp(number * 160, number * 0.01 * (1 + 150e-6))
    assert abs(timeline.at(360_000 * 160) - 3600 * (1 + 150e-6)) < 0.01


def arrivals(*stamps: float) -> Backlog:
    backlog = Backlog(limit_s=10.0)
    for at in stamps:
        backlog.push(at, np.zeros(480, np.int16))
    return backlog


def test_a_frame_is_as_late_as_its_stamp_says() -> None:
    assert abs(arrivals(3.0).late_s(1.0) - 2.0) < 1e-9


def test_a_burst_that_catches_up_is_not_late() -> None:
    stood_still = [1.3 - 0.01] * 30  # all that was said in 0.3 s, at once
    assert abs(arrivals(*stood_still).late_s(1.0)) < 0.011
    assert arrivals(*stood_still[:10]).late_s(1.0) > 0.1, "the rest of it is still on its way"


def test_frames_that_keep_their_distance_are_late_all_of_them() -> None:
    after_a_mute = [4.0 + number * 0.01 for number in range(12)]
    assert abs(arrivals(*after_a_mute).late_s(1.0) - 3.0) < 1e-9


def test_a_burst_moves_the_line_by_little() -> None:
    timeline = Timeline()
    timeline.stamp(0, 1.0)
    for number in range(1, 50):
        timeline.stamp(number * 160, 1.5)
    assert abs(timeline.at(0) - 1.0) < 0.15


def test_both_qualities_put_a_sound_at_the_same_sample() -> None:
    sound = np.zeros(48_000, np.int16)
    sound[24_000:28_800] = (np.sin(2 * np.pi * 440 * np.arange(4800) / 48_000) * 16_000).astype(np.int16)
    resampler = Resampler()
    chunks = [resampler.push(sound[at : at + 480]) for at in range(0, 48_000, 480)]
    quick, clean = (np.concatenate(line) for line in zip(*chunks, strict=True))
    assert len(quick) == 16_000, "the detector waits for nothing"
    assert 16_000 - len(clean) <= 400, "the recogniser's audio is 25 ms late at most"
    assert abs(np.argmax(np.abs(quick) > 500) - np.argmax(np.abs(clean) > 500)) <= 3


@given(st.lists(st.integers(0, 700), max_size=30), st.integers(0, 5000), st.integers(0, 5000))
def test_a_tape_gives_what_was_put_on_it(lengths: list[int], start: int, length: int) -> None:
    tape, everything = Tape(), np.arange(sum(lengths), dtype=np.int16)
    for number, size in enumerate(lengths):
        at = sum(lengths[:number])
        tape.push(everything[at : at + size])
        tape.forget(at - 3000)
    cut = tape.cut(max(start, tape.kept), start + length)
    assert np.array_equal(
        cut, everything[max(start, tape.kept) : max(start + length, max(start, tape.kept))][: len(cut)]
    )
    assert len(cut) == max(0, min(start + length, tape.end) - max(start, tape.kept))


def test_a_tape_can_be_rewritten() -> None:
    tape = Tape()
    tape.push(np.zeros(100, np.int16))
    tape.push(np.zeros(100, np.int16))
    tape.rewrite(150, np.ones(50, np.int16))
    assert np.array_equal(tape.cut(140, 160), np.repeat([0, 1], 10))
    assert tape.end == 200
