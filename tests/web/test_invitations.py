"""Invitations without a LiveKit server: signing, the file, who may do what by which link."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Collection
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from livekit import api

from agent.errors import StudioError
from agent.room.commands import Command, check_right
from agent.room.roles import Role, invitation_of, lesser, metadata_of, role_of
from agent.services.inviting import Inviting, parse_life
from agent.services.livekit_server import Keys
from agent.services.ports import free_port
from agent.web.access import COOKIE, INVITATIONS
from agent.web.door import TOKENS_LIVE_S, Door
from agent.web.invitations import MOST_KEPT, InvitationRefused, Invitations
from agent.web.join import PASSES
from agent.web.passes import Pass
from agent.web.server import make_app
from agent.web.shows import Shows
from agent.web.site import Site
from tests.web.table import StudioSays, eventually

Client = TestClient[web.Request, web.Application]
SECRET = "a-secret-of-more-than-32-characters!"
HOURS = timedelta(hours=2)
AWAY = {"X-Forwarded-For": "192.168.1.7"}  # as a proxy on this machine tells of a browser elsewhere


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "studio" / "invitations.json"


@pytest.fixture
def invitations(file: Path, clock: Clock) -> Invitations:
    return Invitations(SECRET, file, now=clock)


# The links


def test_a_link_says_what_it_was_made_for(invitations: Invitations) -> None:
    made = invitations.make("guest", room="tea", name="Ben", life=HOURS)
    assert invitations.read(invitations.sign(made)) == made
    assert (made.role, made.room, made.name) == ("guest", "tea", "Ben")


def test_a_link_ends_by_itself(invitations: Invitations, clock: Clock) -> None:
    made = invitations.make("guest", room="tea", name="", life=HOURS)
    clock.now += HOURS
    with pytest.raises(InvitationRefused, match="good until 26 November, 14:00 UTC") as refused:
        invitations.read(invitations.sign(made))
    assert refused.value.expired
    assert "new one" in refused.value.fix


def test_a_withdrawn_link_stays_withdrawn_also_after_a_restart(
    invitations: Invitations, file: Path, clock: Clock
) -> None:
    kept = invitations.make("guest", room="tea", name="Ben", life=HOURS)
    gone = invitations.make("audience", room="tea", name="", life=HOURS)
    assert invitations.revoke(gone.id) is not None
    again = Invitations(SECRET, file, now=clock)
    assert [(one.id, again.is_open(one)) for one in again.all()] == [
        (one.id, one.id == kept.id) for one in invitations.all()
    ]
    assert again.read(again.sign(kept)) == kept
    with pytest.raises(InvitationRefused, match="withdrawn"):
        again.read(again.sign(gone))
    assert invitations.revoke("nobody") is None


def test_a_forged_or_altered_link_opens_nothing(invitations: Invitations) -> None:
    made = invitations.make("audience", room="tea", name="", life=HOURS)
    signed = invitations.sign(made)
    claims = {"aud": "roundtable.invitation", "jti": made.id, "role": "host", "room": None, "exp": made.expires_at}
    head, body, signature = signed.split(".")
    other_body = jwt.encode(claims, "x" * 32, algorithm="HS256").split(".")[1]
    for forged in (
        signed[:-4],
        f"{head}.{other_body}.{signature}",
        jwt.encode(claims, SECRET, algorithm="HS256"),  # the LiveKit secret itself signs no links
        jwt.encode(claims, "", algorithm="none"),
        "",
        "nonsense",
    ):
        with pytest.raises(InvitationRefused, match="not valid here"):
            invitations.read(forged)
    assert invitations.read(f"{head}.{body}.{signature}") == made


def test_a_pass_or_a_livekit_token_is_no_invitation(invitations: Invitations) -> None:
    token = api.AccessToken("APIkey", SECRET).with_identity("claude").to_jwt()
    with pytest.raises(InvitationRefused):
        invitations.read(token)


def test_a_link_of_another_studio_opens_nothing_even_with_the_same_livekit_key(
    invitations: Invitations, tmp_path: Path, clock: Clock
) -> None:
    signed = invitations.sign(invitations.make("guest", room="tea", name="", life=HOURS))
    with pytest.raises(InvitationRefused, match="not valid here"):
        Invitations("another secret of more than 32 chars", tmp_path / "a.json", now=clock).read(signed)
    with pytest.raises(InvitationRefused, match="does not know"):
        Invitations(SECRET, tmp_path / "b.json", now=clock).read(signed)


def test_the_file_is_whole_and_for_this_user_only(invitations: Invitations, file: Path) -> None:
    for n in range(3):
        invitations.make("guest", room="tea", name=str(n), life=HOURS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(json.loads(file.read_text())) == 3
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert SECRET not in file.read_text()


def test_what_cannot_be_kept_does_not_count(invitations: Invitations, file: Path) -> None:
    made = invitations.make("guest", room="tea", name="", life=HOURS)
    file.unlink()
    file.mkdir()  # nothing can be put in its place
    with pytest.raises(StudioError, match="cannot be kept"):
        invitations.make("guest", room="tea", name="", life=HOURS)
    with pytest.raises(StudioError, match="cannot be kept"):
        invitations.revoke(made.id)
    assert invitations.all() == [made]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_broken_file_is_told_and_opens_nothing(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('[{"id": "ab"')
    with pytest.raises(StudioError, match="cannot be read"):
        Invitations(SECRET, file)


def test_old_ones_are_forgotten_and_there_is_an_end_to_open_ones(clock: Clock) -> None:
    invitations = Invitations(SECRET, None, now=clock)
    first = invitations.make("guest", room="tea", name="", life=HOURS)
    clock.now += timedelta(days=8)
    for _ in range(MOST_KEPT):
        invitations.make("guest", room="tea", name="", life=HOURS)
    assert first not in invitations.all()
    with pytest.raises(StudioError, match="are open"):
        invitations.make("guest", room="tea", name="", life=HOURS)
    clock.now += HOURS
    invitations.make("guest", room="tea", name="", life=HOURS)
    assert len(invitations.all()) == MOST_KEPT


# Rights


def test_a_role_is_what_the_studio_signed_and_else_a_guests() -> None:
    assert role_of(metadata_of("host", None)) == "host"
    assert (role_of(metadata_of("audience", "ab")), invitation_of(metadata_of("audience", "ab"))) == ("audience", "ab")
    for unknown in ("", "{", "[]", '{"role": "king"}', '{"role": ["host"]}'):
        assert (role_of(unknown), invitation_of(unknown)) == ("guest", None)
    assert lesser("host", "guest") == lesser("guest", "host") == "guest"


@pytest.mark.parametrize(
    ("role", "command", "may"),
    [
        ("host", "end_show", True),
        ("host", "chapter", True),
        ("guest", "end_show", False),
        ("guest", "chapter", False),
        ("guest", "ask", True),
        ("guest", "stop", True),
        ("audience", "ask", False),
    ],
)
def test_a_guest_may_what_it_could_say_aloud_and_no_more(role: Role, command: Any, may: bool) -> None:
    with nullcontext() if may else pytest.raises(PermissionError, match="host"):
        check_right(role, Command(command=command))


# The interface


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """The web server, with a LiveKit server that is not there."""
    nowhere = f"ws://127.0.0.1:{free_port()}"
    site = Site(
        host="127.0.0.1",
        port=4000,
        livekit_url=nowhere,
        keys=Keys("APIkey", SECRET),
        recordings=tmp_path / "recordings",
        briefings=tmp_path / "briefings",
        cache=tmp_path / "cache",
        invitations=tmp_path / "invitations.json",
    )
    async with api.LiveKitAPI(nowhere, "APIkey", SECRET) as livekit:
        async with TestClient(TestServer(make_app(site, StudioSays(), livekit))) as client:
            yield client


async def made(client: Client, **asked: object) -> dict[str, Any]:
    answer = await client.post("/api/invitations", json={"role": "guest", "room": "tea"} | asked)
    told: dict[str, Any] = await answer.json()
    assert answer.status == 200, told
    return told


async def refused(client: Client, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    answer = await client.request(method, path, json=body, headers=headers)
    told = await answer.json()
    assert told["fix"]
    return answer.status, told["error"]


HOSTS_ONLY = [
    ("GET", "/api/shows"),
    ("GET", "/api/briefings"),
    ("GET", "/api/invitations"),
    ("POST", "/api/invitations"),
    ("DELETE", "/api/invitations/abcd"),
    ("GET", "/api/episodes"),
    ("GET", "/api/episodes/tea/files/anna.webm"),
    ("GET", "/api/episodes/tea/bundle.zip"),
]


@pytest.mark.parametrize(("method", "path"), [*HOSTS_ONLY, ("POST", "/api/join")])
async def test_who_comes_from_elsewhere_without_a_link_gets_nothing(client: Client, method: str, path: str) -> None:
    body = {"name": "Eve"} if method == "POST" else None
    code, error = await refused(client, method, path, body, **AWAY)
    assert (code, error) == (403, "one comes to this studio by an invitation")


@pytest.mark.parametrize(("method", "path"), HOSTS_ONLY)
async def test_a_guests_link_is_no_hosts(client: Client, method: str, path: str) -> None:
    link = (await made(client))["signed"]
    client.session.cookie_jar.update_cookies({COOKIE: link})
    code, error = await refused(client, method, path, {} if method == "POST" else None, **AWAY)
    assert (code, error) == (403, "this is for hosts")


async def test_a_hosts_link_makes_its_browser_a_hosts(client: Client) -> None:
    link = (await made(client, role="host", room=None))["signed"]
    look = await client.post("/api/invitation", json={"invitation": link}, headers=AWAY)
    assert (await look.json())["role"] == "host"
    cookie = look.cookies[COOKIE]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Strict", "/api/")
    client.session.cookie_jar.update_cookies({COOKIE: cookie.value})
    for path in ("/api/episodes", "/api/briefings", "/api/invitations"):
        assert (await client.get(path, headers=AWAY)).status == 200, path


async def test_the_host_of_one_show_has_no_say_in_others(client: Client) -> None:
    elsewhere = await made(client, room="coffee")
    link = (await made(client, role="host", room="tea"))["signed"]
    client.session.cookie_jar.update_cookies({COOKIE: link})
    assert (await refused(client, "POST", "/api/invitations", {"role": "guest", "room": "coffee"}, **AWAY))[0] == 403
    assert (await refused(client, "POST", "/api/invitations", {"role": "host"}, **AWAY))[0] == 403
    assert (await refused(client, "DELETE", f"/api/invitations/{elsewhere['id']}", **AWAY))[0] == 404
    assert (await refused(client, "GET", "/api/episodes", **AWAY))[0] == 403
    seen = await (await client.get("/api/invitations", headers=AWAY)).json()
    assert {one["room"] for one in seen["invitations"]} == {"tea"}
    body = {"name": "Anna", "room": "coffee", "invitation": link}
    assert await refused(client, "POST", "/api/join", body) == (403, "this invitation is for another show")


async def test_a_link_is_refused_in_words_for_whom_it_was_sent_to(client: Client) -> None:
    gone = await made(client)
    answer = await client.delete(f"/api/invitations/{gone['id']}")
    assert (await answer.json())["state"] == "withdrawn"  # although no LiveKit server answers
    for link, words in ((gone["signed"], "withdrawn"), (gone["signed"][:-5], "not valid here")):
        for path, body in (("/api/invitation", {}), ("/api/join", {"name": "Ben"})):
            code, error = await refused(client, "POST", path, body | {"invitation": link})
            assert code == 403
            assert words in error


async def test_one_who_sat_there_comes_back_after_the_link_has_expired_and_nobody_else(client: Client) -> None:
    clock = Clock()
    client.app[INVITATIONS]._now = clock
    link = await made(client)
    clock.now += HOURS
    body = {"name": "Ben", "invitation": link["signed"]}
    assert (await refused(client, "POST", "/api/join", body))[0] == 403
    passes = client.app[PASSES]
    for mine, code in ((Pass("tea", "ben", link["id"]), 503), (Pass("tea", "ben", "other"), 403)):  # 503: no server
        assert (await refused(client, "POST", "/api/join", body | {"rejoin": passes.sign(mine)}))[0] == code


async def test_a_link_without_a_show_is_a_hosts_alone(client: Client) -> None:
    code, error = await refused(client, "POST", "/api/invitations", {"role": "audience"})
    assert code == 400
    assert "audience" in error
    assert (await made(client, role="host", room=None))["path"].startswith("/#invitation=")


async def test_too_many_invitations_and_too_many_guesses_have_to_wait(client: Client) -> None:
    for path, at_once in (("/api/invitations", 20), ("/api/invitation", 60)):
        statuses = [(await client.post(path, json={})).status for _ in range(at_once + 25)]
        assert statuses[:at_once] == [400] * at_once
        assert 429 in statuses


async def test_the_door_is_watched_for_as_long_as_a_token_of_a_withdrawn_link_could_live(clock: Clock) -> None:
    now = [0.0]
    invitations = Invitations(SECRET, None, now=clock)
    link = invitations.make("guest", room="tea", name="", life=HOURS)
    came = [2, 0, 1, *[0] * 100]

    class Rooms(Shows):
        async def send_out(self, invitations: Collection[str]) -> int:
            assert invitations == {link.id}
            return came.pop(0)

    door = Door(invitations, Rooms(cast("api.LiveKitAPI", None), reserved=()), every_s=0.01, clock=lambda: now[0])
    assert not door.watching
    invitations.revoke(link.id)
    assert await door.revoked() == 2
    now[0] = TOKENS_LIVE_S - 1
    async with asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(door.run())
        await eventually(lambda: len(came) <= 100, within_s=2)  # nobody, and then one who returned by its old token
        watch.cancel()
    now[0] += TOKENS_LIVE_S - 1
    assert door.watching  # since the server gave it a new one
    now[0] += 2
    assert not door.watching


# The command line's side


@pytest.mark.parametrize("text", ["", "2", "0h", "2 hours", "-1h", "1w"])
def test_a_length_of_time_is_written_plainly(text: str) -> None:
    assert parse_life("90m") == timedelta(minutes=90)
    with pytest.raises(StudioError, match="no length of time"):
        parse_life(text)


async def test_the_command_line_makes_lists_and_withdraws(client: Client) -> None:
    studio = Inviting(client.session, str(client.make_url("")).rstrip("/"))
    link = await studio.make("guest", room="tea", name="Ben", life=HOURS)
    assert link["link"] == str(client.make_url("")).rstrip("/") + link["path"]
    assert [(one["id"], one["state"]) for one in await studio.all()] == [(link["id"], "open")]
    assert (await studio.revoke(link["id"]))["state"] == "withdrawn"
    with pytest.raises(StudioError, match="no such invitation"):
        await studio.revoke("abcd")
    with pytest.raises(StudioError, match="no id"):
        await studio.revoke("../join")
    with pytest.raises(StudioError, match="withdrawn"):
        await studio.token(link, name="Ben")
