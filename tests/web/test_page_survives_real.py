"""The page outlives the LiveKit server, and loads fast enough to be waited for."""

from __future__ import annotations

import asyncio
import gzip
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from agent.services.livekit_server import Address, Keys
from agent.services.ports import free_port
from agent.web.site import BUILT_PAGE
from tests.support.livekit import running_server
from tests.web.table import eventually, open_studio, seat_ais
from tests.web.visitor import visit

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

FIRST_LOAD_BYTES = 200_000


async def test_a_killed_server_is_said_and_its_return_brings_everybody_back(browser: Browser, tmp_path: Path) -> None:
    keys = Keys("APIsurvivor", "a-secret-of-more-than-32-characters!")
    address = Address(port=free_port(), udp_port=free_port())
    with running_server(keys=keys, address=address) as first:
        async with open_studio(first, tmp_path) as (url, _):
            anna = await visit(browser, url)
            await anna.joins("Anna")
            first.process.kill()
            await expect(anna.page.locator(".notices")).to_contain_text(re.compile("Reconnecting|connection is lost"))
            await asyncio.sleep(2)
            with running_server(keys=keys, address=address) as second:
                table = anna.page.locator("main.table")
                await expect(table).to_have_attribute("data-connection", "connected", timeout=60_000)
                async with seat_ais(second, anna.room) as show:
                    await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=15)
                    await anna.sees_state("claude", "listening")
            await anna.context.close()


async def test_the_first_load_is_small_enough_for_a_phone_on_the_road() -> None:
    for page in ("index.html", "episodes.html"):
        text = (BUILT_PAGE / page).read_text()
        named = re.findall(r'(?:src|href)="/(assets/[^"]+)"', text)
        assert named
        size = len(gzip.compress(text.encode())) + sum(
            len(gzip.compress((BUILT_PAGE / name).read_bytes())) for name in named
        )
        assert size <= FIRST_LOAD_BYTES, f"{page} is {size} bytes"
