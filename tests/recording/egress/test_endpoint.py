"""POST /livekit/webhook: what comes in, what is refused, and what a show is handed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from livekit import api
from livekit.protocol.room import ListRoomsRequest, ListRoomsResponse, SendDataRequest, SendDataResponse

from agent.recording.egress.webhooks import LIMIT_BYTES, TAKER, TOPIC, unpack
from agent.services.livekit_server import Address, Keys, Webhook, render_config
from agent.services.up import webhook_url
from agent.settings import load
from agent.web.server import make_app
from agent.web.site import Site
from tests.recording.egress.signed import CONTENT_TYPE, KEY, SECRET, Egress, Hook, hook, now, sign
from tests.web.table import StudioSays

Client = TestClient[web.Request, web.Application]
PATH = "/livekit/webhook"


@dataclass
class Rooms:
    """The LiveKit server's rooms, by its own protocol: the one that is there takes data."""

    there: str = "show"
    dead: bool = False
    sent: list[SendDataRequest] = field(default_factory=list)

    async def list(self, request: web.Request) -> web.Response:
        asked = ListRoomsRequest.FromString(await request.read())
        rooms = [api.Room(name=name) for name in asked.names if name == self.there]
        return self._answer(ListRoomsResponse(rooms=rooms).SerializeToString())

    async def send(self, request: web.Request) -> web.Response:
        self.sent.append(SendDataRequest.FromString(await request.read()))
        return self._answer(SendDataResponse().SerializeToString())

    def _answer(self, body: bytes) -> web.Response:
        if self.dead:
            return web.json_response({"code": "unavailable", "msg": "no response from servers"}, status=503)
        return web.Response(body=body, content_type="application/protobuf")


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


@pytest.fixture
async def client(tmp_path: Path, rooms: Rooms) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_post("/twirp/livekit.RoomService/ListRooms", rooms.list)
    app.router.add_post("/twirp/livekit.RoomService/SendData", rooms.send)
    async with TestServer(app) as server:
        url = str(server.make_url(""))
        site = Site(
            host="127.0.0.1",
            port=4000,
            livekit_url=url,
            keys=Keys(KEY, SECRET),
            recordings=tmp_path,
            briefings=tmp_path,
            cache=tmp_path,
        )
        async with api.LiveKitAPI(url, KEY, SECRET) as livekit:
            async with TestClient(TestServer(make_app(site, StudioSays(), livekit))) as client:
                yield client


async def post(client: Client, signed: Hook, **headers: str) -> int:
    async with client.post(PATH, data=signed.body, headers={**signed.headers, **headers}) as answer:
        return answer.status


async def test_what_is_told_of_an_egress_reaches_its_show_as_it_came(client: Client, rooms: Rooms) -> None:
    signed = hook(Egress().updated("ACTIVE"))
    assert await post(client, signed) == 200
    (sent,) = rooms.sent
    assert (sent.room, sent.topic, list(sent.destination_identities)) == ("show", TOPIC, [TAKER])
    assert unpack(sent.data) == (signed.body, signed.authorization)


async def test_what_no_show_needs_is_thanked_for(client: Client, rooms: Rooms) -> None:
    joined = {"event": "participant_joined", "room": {"name": "show"}, "participant": {"identity": "anna"}}
    gone = Egress(room="a-show-that-is-over").ended()
    nameless = {"event": "egress_ended", "egressInfo": {"status": "EGRESS_FAILED"}}
    assert [await post(client, hook(event)) for event in (joined, gone, nameless)] == [200, 200, 200]
    assert rooms.sent == []


async def test_forged_stale_and_repeated_ones_are_refused_with_the_remedy(client: Client, rooms: Rooms) -> None:
    signed = hook(Egress().started())
    forged = Hook(signed.body, sign(signed.body, secret="another-secret-of-more-than-32-chars"))
    unsigned = Hook(signed.body, "")
    stale = hook(Egress().started(), made_at=now() - 3600)
    assert [await post(client, one) for one in (forged, unsigned, stale)] == [401, 401, 401]
    assert [await post(client, signed), await post(client, signed)] == [200, 409]
    assert len(rooms.sent) == 1
    async with client.post(PATH, data=b"x" * (LIMIT_BYTES + 1), headers=signed.headers) as answer:
        assert answer.status == 413
        assert (await answer.json())["fix"]


async def test_it_may_come_to_any_name_of_this_machine_and_long(client: Client, rooms: Rooms) -> None:
    event = {**Egress().started(), "participant": {"metadata": "x" * 20_000}}
    assert await post(client, hook(event), Host="studio.example.com") == 200
    assert rooms.sent == []  # too long for a packet: the show's own list has it
    assert await post(client, hook(Egress().started()), Host="studio.example.com") == 200
    assert len(rooms.sent) == 1


async def test_a_livekit_server_in_trouble_is_not_made_to_wait(client: Client, rooms: Rooms) -> None:
    rooms.dead = True
    async with asyncio.timeout(5):
        assert await post(client, hook(Egress().started())) == 200


async def test_only_posts_are_taken(client: Client) -> None:
    async with client.get(PATH, headers={"Content-Type": CONTENT_TYPE}) as answer:
        assert answer.status in (404, 405)


def test_the_server_started_here_is_told_where_webhooks_go() -> None:
    assert webhook_url(load({}, env_file=None).settings) is None
    chosen = {"RECORDING": "local,egress", "STUDIO_RECORDING__EGRESS__FOLDER": "/out", "PORT": "4100"}
    for bound, host in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")):
        settings = load({**chosen, "STUDIO_WEB__HOST": bound}, env_file=None).settings
        assert webhook_url(settings) == f"http://{host}:4100/livekit/webhook"


def test_its_configuration_has_the_webhook_and_keeps_one_that_is_there() -> None:
    webhook = Webhook("http://127.0.0.1:4000/livekit/webhook", KEY)
    made = yaml.safe_load(render_config("rtc: {}", Address(), webhook))["webhook"]
    assert (made["api_key"], made["urls"]) == (KEY, [webhook.url])
    assert "egress_updated" in made["filter_params"]["include_events"]
    theirs = yaml.safe_load(render_config("webhook: {urls: [http://x], api_key: k}", Address(), webhook))["webhook"]
    assert theirs == {"urls": ["http://x"], "api_key": "k"}
    assert "webhook" not in yaml.safe_load(render_config("rtc: {}", Address()))
