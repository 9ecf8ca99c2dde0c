"""Links at a real table: what a guest and an audience are in the room, in the show and on the page."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from livekit import rtc
from playwright.async_api import Browser, Page, expect

from agent.clock import EpisodeClock
from agent.room.commands import METHOD, Command, check_right, register
from agent.room.people import People
from tests.room.test_people_real import Listener
from tests.support.livekit import LiveKit
from tests.web.table import eventually, seat_ais
from tests.web.test_access_real import axe, violations  # noqa: F401  a fixture
from tests.web.visitor import visit

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

Reply = dict[str, str]


@pytest_asyncio.fixture(loop_scope="module")
async def http(studio_address: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(studio_address) as session:
        yield session


async def post(http: aiohttp.ClientSession, path: str, **asked: str) -> Reply:
    async with http.post(path, json=asked) as answer:
        told: Reply = await answer.json()
        assert answer.status == 200, told
        return told


async def is_gone(room: rtc.Room) -> None:
    await eventually(lambda: not room.isconnected(), within_s=6)


async def test_the_show_obeys_the_role_that_was_signed_and_a_revoked_guest_has_to_go_and_stay_away(
    http: aiohttp.ClientSession, livekit: LiveKit
) -> None:
    room = f"table-{uuid.uuid4().hex[:8]}"
    link = await post(http, "/api/invitations", role="guest", room=room)
    async with http.post("/api/join", json={"name": "Ben", "invitation": link["signed"]}) as early:
        assert (early.status, (await early.json())["error"]) == (404, "this show has not begun")
    host = await post(http, "/api/join", name="Anna", room=room)
    guest = await post(http, "/api/join", name="Ben", invitation=link["signed"], role="host")  # asks for too much
    watch = await post(http, "/api/invitations", role="audience", room=room)
    wall = await post(http, "/api/join", name="Wall", invitation=watch["signed"])
    assert (host["role"], guest["role"], wall["role"]) == ("host", "guest", "audience")

    show, anna, ben, cy = rtc.Room(), rtc.Room(), rtc.Room(), rtc.Room()
    await show.connect(livekit.url, livekit.token("claude", room, agent=True))
    listener = Listener()
    people = People(show, clock=EpisodeClock(), listener=listener, reserved=frozenset({"claude"}))
    people.watch()
    obeyed: list[tuple[str, str]] = []
    tasks: list[asyncio.Task[None]] = []

    def handle(identity: str, command: Command) -> None:
        check_right(people.role(identity), command)
        obeyed.append((identity, command.command))

    register(show, handle)
    try:
        for who, place in ((anna, host), (ben, guest), (cy, wall)):
            await who.connect(place["url"], place["token"])
        await eventually(lambda: {one.identity for one in people.present} == {"anna", "ben"}, within_s=5)

        read: list[str] = []

        async def keep(reader: rtc.TextStreamReader) -> None:
            read.append(await reader.read_all())

        cy.register_text_stream_handler(
            "lk.transcription", lambda reader, _: tasks.append(asyncio.get_running_loop().create_task(keep(reader)))
        )
        await show.local_participant.send_text("A child takes a clock apart.", topic="lk.transcription")
        await eventually(lambda: read == ["A child takes a clock apart."], within_s=5)

        async def ask(who: rtc.Room, command: str) -> None:
            await who.local_participant.perform_rpc(
                destination_identity="claude", method=METHOD, payload=json.dumps({"command": command})
            )

        await ben.local_participant.set_metadata(json.dumps({"role": "host"}))  # no grant: the server takes no notice
        with pytest.raises(rtc.RpcError, match="only a host can end the show"):
            await ask(ben, "end_show")
        await ask(ben, "stop")
        await ask(anna, "end_show")
        assert obeyed == [("ben", "stop"), ("anna", "end_show")]
        track = rtc.LocalAudioTrack.create_audio_track("m", rtc.AudioSource(48_000, 1))
        with pytest.raises((rtc.participant.PublishTrackError, TimeoutError)):
            await asyncio.wait_for(cy.local_participant.publish_track(track), 3)
        assert {one.identity for one in people.everyone} == {"anna", "ben"}

        for made, gone in ((link, ben), (watch, cy)):
            async with http.delete(f"/api/invitations/{made['id']}") as answer:
                assert (await answer.json())["sent_out"] == 1
            await is_gone(gone)
        assert anna.isconnected()
        back = rtc.Room()  # the token lives for minutes yet
        await back.connect(guest["url"], guest["token"])
        await is_gone(back)
    finally:
        for one in (show, anna, ben, cy):
            await one.disconnect()


async def test_a_host_makes_a_link_at_the_table_and_withdraws_it(
    browser: Browser,
    studio_address: str,
    axe: str,  # noqa: F811
) -> None:
    anna = await visit(browser, studio_address, calm=True)
    await anna.joins("Anna")
    await anna.presses("Invite")
    sheet = anna.page.get_by_role("dialog", name="Invite")
    await sheet.get_by_label("Who comes by it").select_option("audience")
    await sheet.get_by_role("button", name="Copy a new link").click()
    await expect(sheet.get_by_label("The link")).to_have_value(re.compile(re.escape(f"{studio_address}/#invitation=")))
    assert await violations(anna.page, axe) == []
    await sheet.get_by_role("button", name="Withdraw: Audience").click()
    await expect(sheet).to_contain_text("Withdrawn.")
    await expect(sheet.get_by_role("button", name="Withdraw")).to_have_count(0)
    await anna.context.close()
    assert anna.complaints == []


async def test_an_audience_watches_without_a_microphone_until_its_link_is_withdrawn(
    browser: Browser,
    studio_address: str,
    http: aiohttp.ClientSession,
    livekit: LiveKit,
    axe: str,  # noqa: F811
) -> None:
    room = (await post(http, "/api/join", name="Anna"))["room"]
    made = await post(http, "/api/invitations", role="audience", room=room)
    link = studio_address + made["path"]
    context = await browser.new_context(reduced_motion="reduce")  # no permission for a microphone, and none is asked
    wall = await context.new_page()
    await wall.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => { window.asked = true; return Promise.reject(new Error()); }"
    )
    async with seat_ais(livekit, room) as show:
        await wall.goto(link)
        await expect(wall.get_by_role("heading", name="You are invited to watch")).to_be_visible()
        assert await violations(wall, axe) == []
        await wall.get_by_role("button", name="Watch the show").click()
        await expect(wall.locator(".seat .name")).to_have_text(["Claude", "Ada"], timeout=20_000)
        show.claude.loudness = 0.6
        show.claude.says("A child takes a clock apart.", segment="one")
        await expect(wall.locator(".captions p")).to_have_text("Claude A child takes a clock apart.", timeout=20_000)
        await wall.wait_for_function(
            "[...document.querySelectorAll('audio')].some((a) => !a.paused && a.currentTime > 0)"
        )
        for name in ("Mute", "End show", "Invite"):
            await expect(wall.get_by_role("button", name=name)).to_have_count(0)
        assert await wall.evaluate("window.asked ?? false") is False
        assert await violations(wall, axe) == []
        async with http.delete(f"/api/invitations/{made['id']}") as answer:
            assert (await answer.json())["sent_out"] == 1
        await expect(wall.get_by_role("heading", name="You were asked to leave")).to_be_visible(timeout=20_000)
    await says_why(wall, link, "This invitation was withdrawn.")
    await says_why(wall, f"{studio_address}/#invitation=forged", "This link is not valid here")
    assert await violations(wall, axe) == []
    await context.close()


async def test_a_guest_gets_no_button_that_the_show_would_refuse(
    browser: Browser, studio_address: str, http: aiohttp.ClientSession, livekit: LiveKit
) -> None:
    room = (await post(http, "/api/join", name="Anna"))["room"]
    async with seat_ais(livekit, room):
        guest_link = await post(http, "/api/invitations", role="guest", room=room)
        ben = await visit(browser, studio_address, calm=True)
        await ben.opens(guest_link["path"])
        await ben.page.get_by_label("Your name").fill("Ben")
        await ben.page.get_by_label("I agree to be recorded").check()
        await ben.presses("Join the table")
        await ben.sees_state("claude", "listening")
        await expect(ben.page.get_by_role("button", name="Stop")).to_be_visible()
        for name in ("End show", "Chapter", "Invite"):
            await expect(ben.page.get_by_role("button", name=name)).to_have_count(0)
    await ben.context.close()
    assert ben.complaints == []


async def says_why(page: Page, link: str, words: str) -> None:
    await page.goto("about:blank")
    await page.goto(link)
    await expect(page.get_by_role("heading", name="This link does not open the studio")).to_be_visible()
    await expect(page.get_by_role("alert")).to_contain_text(words)
