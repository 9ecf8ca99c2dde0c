"""What egress has, into a sealed folder: joined, listed with checksums, and what is missing said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.clock import EpisodeClock
from agent.recording import Sealed, salvage
from agent.recording.egress.bringing_in import bring_in, placed_at
from agent.recording.egress.ledger import Piece
from agent.recording.egress.outputs import Bucket, FileMissing, Output, SharedFolder, make_output
from agent.recording.egress.reports import EgressFile
from agent.settings import EgressSettings
from tests.recording.egress.ogg import beeps, write_ogg
from tests.recording.egress.test_joining import onsets
from tests.recording.media import ToldTime, decoded, open_recorder, speak

THERE = "/out"  # as the service calls the folder


@pytest.fixture
def clock() -> ToldTime:
    return ToldTime()


async def sealed_show(root: Path, clock: ToldTime) -> Sealed:
    """Ten seconds with Anna, recorded here."""
    recorder = await open_recorder(root / "recordings", clock=clock)
    speak(recorder, clock, 10.0)
    return await recorder.seal(reason="over")


def piece(clock: EpisodeClock, egress_id: str, name: str, at: float, *, who: str = "anna") -> Piece:
    """A complete one whose file begins at `at`."""
    started_at = clock.started_at.timestamp() + at
    file = EgressFile(name=name, started_at=started_at, duration_s=2.0, bytes=1000)
    return Piece(
        who=who,
        track_id=f"TR_{egress_id}",
        egress_id=egress_id,
        asked_at=at - 0.5,
        active_at=at + 0.4,
        status="complete",
        file=file,
    )


def session(sealed: Sealed) -> Any:
    return yaml.safe_load((sealed.folder / "session.yml").read_text())


async def test_files_of_a_speaker_become_one_track_beside_the_local_one(tmp_path: Path, clock: ToldTime) -> None:
    sealed = await sealed_show(tmp_path, clock)
    before = session(sealed)
    shared = tmp_path / "shared"
    write_ogg(shared / "pilot" / "anna-1.ogg", beeps(2.0, 0.5))
    write_ogg(shared / "pilot" / "anna-2.ogg", beeps(2.0, 1.0))
    pieces = [
        piece(clock, "EG_1", f"{THERE}/pilot/anna-1.ogg", 1.0),
        piece(clock, "EG_2", f"{THERE}/pilot/anna-2.ogg", 6.0),
    ]
    assert await bring_in(sealed, pieces, SharedFolder(shared, THERE), started_at=clock.started_at) == []
    track = sealed.folder / "egress" / "anna.webm"
    assert onsets(track) == pytest.approx([1.5, 7.0], abs=0.003)
    assert len(decoded(track)) == pytest.approx(len(decoded(sealed.folder / "anna.webm")), abs=100)
    after = session(sealed)
    egress = after.pop("egress")
    assert after == before
    (listed,) = egress["files"]
    assert listed["name"] == "egress/anna.webm"
    assert listed["sha256"] == hashlib.sha256(track.read_bytes()).hexdigest()
    assert listed["duration_s"] == pytest.approx(before["duration_s"], abs=0.002)
    assert [one["starts_at_s"] for one in egress["pieces"]] == [1.0, 6.0]
    assert salvage(tmp_path / "recordings") == []  # nothing of it looks like a speaker that a crash has left


async def test_what_is_missing_is_said_and_the_rest_is_brought(tmp_path: Path, clock: ToldTime) -> None:
    sealed = await sealed_show(tmp_path, clock)
    shared = tmp_path / "shared"
    write_ogg(shared / "a.ogg", beeps(2.0, 0.5))
    killed = replace(piece(clock, "EG_3", "", 4.0), status="failed", error="signal: killed", file=None)
    pieces = [
        piece(clock, "EG_1", f"{THERE}/a.ogg", 1.0),
        piece(clock, "EG_2", f"{THERE}/gone.ogg", 3.0),
        killed,
        replace(killed, egress_id="EG_4", who="claude", status="active", error=""),
    ]
    problems = await bring_in(sealed, pieces, SharedFolder(shared, THERE), started_at=clock.started_at)
    assert "gone.ogg" in problems[0]
    assert "FOLDER" in problems[0]
    assert problems[1] == "egress EG_3 of Anna is failed and has no file: signal: killed"
    assert problems[2] == "egress EG_4 of claude is active and has no file"
    egress = session(sealed)["egress"]
    assert egress["problems"] == problems
    assert [one["name"] for one in egress["files"]] == ["egress/anna.webm"]
    assert sorted(path.name for path in (sealed.folder / "egress").iterdir()) == ["anna.webm"]


def test_a_time_of_a_wrong_clock_is_not_believed(clock: ToldTime) -> None:
    right = piece(clock, "EG_1", "a.ogg", 5.0)
    at, believed = placed_at(right, clock.started_at)
    assert (round(at, 3), believed) == (5.0, True)
    for away in (timedelta(seconds=30), timedelta(hours=-2)):
        at, believed = placed_at(right, clock.started_at + away)
        assert (at, believed) == (5.0, False)
    assert right.file is not None
    untold = replace(right, file=replace(right.file, started_at=None))
    assert placed_at(untold, clock.started_at) == (5.0, False)


async def test_a_wrong_clock_is_told_and_the_track_is_there(tmp_path: Path, clock: ToldTime) -> None:
    sealed = await sealed_show(tmp_path, clock)
    write_ogg(tmp_path / "a.ogg", beeps(2.0, 0.5))
    far = clock.started_at + timedelta(minutes=-7)
    problems = await bring_in(
        sealed, [piece(clock, "EG_1", "/out/a.ogg", 5.0)], SharedFolder(tmp_path, THERE), started_at=far
    )
    assert "NTP" in problems[0]
    assert onsets(sealed.folder / "egress" / "anna.webm") == pytest.approx([5.5], abs=0.003)


@pytest.mark.parametrize("name", ["/elsewhere/a.ogg", "/out/../secret.ogg", "a.ogg", "/out/nothing.ogg", "/out"])
async def test_only_files_of_the_shared_folder_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.ogg").touch()
    (tmp_path / "shared").mkdir()
    output = SharedFolder(tmp_path / "shared", THERE)
    with pytest.raises(FileMissing) as caught:
        async with output.fetched(name):
            pass
    assert "STUDIO_RECORDING__EGRESS__" in caught.value.fix


def test_each_track_is_asked_into_a_file_of_its_own(tmp_path: Path) -> None:
    output = make_output(EgressSettings(folder=tmp_path))
    request = output.request("2026-tea", "anna")
    assert request.filepath == f"{tmp_path}/2026-tea/anna-{{track_id}}.ogg"
    assert not request.HasField("s3")


class Store:
    """What of S3 a reader needs: an object by its path, for those who sign."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects = objects
        self.authorizations: list[str] = []

    async def get(self, request: web.Request) -> web.Response:
        self.authorizations.append(request.headers.get("Authorization", ""))
        found = self.objects.get(request.path)
        if found is None:
            body = "<Error><Code>NoSuchKey</Code><Message>The key does not exist</Message></Error>"
            return web.Response(status=404, text=body, content_type="application/xml")
        headers = {"ETag": '"1"', "Last-Modified": "Thu, 26 Nov 2026 12:00:00 GMT"}
        return web.Response(body=found, headers=headers)


