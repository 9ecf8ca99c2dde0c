"""What the page costs a browser that is open for long: memory, frames a second.

    python -m bench.page [--minutes 20] [--slower 4] [--json FILE]

A host in a real Chromium, another one without a page, and two AIs that hum and are captioned, at one table of the real
LiveKit server. Memory is the tab's JavaScript heap, its nodes and its listeners, each after a garbage collection; the
first two minutes are left out, in which caches fill. A frame is what `requestAnimationFrame` calls. A machine without a
graphics processor draws in software: there, and with a processor that is `--slower`, the page has to draw less.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
from livekit import rtc
from playwright.async_api import CDPSession, Page

from agent.room.seat import SAMPLE_RATE_HZ
from tests.support.livekit import LiveKit, running_server
from tests.web.browser import open_browser
from tests.web.table import FRAME, Show, open_studio, seat_ais, voice_wav
from tests.web.visitor import visit

SETTLED_S = 120.0
WORDS = ("The", "first", "clock", "I", "took", "apart", "was", "one", "that", "nobody", "has", "missed", "since.")

_COUNT_FRAMES = """() => new Promise((resolve) => {
    const began = performance.now();
    let frames = 0;
    const next = (now) => {
        frames += 1;
        if (now - began < 5000) requestAnimationFrame(next);
        else resolve((frames / (now - began)) * 1000);
    };
    requestAnimationFrame(next);
})"""


async def _talk(show: Show) -> None:
    """The AIs in turns, caption after caption."""
    for number in count():
        ai, other = (show.claude, show.guest) if number % 2 else (show.guest, show.claude)
        ai.loudness, other.loudness = 0.6, 0.0
        other.seat.show_state("listening")
        for words in range(2, len(WORDS) + 1):
            ai.says(" ".join(WORDS[:words]), segment=f"bench-{number}", final=words == len(WORDS))
            await asyncio.sleep(0.3)


async def _speak(livekit: LiveKit, room_name: str, name: str) -> None:
    """Another host, of whom there is a voice and no page."""
    room = rtc.Room()
    await room.connect(livekit.url, livekit.token(name.lower(), room_name, name=name))
    try:
        source = rtc.AudioSource(SAMPLE_RATE_HZ, 1)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await room.local_participant.publish_track(track, options)
        for at in count(step=FRAME):
            time_s = (at + np.arange(FRAME)) / SAMPLE_RATE_HZ
            talks = np.sin(2 * np.pi * 0.1 * time_s) > 0.5
            tone = np.sin(2 * np.pi * 150 * time_s) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s))
            pcm = (tone * talks * 6000).astype(np.int16)
            await source.capture_frame(rtc.AudioFrame(pcm.tobytes(), SAMPLE_RATE_HZ, 1, FRAME))
    finally:
        await room.disconnect()


async def _memory(session: CDPSession) -> dict[str, float]:
    await session.send("HeapProfiler.collectGarbage")
    found = {metric["name"]: metric["value"] for metric in (await session.send("Performance.getMetrics"))["metrics"]}
    return {
        "heap, MB": found["JSHeapUsedSize"] / 1e6,
        "nodes": found["Nodes"],
        "listeners": found["JSEventListeners"],
    }


async def _watch(page: Page, session: CDPSession, minutes: float) -> tuple[list[dict[str, float]], list[float]]:
    """Memory each half minute, frames a second each minute."""
    memory: list[dict[str, float]] = []
    frames: list[float] = []
    began = time.monotonic()
    for step in _steps(minutes):
        await asyncio.sleep(max(0.0, began + step * 30.0 - time.monotonic()))
        memory.append({"at_s": time.monotonic() - began, **await _memory(session)})
        if step % 2:
            frames.append(float(await page.evaluate(_COUNT_FRAMES)))
        print(f"{memory[-1]['at_s'] / 60:5.1f} min  {memory[-1]['heap, MB']:.2f} MB", file=sys.stderr)
    return memory, frames


def _steps(minutes: float) -> Iterator[int]:
    yield from range(1, round(minutes * 2) + 1)


def growth_an_hour(memory: list[dict[str, float]], what: str) -> float:
    """The slope of a straight line through what came after `SETTLED_S`."""
    kept = [sample for sample in memory if sample["at_s"] >= SETTLED_S]
    if len(kept) < 2:
        return float("nan")
    return float(np.polyfit([sample["at_s"] for sample in kept], [sample[what] for sample in kept], 1)[0]) * 3600


async def bench(minutes: float, slower: float) -> dict[str, float]:
    with running_server() as livekit, tempfile.TemporaryDirectory(prefix="page-") as made:
        folder = Path(made)
        microphone = voice_wav(folder / "voice.wav", seconds=round(minutes * 60) + 120)
        async with open_browser(microphone) as browser, open_studio(livekit, folder) as (address, _):
            anna = await visit(browser, address)
            await anna.joins("Anna")
            async with seat_ais(livekit, anna.room) as show:
                session = await anna.context.new_cdp_session(anna.page)
                await session.send("Performance.enable")
                await session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
                async with asyncio.TaskGroup() as tasks:
                    others = [tasks.create_task(_talk(show)), tasks.create_task(_speak(livekit, anna.room, "Ben"))]
                    memory, frames = await _watch(anna.page, session, minutes)
                    pace = await anna.page.locator("main.table").get_attribute("data-pace")
                    for other in others:
                        other.cancel()
    return {
        "minutes": minutes,
        "heap at the end, MB": memory[-1]["heap, MB"],
        "heap an hour, MB": growth_an_hour(memory, "heap, MB"),
        "nodes an hour": growth_an_hour(memory, "nodes"),
        "listeners an hour": growth_an_hour(memory, "listeners"),
        "frames a second, median": float(np.median(frames)) if frames else float("nan"),
        "frames a second, least": min(frames, default=float("nan")),
        "drawn less, 0 to 3": float(pace or "nan"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0, help="4 at least")
    parser.add_argument("--slower", type=float, default=1.0, metavar="TIMES", help="hold the page's processor back")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    options = parser.parse_args()
    found = asyncio.run(bench(max(4.0, options.minutes), options.slower))
    for what, value in found.items():
        print(f"{what:28s} {value:.2f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
