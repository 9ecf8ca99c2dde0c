"""A whole studio as a newcomer starts it: `studio up` in its own process, on free ports, with a folder of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import aiohttp

from agent.rehearsal.person import Person
from agent.services.ports import free_port
from tests.support.livekit import ROOT, server_binary

_OPEN_S = 240.0  # two cores that also run other tests
_CLOSE_S = 32.0


@dataclass(frozen=True, slots=True)
class RunningStudio:
    """
    Attributes:
        url: of the page.
        recordings: where its episodes are.
        home: its `.studio`.
    """

    url: str
    recordings: Path
    home: Path
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        """Status and JSON of a GET; status 0 when nobody answers."""
        try:
            with urlopen(f"{self.url}{path}", timeout=3) as response:
                return response.status, json.loads(response.read())
        except HTTPError as error:
            return error.code, json.loads(error.read())
        except URLError:
            return 0, {}

    def wait_until(self, path: str, status: int, *, within_s: float) -> float:
        """Until a GET has that status; how long it took, seconds."""
        began = time.monotonic()
        while self.get(path)[0] != status:
            if time.monotonic() - began > within_s:
                raise TimeoutError(f"{path} is {self.get(path)}, not {status}, after {within_s} s\n{self.said()}")
            time.sleep(0.1)
        return time.monotonic() - began

    def children(self, name: str) -> list[int]:
        """Process ids below the studio whose command line has `name` in it."""
        import psutil

        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if name in " ".join(child.cmdline()):
                found.append(child.pid)
        return found

    async def invitation(self, name: str) -> dict[str, str]:
        """`url`, `token` and `room` of a new show's host."""
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{self.url}/api/join", json={"name": name}) as response:
                return dict(await response.json())

    async def recorded(self, person: Person) -> Path:
        """Until the show at this person's table has recorded for two seconds; its folder."""
        async with asyncio.timeout(60):
            while not person.episode.get("recording"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.sleep(2.0)
        return self.recordings / str(person.episode["slug"])

    def close(self) -> int:
        """As Ctrl-C does; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(_CLOSE_S)

    def said(self) -> str:
        """What it printed, and its worker's last lines."""
        texts = [(self.home / "studio.log").read_text(errors="replace")]
        worker = self.home / "logs" / "worker.log"
        if worker.exists():
            texts.append(worker.read_text(errors="replace")[-4000:])
        return "\n".join(texts)


@contextmanager
def studio_up(folder: Path, env: Mapping[str, str] | None = None, *options: str) -> Iterator[RunningStudio]:
    """
    Args:
        folder: for its recordings, keys and logs.
        env: more settings. Keys of providers in this process's environment do not reach it.
        options: of `studio up`.
    """
    home, recordings, port = folder / "studio", folder / "recordings", free_port()
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "livekit-server").symlink_to(server_binary())
    if (ROOT / ".studio" / "models").is_dir():  # joined once, not once a test
        (home / "models").symlink_to(ROOT / ".studio" / "models")
    own = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_API_SECRET", "_URL"))}
    own |= {
        "PORT": str(port),
        "STUDIO_LIVEKIT__PORT": str(free_port()),
        "STUDIO_LIVEKIT__UDP_PORT": str(free_port()),
        "STUDIO_HOME": str(home),
        "STUDIO_RECORDING__FOLDER": str(recordings),
        **(env or {}),
    }
    with (home / "studio.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli", "up", *options],
            cwd=ROOT,
            env=own,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        studio = RunningStudio(f"http://127.0.0.1:{port}", recordings, home, process)
        try:
            studio.wait_until("/ready", 200, within_s=_OPEN_S)
            yield studio
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(_CLOSE_S)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    raise
