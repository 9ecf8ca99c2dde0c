"""One browser and one studio for all tests of a module; a table of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from agent.web.site import BUILT_PAGE
from tests.support.livekit import LiveKit
from tests.web.browser import open_browser
from tests.web.recorded import record_episode
from tests.web.table import open_studio, voice_wav

BRIEFING = """---
title: Can a machine be curious?
guest:
  name: Ada
  persona: You doubt it, and you say so with examples.
tone: curious, warm and plain
must_cover:
  - What children do when nobody rewards them
  - Whether novelty is enough
---
Children take clocks apart.
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    # Chromium plays it once for as long as any page has the microphone open: longer than a module's tests take
    wav = voice_wav(tmp_path_factory.mktemp("microphone") / "voice.wav", seconds=900)
    async with open_browser(wav) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio_address(livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The web server with the page as it is built."""
    if not (BUILT_PAGE / "index.html").is_file():
        pytest.fail("the page is not built: run 'make web'")
    folder: Path = tmp_path_factory.mktemp("studio")
    (folder / "briefings").mkdir()
    (folder / "briefings" / "curious.md").write_text(BRIEFING)
    (folder / "recordings").mkdir()
    await record_episode(folder / "recordings")
    async with open_studio(livekit, folder) as (address, _):
        yield address
