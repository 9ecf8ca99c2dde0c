"""Tracks: one length, one beginning, to the sample; silence in place; damage told by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
import yaml

from agent.errors import StudioError
from agent.export import Options, export, open_episode
from agent.recording.audio import RATE_HZ
from tests.export.conftest import BURST, BURST_AT, SECONDS
from tests.export.episodes import Voice, ffprobe, read_wav, record, shift

TRACKS = ["tracks/01-anna.wav", "tracks/02-claude-c-o-neil.wav", "tracks/03-silent.wav"]


def exported_tracks(path: Path) -> list[str]:
    return sorted(str(one.relative_to(path)) for one in path.glob("tracks/*"))


def test_all_tracks_have_one_length_and_every_sound_its_place(talk: Path, tmp_path: Path) -> None:
    episode = open_episode(talk)
    done = export(episode, tmp_path, Options())
    assert done.problems == ()
    assert exported_tracks(done.path) == TRACKS
    sounds = [read_wav(done.path / name) for name in TRACKS]
    assert {sound.shape for sound in sounds} == {(episode.samples, 1)}
    assert episode.samples >= SECONDS * RATE_HZ
    for sound, who in zip(sounds, ("anna", "claude"), strict=False):
        # A mistake about the encoder's delay would be 312 samples, one about Matroska's milliseconds up to 24.
        assert shift(sound[:, 0], BURST / 32768, BURST_AT[who]) == 0
    assert not sounds[2].any()


def test_flac_and_16_bits_hold_the_same(talk: Path, tmp_path: Path) -> None:
    episode = open_episode(talk)
    wav = export(episode, tmp_path / "24", Options()).path
    flac = export(episode, tmp_path / "flac", Options(format="flac")).path / "tracks/01-anna.flac"
    short = export(episode, tmp_path / "16", Options(bits=16)).path
    whole = read_wav(wav / TRACKS[0])[:, 0]
    with av.open(str(flac)) as container:
        frames = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.array_equal(frames / 2**31, whole)
    assert np.abs(read_wav(short / TRACKS[0])[:, 0] - whole).max() <= 0.5001 / 32768
    about = ffprobe(flac)
    assert about["streams"][0]["bits_per_raw_sample"] == "24"
    tags = {name.lower(): text for name, text in about["format"]["tags"].items()}
    assert (tags["title"], tags["artist"]) == ("Anna/Берта 🎙", "Anna/Берта 🎙")


async def test_a_track_without_any_sample_and_a_speaker_alone(tmp_path: Path) -> None:
    folder = await record(tmp_path / "recordings", {"you": Voice("You", None, "human")}, seconds=0.5)
    done = export(open_episode(folder), tmp_path / "exports", Options(mix=True))
    assert done.problems == ()
    assert not read_wav(done.path / "tracks/01-you.wav").any()
    assert done.mixed is not None
    assert done.mixed.loudness.silent
    assert not read_wav(done.path / "mix.wav").any()


@pytest.fixture
def copy(talk: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(talk, tmp_path / "recordings" / "pilot"))


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_a_track_that_cannot_be_read_is_named_and_the_rest_is_there(copy: Path, tmp_path: Path, damage: str) -> None:
    (copy / "anna.webm").unlink() if damage == "missing" else (copy / "anna.webm").write_bytes(b"x" * 5000)
    done = export(open_episode(copy), tmp_path / "exports", Options(mix=True))
    assert exported_tracks(done.path) == TRACKS[1:]
    assert [problem.split(":")[0] for problem in done.problems] == ["Anna/Берта 🎙 is missing"]
    assert (done.path / "mix.wav").exists()


def test_a_torn_track_keeps_what_it_has_in_its_place(copy: Path, tmp_path: Path) -> None:
    whole = (copy / "anna.webm").read_bytes()
    (copy / "anna.webm").write_bytes(whole[: len(whole) * 2 // 3] + bytes(900) + whole[len(whole) * 2 // 3 + 900 :])
    done = export(open_episode(copy), tmp_path / "exports", Options())
    assert exported_tracks(done.path) == TRACKS
    assert len(done.problems) == 1
    assert done.problems[0].startswith("anna.webm: ")
    assert "cannot be read, first at 0:00:0" in done.problems[0]
    sound = read_wav(done.path / TRACKS[0])
    assert len(sound) == open_episode(copy).samples
    assert shift(sound[:, 0], BURST / 32768, BURST_AT["anna"]) == 0  # before the hole
    assert not sound[-4800:].any()  # the rest of the cluster is lost


def test_a_track_that_is_not_as_it_was_sealed_is_told(copy: Path, tmp_path: Path) -> None:
    (copy / "anna.webm").write_bytes((copy / "anna.webm").read_bytes() + bytes(1))
    done = export(open_episode(copy), tmp_path / "exports", Options())
    assert [problem.split(" ")[0] for problem in done.problems] == ["anna.webm"]
    assert "checksum" in done.problems[0]


def test_what_is_not_sealed_is_refused_with_the_remedy(copy: Path, tmp_path: Path) -> None:
    session = yaml.safe_load((copy / "session.yml").read_text())
    (copy / "session.yml").write_text(yaml.safe_dump(session | {"status": "recording"}))
    with pytest.raises(StudioError, match=r"is not sealed.*studio salvage"):
        open_episode(copy)
    (copy / "session.yml").unlink()
    with pytest.raises(StudioError, match="studio salvage"):
        open_episode(copy)
    with pytest.raises(StudioError, match="no episode at"):
        open_episode(tmp_path)


def test_nothing_to_export_leaves_nothing(copy: Path, tmp_path: Path) -> None:
    for track in copy.glob("*.webm"):
        track.unlink()
    with pytest.raises(StudioError, match=r"anna\.webm cannot be read"):
        export(open_episode(copy), tmp_path / "exports", Options())
    assert list((tmp_path / "exports").iterdir()) == []
