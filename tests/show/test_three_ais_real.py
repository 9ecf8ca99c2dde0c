"""Claude and two guests at one table: three minds, three voices, three tracks, on the real server and local models."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import yaml

from agent.rehearsal.inspection import inspect_folder
from agent.rehearsal.person import Person
from agent.speaking.canned import LINES
from tests.support.sound import decode
from tests.support.studio import RunningStudio, studio_up

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

AIS = ("claude", "guest", "sceptic")


async def test_three_ais_sit_at_the_table_and_each_is_on_a_track_of_its_own(tmp_path: Path) -> None:
    with studio_up(tmp_path, {"GUESTS": "guest,sceptic"}) as studio:
        folder = await _show(studio)
    session: dict[str, Any] = yaml.safe_load((folder / "session.yml").read_text())
    assert [one["id"] for one in session["speakers"] if one["role"] == "ai"] == list(AIS)
    assert len(set(map(str, session["voices"].values()))) == 3
    assert inspect_folder(folder) == []
    tracks = {who: decode(folder / f"{who}.webm", 48_000) for who in AIS}
    assert all(np.abs(pcm).max() > 1000 for pcm in tracks.values())
    voiced = [np.abs(pcm[: min(map(len, tracks.values()))].astype(np.int32)) > 300 for pcm in tracks.values()]
    assert (np.sum(voiced, axis=0) > 1).mean() < 0.001, "two AIs at once"
    assert all(_said_of_its_own(folder / f"{who}.vtt") for who in AIS)


async def _show(studio: RunningStudio) -> Path:
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{studio.url}/api/join", json={"name": "Anna", "title": "Three"}) as response:
            invitation = await response.json()
    async with Person.join(invitation["url"], invitation["token"]) as person:
        async with asyncio.timeout(60):
            while not (person.episode and set(AIS) <= set(person.room.remote_participants)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        seen = person.room.remote_participants
        assert seen["sceptic"].attributes["roundtable.colour"] == "#c084fc"
        assert all(seen[who].track_publications for who in AIS)
        slug = person.episode["slug"]
        for who in AIS:
            await _ask(person, who, studio.recordings / str(slug) / f"{who}.vtt")
            await person.wait_for_quiet(1.0, limit_s=15)
        assert {who for _, who in person.voices(0.0)} == set(AIS)
        await person.command("end_show")
        async with asyncio.timeout(40):
            await person.left.wait()
    return studio.recordings / str(slug)


async def _ask(person: Person, who: str, captions: Path) -> None:
    """Press its button until it has said something of its own: on a busy machine a mind may take too long."""
    async with asyncio.timeout(120):
        while not _said_of_its_own(captions):
            await person.command("ask", who)
            for _ in range(60):
                await asyncio.sleep(0.25)
                if _said_of_its_own(captions):
                    break


def _said_of_its_own(captions: Path) -> bool:
    if not captions.exists():
        return False
    said = " ".join(line for line in captions.read_text().splitlines()[1:] if "-->" not in line)
    for line in LINES.values():
        said = said.replace(line, "")
    return any(character.isalpha() for character in said)
