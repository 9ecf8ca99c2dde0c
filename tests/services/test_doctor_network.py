"""`studio doctor` looks at what the network finds: an address, its certificate, and what answers there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.doctor.network import network
from agent.errors import StudioError
from agent.services.ports import free_port
from agent.settings import Settings, load
from agent.web.lan.origin import open_lan


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """One that serves the network, which is loopback here."""
    monkeypatch.setattr("agent.web.lan.origin.lan_address", lambda wanted: wanted or "127.0.0.1")
    environ = {"STUDIO_WEB__LAN": "true", "PORT": str(free_port()), "STUDIO_HOME": str(tmp_path)}
    return load(environ, env_file=None).settings


@asynccontextmanager
async def open_page(settings: Settings, *, home: Path | None = None) -> AsyncIterator[None]:
    lan = open_lan(settings.web, (home or settings.home) / "lan", lambda _: None)
    server = await asyncio.start_server(
        lambda reader, writer: writer.close(), "127.0.0.1", settings.web.port, ssl=lan.tls
    )
    async with server:
        yield


async def test_nothing_is_said_of_a_network_that_is_not_served() -> None:
    assert await network(load({}, env_file=None).settings) == []


async def test_before_the_studio_opens_its_link_and_the_ports_for_a_firewall_are_told(studio: Settings) -> None:
    (finding,) = await network(studio)
    assert finding.state == "ok"
    assert f"https://127.0.0.1:{studio.web.port}" in finding.seen
    assert f"UDP {studio.livekit.udp_port}" in finding.seen


async def test_an_open_studio_answers_with_its_certificate(studio: Settings) -> None:
    async with open_page(studio):
        (finding,) = await network(studio)
    assert (finding.state, finding.fix) == ("ok", "")


async def test_a_page_with_another_certificate_is_told(studio: Settings, tmp_path: Path) -> None:
    async with open_page(studio, home=tmp_path / "other"):
        (finding,) = await network(studio)
    assert finding.state == "fault"
    assert "start the studio anew" in finding.fix


async def test_what_speaks_no_https_there_is_told_by_its_process(studio: Settings) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", studio.web.port):
        (finding,) = await network(studio)
    assert finding.state == "fault"
    assert "PORT" in finding.fix


async def test_a_machine_without_a_network_is_told(studio: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(wanted: str | None) -> str:
        raise StudioError("this machine has no IPv4 address in a network", fix="connect it to a Wi-Fi or a cable")

    monkeypatch.setattr("agent.web.lan.origin.lan_address", nowhere)
    (finding,) = await network(studio)
    assert (finding.state, finding.fix) == ("fault", "connect it to a Wi-Fi or a cable")
