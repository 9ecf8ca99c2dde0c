"""A whole recording beside the local one: from tracks through the API, webhooks and files to the sealed folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from livekit import api

from agent.clock import EpisodeClock
from agent.recording import EpisodeRecorder
from agent.recording.egress import back_end
from agent.recording.egress.later import bring_in_later, pieces_of_log
from agent.recording.egress.outputs import SharedFolder
from agent.recording.egress.recording import EgressRecording, open_egress
from agent.recording.egress.service import LiveKitEgress
from agent.recording.log import read_log
from agent.settings import RecordingSettings
from tests.recording.egress.ogg import beeps
from tests.recording.egress.signed import KEY, SECRET
from tests.recording.egress.test_joining import onsets
from tests.recording.media import Host, open_recorder, speech
from tests.support.egress import EgressDouble, egress_double
from tests.web.table import eventually


class Show:
    """A recorder and its egress, with the tracks that a test lets in."""

    def __init__(self, recorder: EpisodeRecorder, egress: EgressRecording, host: Host) -> None:
        self.recorder = recorder
        self.host = host
        self.egress = egress
        self.back_end = egress._back_end

    def session(self) -> Any:
        return yaml.safe_load((self.recorder.folder / "session.yml").read_text())

    def log(self) -> list[str]:
        lines = read_log(self.recorder.folder / "events.jsonl")
        return [str(getattr(line, "status", "")) for line in lines if line.kind == "recording.egress"]


async def hold(double: EgressDouble, tmp_path: Path, until: Callable[[Show], bool], *, start_s: float = 5.0) -> Show:
    """Anna speaks, and the show ends."""
    host, clock = Host(), EpisodeClock()
    recorder = await open_recorder(tmp_path / "recordings", clock=clock, host=host)
    recorder.note(room="show")
    settings = RecordingSettings.model_validate(
        {
            "back_ends": ("local", "egress"),
            "egress": {"folder": tmp_path / "shared", "start_s": start_s, "results_s": 0.5},
        }
    )
    async with open_egress(
        settings, url=double.url, api_key=KEY, api_secret=SECRET, room="show", recorder=recorder, clock=clock, tell=host
    ) as egress:
        show = Show(recorder, egress, host)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(egress.run())
            recorder.track("anna", name="Anna", role="human").write(0.0, speech(0.1))
            show.back_end.published("anna", "Anna", "TR_a")
            await eventually(lambda: until(show), within_s=5)
            running.cancel()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(egress.end())
            sealed = await recorder.seal(reason="over")
        await egress.bring_in(sealed)
    return show


def _is_active(show: Show) -> bool:
    return any(piece.status == "active" for piece in show.back_end.pieces)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists are asked for more often than a show would."""
    monkeypatch.setattr(back_end, "ASK_EVERY_S", 0.05)
    monkeypatch.setattr(back_end, "ASK_AT_THE_END_S", 0.05)


async def test_a_show_leaves_the_tracks_of_both_back_ends(tmp_path: Path) -> None:
    async with egress_double() as double:
        double.pcm_of["TR_a"] = beeps(0.4, 0.1)
        show = await hold(double, tmp_path, _is_active)
    assert show.host.told == []
    assert show.log()[:3] == ["asked", "starting", "active"]
    session = show.session()
    assert session["egress"]["problems"] == []
    (piece,) = session["egress"]["pieces"]
    assert (piece["who"], piece["status"], piece["file"]) == (
        "anna",
        "complete",
        f"{tmp_path}/shared/pilot/anna-TR_a.ogg",
    )
    (onset,) = onsets(show.recorder.folder / "egress" / "anna.webm")
    assert onset == pytest.approx(piece["starts_at_s"] + 0.1, abs=0.003)
    assert session["status"] == "sealed"


async def test_what_has_ended_or_never_was_is_stopped_without_an_error(tmp_path: Path) -> None:
    async with egress_double() as double, api.LiveKitAPI(double.url, KEY, SECRET, failover=False) as server:
        output = SharedFolder(tmp_path, str(tmp_path))
        service = LiveKitEgress(server, room="show", episode="pilot", output=output, start_s=1.0)
        egress_id = await service.start("anna", "TR_a")
        assert [report.status for report in await service.list()] == ["starting"]
        for _ in range(2):  # the second time it answers 412
            await service.stop(egress_id)
        await service.stop("EG_unknown")
        (report,) = await service.list()
        assert report.file is not None
        assert (report.status, report.file.name) == ("complete", f"{tmp_path}/pilot/anna-TR_a.ogg")


async def test_a_service_that_is_missing_is_told_and_the_local_tracks_are_whole(tmp_path: Path) -> None:
    async with egress_double() as double:
        double.starts_answer = False
        show = await hold(double, tmp_path, lambda show: bool(show.host.told), start_s=1.0)
    assert show.host.heard("warning", "no egress service has answered within 1 s")
    assert show.log() == ["asked", "refused"]
    session = show.session()
    assert session["status"] == "sealed"
    assert "egress" not in session
    assert (show.recorder.folder / "anna.webm").is_file()


async def test_a_file_that_comes_after_its_show_is_brought_in_later(tmp_path: Path) -> None:
    output = SharedFolder(tmp_path / "shared", str(tmp_path / "shared"))
    async with egress_double() as double, api.LiveKitAPI(double.url, KEY, SECRET, failover=False) as server:

        def service(room: str) -> LiveKitEgress:
            return LiveKitEgress(server, room=room, episode="", output=output, start_s=1.0)

        double.pcm_of["TR_a"] = beeps(0.4, 0.1)
        double.stops_answer = False
        show = await hold(double, tmp_path, _is_active)
        folder = show.recorder.folder
        assert show.session()["egress"]["pieces"][0]["status"] == "active"
        assert not (folder / "egress").exists()
        assert await bring_in_later(folder.parent, service, output) == []  # it is not there yet
        await double.complete("EG_1")
        assert await bring_in_later(folder.parent, service, output) == [(folder, [])]
        assert await bring_in_later(folder.parent, service, output) == []  # nothing is missing now
    session = show.session()
    assert session["egress"]["pieces"][0]["brought_in"]
    assert onsets(folder / "egress" / "anna.webm") == pytest.approx(
        [session["egress"]["pieces"][0]["starts_at_s"] + 0.1], abs=0.003
    )


async def test_after_a_crash_the_log_knows_the_egresses(tmp_path: Path) -> None:
    async with egress_double() as double:
        show = await hold(double, tmp_path, _is_active)
    (piece,) = pieces_of_log(show.recorder.folder / "events.jsonl")
    (known,) = show.back_end.pieces
    assert (piece.who, piece.track_id, piece.egress_id) == ("anna", "TR_a", "EG_1")
    assert piece.asked_at == pytest.approx(known.asked_at, abs=0.01)
    assert piece.active_at == pytest.approx(known.active_at, abs=0.01)
