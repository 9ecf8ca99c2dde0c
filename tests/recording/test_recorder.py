"""A show is recorded: what lies in the folder afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent.clock import EpisodeClock
from agent.recording import EpisodeRecorder, Sealed
from agent.recording.log import read_log
from agent.recording.session import read_session


async def record(root: Path, slug: str = "pilot") -> Sealed:
    recorder = await EpisodeRecorder.open(root, slug, clock=EpisodeClock(), title="Pilot", about={})
    anna = recorder.track("anna", name="Anna", role="human")
    recorder.track("claude", name="Claude", role="ai")
    for n in range(100):
        anna.write(n / 100, np.full(480, 1000, np.int16))
    recorder.caption("anna", 0.0, 1.0, "Good evening.")
    return await recorder.seal(reason="host ended the show")


async def test_every_speaker_has_a_track_and_captions_and_the_folder_is_sealed(tmp_path: Path) -> None:
    sealed = await record(tmp_path)
    assert sealed.status == "sealed"
    assert sealed.problems == ()
    assert {file.name for file in sealed.files} == {
        "anna.webm",
        "anna.vtt",
        "claude.webm",
        "claude.vtt",
        "episode.vtt",
        "events.jsonl",
    }
    document = read_session(sealed.folder)
    assert document is not None
    assert document["status"] == "sealed"
    assert document["reason"] == "host ended the show"
    assert [entry.kind for entry in read_log(sealed.folder / "events.jsonl")][-1] == "session.end"


async def test_a_second_episode_of_the_same_name_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    first, second = await record(tmp_path), await record(tmp_path)
    assert (first.folder.name, second.folder.name) == ("pilot", "pilot-2")
