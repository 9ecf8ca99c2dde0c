"""How a studio ends, and what it says when its server is gone."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
import yaml

from agent.rehearsal.inspection import inspect_folder
from agent.rehearsal.person import Person
from tests.support.studio import studio_up

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]


async def test_ctrl_c_in_mid_show_leaves_a_sealed_folder(tmp_path: Path) -> None:
    with studio_up(tmp_path) as studio:
        invitation = await studio.invitation("Anna")
        async with Person.join(invitation["url"], invitation["token"]) as anna:
            folder = await studio.recorded(anna)
            code = await asyncio.to_thread(studio.close)
        assert code == 0, studio.said()
        session = yaml.safe_load((folder / "session.yml").read_text())
        assert session["status"] == "sealed"
        assert inspect_folder(folder) == []
        assert studio.get("/health")[0] == 0  # nobody is left


async def test_a_killed_server_is_told_and_comes_back_and_the_show_is_kept(tmp_path: Path) -> None:
    with studio_up(tmp_path) as studio:
        assert studio.get("/health")[0] == 200
        invitation = await studio.invitation("Anna")
        async with Person.join(invitation["url"], invitation["token"]) as anna:
            folder = await studio.recorded(anna)
            (server,) = studio.children("livekit-server")
            os.kill(server, signal.SIGKILL)
            await asyncio.to_thread(studio.wait_until, "/health", 503, within_s=5)
        await asyncio.to_thread(studio.wait_until, "/ready", 200, within_s=60)
        assert await asyncio.to_thread(studio.close) == 0, studio.said()
        assert yaml.safe_load((folder / "session.yml").read_text())["status"] == "sealed"
        assert inspect_folder(folder) == []
