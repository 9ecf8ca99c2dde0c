"""A show that died, by an error or with its worker, begins again: real LiveKit, shows that do nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from livekit import api

from agent.rehearsal.person import Person
from agent.room import served
from tests.support.livekit import ROOT, LiveKit

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

WORKER = """
import asyncio, os
from livekit.agents import AgentServer, JobContext
from livekit.agents.cli import cli, proto
from agent.plan import JobMetadata
from agent.room import served
from agent.services import revival
from agent.settings import load

served.ON_ITS_WAY_S = 3.0  # no models
revival._LOOKS, revival._LOOK_S = 60, 1.0
server = AgentServer(host="127.0.0.1", port=0, num_idle_processes=1, load_fnc=lambda: 0.0)

async def show(ctx: JobContext) -> None:
    await ctx.connect()
    revived = bool(ctx.job.metadata) and JobMetadata.model_validate_json(ctx.job.metadata).revived
    await ctx.room.local_participant.set_attributes({"show": "the second" if revived else "the first"})
    if revived or os.environ["ENDS"] == "never":
        return
    await asyncio.sleep(1.0)
    if os.environ["ENDS"] == "by an error":
        revival.exit_as_failed()
    ctx.shutdown(os.environ["ENDS"])

server.rtc_session(show, agent_name="revivable")
revival.revive_shows(server, load().settings, agent_name="revivable")
if __name__ == "__main__":
    cli._run_worker(server, proto.CliArgs(log_level="DEBUG", dev=False))
"""


class Table:
    """A room with a person in it, to which a show was called."""

    def __init__(self, server: api.LiveKitAPI, room: str) -> None:
        self._server, self._room = server, room

    async def open(self) -> None:
        dispatch = api.CreateAgentDispatchRequest(agent_name="revivable", room=self._room)
        await self._server.agent_dispatch.create_dispatch(dispatch)

    async def show(self, *, within_s: float, but: str = "") -> str:
        """What the agent in the room calls itself, other than `but`; "" when there is none in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    found = await self._server.room.list_participants(api.ListParticipantsRequest(room=self._room))
                    for participant in found.participants:
                        if (show := participant.attributes.get("show", but)) != but:
                            return show
                    await asyncio.sleep(0.1)
        return ""


@asynccontextmanager
async def table(livekit: LiveKit, room: str) -> AsyncIterator[Table]:
    async with livekit.api() as server, Person.join(livekit.url, livekit.token("anna", room)):
        yield Table(server, room)


@contextmanager
def worker(livekit: LiveKit, folder: Path, *, ends: str) -> Iterator[subprocess.Popen[bytes]]:
    """One that has registered, and whose shows end like this."""
    script, log = folder / "worker.py", folder / "worker.log"
    script.write_text(WORKER)
    env = {**os.environ, **livekit.env, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "ENDS": ends}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, script], cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while b"registered worker" not in log.read_bytes():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """With its shows; one that has ended is let be."""
    if process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait(30)


@pytest.mark.parametrize(("ends", "within_s", "then"), [("by an error", 30, "the second"), ("by its host", 6, "")])
async def test_a_show_begins_again_that_an_error_ended_and_not_one_that_was_over(
    livekit: LiveKit, tmp_path: Path, ends: str, within_s: float, then: str
) -> None:
    with worker(livekit, tmp_path, ends=ends):
        async with table(livekit, ends.replace(" ", "-")) as ours:
            await ours.open()
            assert await ours.show(within_s=30) == "the first"
            assert await ours.show(within_s=within_s, but="the first") == then


async def test_the_next_worker_takes_up_what_was_left_by_one_that_died(livekit: LiveKit, tmp_path: Path) -> None:
    async with table(livekit, "orphaned") as ours:
        with worker(livekit, tmp_path, ends="never") as first:
            await ours.open()
            assert await ours.show(within_s=30) == "the first"
            kill(first)
        with worker(livekit, tmp_path, ends="never"):
            assert await ours.show(within_s=90, but="the first") == "the second"


async def test_an_agent_that_never_came_is_not_waited_for_for_ever(
    livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with livekit.api() as server:
        dispatch = api.CreateAgentDispatchRequest(agent_name="nobody", room="nobody-serves")
        await server.agent_dispatch.create_dispatch(dispatch)
        assert await served.is_served(server, "nobody-serves", "nobody"), "it may be on its way"
        monkeypatch.setattr(served, "ON_ITS_WAY_S", 0.0)
        assert not await served.is_served(server, "nobody-serves", "nobody")
