"""The page in a real Chromium, at a table of a real LiveKit server; the AIs are puppets of the test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from livekit import api, rtc
from playwright.async_api import Browser, expect

from tests.support.livekit import LiveKit
from tests.web.table import Show, eventually, seat_ais
from tests.web.visitor import Visitor, visit, watch

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def anna(browser: Browser, studio_address: str) -> AsyncIterator[Visitor]:
    visitor = await visit(browser, studio_address)
    yield visitor
    await visitor.context.close()
    assert visitor.complaints == []


@asynccontextmanager
async def show_with(livekit: LiveKit, host: Visitor, name: str = "Anna") -> AsyncIterator[Show]:
    """The host sits down, and both AIs come."""
    await host.joins(name)
    async with seat_ais(livekit, host.room) as show:
        for identity in ("claude", "guest"):
            await host.sees_state(identity, "listening")
        yield show


def microphone(show: Show, identity: str) -> rtc.RemoteTrackPublication | None:
    """A human's microphone as the AIs see it."""
    participant = show.claude.seat.room.remote_participants.get(identity)
    found = participant.track_publications.values() if participant else ()
    return next((one for one in found if one.source == rtc.TrackSource.SOURCE_MICROPHONE), None)


async def test_a_host_is_heard_and_hears_both_ais_within_three_seconds_of_joining(
    anna: Visitor, livekit: LiveKit
) -> None:
    await anna.opens()
    await anna.page.get_by_label("Your name").fill("Anna")
    await anna.page.get_by_label("I agree to be recorded").check()
    await anna.page.get_by_role("button", name="Join the table").click()
    clicked = time.monotonic()
    await expect(anna.page.locator("main.table")).to_be_visible()
    async with seat_ais(livekit, anna.room) as show:
        show.claude.loudness = show.guest.loudness = 0.6
        await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=5)
        assert time.monotonic() - clicked < 3 + 2  # the AIs only set out once she sat: their way is not the page's
        await expect(anna.page.locator("audio")).to_have_count(2, timeout=5_000)
        await anna.hears()


