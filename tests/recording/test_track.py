"""Is it recording? What the light on the page is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agent.recording.audio import Int16
from agent.recording.folder import Shelf
from agent.recording.track import FALLEN_BEHIND_S, Role, Track
from agent.recording.track_writer import TrackWriter
from tests.recording.media import BadDisk, ToldTime

FRAME = np.full(480, 3277, np.int16)  # -20 dBFS


class Desk:
    """A track without a thread: what is written is on disk after each `round`."""

    def __init__(self, root: Path, role: Role) -> None:
        self.clock, self.disk = ToldTime(), BadDisk()
        shelf = Shelf(root, "show", self.disk)
        self.writer = TrackWriter("a.webm", shelf, limit_bytes=1 << 20, exact=False, now=self.clock.now)

        def submit(writer: TrackWriter, at: float, pcm: Int16) -> None:
            writer.put(at, pcm)

        self.track = Track("anna", "Anna", role, "a", self.writer, submit)

    def speak(self, start: float, end: float) -> None:
        for n in range(round(start * 100), round(end * 100)):
            self.clock.time_s = (n + 1) / 100
            self.track.write(n / 100, FRAME)
        self.round()

    def round(self) -> None:
        self.writer.advance(self.clock.time_s)
        self.writer.encode()
        self.writer.flush()


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[Role], Desk]:
    return lambda role: Desk(tmp_path, role)


def test_the_level_is_that_of_what_reached_the_disk(desk: Callable[[Role], Desk]) -> None:
    d = desk("human")
    d.speak(0.0, 2.0)
    assert d.track.level_dbfs() == pytest.approx(-20.0, abs=0.1)


def test_when_nothing_reaches_the_disk_the_level_falls_to_nothing(desk: Callable[[Role], Desk]) -> None:
    d = desk("human")
    d.speak(0.0, 2.0)
    d.disk.room_bytes = 0
    for until in (3.0, 4.0, 5.0):
        with pytest.raises(OSError, match="space"):
            d.speak(until - 1.0, until)
    assert d.track.level_dbfs() == -120.0
    assert d.track.behind_s(5.0) == pytest.approx(2.0)


def test_a_microphone_that_stalls_is_flagged_within_three_seconds(desk: Callable[[Role], Desk]) -> None:
    d = desk("human")
    d.speak(0.0, 5.0)
    assert d.track.behind_s(5.0) == pytest.approx(0.0, abs=0.02)
    assert d.track.behind_s(8.0) > FALLEN_BEHIND_S
    d.speak(23.0, 24.0)  # 18 s later it goes on
    assert d.track.behind_s(24.0) == pytest.approx(0.0, abs=0.02)


def test_a_stream_whose_own_time_stamps_hide_the_stall_is_flagged_too(desk: Callable[[Role], Desk]) -> None:
    d = desk("human")
    d.speak(0.0, 5.0)
    d.clock.time_s = 23.0
    d.track.write(5.0, FRAME)  # as if nothing had happened
    assert d.track.behind_s(23.0) > FALLEN_BEHIND_S


def test_who_has_muted_or_left_is_not_behind(desk: Callable[[Role], Desk]) -> None:
    d = desk("human")
    d.speak(0.0, 5.0)
    d.track.rest()
    d.track.write(5.0, FRAME)  # it was under way
    assert d.track.behind_s(60.0) == 0.0
    d.speak(60.0, 61.0)
    assert d.track.behind_s(64.0) > FALLEN_BEHIND_S


def test_an_ai_that_says_nothing_is_not_behind(desk: Callable[[Role], Desk]) -> None:
    d = desk("ai")
    d.speak(0.0, 5.0)
    assert d.track.behind_s(60.0) == 0.0


def test_who_never_came_is_not_behind(desk: Callable[[Role], Desk]) -> None:
    assert desk("human").track.behind_s(100.0) == 0.0
