"""What a dead recorder left is finished by the next start; what a living one has is never touched."""

from __future__ import annotations

import asyncio
import html
import shutil
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import webvtt

from agent.clock import EpisodeClock
from agent.recording import salvage
from agent.recording.folder import FolderLock
from agent.recording.log import read_log
from agent.recording.session import read_session
from tests.recording.media import decoded, open_everything, open_recorder, speech

pytestmark = pytest.mark.real  # processes, disks and their time

VICTIM = """
    import asyncio, sys
    from pathlib import Path
    import numpy as np
    from agent.clock import EpisodeClock
    from agent.recording import EpisodeRecorder

    async def talk() -> None:
        clock = EpisodeClock()
        recorder = await EpisodeRecorder.open(Path(sys.argv[1]), "pilot", clock=clock, title="Pilot: 1/2", about={})
        anna = recorder.track("anna", name="Anna <A>", role="human")
        ben = recorder.track("ben", name="Ben", role="human")
        noise = (3000 * np.random.default_rng(0).standard_normal(480)).astype(np.int16)
        begin = clock.now()
        for n in range(10_000):
            at = begin + n / 100
            for track in (anna, ben) if n < 150 else (anna,):
                track.write(at, noise)
            recorder.event(at, "stt.interim", who="anna", utterance="u", text=str(n))
            if n == 150:
                recorder.caption("anna", begin, begin + 1.0, "Good evening & welcome.")
            if n == 220:
                print("kill me", flush=True)
            await asyncio.sleep(max(0.0, at - clock.now()))

    asyncio.run(talk())
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recordings of a worker that was killed 2.2 s into a talk."""
    root = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", textwrap.dedent(VICTIM), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "kill me\n"
        process.send_signal(signal.SIGKILL)
    return root


@pytest.fixture
def root(killed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(killed, tmp_path / "recordings"))


def test_a_killed_recorder_leaves_files_that_open_and_lack_a_second_at_most(root: Path) -> None:
    open_everything(root / "pilot")
    assert len(decoded(root / "pilot" / "anna.webm")) / 48000 > 1.2
    document = read_session(root / "pilot")
    assert document is not None
    assert (document["status"], document["title"]) == ("recording", "Pilot: 1/2")
    assert max(int(e.text) for e in read_log(root / "pilot" / "events.jsonl") if e.kind == "stt.interim") > 120


def test_a_salvage_finishes_the_folder(root: Path) -> None:
    (sealed,) = salvage(root)
    assert (sealed.status, sealed.problems) == ("salvaged", ())
    open_everything(root / "pilot")
    anna, ben = decoded(root / "pilot" / "anna.webm"), decoded(root / "pilot" / "ben.webm")
    assert len(anna) == len(ben)
    assert len(anna) / 48000 == pytest.approx(sealed.duration_s)
    document = read_session(root / "pilot")
    assert document is not None
    assert document["status"] == "salvaged"
    assert "killed" in str(document["reason"])
    assert {file["name"] for file in document["files"]} == {  # type: ignore[attr-defined]
        "anna.webm", "anna.vtt", "ben.webm", "ben.vtt", "episode.vtt", "events.jsonl",
    }  # fmt: skip
    caption = webvtt.read(str(root / "pilot" / "anna.vtt")).captions[0]
    assert html.unescape(caption.text) == "Good evening & welcome."
    assert list(read_log(root / "pilot" / "events.jsonl"))[-1].kind == "recording.salvaged"
    assert not list((root / "pilot").glob(".*"))


def test_a_salvage_keeps_every_sample(root: Path) -> None:
    before = decoded(root / "pilot" / "anna.webm")
    salvage(root)
    assert np.array_equal(decoded(root / "pilot" / "anna.webm")[: len(before)], before)


def test_a_second_salvage_finds_nothing(root: Path) -> None:
    salvage(root)
    contents = {path: path.read_bytes() for path in (root / "pilot").iterdir()}
    assert salvage(root) == []
    assert {path: path.read_bytes() for path in (root / "pilot").iterdir()} == contents


