"""A phone on the network: https to an address that is not loopback, and sound both ways."""

from __future__ import annotations

import re
import ssl
from datetime import timedelta
from pathlib import Path

import aiohttp
import psutil
import pytest
from playwright.async_api import Browser, expect

from agent.services.inviting import open_inviting
from agent.services.livekit_server import Address
from agent.services.ports import free_port
from agent.settings import WebSettings
from agent.web.lan.address import addresses
from agent.web.lan.origin import open_lan
from tests.support.livekit import running_server
from tests.support.studio import studio_up
from tests.web.table import eventually, open_studio, seat_ais
from tests.web.visitor import visit

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

# The page keeps its connections to itself: what they connect to is seen by keeping them as they are made.
KEEP = """window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) { super(...given); window.connections.push(this); }
};"""
REMOTES = """async () => {
    const found = [];
    for (const connection of window.connections) {
        const report = await connection.getStats();
        for (const one of report.values())
            if (one.type === "remote-candidate" && one.candidateType === "host") found.push(one.address);
    }
    return found;
}"""


@pytest.fixture
def address() -> str:
    found = addresses()
    if not found:
        pytest.skip("this machine has no address but loopback")
    return found[0]


async def test_a_phone_joins_by_https_publishes_and_hears(browser: Browser, tmp_path: Path, address: str) -> None:
    lan = open_lan(WebSettings(lan_address=address), tmp_path / "lan", print)
    with running_server(address=Address(port=free_port(), udp_port=free_port(), lan=address)) as livekit:
        async with open_studio(livekit, tmp_path, lan=lan) as (at_home, site):
            async with open_inviting(at_home) as inviting:
                invited = await inviting.make("host", room=None, name="a phone", life=timedelta(hours=1))
            phone = await visit(browser, lan.url(site.port), width=390, height=844, trusting=True)
            sockets: list[str] = []
            phone.page.on("websocket", lambda socket: sockets.append(socket.url))
            await phone.page.add_init_script(KEEP)
            await phone.joins("Anna", invitation=invited["signed"])
            async with seat_ais(livekit, phone.room) as show:
                show.claude.loudness = 1.0
                await phone.hears()
                await eventually(lambda: show.heard.get("anna", 0) > 0.05, within_s=15)
            assert {socket.partition("/rtc")[0] for socket in sockets} == {f"wss://{address}:{site.port}"}
            assert set(await phone.page.evaluate(REMOTES)) == {address}
            assert phone.complaints == []
            await phone.context.close()

            stranger = await visit(browser, f"http://{address}:{site.port}")
            await stranger.opens()
            await expect(stranger.page.get_by_role("heading", name="This address has no microphone")).to_be_visible()
            link = stranger.page.get_by_role("link", name="Open the studio by https")
            await expect(link).to_have_attribute("href", f"{lan.url(site.port)}/")
            await stranger.context.close()


async def test_studio_up_serves_the_network_the_page_and_media_and_nothing_else(tmp_path: Path, address: str) -> None:
    with studio_up(tmp_path, {"STUDIO_WEB__LAN_ADDRESS": address}, "--lan") as studio:
        await eventually(lambda: "Ctrl-C closes it" in studio.said(), within_s=10)
        link = re.search(r"On this network, as a host for 12 hours: (https://[^/]+)/#invitation=(\S+)", studio.said())
        assert link is not None
        assert "\u2588" not in studio.said(), "no code in a file"
        trust = ssl.create_default_context(cafile=str(studio.home / "lan" / "authority.pem"))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as phone:
            assert (await phone.get(f"{link[1]}/ready")).status == 200
            bare = await phone.post(f"{link[1]}/api/join", json={"name": "Anna"}, headers={"Origin": link[1]})
            assert bare.status == 403, "who has found the address has not been invited"
            asked = {"name": "Anna", "invitation": link[2]}
            invited = await (await phone.post(f"{link[1]}/api/join", json=asked, headers={"Origin": link[1]})).json()
            assert (invited["role"], invited["url"]) == ("host", f"wss{link[1][5:]}")
            assert (await (await phone.get(f"{link[1]}/api/studio")).json())["livekit"] == f"wss{link[1][5:]}"
        page = int(studio.url.rpartition(":")[2])
        ours = psutil.Process(studio.process.pid)
        for process in [ours, *ours.children(recursive=True)]:
            for at in process.net_connections(kind="inet"):
                if at.status == psutil.CONN_LISTEN and at.laddr.ip not in ("127.0.0.1", "::1"):
                    assert (at.laddr.ip, at.laddr.port, process.pid) == (address, page, ours.pid)
        (server,) = studio.children("livekit-server")
        media = {at.laddr.ip for at in psutil.Process(server).net_connections(kind="udp")}
        assert media == {address}
