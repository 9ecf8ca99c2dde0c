"""Frames come late, in bursts, with holes and from wrong clocks: each sample lies where it belongs all the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.recording.audio import RATE_HZ, Int16
from agent.recording.placement import IDLE_LAG_S, Placer

FRAME = 480
FRAME_S = 0.01


class Stream:
    """A microphone whose every sample says when it was taken, and the track that became of it."""

    def __init__(self, *, exact: bool = False) -> None:
        self.placer = Placer(exact=exact)
        self.track: list[Int16] = []

    def say(self, start: float, end: float, *, late: float = 0.0) -> Stream:
        """Frames taken from `start` to `end`, each `late` by so much."""
        for n in range(round((end - start) / FRAME_S)):
            self.frame(start + n * FRAME_S, late=late)
        return self

    def frame(self, taken_at: float, *, late: float = 0.0) -> None:
        self.placer.put(taken_at + late, coded(round(taken_at * RATE_HZ), FRAME))

    def until(self, now: float) -> Int16:
        """Everything on the track, when it is `now`."""
        self.placer.advance(now)
        for stretch in self.placer.take():
            self.track.append(np.zeros(stretch, np.int16) if isinstance(stretch, int) else stretch)
        return np.concatenate(self.track) if self.track else np.zeros(0, np.int16)

    def finished(self) -> Int16:
        self.placer.finish()
        return self.until(0.0)


def coded(first: int, count: int) -> Int16:
    """Samples that tell their place: never zero, never quiet."""
    return (100 + (first + np.arange(count)) % 30_000).astype(np.int16)


def misplaced_by(track: Int16) -> Int16:
    """For each sample that is sound: how many samples from its place it lies."""
    places = np.flatnonzero(track)
    shift = (places - (track[places].astype(np.int64) - 100)) % 30_000
    return np.where(shift > 15_000, shift - 30_000, shift).astype(np.int16)


def test_a_punctual_stream_is_kept_bit_for_bit() -> None:
    track = Stream().say(0.0, 5.0).finished()
    assert np.array_equal(track, coded(0, 5 * RATE_HZ))


def test_a_stream_that_begins_later_has_silence_before_it() -> None:
    track = Stream().say(2.5, 3.0).finished()
    assert not track[: round(2.5 * RATE_HZ)].any()
    assert not misplaced_by(track).any()


def test_jitter_moves_nothing() -> None:
    stream, random = Stream(), np.random.default_rng(1)
    for n in range(1000):
        stream.frame(n * FRAME_S, late=0.0 if n % 10 == 0 else float(random.exponential(0.008)))
    assert np.array_equal(stream.finished(), coded(0, 10 * RATE_HZ))


def test_a_stall_and_the_burst_after_it_move_nothing() -> None:
    stream = Stream().say(0.0, 3.0)
    for n in range(200):  # two seconds at once, as after a blocked event loop
        stream.frame(3.0 + n * FRAME_S, late=2.0 - n * FRAME_S)
    stream.say(5.0, 6.0)
    assert np.array_equal(stream.finished(), coded(0, 6 * RATE_HZ))


@pytest.mark.parametrize("hole", [0.01, 0.02, 0.05, 0.137, 0.5, 1.7, 3.9, 18.0])
def test_missing_samples_are_silence_in_their_place(hole: float) -> None:
    track = Stream().say(0.0, 5.0).say(5.0 + hole, 8.0 + hole).finished()
    assert np.count_nonzero(track) == 8 * RATE_HZ
    assert not misplaced_by(track).any()


def test_what_overlaps_is_cut_off_the_newcomer() -> None:
    stream = Stream().say(0.0, 3.0).say(2.9, 4.0)
    track = stream.finished()
    assert len(track) == 4 * RATE_HZ
    assert not misplaced_by(track).any()
    assert stream.placer.report().dropped_ms == pytest.approx(100.0)
    assert stream.placer.report().late_frames == 10


def test_leaving_and_returning_is_silence_that_is_written_as_it_goes() -> None:
    stream = Stream().say(0.0, 2.0)
    assert len(stream.until(4.0)) < 2.1 * RATE_HZ  # the stream may only be stalled
    assert len(stream.until(60.0)) == pytest.approx((60.0 - IDLE_LAG_S) * RATE_HZ, abs=1)
    track = stream.say(61.0, 62.0).finished()
    assert np.count_nonzero(track) == 3 * RATE_HZ
    assert not misplaced_by(track).any()
    assert stream.placer.report().streams == 2


def test_a_speaker_who_never_came_is_silence_up_to_a_second_ago() -> None:
    track = Stream().until(100.0)
    assert len(track) == round((100.0 - IDLE_LAG_S) * RATE_HZ)
    assert not track.any()


def test_a_short_word_does_not_wait_for_what_follows() -> None:
    stream = Stream().say(1.0, 1.1)
    assert np.count_nonzero(stream.until(1.5)) == round(0.1 * RATE_HZ) - 16  # the resampler's right neighbours


@pytest.mark.parametrize("ppm", [-200.0, -50.0, 50.0, 200.0])
def test_a_wrong_clock_is_followed(ppm: float) -> None:
    placer, random = Placer(), np.random.default_rng(2)
    rate = RATE_HZ * (1 + ppm * 1e-6)
    worst = 0.0
    for n in range(6000):  # a minute
        taken_at = n * FRAME / rate
        before = placer._head
        placer.put(taken_at + random.exponential(0.002), np.full(FRAME, 1000, np.int16))
        if not placer._held:
            worst = max(worst, abs((placer._head - FRAME) / RATE_HZ - taken_at) if placer._head > before else 0.0)
    assert worst < 0.0025
    assert placer.report().drift_ppm == pytest.approx(ppm, abs=20)
    assert placer.report().stretched_ms == pytest.approx(-ppm * 60e-3, abs=2.5)


def test_a_voice_of_ours_is_never_resampled() -> None:
    stream = Stream(exact=True)
    for n in range(3000):
        stream.frame(n * FRAME_S, late=n * FRAME_S * 1e-4)
    track = stream.finished()
    assert np.array_equal(track[np.flatnonzero(track)], coded(0, 30 * RATE_HZ))


def test_a_wrong_clock_is_put_right_in_the_pauses() -> None:
    placer = Placer(exact=True)
    for n in range(6000):
        pcm = np.full(FRAME, 1000 if n % 500 < 400 else 3, np.int16)
        placer.put(n * FRAME_S * (1 + 200e-6), pcm)
    assert placer.report().inserted_ms == pytest.approx(200e-6 * 60e3, abs=2.0)


def test_frames_of_no_time_are_refused_and_counted() -> None:
    placer = Placer()
    placer.put(float("nan"), np.ones(FRAME, np.int16))
    placer.put(float("inf"), np.ones(FRAME, np.int16))
    placer.put(0.0, np.ones(0, np.int16))
    placer.finish()
    assert placer.take() == []
    assert placer.report().refused_frames == 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1.0, 30.0), st.integers(0, 2000), st.sampled_from(["put", "advance"])),
        max_size=60,
    )
)
def test_whatever_comes_the_track_only_grows_and_is_as_long_as_it_says(moves: list[tuple[float, int, str]]) -> None:
    placer, length = Placer(), 0
    for at, count, move in moves:
        if move == "put":
            placer.put(at, np.full(count, 500, np.int16))
        else:
            placer.advance(at)
        for stretch in placer.take():
            added = stretch if isinstance(stretch, int) else len(stretch)
            assert added > 0
            length += added
        assert length == placer.end
    placer.finish()
    length += sum(s if isinstance(s, int) else len(s) for s in placer.take())
    assert length == placer.end
