"""The page on the network: https and http on one port, LiveKit's signalling through the same origin."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from agent.services.livekit_server import Keys
from agent.services.ports import free_port
from agent.web.lan.certificate import kept
from agent.web.lan.origin import AUTHORITY_PATH, Lan
from agent.web.server import serve
from agent.web.site import Site
from tests.web.table import StudioSays, eventually

ADDRESS = "127.0.0.2"  # stands for the network's: loopback, but not the address of plain http


@dataclass
class Signal:
    """The other end: what a LiveKit server would see."""

    app: web.Application = field(default_factory=web.Application)
    asked: list[web.Request] = field(default_factory=list)
    heard: list[str | bytes] = field(default_factory=list)
    closed: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app.router.add_get("/rtc/v1", self.talk)
        self.app.router.add_get("/rtc/v1/validate", self.validate)

    async def validate(self, request: web.Request) -> web.Response:
        return web.Response(status=401, text="invalid token")

    async def talk(self, request: web.Request) -> web.WebSocketResponse:
        self.asked.append(request)
        if "refuse" in request.query:
            raise web.HTTPUnauthorized
        server = web.WebSocketResponse(protocols=("livekit",), max_msg_size=0)
        await server.prepare(request)
        async for message in server:
            self.heard.append(message.data)
            if message.data == "die":
                assert request.transport is not None
                request.transport.abort()
            elif message.data == "leave":
                await server.close(code=4001, message=b"the show is over")
            elif message.type == WSMsgType.TEXT:
                await server.send_str(f"heard {message.data}")
            else:
                await server.send_bytes(bytes(reversed(message.data)))
        self.closed.append(server.close_code)
        return server


@pytest.fixture
def signal() -> Signal:
    return Signal()


@pytest.fixture(scope="module")
def lan(tmp_path_factory: pytest.TempPathFactory) -> Lan:
    made = kept(tmp_path_factory.mktemp("lan"), ("studio.local", ADDRESS))
    assert made.authority is not None
    return Lan(
        address=ADDRESS,
        host=ADDRESS,
        names=frozenset({"studio.local", ADDRESS}),
        tls=made.context(),
        authority=made.authority.read_bytes(),
    )


@pytest.fixture
async def site(tmp_path: Path, lan: Lan, signal: Signal) -> AsyncIterator[Site]:
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("<!doctype html><title>Roundtable</title>")
    livekit = TestServer(signal.app)
    await livekit.start_server(max_line_size=64 * 1024)
    try:
        site = Site(
            host="127.0.0.1",
            port=free_port(),
            livekit_url=f"ws://127.0.0.1:{livekit.port}",
            keys=Keys("APIkey", "a-secret-of-more-than-32-characters!"),
            recordings=tmp_path / "recordings",
            briefings=tmp_path / "briefings",
            cache=tmp_path / "cache",
            lan=lan,
            static=static,
        )
        async with serve(site, StudioSays()):
            yield site
    finally:
        await livekit.close()


@pytest.fixture
async def phone(site: Site, lan: Lan) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that trusts the studio's authority, and nothing else."""
    assert lan.authority is not None
    trust = ssl.create_default_context(cadata=lan.authority.decode())
    async with aiohttp.ClientSession(
        f"https://{ADDRESS}:{site.port}", connector=aiohttp.TCPConnector(ssl=trust)
    ) as session:
        yield session


async def test_the_network_gets_the_page_by_https_and_is_sent_to_its_own_origin(
    phone: aiohttp.ClientSession, site: Site
) -> None:
    page = await phone.get("/")
    assert page.status == 200
    assert (
        f"connect-src 'self' wss://{ADDRESS}:{site.port} https://{ADDRESS}:{site.port};"
        in (page.headers["Content-Security-Policy"])
    )
    told = await (await phone.get("/api/studio")).json()
    assert told["livekit"] == f"wss://{ADDRESS}:{site.port}"
    by_name = await phone.get("/api/studio", headers={"Host": f"studio.local:{site.port}"})
    assert (await by_name.json())["livekit"] == f"wss://studio.local:{site.port}"
    assert (await phone.get("/", headers={"Host": "evil.example"})).status == 421


async def test_this_machine_goes_on_by_http_straight_to_the_server(site: Site) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{site.port}") as here:
        assert (await here.get("/")).status == 200
        assert (await (await here.get("/api/studio")).json())["livekit"] == site.livekit_url


