"""A real Chromium plays and seeks the tracks: sealed ones, and what a killed recorder left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from agent.recording.audio import RATE_HZ
from agent.recording.seal import live_end, seal_track
from agent.recording.webm import LiveWebm
from tests.web.browser import chromium

pytestmark = pytest.mark.real

PLAY = """async () => {
    const audio = new Audio("/track.webm");
    await new Promise((good, bad) => {
        audio.onloadedmetadata = good;
        audio.onerror = () => bad(audio.error.message);
    });
    const duration = audio.duration;
    audio.currentTime = SEEK;
    await new Promise((good, bad) => {
        audio.onseeked = good;
        audio.onerror = () => bad(audio.error.message);
    });
    const at = audio.currentTime;
    await audio.play();
    await new Promise((good, bad) => {
        audio.ontimeupdate = () => { if (audio.currentTime > at + 0.3) good(); };
        audio.onerror = () => bad(audio.error.message);
    });
    return { duration, at };
}"""

DECODE = """async () => {
    const data = await (await fetch("/track.webm")).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(data);
    const samples = sound.getChannelData(0);
    const clicks = [];
    for (let n = 0; n < samples.length; n++)
        if (Math.abs(samples[n]) > 0.25) { clicks.push(n); n += 4800; }
    return { length: samples.length, clicks };
}"""


def track(path: Path, *, sealed: bool) -> None:
    """Twenty seconds with a click at each second, half of them absent."""
    webm = LiveWebm()
    pcm = np.zeros(10 * RATE_HZ, np.int16)
    for second in range(10):
        pcm[second * RATE_HZ : second * RATE_HZ + 48] = 20_000
    clusters = [*webm.add(pcm), *webm.add_silence(7 * RATE_HZ), *webm.add(pcm[: 3 * RATE_HZ])]
    path.write_bytes(b"".join(cluster.data for cluster in clusters))
    if sealed:
        seal_track(path, end=live_end(path), name="Anna", title="Pilot")


@asynccontextmanager
async def page_beside(path: Path) -> AsyncIterator[Page]:
    """A page whose server has the track, and answers requests for a part of it."""
    app = web.Application()

    async def empty(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html>", content_type="text/html")

    async def file(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    app.router.add_get("/", empty)
    app.router.add_get("/track.webm", file)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 17410)
    await site.start()
    flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=flags)
            page = await browser.new_page()
            await page.goto("http://127.0.0.1:17410/")
            yield page
            await browser.close()
    finally:
        await runner.cleanup()


async def test_a_sealed_track_plays_and_can_be_sought(tmp_path: Path) -> None:
    track(tmp_path / "track.webm", sealed=True)
    async with page_beside(tmp_path / "track.webm") as page:
        played = await page.evaluate(PLAY.replace("SEEK", "17.5"))
        assert played["duration"] == pytest.approx(20.0, abs=0.25)
        assert played["at"] == pytest.approx(17.5, abs=0.05)


@pytest.mark.parametrize("sealed", [True, False])
async def test_every_click_is_heard_in_its_place(tmp_path: Path, sealed: bool) -> None:
    track(tmp_path / "track.webm", sealed=sealed)
    async with page_beside(tmp_path / "track.webm") as page:
        heard = await page.evaluate(DECODE)
        expected = [*range(10), 17, 18, 19]
        assert len(heard["clicks"]) == len(expected)
        for sample, second in zip(heard["clicks"], expected, strict=True):
            assert sample / RATE_HZ == pytest.approx(second, abs=0.005)
