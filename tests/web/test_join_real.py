"""The invite exchange with a real LiveKit server: rooms, the agent's dispatch, identities, tokens."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from livekit import api, rtc

from agent.web.status import PolledStatus
from tests.support.livekit import LiveKit, running_server
from tests.web.table import StudioSays, eventually, open_studio

pytestmark = pytest.mark.real

Reply = dict[str, str]


@pytest.fixture
async def studio(livekit: LiveKit, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    (tmp_path / "briefings").mkdir()
    (tmp_path / "briefings" / "curious.md").write_text("---\ntitle: Can a machine be curious?\n---\nBackground.\n")
    async with open_studio(livekit, tmp_path) as (address, _), aiohttp.ClientSession(address) as session:
        yield session


@pytest.fixture
def room() -> str:
    return f"table-{uuid.uuid4().hex[:8]}"


async def join(studio: aiohttp.ClientSession, **asked: str) -> Reply:
    async with studio.post("/api/join", json=asked) as answer:
        told: Reply = await answer.json()
        assert answer.status == 200, told
        return told


@asynccontextmanager
async def sitting(place: Reply) -> AsyncIterator[rtc.Room]:
    table = rtc.Room()
    await table.connect(place["url"], place["token"])
    try:
        yield table
    finally:
        await table.disconnect()


async def test_the_first_one_opens_a_room_to_which_the_agent_is_called(
    studio: aiohttp.ClientSession, livekit: LiveKit
) -> None:
    place = await join(studio, name="Anna Bö", briefing="curious.md")
    assert place["identity"] == "anna-bo"
    assert place["title"] == "Can a machine be curious?"
    assert place["room"].startswith("can-a-machine-be-curious-")
    async with livekit.api() as server:
        (dispatch,) = await server.agent_dispatch.list_dispatch(place["room"])
    assert dispatch.agent_name == "roundtable"
    assert json.loads(dispatch.metadata) == {
        "episode": place["room"],
        "title": "Can a machine be curious?",
        "briefing": "curious.md",
    }


async def test_everybody_else_comes_to_the_same_table_and_no_second_agent_is_called(
    studio: aiohttp.ClientSession, livekit: LiveKit, room: str
) -> None:
    places = await asyncio.gather(*(join(studio, name=name, room=room, title="Ours") for name in ("Anna", "Ben", "Cy")))
    assert {place["title"] for place in places} == {"Ours"}
    assert {place["identity"] for place in places} == {"anna", "ben", "cy"}
    async with livekit.api() as server:
        assert len(await server.agent_dispatch.list_dispatch(room)) == 1


async def test_a_room_without_the_agent_gets_it(studio: aiohttp.ClientSession, livekit: LiveKit, room: str) -> None:
    async with livekit.api() as server:
        await server.room.create_room(api.CreateRoomRequest(name=room))
        await join(studio, name="Anna", room=room)
        names = [dispatch.agent_name for dispatch in await server.agent_dispatch.list_dispatch(room)]
    assert names.count("roundtable") == 1


async def test_two_annas_are_two_speakers(studio: aiohttp.ClientSession, room: str) -> None:
    first, second = await asyncio.gather(join(studio, name="Anna", room=room), join(studio, name="Anna", room=room))
    assert {first["identity"], second["identity"]} == {"anna", "anna-2"}
    async with sitting(first), sitting(second):
        third = await join(studio, name="ANNA", room=room)
        assert third["identity"] == "anna-3"


async def test_the_same_browser_gets_its_seat_back_even_while_its_old_connection_lingers(
    studio: aiohttp.ClientSession, room: str
) -> None:
    first = await join(studio, name="Anna", room=room)
    async with sitting(first):
        again = await join(studio, name="Anna", room=room, rejoin=first["rejoin"])
        assert again["identity"] == "anna"


async def test_a_pass_of_another_room_or_of_nobody_is_worth_nothing(studio: aiohttp.ClientSession, room: str) -> None:
    elsewhere = await join(studio, name="Anna", room=f"{room}-b")
    async with sitting(await join(studio, name="Anna", room=room)):
        for worthless in (elsewhere["rejoin"], "forged"):
            assert (await join(studio, name="Anna", room=room, rejoin=worthless))["identity"] != "anna"


@pytest.mark.parametrize("name", ["Claude", "CLAUDE!", "Guest", "claude"])
async def test_nobody_sits_down_as_one_of_the_ais(studio: aiohttp.ClientSession, room: str, name: str) -> None:
    assert (await join(studio, name=name, room=room))["identity"] not in ("claude", "guest")


async def test_a_name_of_other_letters_is_kept_as_a_name(studio: aiohttp.ClientSession, room: str) -> None:
    async with sitting(await join(studio, name="小明", room=room)) as table:
        assert (table.local_participant.identity, table.local_participant.name) == ("you", "小明")


async def test_a_token_lets_one_speak_in_this_room_for_minutes_and_do_nothing_else(
    studio: aiohttp.ClientSession, livekit: LiveKit, room: str
) -> None:
    place = await join(studio, name="Anna", room=room)
    claims = api.TokenVerifier(livekit.key, livekit.secret).verify(place["token"])
    assert claims.video is not None
    assert claims.video.room == room
    assert set(claims.video.can_publish_sources or []) == {
        "microphone",
        "camera",
        "screen_share",
        "screen_share_audio",
    }
    assert claims.video.can_publish_data
    assert not claims.video.can_update_own_metadata  # the role stands there
    assert json.loads(claims.metadata) == {"role": "host"}
    assert not any((claims.video.room_admin, claims.video.room_create, claims.video.room_list, claims.video.agent))
    assert livekit.secret not in json.dumps(place)


async def test_an_audience_sees_and_hears_and_is_not_seen_or_heard(
    studio: aiohttp.ClientSession, livekit: LiveKit, room: str
) -> None:
    async with studio.post("/api/join", json={"name": "Wall", "room": room, "role": "audience"}) as answer:
        assert answer.status == 404  # an audience opens no show
    await join(studio, name="Anna", room=room)
    place = await join(studio, name="Wall", room=room, role="audience")
    grants = api.TokenVerifier(livekit.key, livekit.secret).verify(place["token"]).video
    assert grants is not None
    assert grants.hidden
    assert grants.can_subscribe
    assert not any((grants.can_publish, grants.can_publish_data, grants.can_update_own_metadata))


async def test_the_green_room_lists_shows_with_people_in_them(studio: aiohttp.ClientSession, room: str) -> None:
    async def listed() -> list[dict[str, object]]:
        async with studio.get("/api/shows") as answer:
            shows: list[dict[str, object]] = (await answer.json())["shows"]
            return [show for show in shows if show["room"] == room]

    place = await join(studio, name="Anna", room=room, title="Ours")
    assert await listed() == []
    async with sitting(place):
        (show,) = await listed()
    assert (show["title"], show["people"]) == ("Ours", ["Anna"])


async def test_one_can_join_a_running_show_while_no_new_one_could_start(
    livekit: LiveKit, tmp_path: Path, room: str
) -> None:
    status = StudioSays()
    async with open_studio(livekit, tmp_path, status=status) as (address, _), aiohttp.ClientSession(address) as studio:
        await join(studio, name="Anna", room=room)
        status.reasons = ("the disk is full",)
        await join(studio, name="Ben", room=room)
        async with studio.post("/api/join", json={"name": "Cy"}) as answer:
            assert answer.status == 503


async def test_killing_the_livekit_server_turns_health_down_within_three_seconds(tmp_path: Path) -> None:
    with running_server() as server:
        status = PolledStatus(server.url, lambda: None, adapters={})
        async with asyncio.TaskGroup() as tasks:
            polling = tasks.create_task(status.run())
            await eventually(lambda: status.server_reachable, within_s=5)
            server.process.kill()
            await eventually(lambda: not status.server_reachable, within_s=3)
            polling.cancel()