def test_two_salvages_at_once_share_the_work(root: Path) -> None:
    for number in range(2, 6):
        shutil.copytree(root / "pilot", root / f"pilot-{number}")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(salvage, [root, root])
    assert sorted(sealed.folder.name for sealed in [*one, *other]) == ["pilot", *(f"pilot-{n}" for n in range(2, 6))]
    assert all(sealed.status == "salvaged" for sealed in [*one, *other])


async def test_a_running_recorder_is_not_disturbed(tmp_path: Path) -> None:
    recorder = await open_recorder(tmp_path, clock=EpisodeClock())
    track = recorder.track("anna", name="Anna", role="human")
    track.write(0.0, speech(2.0))
    await asyncio.sleep(0.3)
    assert await asyncio.to_thread(salvage, tmp_path) == []
    assert (await recorder.seal(reason="over")).status == "sealed"
    assert salvage(tmp_path) == []


def test_a_kill_between_the_seal_and_the_end_of_the_lock_is_nothing_to_salvage(root: Path) -> None:
    salvage(root)
    (root / "pilot" / ".lock").touch()
    assert salvage(root) == []
    assert not (root / "pilot" / ".lock").exists()


def test_a_kill_in_the_middle_of_sealing_is_salvaged(root: Path) -> None:
    folder = root / "pilot"
    for name in (".anna.webm.part", ".session.yml.part", ".ben.vtt.new"):
        (folder / name).write_bytes(b"half")
    (sealed,) = salvage(root)
    assert sealed.status == "salvaged"
    assert not list(folder.glob(".*"))


def test_without_a_session_file_the_folder_is_salvaged_all_the_same(root: Path) -> None:
    (root / "pilot" / "session.yml").unlink()
    (sealed,) = salvage(root)
    assert sealed.status == "salvaged"
    document = read_session(root / "pilot")
    assert document is not None
    assert document["title"] == "Pilot: 1/2", "the event log knows it"
    assert [speaker["name"] for speaker in document["speakers"]] == ["Anna <A>", "Ben"]  # type: ignore[attr-defined]


def test_a_torn_session_file_is_as_good_as_none(root: Path) -> None:
    (root / "pilot" / "session.yml").write_bytes(b"title: [torn")
    assert [sealed.status for sealed in salvage(root)] == ["salvaged"]


def test_torn_lines_and_captions_are_cut_off(root: Path) -> None:
    folder = root / "pilot"
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b'{"v":1,"at":')
    with (folder / "anna.vtt").open("ab") as file:
        file.write(b"00:00:02.000 --> 00:0")
    assert [sealed.status for sealed in salvage(root)] == ["salvaged"]
    open_everything(folder)


def test_one_broken_track_does_not_keep_the_others_from_being_finished(root: Path) -> None:
    (root / "pilot" / "ben.webm").write_bytes(b"a disk's garbage")
    (sealed,) = salvage(root)
    assert [problem.split(" cannot")[0] for problem in sealed.problems] == ["ben.webm"]
    assert sealed.status == "salvaged", "trying again would not help"
    with (root / "pilot" / "anna.webm").open("rb") as file:
        assert b"\x1c\x53\xbb\x6b" in file.read(4096)  # cues: seekable
    assert (root / "pilot" / "ben.webm").read_bytes() == b"a disk's garbage"


def test_folders_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "film.webm").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    assert salvage(tmp_path) == []
    assert salvage(tmp_path / "nowhere") == []


def test_a_lock_is_held_against_others_of_the_same_process(tmp_path: Path) -> None:
    first = FolderLock.take(tmp_path, create=True)
    assert first is not None
    assert FolderLock.take(tmp_path, create=True) is None
    first.release(sealed=False)
    again = FolderLock.take(tmp_path, create=False)
    assert again is not None
    again.release(sealed=True)
    assert list(tmp_path.iterdir()) == []
