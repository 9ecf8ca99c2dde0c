"""A show is recorded: what lies in the folder afterwards."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import numpy as np
import pytest
import webvtt

from agent.clock import EpisodeClock
from agent.recording import EpisodeRecorder, Sealed
from agent.recording.audio import RATE_HZ
from agent.recording.log import read_log
from agent.recording.session import read_session
from tests.recording.media import ToldTime, decoded, ffprobe, open_everything, open_recorder, speak, speech


async def record(root: Path, slug: str = "pilot", *, title: str = "Pilot") -> Sealed:
    clock = ToldTime()
    about = {"models": {"claude": "stand-in"}}
    recorder = await EpisodeRecorder.open(root, slug, clock=clock, title=title, about=about)
    recorder.track("claude", name="Claude", role="ai")
    speak(recorder, clock, 2.0)
    recorder.event(0.5, "participant.joined", who="anna", name="Anna", role="human")
    recorder.event(0.6, "recording.notice", who="anna", name="Anna")
    recorder.caption("claude", 0.5, 1.5, "Welcome.")
    recorder.caption("anna", 0.0, 1.0, "Good evening & <hello>.")
    recorder.note(models={"guest": "llama"}, cost_estimate={"usd": 0.12})
    clock.time_s = 5.0
    return await recorder.seal(reason="host ended the show")


async def test_every_speaker_has_a_track_and_captions_and_the_folder_is_sealed(tmp_path: Path) -> None:
    sealed = await record(tmp_path)
    assert (sealed.status, sealed.problems, sealed.reason) == ("sealed", (), "host ended the show")
    names = {"anna.webm", "anna.vtt", "claude.webm", "claude.vtt", "episode.vtt", "events.jsonl"}
    assert {file.name for file in sealed.files} == names
    assert {path.name for path in sealed.folder.iterdir()} == names | {"session.yml"}
    open_everything(sealed.folder)


async def test_all_tracks_begin_and_end_together(tmp_path: Path) -> None:
    sealed = await record(tmp_path)
    anna, claude = decoded(sealed.folder / "anna.webm"), decoded(sealed.folder / "claude.webm")
    assert len(anna) == len(claude)
    assert len(anna) / RATE_HZ == pytest.approx(sealed.duration_s)
    assert 5.0 <= sealed.duration_s < 5.05
    assert np.abs(anna[: 2 * RATE_HZ]).max() > 0.1
    assert np.abs(anna[2 * RATE_HZ + 2400 :]).max() < 0.001
    assert not claude.any()
    for name in ("anna.webm", "claude.webm"):
        probed = ffprobe(sealed.folder / name)
        assert probed["format"]["start_time"] == "-0.007000"  # the encoder's look-ahead, which players drop
        assert float(probed["format"]["duration"]) == pytest.approx(sealed.duration_s, abs=0.01)


async def test_captions_lie_in_order_and_name_who_speaks(tmp_path: Path) -> None:
    sealed = await record(tmp_path)
    merged = webvtt.read(str(sealed.folder / "episode.vtt")).captions
    assert [caption.voice for caption in merged] == ["Anna", "Claude"]
    assert "Good evening &amp; &lt;hello&gt;." in (sealed.folder / "anna.vtt").read_text()


async def test_the_session_file_tells_all(tmp_path: Path) -> None:
    sealed = await record(tmp_path, title="Pilot: 日本語 / " + "x" * 300)
    document = read_session(sealed.folder)
    assert document is not None
    assert document["status"] == "sealed"
    assert document["title"] == "Pilot: 日本語 / " + "x" * 300
    assert document["reason"] == "host ended the show"
    assert document["models"] == {"claude": "stand-in", "guest": "llama"}
    assert document["cost_estimate"] == {"usd": 0.12}
    assert [speaker["name"] for speaker in document["speakers"]] == ["Claude", "Anna"]  # type: ignore[attr-defined]
    assert document["consent"] == [{"who": "anna", "notice_at_s": 0.6, "name": "Anna", "joined_at_s": 0.5}]
    assert set(document["sync"]) == {"anna", "claude"}  # type: ignore[call-overload]
    assert document["environment"]["python"]  # type: ignore[index]
    for file in document["files"]:  # type: ignore[attr-defined]
        data = (sealed.folder / file["name"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


async def test_the_log_begins_and_ends_with_the_session(tmp_path: Path) -> None:
    sealed = await record(tmp_path)
    kinds = [entry.kind for entry in read_log(sealed.folder / "events.jsonl")]
    assert (kinds[0], kinds[-1]) == ("session.start", "session.end")
    assert {"participant.joined", "recording.notice", "recording.track", "recording.sync"} < set(kinds)


async def test_a_second_episode_of_the_same_name_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pilot-2").write_text("somebody's file")
    first, second = await record(tmp_path), await record(tmp_path)
    assert (first.folder.name, second.folder.name) == ("pilot", "pilot-3")
    assert (tmp_path / "pilot-2").read_text() == "somebody's file"


@pytest.mark.parametrize("slug", ["", "..", "a/b", "/etc", ".x", "x" * 300, "日本語", "CON", "a\0b"])
async def test_any_name_is_safe_and_stays_within_the_root(tmp_path: Path, slug: str) -> None:
    sealed = await record(tmp_path / "root", slug)
    assert sealed.status == "sealed"
    assert sealed.folder.parent == tmp_path / "root"
    document = read_session(sealed.folder)
    assert document is not None
    assert document["slug"] == slug


async def test_a_speaker_who_asks_again_gets_the_same_track(tmp_path: Path) -> None:
    recorder = await open_recorder(tmp_path, clock=EpisodeClock())
    track = recorder.track("anna", name="Anna", role="human")
    assert recorder.track("anna", name="Anna B.", role="human") is track
    assert recorder.track("Anna", name="Another", role="human").file_name == "anna-2"
    assert (await recorder.seal(reason="over")).status == "sealed"


async def test_sealing_is_done_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    recorder = await open_recorder(tmp_path, clock=EpisodeClock())
    recorder.track("anna", name="Anna", role="human")
    one, other = await asyncio.gather(recorder.seal(reason="first"), recorder.seal(reason="second"))
    assert one is other
    assert one.reason == "first"
    assert (await recorder.seal(reason="third")) is one


async def test_a_cancelled_seal_is_finished_all_the_same(tmp_path: Path) -> None:
    clock = ToldTime()
    recorder = await open_recorder(tmp_path, clock=clock)
    speak(recorder, clock, 2.0)
    sealing = asyncio.ensure_future(recorder.seal(reason="over"))  # noqa: TID251 - it is cancelled below
    await asyncio.sleep(0)
    sealing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sealing
    assert (await recorder.seal(reason="again")).status == "sealed"


async def test_what_comes_after_the_seal_harms_nothing(tmp_path: Path) -> None:
    recorder = await open_recorder(tmp_path, clock=EpisodeClock())
    track = recorder.track("anna", name="Anna", role="human")
    sealed = await recorder.seal(reason="over")
    contents = {path: path.read_bytes() for path in sealed.folder.iterdir()}
    track.write(1.0, speech(0.01))
    recorder.event(1.0, "chapter", text="late")
    recorder.caption("anna", 0.0, 1.0, "late")
    recorder.note(late=True)
    recorder.track("ben", name="Ben", role="human").write(1.0, speech(0.01))
    await asyncio.sleep(0.2)
    assert {path: path.read_bytes() for path in sealed.folder.iterdir()} == contents


async def test_the_caller_may_reuse_its_buffer(tmp_path: Path) -> None:
    clock = ToldTime()
    recorder = await open_recorder(tmp_path, clock=clock)
    track = recorder.track("anna", name="Anna", role="human")
    buffer = np.zeros(480, np.int16)
    for n in range(100):
        buffer[:] = 8000
        track.write(n / 100, buffer)
        buffer[:] = 0
    clock.time_s = 1.0
    sealed = await recorder.seal(reason="over")
    assert np.abs(decoded(sealed.folder / "anna.webm")).max() > 0.1


async def test_nobody_wrote_to_the_disk_in_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from agent.recording.disk import Disk

    threads: set[str] = set()
    for name in ("write", "create", "sync", "replace"):
        original = getattr(Disk, name)

        def spied(*args: object, original: object = original) -> object:
            threads.add(threading.current_thread().name)
            assert callable(original)
            return original(*args)

        monkeypatch.setattr(Disk, name, spied)
    await record(tmp_path)
    assert threads
    assert threading.main_thread().name not in threads