def bucket(endpoint: str) -> Output:
    return make_output(
        EgressSettings.model_validate(
            {"s3_bucket": "shows", "s3_endpoint": endpoint, "s3_access_key": "AKIAREAL", "s3_secret": "s3cr3tREAL"}
        )
    )


async def test_files_come_from_a_bucket_by_signed_requests(tmp_path: Path, clock: ToldTime) -> None:
    sealed = await sealed_show(tmp_path, clock)
    ogg = write_ogg(tmp_path / "a.ogg", beeps(2.0, 0.5)).read_bytes()
    store = Store({"/shows/roundtable/pilot/anna-TR_1.ogg": ogg})
    app = web.Application()
    app.router.add_get("/{path:.*}", store.get)
    async with TestServer(app) as server:
        output = bucket(str(server.make_url("")))
        pieces = [
            piece(clock, "EG_1", "roundtable/pilot/anna-TR_1.ogg", 2.0),
            piece(clock, "EG_2", "roundtable/pilot/gone.ogg", 5.0),
        ]
        (problem,) = await bring_in(sealed, pieces, output, started_at=clock.started_at)
    assert "shows/roundtable/pilot/gone.ogg could not be fetched" in problem
    assert "s3cr3tREAL" not in problem
    assert onsets(sealed.folder / "egress" / "anna.webm") == pytest.approx([2.5], abs=0.003)
    assert all("AWS4-HMAC-SHA256 Credential=AKIAREAL/" in line for line in store.authorizations)


def test_the_service_is_given_the_bucket_and_the_log_never_its_secret() -> None:
    output = bucket("http://127.0.0.1:9000")
    assert isinstance(output, Bucket)
    request = output.request("2026-tea", "anna")
    assert request.filepath == "roundtable/2026-tea/anna-{track_id}.ogg"
    assert (request.s3.bucket, request.s3.endpoint, request.s3.force_path_style) == (
        "shows",
        "http://127.0.0.1:9000",
        True,
    )
    assert request.s3.secret == "s3cr3tREAL"
    assert "s3cr3tREAL" not in repr(output)
