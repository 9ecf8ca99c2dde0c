"""How a studio ends, and what it says when its server is gone."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest
import yaml

from agent.recording.salvage import salvage
from agent.rehearsal.inspection import inspect_folder
from agent.rehearsal.person import Person
from tests.support.studio import RunningStudio, studio_up

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]


async def _sit(studio: RunningStudio, person: Person) -> Path:
    """Until the show records; its folder."""
    async with asyncio.timeout(60):
        while not person.episode.get("recording"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await asyncio.sleep(2.0)
    return studio.recordings / str(person.episode["slug"])


async def _invitation(studio: RunningStudio) -> dict[str, str]:
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{studio.url}/api/join", json={"name": "Anna"}) as response:
            return dict(await response.json())


async def test_ctrl_c_in_mid_show_leaves_a_sealed_folder(tmp_path: Path) -> None:
    with studio_up(tmp_path) as studio:
        invitation = await _invitation(studio)
        async with Person.join(invitation["url"], invitation["token"]) as anna:
            folder = await _sit(studio, anna)
            code = await asyncio.to_thread(studio.close)
        assert code == 0, studio.said()
        session = yaml.safe_load((folder / "session.yml").read_text())
        assert session["status"] == "sealed"
        assert inspect_folder(folder) == []
        assert studio.get("/health")[0] == 0  # nobody is left


async def test_a_killed_server_is_told_and_comes_back_and_the_show_is_kept(tmp_path: Path) -> None:
    with studio_up(tmp_path) as studio:
        assert studio.get("/health")[0] == 200
        invitation = await _invitation(studio)
        async with Person.join(invitation["url"], invitation["token"]) as anna:
            folder = await _sit(studio, anna)
            (server,) = studio.children("livekit-server")
            os.kill(server, signal.SIGKILL)
            await asyncio.to_thread(studio.wait_until, "/health", 503, within_s=5)
        await asyncio.to_thread(studio.wait_until, "/ready", 200, within_s=60)
        assert await asyncio.to_thread(studio.close) == 0, studio.said()
        assert yaml.safe_load((folder / "session.yml").read_text())["status"] == "sealed"
        assert inspect_folder(folder) == []


async def test_a_killed_show_process_takes_no_other_show_with_it_and_its_own_begins_again(tmp_path: Path) -> None:
    with studio_up(tmp_path) as studio:
        first = await _invitation(studio)
        async with Person.join(first["url"], first["token"]) as anna:
            folder = await _sit(studio, anna)
            before = set(studio.children("multiprocessing.forkserver"))
            second = await _invitation(studio)
            async with Person.join(second["url"], second["token"]) as ben:
                other = await _sit(studio, ben)
                assert other != folder
                recording = [pid for pid in before if _has_open(pid, folder)]
                assert recording
                for pid in recording:
                    os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(2.0)
                assert ben.episode["recording"]
                await ben.command("end_show")
                async with asyncio.timeout(40):
                    await ben.left.wait()
            async with asyncio.timeout(60):
                while anna.episode.get("slug") in (None, folder.name):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            again = await _sit(studio, anna)
            await anna.command("end_show")
            async with asyncio.timeout(40):
                await anna.left.wait()
        assert await asyncio.to_thread(studio.close) == 0, studio.said()
        assert inspect_folder(other) == []
        assert again != folder
        assert inspect_folder(again) == []
        salvage(studio.recordings)
        assert inspect_folder(folder) == [], "what was recorded before"


def _has_open(pid: int, folder: Path) -> bool:
    """Whether a process holds a file of the folder."""
    descriptors = Path(f"/proc/{pid}/fd")
    for descriptor in descriptors.iterdir():
        try:
            if folder in descriptor.readlink().parents:
                return True
        except OSError:
            continue
    return False
