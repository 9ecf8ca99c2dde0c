"""The page for everyone: axe-core finds nothing, everything works by keyboard, motion can be refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.support.livekit import ROOT, LiveKit
from tests.web.table import Show, eventually, seat_ais
from tests.web.visitor import Visitor, visit

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run(document, { runOnly: tags });
    return violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${help} at ${target}: ${failureSummary}`));
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: run 'make web'")
    return AXE.read_text(encoding="utf-8")


async def violations(page: Page, axe: str) -> list[str]:
    await page.wait_for_timeout(400)  # what fades in is measured when it is there
    await page.evaluate(axe)
    found: list[str] = await page.evaluate(RUN)
    return found


@pytest_asyncio.fixture(loop_scope="module", params=[1280, 360], ids=["desktop", "phone"])
async def reader(browser: Browser, studio_address: str, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    visitor = await visit(browser, studio_address, width=request.param, height=800)
    yield visitor
    await visitor.context.close()
    assert visitor.complaints == []


def talk(show: Show) -> None:
    show.claude.says("A child takes a clock apart.", segment="one")
    show.guest.says("And nobody pays her for it.", segment="two", final=False)


async def test_green_room_and_episodes_have_no_barrier(reader: Visitor, axe: str) -> None:
    await reader.opens()
    await expect(reader.page.get_by_label("Briefing")).to_be_visible()
    assert await violations(reader.page, axe) == []
    await reader.opens("/episodes")
    await expect(reader.page.locator(".card")).to_be_visible()
    assert await violations(reader.page, axe) == []
    await reader.page.locator(".card").click()
    await expect(reader.page.get_by_role("button", name="Play")).to_be_visible()
    assert await violations(reader.page, axe) == []


async def test_the_table_has_no_barrier_in_any_of_its_states(reader: Visitor, axe: str, livekit: LiveKit) -> None:
    await reader.joins("Anna")
    assert await violations(reader.page, axe) == []
    async with seat_ais(livekit, reader.room) as show:
        await reader.sees_state("guest", "listening")
        talk(show)
        await show.notice("warning", "The answer is late.")
        await expect(reader.page.locator(".captions p")).to_have_count(2)
        assert await violations(reader.page, axe) == []
        more = reader.page.get_by_role("button", name="More")
        if await more.is_visible():
            await more.click()
            assert await violations(reader.page, axe) == []
        await reader.presses("Transcript")
        assert await violations(reader.page, axe) == []
        await reader.presses("Close the transcript")
        for opener in ("Devices", "Keys and help (?)"):
            await reader.presses(opener)
            assert await violations(reader.page, axe) == []
            await reader.page.keyboard.press("Escape")
        show.started(10)
        show.episode(thinking={"who": "claude", "until": 100.0})
        await expect(reader.page.get_by_role("timer")).to_be_visible()
        assert await violations(reader.page, axe) == []
    if await more.is_visible():
        await more.click()
    await reader.presses("Leave")
    await expect(reader.page.get_by_role("heading", name="You have left the table")).to_be_visible()
    assert await violations(reader.page, axe) == []


async def test_one_can_join_mute_ask_and_end_with_the_keyboard_alone(
    browser: Browser, studio_address: str, livekit: LiveKit
) -> None:
    keys = await visit(browser, studio_address)
    press = keys.page.keyboard.press
    await keys.opens()

    async def tab_to(name: str) -> None:
        for _ in range(40):
            await press("Tab")
            focused = await keys.page.evaluate(
                """(() => {
                    const focused = document.activeElement;
                    if (focused === document.body) return "";  // nothing yet, and all of the page's words
                    return (focused.labels?.[0] ?? focused).innerText || focused.ariaLabel || "";
                })()"""
            )
            if name in focused:
                # Seen, though not in the same instant on a busy machine
                await expect(keys.page.locator(":focus")).not_to_have_css("outline-style", "none")
                return
        raise AssertionError(f"{name} cannot be reached")

    await tab_to("Your name")
    await keys.page.keyboard.type("Anna")
    await tab_to("I agree to be recorded")
    await press(" ")
    await tab_to("Join the table")
    await press("Enter")
    await expect(keys.page.locator("main.table")).to_be_visible(timeout=10_000)
    async with seat_ais(livekit, keys.room) as show:
        await keys.sees_state("guest", "listening")
        await tab_to("Mute")
        await press("Enter")
        await keys.sees_state("anna", "muted")
        await tab_to("Ask Ada")
        await press(" ")  # a key of its own elsewhere; on a button it presses the button
        await eventually(lambda: len(show.commands) == 1, within_s=3)
        assert show.commands[0][1].target == "guest"
        await keys.sees_state("anna", "muted")
        await tab_to("End show")
        await press("Enter")
        await expect(keys.page.get_by_role("dialog")).to_be_visible()
        await press("Escape")
        await expect(keys.page.get_by_role("dialog")).to_have_count(0)
        assert len(show.commands) == 1
    await keys.context.close()
    assert keys.complaints == []


async def test_captions_are_announced_as_sentences_and_not_more_than_can_be_read(
    browser: Browser, studio_address: str, livekit: LiveKit
) -> None:
    listener = await visit(browser, studio_address)
    await listener.joins("Anna")
    async with seat_ais(livekit, listener.room) as show:
        await listener.sees_state("claude", "listening")
        log = listener.page.get_by_role("log", name="Captions")
        await expect(log).to_have_attribute("aria-live", "polite")
        await listener.page.evaluate(
            "new MutationObserver((changes) => { window.changes = (window.changes ?? 0) + changes.length; })"
            ".observe(document.querySelector('[role=log]'), { childList: true })"
        )
        for n in range(20):
            show.claude.says(f"Word by word, {n}", segment="one", final=False)
            await asyncio.sleep(0.05)
        for n in range(6):
            show.claude.says(f"Sentence {n}.", segment=f"s{n}")
            await asyncio.sleep(0.05)
        await expect(log).to_contain_text("Claude: Sentence 5.")
        assert "Word by word" not in await log.inner_text()
        assert await listener.page.evaluate("window.changes") <= 3
    await listener.context.close()


async def test_who_wants_no_motion_gets_none(browser: Browser, studio_address: str, livekit: LiveKit) -> None:
    still = await visit(browser, studio_address, calm=True)
    await still.joins("Anna")
    async with seat_ais(livekit, still.room) as show:
        await still.sees_state("claude", "listening")
        show.started(10)
        show.episode(thinking={"who": "guest", "until": 100.0})
        await expect(still.page.get_by_role("timer")).to_be_visible()
        assert await still.page.evaluate("document.getAnimations().length") == 0
        picture = "document.querySelector(\".seat[data-identity='claude'] canvas\").toDataURL()"
        # The light of a changed state settles, in as many frames as ever: a slow machine takes its time over them
        pictures = [await still.page.evaluate(picture)]
        for _ in range(40):
            await still.page.wait_for_timeout(300)
            pictures.append(await still.page.evaluate(picture))
            if len(pictures) > 3 and len(set(pictures[-3:])) == 1:
                break
        assert len(set(pictures[-3:])) == 1
    await still.context.close()
    assert still.complaints == []
