"""What the web server lets pass, without a LiveKit server: hosts, origins, limits, headers, health, files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from livekit import api

from agent.services.livekit_server import Keys
from agent.services.ports import free_port
from agent.web.guard import RateLimit
from agent.web.passes import Pass, Passes
from agent.web.server import make_app
from agent.web.site import Site
from agent.web.status import PolledStatus
from tests.web.table import StudioSays

Client = TestClient[web.Request, web.Application]
SECRET = "a-secret-of-more-than-32-characters!"


@pytest.fixture
def status() -> StudioSays:
    return StudioSays()


@pytest.fixture
async def client(tmp_path: Path, status: StudioSays) -> AsyncIterator[Client]:
    """The server, with a LiveKit server that is not there."""
    nowhere = f"ws://127.0.0.1:{free_port()}"
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>Roundtable</title>")
    (static / "assets" / "index-abc.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("not for the web")
    site = Site(
        host="127.0.0.1",
        port=4000,
        livekit_url=nowhere,
        keys=Keys("APIkey", SECRET),
        recordings=tmp_path / "recordings",
        briefings=tmp_path / "briefings",
        cache=tmp_path / "cache",
        static=static,
    )
    async with api.LiveKitAPI(nowhere, "APIkey", SECRET) as livekit:
        async with TestClient(TestServer(make_app(site, status, livekit))) as client:
            yield client


async def test_the_page_comes_with_a_policy_that_lets_no_foreign_or_inline_script_run(client: Client) -> None:
    answer = await client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_hashed_files_are_kept_by_browsers_and_nothing_outside_the_page_is_served(client: Client) -> None:
    kept = await client.get("/assets/index-abc.js")
    assert kept.status == 200
    assert "immutable" in kept.headers["Cache-Control"]
    assert kept.headers["Content-Type"].startswith("text/javascript")
    for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/a%00b", "/no-such-file"):
        assert (await client.get(path)).status == 404, path


async def test_a_page_that_is_not_built_says_how_to_build_it(client: Client, tmp_path: Path) -> None:
    (tmp_path / "static" / "index.html").unlink()
    answer = await client.get("/")
    assert answer.status == 404
    assert "make web" in await answer.text()


async def test_a_name_that_is_not_ours_is_refused_whatever_it_resolves_to(client: Client) -> None:
    for host in ("evil.example", "evil.example:4000", "[", "192.168.1.5:4000"):
        answer = await client.get("/api/briefings", headers={"Host": host})
        assert answer.status == 421, host
        assert "localhost:4000" in (await answer.json())["fix"]
    for host in ("localhost:4000", "127.0.0.1:4000", "[::1]:4000"):
        assert (await client.get("/health", headers={"Host": host})).status == 200, host


async def test_another_sites_page_cannot_join(client: Client) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await client.post("/api/join", json={"name": "Eve"}, headers=headers)
        assert answer.status == 403, headers


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("not json", 400, "Invalid JSON"),
        ("{}", 400, "name"),
        ('{"name": "   "}', 400, "name"),
        ('{"name": "' + "x" * 61 + '"}', 400, "name"),
        ('{"name": "Anna", "room": "../../etc"}', 400, "room"),
        ('{"name": "Anna", "admin": true}', 400, "admin"),
        ('{"name": "Anna", "briefing": "../secret"}', 400, "briefing"),
        ('{"name": "' + "x" * 40_000 + '"}', 413, "Too Large"),
    ],
)
async def test_a_wrong_request_is_answered_by_what_is_wrong_and_what_to_do(
    client: Client, body: str, code: int, says: str
) -> None:
    answer = await client.post("/api/join", data=body, headers={"Content-Type": "application/json"})
    told = await answer.json()
    assert answer.status == code
    assert says in told["error"]
    assert told["fix"]


async def test_a_form_of_another_site_is_no_request(client: Client) -> None:
    answer = await client.post("/api/join", data='{"name": "Anna"}', headers={"Content-Type": "text/plain"})
    assert answer.status == 415


async def test_a_dead_livekit_server_is_said_in_plain_words(client: Client) -> None:
    answer = await client.post("/api/join", json={"name": "Anna"})
    assert answer.status == 503
    assert await answer.json() == {
        "error": "the LiveKit server does not answer",
        "fix": "check that 'studio up' is running, and try again",
    }


async def test_no_new_show_starts_while_the_studio_is_not_ready(client: Client, status: StudioSays) -> None:
    status.reasons = ("the disk is full",)
    answer = await client.post("/api/join", json={"name": "Anna"})
    assert answer.status == 503
    assert "the disk is full" in (await answer.json())["error"]


async def test_health_tells_ok_degraded_and_down(client: Client, status: StudioSays) -> None:
    answer = await client.get("/health")
    told = await answer.json()
    assert (answer.status, told["status"]) == (200, "ok")
    assert told["adapters"] == {"stt": "faster-whisper", "claude": "local"}
    assert {"timestamp", "version"} <= told.keys()
    status.reasons = ("the disk is nearly full",)
    answer = await client.get("/health")
    assert (answer.status, (await answer.json())["status"]) == (200, "degraded")
    assert (await client.get("/ready")).status == 503
    status.server_reachable = False
    answer = await client.get("/health")
    assert (answer.status, (await answer.json())["status"]) == (503, "down")


async def test_ready_and_metrics(client: Client, status: StudioSays) -> None:
    assert await (await client.get("/ready")).json() == {"ready": True, "reasons": []}
    status.worker_connected = False
    answer = await client.get("/ready")
    assert answer.status == 503
    assert (await answer.json())["reasons"]
    metrics = await (await client.get("/metrics")).text()
    assert "roundtable_worker_connected 0" in metrics
    assert "roundtable_livekit_reachable 1" in metrics


async def test_too_many_joins_have_to_wait(client: Client) -> None:
    statuses = [(await client.post("/api/join", json={"name": " "})).status for _ in range(25)]
    assert statuses[:20] == [400] * 20
    assert statuses[-1] == 429


def test_a_rate_limit_refills_with_time_and_counts_each_client_alone() -> None:
    now = [0.0]
    limit = RateLimit(burst=2, per_s=0.5, clock=lambda: now[0])
    assert [limit.wait_s("anna") for _ in range(3)] == [0, 0, 2.0]
    assert limit.wait_s("ben") == 0
    now[0] = 2.0
    assert limit.wait_s("anna") == 0
    assert limit.wait_s("anna") > 0


def test_a_pass_is_read_only_as_it_was_signed() -> None:
    ours = Passes(SECRET)
    text = ours.sign(Pass("room", "anna"))
    assert ours.read(text) == Pass("room", "anna")
    assert ours.read(text[:-4] + "AAAA") is None
    assert ours.read("nonsense") is None
    assert Passes("another secret of more than 32 chars").read(text) is None


def test_a_livekit_token_is_no_pass() -> None:
    token = api.AccessToken("APIkey", SECRET).with_identity("claude").to_jwt()
    assert Passes(SECRET).read(token) is None


async def test_the_status_follows_server_and_worker() -> None:
    """Two tiny HTTP servers stand for the LiveKit server and the worker's page."""
    about: dict[str, object] = {"agent_name": "roundtable", "connected": True}

    async def worker_page(_: web.Request) -> web.Response:
        return web.json_response(about)

    async def root(_: web.Request) -> web.Response:
        return web.Response(text="OK")

    server_app, worker_app = web.Application(), web.Application()
    server_app.router.add_get("/", root)
    worker_app.router.add_get("/worker", worker_page)
    async with TestServer(worker_app) as worker:
        server = TestServer(server_app)
        await server.start_server()
        status = PolledStatus(
            f"ws://127.0.0.1:{server.port}", lambda: str(worker.make_url("/")), adapters={}, every_s=0.02
        )
        async with asyncio.TaskGroup() as tasks:
            polling = tasks.create_task(status.run())
            await asyncio.sleep(0.3)
            assert status.server_reachable
            assert status.worker_connected
            assert not status.reasons
            about["connected"] = False  # LiveKit's own page would still say OK
            await asyncio.sleep(0.2)
            assert not status.worker_connected
            assert len(status.reasons) == 1
            await server.close()
            await asyncio.sleep(0.3)
            assert not status.server_reachable
            assert len(status.reasons) == 2
            polling.cancel()
