"""The mix, measured by the ffmpeg of the system: loudness, true peak, tags, chapters, alignment."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.export import Options, export, open_episode
from agent.export.loudness import Loudness
from agent.export.mixing import match_levels
from tests.export.conftest import ANNA, BURST, BURST_AT, CLAUDE, MUTE, TITLE
from tests.export.episodes import ebur128, ffprobe, read_wav, shift


@pytest.mark.parametrize(
    ("form", "mono"), [("wav", False), ("flac", True), ("opus", False), ("m4a", False), ("mp3", True)]
)
def test_loudness_peak_tags_and_chapters(talk: Path, tmp_path: Path, form: str, mono: bool) -> None:
    done = export(open_episode(talk), tmp_path, Options(format=form, mix=True, mono=mono))
    path = done.path / f"mix.{form}"
    lufs, peak = ebur128(path)
    assert lufs == pytest.approx(-19 if mono else -16, abs=0.5)
    assert peak <= -1.0
    assert done.mixed is not None
    assert done.mixed.loudness.integrated_lufs == pytest.approx(lufs, abs=0.15)  # what is told is true
    about = ffprobe(path)
    sound = next(one for one in about["streams"] if one["codec_type"] == "audio")
    assert sound["channels"] == (1 if mono else 2)
    tags = about["format"].get("tags", {}) | sound.get("tags", {})
    tags = {name.lower(): text for name, text in tags.items()}
    assert (tags["title"], tags["artist"]) == (TITLE, f"{ANNA}, {CLAUDE}, {MUTE}")
    assert tags["date"].startswith("20")
    found = [(round(float(one["start_time"]), 2), one["tags"]["title"]) for one in about["chapters"]]
    assert found == ([] if form == "wav" else [(0.0, TITLE), (1.5, '=SUM(1) "quoted", next')])


def test_the_mix_is_the_tracks_in_place_and_a_quiet_speaker_is_brought_up(talk: Path, tmp_path: Path) -> None:
    episode = open_episode(talk)
    done = export(episode, tmp_path, Options(mix=True))
    sound = read_wav(done.path / "mix.wav")
    assert sound.shape == (episode.samples, 2)
    assert (sound[:, 0] == sound[:, 1]).all()
    assert shift(sound[:, 0], BURST / 32768, BURST_AT["anna"]) == 0
    assert done.mixed is not None
    anna, claude, mute = done.mixed.matched_db
    assert anna < 0 < claude
    assert mute == 0


def test_levels_meet_in_the_middle_within_bounds() -> None:
    def at(*lufs: float) -> list[Loudness]:
        return [Loudness(one, -3.0) for one in lufs]

    assert match_levels(at(-20, -24)) == (-2.0, 2.0)
    assert match_levels(at(-20, -20, -50)) == (0.0, 0.0, 9.0)
    assert match_levels(at(-18, -70)) == (0.0, 0.0)
    assert match_levels(at(-70)) == (0.0,)
