"""Files of an egress on the episode clock: each sound at its time, in a file like the tracks of this machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.recording.audio import FRAME_SAMPLES, RATE_HZ
from agent.recording.egress.joining import NoOpus, Source, join, packet_samples
from agent.recording.opus import SILENT_PACKET
from tests.recording.egress.ogg import beeps, write_ogg
from tests.recording.media import decoded, ffprobe

END = 10 * RATE_HZ // FRAME_SAMPLES * FRAME_SAMPLES  # of whole packets, as every track of ours


def onsets(path: Path) -> list[float]:
    """When each sound begins, seconds."""
    loud = np.flatnonzero(np.abs(decoded(path)) > 0.05)
    first = np.flatnonzero(np.diff(loud, prepend=-RATE_HZ) > RATE_HZ // 4)
    return [float(loud[index]) / RATE_HZ for index in first]


def joined(tmp_path: Path, *sources: Source) -> Path:
    target = tmp_path / "anna.webm"
    assert join(sources, target, end=END, name="Anna", title="Tea").problems == ()
    return target


@pytest.mark.parametrize("stereo", [False, True])
def test_each_file_is_where_it_began_and_the_rest_is_silent(tmp_path: Path, stereo: bool) -> None:
    first = write_ogg(tmp_path / "1.ogg", beeps(3.0, 1.0), stereo=stereo)
    second = write_ogg(tmp_path / "2.ogg", beeps(2.0, 0.5), stereo=stereo)
    target = joined(tmp_path, Source(second, 6.0), Source(first, 1.2345))
    assert onsets(target) == pytest.approx([2.2345, 6.5], abs=0.002)
    assert len(decoded(target)) / RATE_HZ == pytest.approx(10.0, abs=0.01)
    (stream,) = ffprobe(target)["streams"]
    assert (stream["codec_name"], stream["channels"], stream["sample_rate"]) == ("opus", 1, "48000")


def test_packets_that_never_came_leave_the_others_at_their_times(tmp_path: Path) -> None:
    holes = {10, 11, 40, 41, 42, 43, 44, 80}
    file = write_ogg(tmp_path / "1.ogg", beeps(4.0, 0.1, 1.2, 3.0), missing=holes)
    assert onsets(joined(tmp_path, Source(file, 2.0))) == pytest.approx([2.1, 3.2, 5.0], abs=0.002)


@pytest.mark.parametrize("packet_ms", [10, 40, 60])
def test_packets_of_any_length_are_taken(tmp_path: Path, packet_ms: int) -> None:
    file = write_ogg(tmp_path / "1.ogg", beeps(4.0, 0.1, 3.0), packet_ms=packet_ms, missing={20})
    assert onsets(joined(tmp_path, Source(file, 0.5))) == pytest.approx([0.6, 3.5], abs=0.002)


def test_what_was_before_the_recording_is_left_out(tmp_path: Path) -> None:
    file = write_ogg(tmp_path / "1.ogg", beeps(4.0, 0.2, 2.0))
    assert onsets(joined(tmp_path, Source(file, -1.0))) == pytest.approx([1.0], abs=0.002)


def test_an_overlap_is_taken_from_the_earlier_file(tmp_path: Path) -> None:
    first = write_ogg(tmp_path / "1.ogg", beeps(3.0, 2.5))
    second = write_ogg(tmp_path / "2.ogg", beeps(3.0, 0.2, 2.0))
    assert onsets(joined(tmp_path, Source(first, 0.0), Source(second, 2.0))) == pytest.approx([2.5, 4.0], abs=0.002)


def test_a_torn_file_gives_what_it_has_and_a_file_of_something_else_is_told(tmp_path: Path) -> None:
    torn = write_ogg(tmp_path / "1.ogg", beeps(6.0, 1.0, 5.5))
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    nothing = tmp_path / "2.ogg"
    nothing.write_bytes(b"no sound at all" * 100)
    target = tmp_path / "anna.webm"
    result = join([Source(torn, 0.0), Source(nothing, 7.0)], target, end=END, name="Anna", title="Tea")
    assert onsets(target) == pytest.approx([1.0], abs=0.002)
    assert result.duration_s == pytest.approx(10.0, abs=0.01)
    assert "2.ogg cannot be read to its end" in result.problems[-1]


def test_a_disk_that_refuses_leaves_no_half_file(tmp_path: Path) -> None:
    file = write_ogg(tmp_path / "1.ogg", beeps(1.0))
    with pytest.raises(OSError):
        join([Source(file, 0.0)], tmp_path / "nowhere" / "anna.webm", end=END, name="Anna", title="Tea")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.ogg"]


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (SILENT_PACKET, 960),
        (bytes((28 << 3, 0)), 120),  # CELT, 2.5 ms
        (bytes((3 << 3, 0)), 2880),  # SILK, 60 ms
        (bytes((13 << 3, 0)), 960),  # hybrid, 20 ms
        (bytes((31 << 3 | 1, 0)), 1920),  # two frames of one size
        (bytes((31 << 3 | 3, 6, 0)), 5760),  # a count of frames
    ],
)
def test_a_packet_tells_its_length(packet: bytes, samples: int) -> None:
    assert packet_samples(packet) == samples


@pytest.mark.parametrize("packet", [b"", bytes((31 << 3 | 3,)), bytes((31 << 3 | 3, 0)), bytes((31 << 3 | 3, 7))])
def test_what_is_no_packet_is_told(packet: bytes) -> None:
    with pytest.raises(NoOpus):
        packet_samples(packet)
