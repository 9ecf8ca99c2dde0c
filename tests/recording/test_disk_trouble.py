"""A full, read-only or slow disk: the show goes on, people are told, and what was written stays good."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from agent.clock import EpisodeClock
from agent.recording import Track, salvage
from agent.recording.audio import RATE_HZ
from agent.recording.log import read_log
from agent.recording.session import read_session
from tests.recording.media import (
    BadDisk,
    Host,
    ToldTime,
    decoded,
    open_everything,
    open_recorder,
    speak,
    speech,
)

pytestmark = pytest.mark.real  # processes, disks and their time

FRAME = speech(0.01)


@asynccontextmanager
async def talking(track: Track, clock: EpisodeClock) -> AsyncIterator[float]:
    """Somebody speaks in real time, without a pause; gives when they began."""
    begin = clock.now()

    async def speak_on() -> None:
        for n in count():
            track.write(begin + n / 100, FRAME)
            await asyncio.sleep(max(0.0, begin + n / 100 - clock.now()))

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(speak_on())
        yield begin
        task.cancel()


def unbroken(sound: npt.NDArray[np.float32], start_s: float, end_s: float) -> bool:
    """Whether there is sound in each 10 ms."""
    part = np.abs(sound[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)])
    return bool(part[: len(part) // 480 * 480].reshape(-1, 480).max(axis=1).min() > 0.01)


async def until(condition: object, *, within_s: float = 10.0) -> None:
    """Wait for what another thread does."""
    assert callable(condition)
    for _ in range(round(within_s / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never happened")


async def test_a_disk_that_fills_up_and_is_freed_costs_nothing(tmp_path: Path) -> None:
    disk, host, clock = BadDisk(), Host(), EpisodeClock()
    recorder = await open_recorder(tmp_path, clock=clock, disk=disk, host=host)
    anna = recorder.track("anna", name="Anna", role="human")
    async with talking(anna, clock) as begin:
        await asyncio.sleep(0.8)
        disk.room_bytes = 700
        await until(lambda: host.heard("error", "space"))
        open_everything(recorder.folder)
        await asyncio.sleep(0.5)
        disk.room_bytes = None
        await until(lambda: host.heard("info", "Nothing was lost"))
    end = clock.now()
    sealed = await recorder.seal(reason="over")
    assert (sealed.status, sealed.problems) == ("sealed", ())
    assert unbroken(decoded(sealed.folder / "anna.webm"), begin + 0.05, end - 0.1)
    troubles = [entry for entry in read_log(sealed.folder / "events.jsonl") if entry.kind == "recording.trouble"]
    assert [entry.severity for entry in troubles] == ["error", "info"]


async def test_a_disk_that_stays_full_leaves_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.recording.closing.LAST_CHANCE_S", 0.1)
    disk, host, clock = BadDisk(), Host(), EpisodeClock()
    recorder = await open_recorder(tmp_path, clock=clock, disk=disk, host=host)
    anna = recorder.track("anna", name="Anna", role="human")
    async with talking(anna, clock):
        await until(lambda: anna.level_dbfs() > -40)
        disk.room_bytes = 0
        await until(lambda: host.heard("error", "space"))
    sealed = await recorder.seal(reason="over")
    assert sealed.status == "recording"
    assert any("did not reach the disk" in problem for problem in sealed.problems)
    open_everything(recorder.folder)
    (salvaged,) = salvage(tmp_path)
    assert salvaged.status == "salvaged"
    assert np.abs(decoded(salvaged.folder / "anna.webm")).max() > 0.05


async def test_a_root_that_cannot_be_written_is_told_at_once_and_used_when_it_can(tmp_path: Path) -> None:
    disk, host, clock = BadDisk(), Host(), EpisodeClock()
    disk.read_only = True
    recorder = await open_recorder(tmp_path / "recordings", clock=clock, disk=disk, host=host)
    await asyncio.sleep(0)
    assert host.heard("error", "Read-only")
    anna = recorder.track("anna", name="Anna", role="human")
    async with talking(anna, clock) as begin:
        await asyncio.sleep(1.0)
        assert anna.level_dbfs() == -120.0, "nothing is recorded, and the meter says so"
        disk.read_only = False
        await until(lambda: host.heard("info", "written again"))
    sealed = await recorder.seal(reason="over")
    assert sealed.status == "sealed"
    assert sealed.folder == tmp_path / "recordings" / "pilot"
    assert unbroken(decoded(sealed.folder / "anna.webm"), begin + 0.05, begin + 0.9)


async def test_a_root_that_can_never_be_written_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.recording.closing.LAST_CHANCE_S", 0.1)
    in_the_way = tmp_path / "recordings"
    in_the_way.write_text("a file")
    host = Host()
    recorder = await open_recorder(in_the_way, clock=EpisodeClock(), host=host)
    sealed = await recorder.seal(reason="over")
    assert sealed.status == "recording"
    assert "nothing could be written" in sealed.problems[0]
    assert host.heard("error", str(in_the_way))


async def test_a_disk_that_stalls_for_two_seconds_costs_nothing_and_blocks_nobody(tmp_path: Path) -> None:
    disk, host, clock = BadDisk(), Host(), EpisodeClock()
    recorder = await open_recorder(tmp_path, clock=clock, disk=disk, host=host)
    anna = recorder.track("anna", name="Anna", role="human")
    async with talking(anna, clock) as begin:
        await asyncio.sleep(0.5)
        disk.stall_s = 2.3
        called = time.perf_counter()
        recorder.event(clock.now(), "chapter", text="x")
        anna.level_dbfs()
        assert time.perf_counter() - called < 0.5
        await until(lambda: host.heard("warning", "slow"))
        disk.stall_s = 0.0
        await until(lambda: host.heard("info", "keeps up"))
    end = clock.now()
    sealed = await recorder.seal(reason="over")
    assert sealed.problems == ()
    assert unbroken(decoded(sealed.folder / "anna.webm"), begin + 0.05, end - 0.1)


async def test_memory_has_an_end_and_it_is_said_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.recording.recorder._TRACK_LIMIT_BYTES", 8000)
    disk, host, clock = BadDisk(), Host(), EpisodeClock()
    recorder = await open_recorder(tmp_path, clock=clock, disk=disk, host=host)
    anna = recorder.track("anna", name="Anna", role="human")
    async with talking(anna, clock) as begin:
        await until(lambda: anna.level_dbfs() > -40)
        disk.room_bytes = 0
        await until(lambda: host.heard("error", "loses audio"))
        await asyncio.sleep(0.5)
        disk.room_bytes = None
        await until(lambda: host.heard("info", "were lost and are silent"))
        again = clock.now()
        await asyncio.sleep(0.8)
    sealed = await recorder.seal(reason="over")
    assert sealed.status == "sealed"
    sound = decoded(sealed.folder / "anna.webm")
    assert unbroken(sound, again + 0.1, again + 0.7), "what came later is in its place"
    assert not unbroken(sound, begin, again), "what was lost is silent"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KB; only root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root; the fake disk tests the same")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_really_full_file_system(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.recording.closing.LAST_CHANCE_S", 0.1)
    host, clock = Host(), ToldTime()
    recorder = await open_recorder(small_disk, clock=clock, host=host)
    speak(recorder, clock, 40.0)  # some 480 KB
    await until(lambda: host.heard("error", "space"))
    open_everything(recorder.folder)
    sealed = await recorder.seal(reason="over")
    assert sealed.status == "recording"
    open_everything(recorder.folder)
    assert len(decoded(recorder.folder / "anna.webm")) / RATE_HZ > 10


def test_a_limit_on_file_sizes_is_a_full_disk_too(tmp_path: Path) -> None:
    script = """
        import asyncio, resource, sys
        from pathlib import Path
        from tests.recording.media import Host, ToldTime, open_recorder, speak

        async def show() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
            host, clock = Host(), ToldTime()
            recorder = await open_recorder(Path(sys.argv[1]), clock=clock, host=host)
            speak(recorder, clock, 20.0)
            while not host.heard("error", "large"):
                await asyncio.sleep(0.05)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            sealed = await recorder.seal(reason="over")
            print(sealed.status, sealed.problems)

        asyncio.run(show())
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "sealed ()\n"
    assert len(decoded(tmp_path / "pilot" / "anna.webm")) / RATE_HZ > 19.9
    document = read_session(tmp_path / "pilot")
    assert document is not None
    assert document["status"] == "sealed"
