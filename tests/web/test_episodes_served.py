"""The episodes' API: what is listed, drawn and downloaded, and what is not."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from agent.web.archive import Archive
from agent.web.episodes import ARCHIVE, WAVEFORMS, add_episodes
from agent.web.guard import answer_errors
from agent.web.waveform import PER_S, Waveforms
from tests.web.recorded import LENGTH_S, record_episode

Client = TestClient[web.Request, web.Application]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asyncio.run(record_episode(tmp_path_factory.mktemp("recordings")))


@pytest.fixture
def folder(recorded: Path, tmp_path: Path) -> Path:
    """The episode's folder, a copy of the test's own."""
    return Path(shutil.copytree(recorded, tmp_path / "recordings" / recorded.name))


@pytest.fixture
async def client(folder: Path, tmp_path: Path) -> AsyncIterator[Client]:
    (tmp_path / "secret.txt").write_text("not for the web")
    app = web.Application(middlewares=[answer_errors])
    app[ARCHIVE] = Archive(folder.parent)
    app[WAVEFORMS] = Waveforms(tmp_path / "cache")
    add_episodes(app)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_the_list_says_what_when_who_and_how_long(client: Client) -> None:
    ((episode),) = (await (await client.get("/api/episodes")).json())["episodes"]
    assert episode["title"] == "Can a machine be curious?"
    assert episode["folder"] == "curious"
    assert episode["status"] == "sealed"
    assert abs(episode["duration_s"] - LENGTH_S) < 0.1
    assert [speaker["name"] for speaker in episode["speakers"]] == ["Anna", "Claude", "Ada"]
    assert episode["stand_in"] is True


async def test_an_episode_has_captions_in_order_chapters_and_response_times(client: Client) -> None:
    episode = await (await client.get("/api/episodes/curious")).json()
    assert [caption["name"] for caption in episode["captions"]][:2] == ["Anna", "Claude"]
    starts = [caption["start"] for caption in episode["captions"]]
    assert starts == sorted(starts)
    assert [response["latency_s"] for response in episode["responses"]] == [1.0, 0.8, 1.2]
    kinds = {mark["kind"]: mark for mark in episode["marks"]}
    assert kinds["chapter"]["text"] == "Surprise"
    assert kinds["playback.interrupted"]["at"] == 16.5
    assert {"anna.webm", "claude.vtt", "session.yml"} <= {file["name"] for file in episode["files"]}


async def test_a_waveform_is_loud_where_its_speaker_spoke_and_flat_elsewhere(client: Client, tmp_path: Path) -> None:
    answer = await client.get("/api/episodes/curious/waveforms/claude")
    assert answer.headers["X-Peaks-Per-Second"] == str(PER_S)
    peaks = np.frombuffer(await answer.read(), np.uint8)
    assert abs(len(peaks) - LENGTH_S * PER_S) <= 2
    assert peaks[int(6 * PER_S) : int(10 * PER_S)].max() > 120
    assert peaks[int(12.5 * PER_S) : int(19.5 * PER_S)].max() < 20
    assert len(list((tmp_path / "cache" / "waveforms").iterdir())) == 1
    again = await client.get("/api/episodes/curious/waveforms/claude")
    assert await again.read() == peaks.tobytes()


async def test_a_track_can_be_asked_for_in_ranges_as_players_do(client: Client, folder: Path) -> None:
    whole = (folder / "claude.webm").read_bytes()
    url = "/api/episodes/curious/files/claude.webm"
    answer = await client.get(url, headers={"Range": "bytes=100-199"})
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert answer.headers["Content-Type"] == "audio/webm"
    assert await answer.read() == whole[100:200]
    assert await (await client.get(url)).read() == whole
    assert (await client.get(url, headers={"Range": f"bytes={len(whole) + 5}-"})).status == 416


async def test_a_download_is_named_after_the_episode(client: Client) -> None:
    answer = await client.get("/api/episodes/curious/files/anna.vtt?download")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="curious-anna.vtt"'


async def test_everything_comes_in_one_zip_that_holds_what_the_folder_holds(client: Client, folder: Path) -> None:
    (folder / "egress").mkdir()
    (folder / "egress" / "anna.webm").write_bytes(b"recorded elsewhere")
    answer = await client.get("/api/episodes/curious/bundle.zip")
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as bundle:
        assert bundle.testzip() is None
        assert {name: bundle.read(f"curious/{name}") for name in ("anna.webm", "session.yml")} == {
            name: (folder / name).read_bytes() for name in ("anna.webm", "session.yml")
        }
        assert bundle.read("curious/egress/anna.webm") == b"recorded elsewhere"
        assert set(bundle.namelist()) == {f"curious/{name}" for name in Archive(folder.parent).episodes()[0].files()}


async def test_what_was_recorded_elsewhere_is_listed_and_can_be_downloaded(client: Client, folder: Path) -> None:
    (folder / "egress").mkdir()
    (folder / "egress" / "anna.webm").write_bytes(b"recorded elsewhere")
    episode = await (await client.get("/api/episodes/curious")).json()
    assert {"name": "egress/anna.webm", "bytes": 18} in episode["files"]
    for name in ("egress/anna.webm", "egress%2Fanna.webm"):
        answer = await client.get(f"/api/episodes/curious/files/{name}?download")
        assert await answer.read() == b"recorded elsewhere"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="curious-egress-anna.webm"'


@pytest.mark.parametrize(
    "path",
    [
        "/api/episodes/..",
        "/api/episodes/%2e%2e/files/secret.txt",
        "/api/episodes/..%2f..",
        "/api/episodes/curious/files/..%2f..%2f..%2fsecret.txt",
        "/api/episodes/curious/files/%2e%2e",
        "/api/episodes/curious/files/.lock",
        "/api/episodes/curious/files/egress/../../../secret.txt",
        "/api/episodes/curious/files/egress/..%2f..%2f..%2fsecret.txt",
        "/api/episodes/curious/files/a%00b",
        "/api/episodes/a%00b",
        "/api/episodes/no-such-one",
        "/api/episodes/curious/waveforms/nobody",
        "/api/episodes/curious/waveforms/..%2fclaude",
    ],
)
async def test_nothing_else_on_this_machine_is_served(client: Client, folder: Path, path: str) -> None:
    (folder / ".lock").write_text("")
    answer = await client.get(path)
    assert answer.status == 404
    assert "not for the web" not in await answer.text()


async def test_a_link_out_of_the_folder_is_not_followed(client: Client, folder: Path, tmp_path: Path) -> None:
    (folder.parent / "elsewhere").symlink_to(tmp_path)
    (folder / "secret.txt").symlink_to(tmp_path / "secret.txt")
    assert (await client.get("/api/episodes/elsewhere/files/secret.txt")).status == 404
    assert (await client.get("/api/episodes/curious/files/secret.txt")).status == 404


async def test_whatever_lies_in_a_folder_is_never_run_as_a_page(client: Client, folder: Path) -> None:
    (folder / "notes.html").write_text("<script>alert(1)</script>")
    answer = await client.get("/api/episodes/curious/files/notes.html")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


async def test_a_broken_folder_spoils_no_other(client: Client, folder: Path) -> None:
    for name, text in (("broken", ": [not yaml"), ("odd", "- a list"), ("bare", "title: 5\nspeakers: nobody\n")):
        (folder.parent / name).mkdir()
        (folder.parent / name / "session.yml").write_text(text)
    (folder.parent / "empty").mkdir()
    with (folder / "events.jsonl").open("a") as events:
        events.write('{"kind": "chap')
    listed = (await (await client.get("/api/episodes")).json())["episodes"]
    assert {episode["folder"] for episode in listed} == {"curious", "bare"}
    assert (await client.get("/api/episodes/curious")).status == 200
    assert (await client.get("/api/episodes/bare")).status == 200


async def test_a_changed_session_is_read_again(client: Client, folder: Path) -> None:
    await client.get("/api/episodes")
    session = folder / "session.yml"
    session.write_text(session.read_text().replace("status: sealed", "status: salvaged"))
    told = json.loads(await (await client.get("/api/episodes/curious")).text())
    assert told["status"] == "salvaged"
