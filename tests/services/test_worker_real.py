"""`studio worker` as LiveKit's users know it, on a server that the studio did not start."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from livekit import api

from agent.services.child import tail
from tests.support.livekit import ROOT, LiveKit

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]


async def seated(livekit: LiveKit, room: str) -> set[str]:
    async with livekit.api() as server:
        found = await server.room.list_participants(api.ListParticipantsRequest(room=room))
    return {participant.identity for participant in found.participants if participant.attributes.get("lk.agent.state")}


async def sit_down(livekit: LiveKit, room: str, worker: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(300):
        while await seated(livekit, room) != {"claude", "guest"}:
            assert worker.poll() is None, tail(log, 20)
            await asyncio.sleep(0.5)


def test_connect_holds_a_show_in_a_room_and_seals_it_when_told_to_end(livekit: LiveKit, tmp_path: Path) -> None:
    env = {**os.environ, **livekit.env, "STUDIO_RECORDING__FOLDER": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "agent.cli", "worker", "connect", "--room", "connected"]
    with log.open("wb") as output:
        worker = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        asyncio.run(sit_down(livekit, "connected", worker, log))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0, log.read_text()[-3000:]
    finally:
        worker.kill()
    (session,) = tmp_path.glob("*/session.yml")
    assert yaml.safe_load(session.read_text())["status"] == "sealed"
