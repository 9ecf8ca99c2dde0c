"""The episodes' page in a real Chromium, with an episode of the real recorder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.web.recorded import LENGTH_S
from tests.web.visitor import Visitor, visit

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

TIMES = "[...document.querySelectorAll('audio')].map((audio) => audio.currentTime)"
MUTED = "[...document.querySelectorAll('audio')].map((audio) => audio.muted)"


@pytest_asyncio.fixture(loop_scope="module")
async def editor(browser: Browser, studio_address: str) -> AsyncIterator[Visitor]:
    visitor = await visit(browser, studio_address)
    yield visitor
    await visitor.context.close()
    assert visitor.complaints == []


async def opens_the_episode(editor: Visitor) -> None:
    await editor.opens("/episodes")
    await editor.page.get_by_role("link", name="Can a machine be curious?").click()
    await expect(editor.page.get_by_role("heading", name="Can a machine be curious?")).to_be_visible()


async def test_an_episode_plays_with_all_tracks_together(editor: Visitor) -> None:
    await opens_the_episode(editor)
    await editor.presses("Play")
    await expect(editor.page.get_by_role("button", name="Pause")).to_be_visible(timeout=10_000)
    await asyncio.sleep(3)
    times = await editor.page.evaluate(TIMES)
    assert len(times) == 3
    assert min(times) > 1.0
    assert max(times) - min(times) < 0.06
    await editor.page.locator("body").press(" ")
    await expect(editor.page.get_by_role("button", name="Play")).to_be_visible()
    stopped = await editor.page.evaluate(TIMES)
    await asyncio.sleep(0.3)
    assert await editor.page.evaluate(TIMES) == stopped


async def test_captions_lead_the_player_and_follow_it(editor: Visitor) -> None:
    await opens_the_episode(editor)
    words = editor.page.get_by_role("region", name="Captions")
    await words.get_by_role("button", name="Novelty is not enough").click()
    await expect(editor.page.locator(".clock")).to_have_text("0:12 / 0:30")
    assert all(abs(time - 12) < 0.1 for time in await editor.page.evaluate(TIMES))
    await expect(words.locator("[aria-current]")).to_contain_text("Novelty is not enough")


async def test_a_chapter_is_one_press_away(editor: Visitor) -> None:
    await opens_the_episode(editor)
    await editor.page.get_by_role("list", name="Chapters").get_by_role("button", name="Surprise").click()
    await expect(editor.page.locator(".clock")).to_contain_text("0:19 /")


async def test_lanes_can_be_muted_and_heard_alone(editor: Visitor) -> None:
    await opens_the_episode(editor)
    await editor.presses("Mute Claude")
    assert await editor.page.evaluate(MUTED) == [False, True, False]
    await editor.presses("Solo Ada")
    assert await editor.page.evaluate(MUTED) == [True, True, False]
    await editor.presses("Solo Ada")
    await editor.presses("Mute Claude")
    assert await editor.page.evaluate(MUTED) == [False, False, False]


async def test_a_lane_shows_when_its_speaker_spoke_and_a_press_goes_there(editor: Visitor) -> None:
    await opens_the_episode(editor)
    wave = editor.page.locator(".lane .wave").nth(1)
    await editor.page.wait_for_timeout(500)
    painted = await wave.locator("canvas").evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const inColumn = (share) => {
                let lit = 0;
                const x = Math.round(canvas.width * share);
                for (let dx = 0; dx < 6; dx++)
                    for (let y = 0; y < canvas.height; y++) lit += data[4 * (y * canvas.width + x + dx) + 3] > 200;
                return lit;
            };
            return [inColumn(8 / 30), inColumn(15 / 30)];
        }"""
    )
    assert painted[0] > 40 > painted[1]
    box = await wave.bounding_box()
    assert box is not None
    await editor.page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 10)
    await expect(editor.page.locator(".clock")).to_contain_text(f"0:{LENGTH_S / 2:.0f} /")


async def test_everything_can_be_taken_along(editor: Visitor, tmp_path: Path) -> None:
    await opens_the_episode(editor)
    for link, name in (("claude.webm", "curious-claude.webm"), ("Everything", "curious.zip")):
        async with editor.page.expect_download() as started:
            await editor.page.get_by_role("link", name=link).click()
        download = await started.value
        assert download.suggested_filename == name
        await download.save_as(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 10_000


async def test_the_answers_times_are_told_in_a_sentence_and_drawn(editor: Visitor) -> None:
    await opens_the_episode(editor)
    plot = editor.page.get_by_role("img", name="Half of the 3 answers began within 1.0 s")
    await expect(plot.locator("circle")).to_have_count(3)


async def test_an_episode_that_is_not_there_is_said(editor: Visitor) -> None:
    await editor.opens("/episodes?e=nothing")
    await expect(editor.page.get_by_role("alert")).to_contain_text("There is no such episode.")
