"""Services: started in order, noticed when they die, started again, ended without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from agent.errors import StudioError
from agent.services import supervisor
from agent.services.child import Child
from agent.services.supervisor import Service, Stopped, Supervisor

pytestmark = pytest.mark.real  # processes, disks and their time

# Says that it answers by a file, and ends when told to; "deaf" ones do not.
SERVICE = """
import pathlib, signal, sys, time
if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""


class Bench:
    """A supervisor, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.stopping = asyncio.Event()
        self.swept: list[str] = []
        self.supervisor = Supervisor(self.said.append, self.stopping, on_remains_gone=self.swept.append)
        self.starts = 0

    def service(self, name: str, code: str = SERVICE, *words: str, ready_limit_s: float = 60.0) -> Service:
        sign = self.folder / f"{name}.ready"

        def spawn() -> Child:
            self.starts += 1
            sign.unlink(missing_ok=True)
            command = [sys.executable, "-ISc", code, str(sign), *words]
            return Child.spawn(name, command, log=self.folder / f"{name}.log", env=os.environ)

        return Service(name=name, about="a test", spawn=spawn, answers=sign.exists, ready_limit_s=ready_limit_s)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self.supervisor.watch())
            try:
                yield
            finally:
                watch.cancel()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.supervisor.kill()


async def until(true: Callable[[], bool], limit_s: float = 60.0) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_service_that_answers_is_running_and_said_to_be(bench: Bench) -> None:
    await bench.supervisor.start(bench.service("piper"))
    assert bench.supervisor.states == {"piper": "running"}
    assert bench.supervisor.troubles == []
    assert len(bench.said) == 1
    assert bench.said[0].startswith("piper            a test")


async def test_a_service_that_ends_at_once_is_told_with_its_last_words(bench: Bench) -> None:
    with pytest.raises(StudioError, match=r"piper ended \(exit code 1\): no voice here") as caught:
        await bench.supervisor.start(bench.service("piper", "import sys; sys.exit('no voice here')"))
    assert str(bench.folder / "piper.log") in caught.value.fix


async def test_a_service_that_never_answers_is_given_up_and_ended(bench: Bench) -> None:
    mute = bench.service("piper", "import time; time.sleep(60)", ready_limit_s=0.3)
    with pytest.raises(StudioError, match="did not answer"):
        await bench.supervisor.start(mute)
    assert bench.supervisor.pid("piper") is None


async def test_nothing_starts_any_more_once_the_studio_stops(bench: Bench) -> None:
    asyncio.get_running_loop().call_later(0.2, bench.stopping.set)
    with pytest.raises(Stopped):
        await bench.supervisor.start(bench.service("piper", "import time; time.sleep(60)"))
    with pytest.raises(Stopped):
        await bench.supervisor.start(bench.service("llama"))
    assert bench.starts == 1


async def test_a_killed_service_is_noticed_and_runs_again(bench: Bench) -> None:
    await bench.supervisor.start(bench.service("piper"))
    first = bench.supervisor.pid("piper")
    assert first is not None
    async with bench.watching():
        os.kill(first, signal.SIGKILL)
        await until(lambda: "piper is restarting" in bench.supervisor.troubles or bench.starts == 2)
        await until(lambda: bench.supervisor.states["piper"] == "running" and bench.starts == 2)
        assert bench.supervisor.pid("piper") != first
    assert any("piper ended (SIGKILL)" in line for line in bench.said)
    assert bench.said[-1] == "piper runs again"


async def test_a_service_that_keeps_dying_is_started_ever_more_rarely(bench: Bench) -> None:
    dies = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(0.15); sys.exit('again')"
    await bench.supervisor.start(bench.service("piper", dies))
    async with bench.watching():
        await asyncio.sleep(3.2)
    assert 2 <= bench.starts <= 5  # at 0, 0, 0.5 and 1.5 s, not thirty times


async def test_what_a_dead_service_leaves_behind_goes_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_LAST_WORDS_S", 0.5)
    parent = """
import pathlib, subprocess, sys, time
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", deaf])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(60)
"""
    await bench.supervisor.start(bench.service("worker", parent))
    sign = bench.folder / "worker.ready"
    await until(lambda: bool(sign.read_text()))
    grandchild = psutil.Process(int(sign.read_text()))
    pid = bench.supervisor.pid("worker")
    assert pid is not None
    async with bench.watching():
        os.kill(pid, signal.SIGKILL)
        await until(lambda: bench.swept == ["worker"])
    with contextlib.suppress(psutil.NoSuchProcess):
        assert grandchild.status() == psutil.STATUS_ZOMBIE


async def test_stopping_waits_for_the_grace_and_then_kills(bench: Bench) -> None:
    await bench.supervisor.start(bench.service("worker", SERVICE, "deaf"))
    await bench.supervisor.start(bench.service("piper"))
    bench.stopping.set()
    began = time.monotonic()
    await bench.supervisor.stop("worker", grace_s=0.5)
    assert 0.5 <= time.monotonic() - began < 3
    assert "worker did not end within 0.5 s: killed" in bench.said[-1]
    bench.supervisor.kill()
    assert bench.supervisor.states["worker"] == "stopped"
    assert bench.supervisor.pid("worker") is bench.supervisor.pid("piper") is None


async def test_a_service_that_ends_while_stopping_is_not_started_again(bench: Bench) -> None:
    await bench.supervisor.start(bench.service("piper"))
    async with bench.watching():
        bench.stopping.set()
        await bench.supervisor.stop("piper", grace_s=1.0)
        await asyncio.sleep(0.4)
    assert bench.starts == 1
