"""A studio's life with services that only sleep: what starts when, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from agent.errors import StudioError
from agent.services import parts, up
from agent.services.child import Child, tail
from agent.services.ports import free_port
from agent.services.supervisor import Service
from agent.services.up import Studio
from agent.settings import load

pytestmark = pytest.mark.real  # processes, disks and their time

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"
FAILS = "import sys; sys.exit('the model is damaged')"


class House:
    """Settings, and the programs that its services run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.programs = dict.fromkeys(("livekit-server", "llama", "piper", "worker"), SLEEPS)
        self.answering = set(self.programs)
        self.spawned: list[str] = []
        self.children: list[Child] = []
        self.said: list[str] = []
        self.port = free_port()
        environ = {"PORT": str(self.port), "STUDIO_HOME": str(folder), "STUDIO_WORKER__DRAIN_S": "1"}
        self.studio = Studio(load(environ, env_file=None).settings, self.said.append)
        monkeypatch.setattr(up, "find_binary", lambda home: Path("livekit-server"))
        monkeypatch.setattr(parts, "livekit_service", lambda server: self.service("livekit-server"))
        monkeypatch.setattr(parts, "llama_service", lambda settings: (self.service("llama"), "http://127.0.0.1:1/v1"))
        monkeypatch.setattr(parts, "piper_service", lambda settings: (self.service("piper"), "http://127.0.0.1:2"))
        monkeypatch.setattr(
            parts, "worker_service", lambda settings, **_: (self.service("worker"), "http://127.0.0.1:3")
        )

    def service(self, name: str) -> Service:
        def spawn() -> Child:
            self.spawned.append(name)
            command = [sys.executable, "-ISc", self.programs[name]]
            child = Child.spawn(name, command, log=self.folder / f"{name}.log", env=os.environ)
            self.children.append(child)
            return child

        def answers() -> bool:
            return name in self.answering and tail(self.folder / f"{name}.log", 1) == ["up"]

        return Service(name=name, about="", spawn=spawn, answers=answers)

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status, json.loads(response.read())
        except HTTPError as error:
            return error.code, json.loads(error.read())


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    house = House(tmp_path, monkeypatch)
    yield house
    assert all(child.poll() is not None for child in house.children), "a process was left"


async def live(house: House, then: Callable[[], object], *, opened: bool = True) -> None:
    """Run the studio; `then` once it is open, or once the page is there."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(house.studio.run())
        if opened:
            await house.studio.opened.wait()
        else:
            while not any(line.startswith("web") for line in house.said):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.to_thread(then)
        house.studio.close()
        await running


async def test_it_opens_and_closes_and_leaves_nothing(house: House) -> None:
    await live(house, lambda: None)
    assert house.spawned[0] == "livekit-server"
    assert set(house.spawned) == {"livekit-server", "llama", "piper", "worker"}
    said = "\n".join(house.said)
    assert "The studio is open after" in said
    assert f"http://localhost:{house.port}" in said
    assert house.said[-1] == "The studio is closed."


async def test_while_it_opens_it_says_what_it_waits_for(house: House) -> None:
    house.answering.discard("piper")
    answers: list[tuple[int, dict[str, object]]] = []
    await live(house, lambda: answers.append(house.get("/ready")), opened=False)
    ((status, body),) = answers
    assert status == 503
    assert "piper is starting" in str(body["reasons"])
    assert "stopped before it was open" in house.said


async def test_a_service_that_does_not_start_ends_the_start_and_all_others(house: House) -> None:
    house.programs["llama"] = FAILS
    house.answering.discard("llama")
    with pytest.raises(StudioError, match=r"llama ended \(exit code 1\): the model is damaged"):
        await house.studio.run()


async def test_a_worker_that_hangs_is_killed_after_its_time(house: House) -> None:
    house.programs["worker"] = DEAF
    await live(house, lambda: None)
    assert "worker did not end within 3 s: killed" in house.said


async def test_asked_twice_it_ends_at_once(house: House) -> None:
    house.programs["worker"] = DEAF

    def close_twice() -> None:
        asyncio.run_coroutine_threadsafe(_call(house.studio.close), loop).result()

    loop = asyncio.get_running_loop()
    await live(house, close_twice)
    assert "ended at once" in house.said
    assert "worker did not end within 3 s: killed" not in house.said


async def _call(function: Callable[[], None]) -> None:
    function()