async def test_the_network_by_http_is_told_the_https_address_and_nothing_else(site: Site, lan: Lan) -> None:
    async with aiohttp.ClientSession(f"http://{ADDRESS}:{site.port}") as stranger:
        page = await stranger.get("/?room=table")
        assert page.status == 403
        assert f"https://{ADDRESS}:{site.port}/?room=table" in await page.text()
        joining = await stranger.post("/api/join", json={"name": "Anna"})
        assert (await joining.json())["fix"] == f"open https://{ADDRESS}:{site.port}"
        authority = await stranger.get(AUTHORITY_PATH)
        assert await authority.read() == lan.authority
        assert authority.content_type == "application/x-x509-ca-cert"


async def test_who_says_nothing_or_does_not_trust_us_keeps_nobody_else_out(
    site: Site, phone: aiohttp.ClientSession
) -> None:
    with socket.create_connection((ADDRESS, site.port)), socket.create_connection((ADDRESS, site.port)) as rude:
        rude.sendall(b"\x16 no handshake")
        async with aiohttp.ClientSession() as wary:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await wary.get(f"https://{ADDRESS}:{site.port}/")
        assert (await phone.get("/")).status == 200


async def test_signalling_passes_both_ways_with_subprotocol_query_and_close_code(
    phone: aiohttp.ClientSession, signal: Signal
) -> None:
    offer = "x" * 20_000  # longer than aiohttp's own limit for an address
    async with phone.ws_connect(f"/rtc/v1?access_token=a%2Bb&join_request={offer}", protocols=["livekit"]) as client:
        assert client.protocol == "livekit"
        await client.send_str("hello")
        await client.send_bytes(b"abc")
        assert await client.receive_str() == "heard hello"
        assert await client.receive_bytes() == b"cba"
        await client.send_str("leave")
        last = await client.receive()
        assert (last.type, last.data, last.extra) == (WSMsgType.CLOSE, 4001, "the show is over")
    (asked,) = signal.asked
    assert asked.raw_path == f"/rtc/v1?access_token=a%2Bb&join_request={offer}"
    assert asked.headers["X-Forwarded-For"].startswith("127.")


async def test_the_servers_side_ends_with_the_clients(phone: aiohttp.ClientSession, signal: Signal) -> None:
    async with phone.ws_connect("/rtc/v1") as client:
        await client.send_str("hello")
        await client.receive_str()
        await client.close(code=3000)
    await eventually(lambda: signal.closed == [3000], within_s=2)


async def test_a_server_that_dies_is_not_one_that_says_goodbye(phone: aiohttp.ClientSession) -> None:
    async with phone.ws_connect("/rtc/v1") as client:
        await client.send_str("die")
        last = await client.receive()
        assert last.type != WSMsgType.CLOSE


async def test_a_message_that_is_too_big_ends_the_connection(phone: aiohttp.ClientSession, signal: Signal) -> None:
    async with phone.ws_connect("/rtc/v1") as client:
        await client.send_bytes(bytes(2 * 1024 * 1024))
        last = await client.receive()
        assert last.data == 1009
    assert not signal.heard


async def test_a_refusal_of_the_server_reaches_the_client(phone: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await phone.ws_connect("/rtc/v1?refuse=1")
    assert caught.value.status == 401
    answer = await phone.get("/rtc/v1/validate")
    assert (answer.status, await answer.text()) == (401, "invalid token")


async def test_another_sites_page_opens_no_socket_and_nothing_else_of_the_server_is_reached(
    phone: aiohttp.ClientSession, site: Site
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await phone.ws_connect("/rtc/v1", origin="https://evil.example")
    assert caught.value.status == 403
    async with phone.ws_connect("/rtc/v1", origin=f"https://{ADDRESS}:{site.port}"):
        pass
    assert (await phone.post("/twirp/livekit.RoomService/ListRooms", json={})).status in (404, 405)


async def test_a_studio_that_closes_says_so(site: Site) -> None:
    other = replace(site, port=free_port())
    async with aiohttp.ClientSession() as session, asyncio.timeout(2):
        async with asyncio.TaskGroup() as tasks:
            async with serve(other, StudioSays()):
                client = await session.ws_connect(f"https://{ADDRESS}:{other.port}/rtc/v1", ssl=False)
                await client.send_str("hello")
                await client.receive_str()
                last = tasks.create_task(client.receive())
        assert last.result().data == aiohttp.WSCloseCode.GOING_AWAY
