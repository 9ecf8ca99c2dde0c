"""Sealing: seekable, of one length, gapless; and harmless wherever it is broken off."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from agent.recording import opus
from agent.recording.audio import RATE_HZ, Int16
from agent.recording.seal import live_end, seal_track
from agent.recording.webm import CLUSTER_MS, LiveWebm
from tests.recording.matroska import WebM
from tests.recording.media import decoded, ffprobe, speech


def live(path: Path, pcm: Int16, *, without: slice = slice(0, 0), torn: int = 0) -> None:
    """A live file that a recorder left: without some clusters, and with its last bytes torn off."""
    webm = LiveWebm()
    clusters = [cluster.data for cluster in webm.add(pcm)]
    del clusters[without]
    data = b"".join(clusters)
    path.write_bytes(data[: len(data) - torn])


def sealed(path: Path, *, end: int = 0) -> None:
    seal_track(path, end=max(end, live_end(path)), name="Anna", title="Pilot")


def test_a_sealed_track_has_a_duration_and_the_same_sound(tmp_path: Path) -> None:
    path = tmp_path / "anna.webm"
    live(path, speech(8.0))
    before = decoded(path)
    sealed(path)
    assert np.array_equal(decoded(path), before)
    assert float(ffprobe(path)["format"]["duration"]) == pytest.approx(len(before) / RATE_HZ, abs=0.01)
    assert ffprobe(path)["format"]["tags"]["title"] == "Pilot"


def test_a_sealed_track_can_be_sought(tmp_path: Path) -> None:
    path = tmp_path / "anna.webm"
    live(path, speech(30.0))
    sealed(path)
    data = path.read_bytes()
    cues = data.find(b"\x1c\x53\xbb\x6b")  # Matroska's Cues, which only a finished file has
    first_cluster = data.find(b"\x1f\x43\xb6\x75")
    assert 0 < cues < first_cluster, "the cues lie before the sound, so that a player over HTTP finds them at once"
    with av.open(str(path), "r") as container:
        container.seek(20_000_000)
        frame = next(container.decode(audio=0))
        assert frame.time is not None
        assert 14.9 < frame.time <= 20.1  # the cue at or before it; they lie 5 s apart


def test_the_structure_is_whole_live_and_sealed(tmp_path: Path) -> None:
    path = tmp_path / "anna.webm"
    live(path, speech(30.0))
    assert WebM(path).check() == []
    sealed(path, end=1700)
    assert WebM(path).check_sealed() == []
    assert len(WebM(path).block_times_ms()) == 1700


def test_a_hole_becomes_silence_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "anna.webm"
    pcm = speech(6.0)
    live(path, pcm)
    whole = decoded(path)
    hole = slice(5, 10)
    live(path, pcm, without=hole)
    sealed(path)
    sound = decoded(path)
    assert len(sound) == len(whole)
    begin, end = (n * CLUSTER_MS * RATE_HZ // 1000 for n in (hole.start, hole.stop))
    margin = RATE_HZ // 20  # a packet rings on into the next, and is in the file 6.5 ms before it is heard
    assert np.abs(sound[begin + margin : end - margin]).max() < 0.001
    assert np.allclose(sound[: begin - margin], whole[: begin - margin], atol=1e-6)
    later = end + RATE_HZ // 5  # the decoder finds its way back
    assert np.allclose(sound[later:], whole[later:], atol=0.02)


def test_shorter_tracks_are_padded_to_the_longest(tmp_path: Path) -> None:
    path = tmp_path / "anna.webm"
    live(path, speech(2.0))
    sealed(path, end=500)
    assert len(decoded(path)) / RATE_HZ == pytest.approx(opus.duration_s(500))


@pytest.mark.parametrize("torn", [1, 100, 2000])
def test_a_torn_end_costs_only_what_is_torn(tmp_path: Path, torn: int) -> None:
    path = tmp_path / "anna.webm"
    live(path, speech(4.0), torn=torn)
    sealed(path)
    assert len(decoded(path)) / RATE_HZ > 3.3


def test_sealing_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "anna.webm"
    live(path, speech(3.0))
    sealed(path)
    once, size = decoded(path), path.stat().st_size
    sealed(path)
    assert np.array_equal(decoded(path), once)
    assert path.stat().st_size == size


def test_a_seal_that_is_broken_off_leaves_the_live_file(tmp_path: Path) -> None:
    path = tmp_path / "anna.webm"
    live(path, speech(70.0))
    before = path.read_bytes()

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seal_track(path, end=live_end(path), name="", title="", tick=killed)
    assert path.read_bytes() == before
    assert [name.name for name in tmp_path.iterdir()] == ["anna.webm"]


def test_a_file_that_is_no_track_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "anna.webm"
    path.write_bytes(b"not a track")
    with pytest.raises(av.error.InvalidDataError):
        live_end(path)
    assert path.read_bytes() == b"not a track"
