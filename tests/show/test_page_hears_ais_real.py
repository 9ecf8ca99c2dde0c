"""The whole chain from a browser: a page in Chromium, a fake microphone, and both AIs with their real models."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import jiwer
import numpy as np
import pytest
import webvtt
from playwright.async_api import expect

from agent.rehearsal.inspection import inspect_folder
from bench import corpus
from tests.support.sound import decode
from tests.support.studio import RunningStudio
from tests.web.browser import open_browser
from tests.web.visitor import visit

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

# Silence before each: the first is for joining, counted from the moment the green room opens the microphone
SAID = (
    (14.0, "Claude, why do you like to talk with people?"),
    (14.0, "And what does the guest think about that?"),
)
RATE_HZ = corpus.RATE_HZ


def microphone(file: Path) -> Path:
    parts = []
    for silence_s, text in SAID:
        parts += [np.zeros(round(silence_s * RATE_HZ), np.int16), corpus.turn(text, "joe high").pcm]
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.concatenate([*parts, np.zeros(30 * RATE_HZ, np.int16)]).tobytes())
    return file


async def test_a_person_at_a_page_hears_both_ais_and_finds_the_episode(studio: RunningStudio, tmp_path: Path) -> None:
    async with open_browser(microphone(tmp_path / "host.wav")) as browser:
        anna = await visit(browser, studio.url)
        await anna.joins("Anna")
        for who in ("claude", "guest"):
            await anna.sees_state(who, "listening")
        await expect(anna.page.get_by_text("A local stand-in speaks for Claude")).to_be_visible()
        await expect(anna.page.locator(".record.on")).to_be_visible()
        for who in ("claude", "guest"):
            speaking = anna.page.locator(f"{anna.seat(who)}[data-state='speaking']")
            await expect(speaking).to_be_visible(timeout=60_000)
            await anna.hears()
        await anna.page.screenshot(path=tmp_path / "table.png")
        await anna.presses("End show")
        question = anna.page.get_by_role("dialog", name="End the show for everyone?")
        await question.get_by_role("button", name="End show").click()
        await expect(anna.page.get_by_role("heading", name="That was the show")).to_be_visible(timeout=40_000)
        assert anna.complaints == []
    folder = next(path.parent for path in studio.recordings.glob("*/anna.webm"))
    assert inspect_folder(folder) == []
    for who in ("anna", "claude", "guest"):
        assert np.abs(decode(folder / f"{who}.webm", 16_000)).max() > 1000, who
    captions = " ".join(caption.text for caption in webvtt.read(str(folder / "anna.vtt")).captions)
    first = SAID[0][1]
    assert jiwer.wer(_plain(first), " ".join(_plain(captions).split()[: len(first.split())])) < 0.35, captions


def _plain(text: str) -> str:
    return re.sub(r"[^a-z' ]", "", text.lower())