async def test_the_table_shows_who_sits_there_what_they_do_and_what_they_say(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        names = anna.page.locator(".seat .name")
        await expect(names).to_have_text(["Anna (you)", "Claude", "Ada"])
        show.guest.seat.show_state("thinking")
        await anna.sees_state("guest", "thinking")
        show.claude.says("A child takes", segment="one", final=False)
        line = anna.page.locator(".captions p")
        await expect(line).to_have_text("Claude A child takes")
        show.claude.says("A child takes a clock apart.", segment="one")
        await expect(line).to_have_text("Claude A child takes a clock apart.")
        await expect(line.locator("b")).to_have_text("Claude")
        await expect(anna.page.get_by_role("log", name="Captions")).to_contain_text(
            "Claude: A child takes a clock apart."
        )


async def test_the_record_state_and_the_stand_in_are_said_plainly(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        show.started(3725)
        await expect(anna.page.locator(".record")).to_contain_text("Recording 1:02:0")
        await expect(anna.page.locator(".cost")).to_be_hidden()
        show.episode(bytes=41_260_000, cost_usd=0.126, budget_usd=2)
        await expect(anna.page.locator(".record")).to_contain_text("41.3 MB")
        await expect(anna.page.locator(".cost")).to_have_text("About $0.13 of $2.00")
        await expect(anna.page.get_by_text("A local stand-in speaks for Claude")).to_be_visible()
        show.episode(recording=False, stand_in=False)
        await expect(anna.page.locator(".record")).to_have_text("Not recording")
        await expect(anna.page.get_by_text("A local stand-in speaks for Claude")).to_be_hidden()


async def test_mute_and_push_to_talk_reach_the_others(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        await eventually(lambda: microphone(show, "anna") is not None, within_s=5)

        def muted() -> bool:
            track = microphone(show, "anna")
            return track is not None and track.muted

        await anna.page.keyboard.press("m")
        await eventually(muted, within_s=3)
        await anna.sees_state("anna", "muted")
        await anna.page.keyboard.down(" ")
        await eventually(lambda: not muted(), within_s=3)
        await anna.page.keyboard.up(" ")
        await eventually(muted, within_s=3)
        await anna.presses("Unmute")
        await eventually(lambda: not muted(), within_s=3)


async def test_buttons_and_keys_tell_the_show_what_the_host_wants(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        for name, key, command, target in (
            ("Ask Claude", "1", "ask", "claude"),
            ("Ask Ada", "2", "ask", "guest"),
            ("Stop", "s", "stop", None),
            ("Go on", "g", "go_on", None),
            ("Skip", "k", "skip", None),
            ("Think", "t", "think", None),
            ("Chapter", "c", "chapter", None),
        ):
            for act in (anna.presses(name), anna.page.keyboard.press(key)):
                show.commands.clear()
                await act
                await eventually(lambda: bool(show.commands), within_s=3)
                ((by, said),) = show.commands
                assert (by, said.command, said.target) == ("anna", command, target)


async def test_keys_do_nothing_while_one_types_or_when_they_are_switched_off(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        await anna.page.keyboard.press("?")
        sheet = anna.page.get_by_role("dialog", name="Keys")
        await expect(sheet).to_be_visible()
        await anna.page.keyboard.press("s")
        await sheet.get_by_label("Single keys work").uncheck()
        await anna.page.keyboard.press("Escape")
        await expect(sheet).to_be_hidden()
        await anna.page.keyboard.press("s")
        await anna.presses("Skip")
        await eventually(lambda: bool(show.commands), within_s=3)
        assert [command.command for _, command in show.commands] == ["skip"]


async def test_a_refused_command_is_said_in_the_shows_own_words(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:

        def refuse(_: object) -> str:
            raise rtc.RpcError(1400, "nobody is speaking")

        show.claude.seat.room.local_participant.register_rpc_method("roundtable.command", refuse)
        await anna.presses("Stop")
        await expect(anna.page.locator(".notices")).to_contain_text("Nobody is speaking.")


async def test_thinking_shows_a_countdown_and_dims_the_others(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        show.started(100)
        show.episode(thinking={"who": "claude", "until": 125.0})
        timer = anna.page.get_by_role("timer")
        await expect(timer).to_contain_text("Claude is thinking")
        await expect(timer.locator(".countdown")).to_have_text("22", timeout=6_000)
        await expect(anna.page.locator(f"{anna.seat('guest')} .disc")).to_have_css("opacity", "0.32")
        await expect(anna.page.locator(f"{anna.seat('claude')} .disc")).to_have_css("opacity", "1")
        await anna.presses("Speak now")
        await eventually(lambda: bool(show.commands), within_s=3)
        assert show.commands[0][1].command == "end_thinking"
        show.episode(thinking=None)
        await expect(timer).to_be_hidden()


async def test_trouble_is_told_and_can_be_put_away(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        await show.notice("error", "The disk is full. The recording goes on in memory.", "disk")
        notice = anna.page.get_by_role("alert").filter(has_text="The disk is full.")
        await expect(notice).to_be_visible()
        await notice.get_by_role("button", name="Dismiss").click()
        await expect(notice).to_be_hidden()


async def test_an_ai_gives_way_on_the_page_while_a_human_speaks(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        show.claude.loudness = 0.7
        show.claude.seat.show_state("speaking")
        await anna.sees_state("anna", "speaking")
        await anna.sees_state("claude", "ducked")
        await anna.presses("Mute")
        await anna.sees_state("claude", "speaking")


async def test_a_reload_in_mid_show_comes_back_to_the_same_seat_with_sound(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        show.claude.loudness = 0.6
        await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=5)
        show.heard.clear()
        reloaded = time.monotonic()
        await anna.page.reload()
        await expect(anna.page.locator("main.table")).to_be_visible(timeout=8_000)
        await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=8)
        assert time.monotonic() - reloaded < 8
        # The old connection may leave in the list of the others after the new one has been heard
        others = show.claude.seat.room.remote_participants
        await eventually(lambda: [who for who in others if who != "guest"] == ["anna"], within_s=8)
        await anna.sees_state("claude", "listening")
        await expect(anna.page.get_by_role("button", name="Turn on the sound")).to_be_hidden()
        await anna.hears()


async def test_two_hosts_in_two_browsers_see_and_hear_each_other(
    anna: Visitor, browser: Browser, studio_address: str, livekit: LiveKit
) -> None:
    ben = await visit(browser, studio_address)
    async with show_with(livekit, anna) as show:
        await ben.joins("Ben", room=anna.room)
        await eventually(lambda: {"anna", "ben"} <= show.heard.keys(), within_s=8)
        await expect(anna.page.locator(".seat .name")).to_have_text(["Anna (you)", "Ben", "Claude", "Ada"])
        await expect(ben.page.locator(".seat .name")).to_have_text(["Anna", "Ben (you)", "Claude", "Ada"])
        await anna.sees_state("ben", "speaking")
        await ben.hears(louder_than=0.02)
        green = await ben.page.locator(ben.seat("anna")).evaluate("seat => seat.style.getPropertyValue('--colour')")
        assert green == "#10b981"
    await ben.context.close()
    assert ben.complaints == []


async def test_a_second_tab_of_the_same_browser_takes_a_seat_of_its_own(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        tab = Visitor(anna.context, await anna.context.new_page(), anna.address)
        watch(anna, tab.page)
        await tab.joins("Anna", room=anna.room)
        room = show.claude.seat.room
        await eventually(lambda: {"anna", "anna-2"} <= room.remote_participants.keys(), within_s=5)
        await anna.page.reload()
        await anna.sees_state("anna-2", "speaking")
        assert {"anna", "anna-2"} <= room.remote_participants.keys()


async def test_leaving_says_goodbye_and_coming_back_is_one_press(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        room = show.claude.seat.room
        await anna.presses("Leave")
        await expect(anna.page.get_by_role("heading", name="You have left the table")).to_be_visible()
        await eventually(lambda: "anna" not in room.remote_participants, within_s=5)
        show.heard.clear()
        await anna.presses("Come back in")
        await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=8)


async def test_the_end_of_the_show_is_asked_for_twice_and_said(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        await anna.presses("End show")
        question = anna.page.get_by_role("dialog", name="End the show for everyone?")
        await question.get_by_role("button", name="Cancel").click()
        await anna.presses("End show")
        await question.get_by_role("button", name="End show").click()
        await eventually(lambda: bool(show.commands), within_s=3)
        assert [command.command for _, command in show.commands] == ["end_show"]
        async with livekit.api() as server:
            await server.room.delete_room(api.DeleteRoomRequest(room=anna.room))
        await expect(anna.page.get_by_role("heading", name="That was the show")).to_be_visible()


async def test_the_camera_is_seen_at_the_table(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        await anna.presses("Camera")
        await expect(anna.page.locator(f"{anna.seat('anna')} video")).to_be_visible()
        me = show.claude.seat.room.remote_participants["anna"]
        await eventually(lambda: len(me.track_publications) == 2, within_s=5)
        await anna.presses("Camera")
        await expect(anna.page.locator(f"{anna.seat('anna')} video")).to_have_count(0)
        await eventually(lambda: len(me.track_publications) == 1, within_s=5)


async def test_the_stage_shows_the_table_without_controls_or_a_seat_of_its_own(
    anna: Visitor, browser: Browser, studio_address: str, livekit: LiveKit
) -> None:
    async with show_with(livekit, anna) as show:
        wall = await visit(browser, studio_address)
        await wall.opens(f"/?view=stage&room={anna.room}")
        await expect(wall.page.locator(".seat .name")).to_have_text(["Anna", "Claude", "Ada"], timeout=10_000)
        await expect(wall.page.get_by_role("button", name="Mute")).to_have_count(0)
        await asyncio.sleep(0.5)
        assert set(show.claude.seat.room.remote_participants) == {"anna", "guest"}
        await wall.context.close()
        assert wall.complaints == []


async def test_somebody_who_keeps_the_microphone_from_the_page_is_told_what_to_do(
    browser: Browser, studio_address: str
) -> None:
    shy = await visit(browser, studio_address)
    await shy.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    await shy.opens()
    await expect(shy.page.get_by_role("alert")).to_contain_text("Allow it at the lock")
    await shy.context.close()


async def test_an_address_without_https_is_explained_before_anything_else_fails(
    browser: Browser, studio_address: str
) -> None:
    lan = await visit(browser, studio_address)
    await lan.page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined })"
    )
    await lan.opens()
    await expect(lan.page.get_by_role("alert")).to_contain_text("https")
    await lan.context.close()
    assert lan.complaints == []


async def test_who_was_muted_stays_muted_over_a_reload_and_over_coming_back(anna: Visitor, livekit: LiveKit) -> None:
    async with show_with(livekit, anna) as show:
        await anna.presses("Mute")
        await anna.sees_state("anna", "muted")
        await anna.page.reload()
        await anna.sees_state("claude", "listening")
        await anna.sees_state("anna", "muted")
        await anna.presses("Leave")
        await anna.presses("Come back in")
        await anna.sees_state("claude", "listening")
        await anna.sees_state("anna", "muted")
        show.heard.clear()
        await anna.presses("Unmute")
        await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=8)


async def test_a_microphone_that_was_taken_away_can_be_had_again(anna: Visitor, livekit: LiveKit) -> None:
    await anna.page.add_init_script(
        """const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            const stream = await open(wanted);
            window.microphone = stream.getAudioTracks()[0] ?? window.microphone;
            return stream;
        };"""
    )
    async with show_with(livekit, anna) as show:
        await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=8)
        await anna.page.evaluate("Object.defineProperty(window.microphone, 'muted', { get: () => true })")
        notice = anna.page.get_by_role("alert").filter(has_text="taken away")
        await notice.get_by_role("button", name="Turn it on again").click()
        await expect(notice).to_be_hidden()
        show.heard.clear()
        await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=8)


async def test_a_table_without_its_agent_calls_for_it(anna: Visitor, livekit: LiveKit) -> None:
    """As after a server's new start: the room is there, made by the page's own reconnection, and nobody serves it."""
    await anna.joins("Anna")
    async with livekit.api() as server:
        for dispatch in await server.agent_dispatch.list_dispatch(anna.room):
            await server.agent_dispatch.delete_dispatch(dispatch.id, anna.room)
        assert await server.agent_dispatch.list_dispatch(anna.room) == []
        for _ in range(40):
            if await server.agent_dispatch.list_dispatch(anna.room):
                break
            await asyncio.sleep(0.5)
        else:
            raise AssertionError("nobody called for the agent")


async def test_the_ais_are_numbered_by_their_seats_and_not_by_who_came_first(anna: Visitor, livekit: LiveKit) -> None:
    await anna.joins("Anna")
    async with seat_ais(livekit, anna.room, order=("guest", "claude")) as show:
        await anna.sees_state("claude", "listening")
        await expect(anna.page.locator(".ask")).to_have_text(["Ask Claude", "Ask Ada"])
        await anna.page.keyboard.press("1")
        await eventually(lambda: bool(show.commands), within_s=5)
        assert show.commands[0][1].target == "claude"


async def test_a_slow_machine_is_given_less_to_draw_and_more_again_when_it_keeps_up(
    anna: Visitor, livekit: LiveKit
) -> None:
    await anna.joins("Anna")
    async with seat_ais(livekit, anna.room) as show:
        await anna.sees_state("claude", "listening")
        table, orb = anna.page.locator("main.table"), anna.page.locator(f"{anna.seat('claude')} canvas")
        await anna.page.clock.install()
        await anna.page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=10))
        for _ in range(80):
            await anna.page.clock.fast_forward(50)  # one late frame after the other
        await expect(table).to_have_attribute("data-pace", "3")
        least = await orb.evaluate("canvas => canvas.width")
        show.claude.says("And nobody pays her for it.", segment="one")
        await expect(anna.page.locator(".captions")).to_contain_text("nobody pays her")

        await anna.page.clock.run_for(25_000)
        await expect(table).not_to_have_attribute("data-pace", "3")
        assert await orb.evaluate("canvas => canvas.width") > least
