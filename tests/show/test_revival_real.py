"""A show that died under its people: they see the AIs go, and come back."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
import yaml

from agent.recording.salvage import salvage
from agent.rehearsal.inspection import inspect_folder
from agent.rehearsal.person import Person
from tests.support.studio import RunningStudio

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]


async def _end(person: Person) -> None:
    await person.command("end_show")
    async with asyncio.timeout(40):
        await person.left.wait()


async def test_a_killed_show_process_takes_no_other_show_with_it_and_its_own_begins_again(
    studio: RunningStudio,
) -> None:
    first = await studio.invitation("Anna")
    async with Person.join(first["url"], first["token"]) as anna:
        folder = await studio.recorded(anna)
        before = set(studio.children("multiprocessing.forkserver"))
        second = await studio.invitation("Ben")
        async with Person.join(second["url"], second["token"]) as ben:
            other = await studio.recorded(ben)
            assert other != folder
            recording = [pid for pid in before if _has_open(pid, folder)]
            assert recording
            for pid in recording:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(2.0)
            assert ben.episode["recording"]
            await _end(ben)
        again = await _next_show(studio, anna, folder)
        await _end(anna)
    assert inspect_folder(other) == []
    assert inspect_folder(again) == []
    assert yaml.safe_load((again / "session.yml").read_text())["continues"] == folder.name
    salvage(studio.recordings)
    assert inspect_folder(folder) == [], "what was recorded before"


async def _next_show(studio: RunningStudio, person: Person, but: Path) -> Path:
    async with asyncio.timeout(60):
        while person.episode.get("slug") in (None, but.name):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return await studio.recorded(person)


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
