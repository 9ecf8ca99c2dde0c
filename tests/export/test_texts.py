"""Captions, transcript, chapters and markers: escaped for their readers."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import webvtt

from agent.export import Options, export, open_episode
from agent.export.chapters import Chapter, chapters, youtube
from agent.export.episode import Episode, Speaker
from agent.export.text import clock, markdown, precise, subrip
from agent.recording.log_kinds import Chapter as Mark
from tests.export.conftest import ANNA, CLAUDE, TITLE


@pytest.fixture(scope="module")
def exported(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(open_episode(talk), tmp_path_factory.mktemp("exports"), Options()).path


def test_srt_and_vtt_hold_the_same_and_open_elsewhere(exported: Path) -> None:
    srt = webvtt.from_srt(str(exported / "episode.srt"))
    vtt = webvtt.read(str(exported / "episode.vtt"))
    assert [(cue.start, cue.end) for cue in srt.captions] == [(cue.start, cue.end) for cue in vtt.captions]
    assert srt[0].text.replace("\n", " ") == f"{ANNA}: Is *this* ‹i›it‹/i› --› (\\an8)_really_?"
    assert vtt[1].voice == CLAUDE
    assert (exported / "episode.srt").read_text(encoding="utf-8").count("-->") == len(srt.captions)


def test_the_transcript_says_who_when_what_and_where_an_ai_was_cut(exported: Path) -> None:
    lines = (exported / "transcript.md").read_text(encoding="utf-8").split("\n\n")
    assert lines[0] == r'# AC/DC \& "tea" 🫖: \<b\>hot?\</b\>'
    assert lines[1].endswith(f"{ANNA}, {CLAUDE} (AI), =Silent\\*")
    assert lines[2] == f"## {markdown(TITLE)}"
    assert lines[3] == rf"**{ANNA}** (0:00:00): Is \*this\* \<i\>it\</i\> --\> {{\\an8}}\_really\_?"
    assert lines[4] == f"**{CLAUDE}** (0:00:01): It is."
    assert lines[5] == '## =SUM(1) "quoted", next'
    assert lines[6] == f"**{CLAUDE}** (0:00:02): But then it … *[interrupted]*\n"


def test_chapters_for_youtube_and_podcasting(exported: Path) -> None:
    assert (exported / "chapters.txt").read_text(encoding="utf-8") == (
        f'0:00:00 {TITLE}\n0:00:01 =SUM(1) "quoted", next\n'
    )
    document = json.loads((exported / "chapters.json").read_text(encoding="utf-8"))
    assert document["version"] == "1.2.0"
    assert [(one["startTime"], one["title"]) for one in document["chapters"]] == [
        (0.0, TITLE),
        (1.5, '=SUM(1) "quoted", next'),
    ]


def test_markers_for_reaper_and_audacity(exported: Path) -> None:
    with (exported / "markers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["#", "Name", "Start", "End", "Length"],
        ["M1", f"Consent: {ANNA} was shown that the show is recorded", "00:00:00.100", "", ""],
        ["M2", 'Chapter: =SUM(1) "quoted", next', "00:00:01.500", "", ""],
        ["M3", f"Interrupted: {CLAUDE}", "00:00:02.500", "", ""],
        ["M4", "Recording, error: the disk is full", "00:00:02.600", "", ""],
    ]
    labels = (exported / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[2] for line in labels] == [row[1] for row in rows[1:]]
    assert labels[1].startswith("1.500000\t1.500000\t")


def episode(*marks: tuple[float, str]) -> Episode:
    anna = Speaker("anna", "Anna", False, Path("anna.webm"), Path("anna.vtt"), "")
    happenings = tuple(Mark(at=at, kind="chapter", text=text) for at, text in marks)
    return Episode(Path("pilot"), "Pilot", "", 48_000 * 7200, (anna,), happenings, ())


def test_chapters_begin_at_zero_have_no_holes_and_names() -> None:
    assert chapters(episode()) == []
    assert chapters(episode((0.4, "Hello"))) == [Chapter(0.0, 7200.0, "Hello")]
    assert chapters(episode((60.0, ""), (60.5, "Tea"), (3700.0, ""), (7300.0, "after the end"))) == [
        Chapter(0.0, 60.0, "Pilot"),
        Chapter(60.0, 3700.0, "Tea"),
        Chapter(3700.0, 7200.0, "Chapter 3"),
    ]
    assert youtube(chapters(episode((3700.0, "Late")))) == "0:00:00 Pilot\n1:01:40 Late\n"


def test_times_and_text() -> None:
    assert clock(3725.9) == "1:02:05"
    assert precise(3725.9996, point=",") == "01:02:06,000"
    assert markdown("a\n# b | `c`\x00") == r"a \# b \| \`c\`"
    assert subrip("one\ntwo --> {x}") == "one\ntwo --› (x)"
