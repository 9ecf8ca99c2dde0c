"""The live track: whole clusters, any player, sample-exact, cheap silence."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from agent.recording import opus
from agent.recording.audio import FRAME_SAMPLES, RATE_HZ, Int16
from agent.recording.webm import Cluster, LiveWebm
from tests.recording.media import decoded, ffprobe, speech


def written(path: Path, *stretches: Int16 | int) -> list[Cluster]:
    """A track of samples and silences (counts), closed."""
    webm = LiveWebm()
    clusters: list[Cluster] = []
    for stretch in stretches:
        clusters += webm.add_silence(stretch) if isinstance(stretch, int) else webm.add(stretch)
    clusters += webm.close()
    path.write_bytes(b"".join(cluster.data for cluster in clusters))
    return clusters


def clicks(seconds: int) -> Int16:
    pcm = np.zeros(seconds * RATE_HZ, np.int16)
    for second in range(seconds):
        pcm[second * RATE_HZ + 4800 :][:48] = 20_000
    return pcm


def test_every_sample_lies_where_it_was_put(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    odd = 12_345
    written(path, clicks(3), 20 * RATE_HZ + odd, clicks(3))
    sound = decoded(path)
    for offset in (0, 23 * RATE_HZ + odd):
        for second in range(3):
            expected = offset + second * RATE_HZ + 4800
            near = np.abs(sound[expected - 500 : expected + 500])
            assert abs(int(np.argmax(near > 0.3)) - 500) <= 2


def test_a_player_finds_opus_at_48_khz_mono_in_packets_of_20_ms(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    written(path, speech(2.0))
    stream = ffprobe(path)["streams"][0]
    assert (stream["codec_name"], stream["sample_rate"], stream["channels"]) == ("opus", "48000", 1)
    times = [packet["pts"] for packet in ffprobe(path, "-show_packets")["packets"]]
    assert times == [opus.packet_time_ms(n) for n in range(len(times))]


def test_the_silence_of_an_absent_speaker_is_what_the_encoder_makes_of_silence() -> None:
    container = av.open("/dev/null", "w", format="webm")
    stream = opus.add_opus_stream(container)
    frame = av.AudioFrame.from_ndarray(np.zeros((1, FRAME_SAMPLES * 20), np.int16), format="s16", layout="mono")
    frame.sample_rate = RATE_HZ
    assert {bytes(packet) for packet in stream.encode(frame)} == {opus.SILENT_PACKET}


def test_silence_begins_and_ends_without_a_click(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.int16)
    written(path, tone, 2 * RATE_HZ, tone)
    sound = decoded(path)
    inside = sound[round(1.05 * RATE_HZ) : round(2.99 * RATE_HZ)]
    assert np.abs(inside).max() < 1e-3
    assert np.abs(sound).max() < 0.3  # 8000 / 32768, and a little


def test_a_track_without_any_sound_is_a_track(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    written(path, 3 * RATE_HZ)
    sound = decoded(path)
    assert len(sound) / RATE_HZ == pytest.approx(opus.duration_s(151))
    assert not sound.any()


def test_an_empty_track_is_a_track(tmp_path: Path) -> None:
    written(tmp_path / "a.webm")
    assert len(decoded(tmp_path / "a.webm")) == FRAME_SAMPLES - opus.CODEC_DELAY_SAMPLES


def test_the_file_can_be_read_after_every_append(tmp_path: Path) -> None:
    clusters = written(tmp_path / "whole.webm", speech(2.0))
    whole = decoded(tmp_path / "whole.webm")
    path = tmp_path / "killed.webm"
    with path.open("ab") as file:
        for cluster in clusters:
            file.write(cluster.data)
            file.flush()
            sound = decoded(path)
            assert len(sound) == cluster.end_samples - opus.CODEC_DELAY_SAMPLES
            assert np.array_equal(sound, whole[: len(sound)])


def test_a_cluster_never_holds_more_than_a_quarter_of_a_second() -> None:
    webm = LiveWebm()
    clusters = [c for n in range(50) for c in webm.add(speech(0.1, seed=n))]
    assert max(cluster.samples for cluster in clusters) <= 0.24 * RATE_HZ
    assert 5.0 - clusters[-1].end_samples / RATE_HZ <= 0.26


def test_a_cluster_tells_its_level() -> None:
    webm = LiveWebm()
    clusters = webm.add(np.full(2 * RATE_HZ, 1000, np.int16))
    assert clusters[2].sum_of_squares == pytest.approx(1e6 * clusters[2].samples)


def test_two_hours_of_absence_take_a_moment_and_little_room() -> None:
    webm = LiveWebm()
    size = 0
    for _ in range(4):  # of ten minutes, in place of two hours
        size += sum(len(cluster.data) for cluster in webm.add_silence(600 * RATE_HZ // 4))
    assert size < 600 * 50 * 14
