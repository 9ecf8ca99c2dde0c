"""A real Chromium with a fake microphone and camera."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright


def chromium() -> str:
    """$ROUNDTABLE_TEST_CHROMIUM, or a Chromium or Chrome on PATH; the test is skipped when there is none."""
    named = os.environ.get("ROUNDTABLE_TEST_CHROMIUM")
    for name in (named, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if name and (found := shutil.which(name)):
            return found
    pytest.skip("no Chromium: install it, or set ROUNDTABLE_TEST_CHROMIUM")


@asynccontextmanager
async def open_browser(microphone: Path) -> AsyncIterator[Browser]:
    """
    Args:
        microphone: a WAV file that plays once from the moment the page opens the microphone. A wrong path is silence,
            and Chromium does not say so: tests assert that something was heard.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}%noloop",
            ],
        )
        try:
            yield browser
        finally:
            await browser.close()
