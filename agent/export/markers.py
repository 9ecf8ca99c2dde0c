"""Markers for the editor's timeline: chapters, interruptions, trouble with the recording, consent."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TypeAlias

from agent.export.episode import Episode, Happening
from agent.export.text import one_line, precise
from agent.recording.log_kinds import Chapter, PlaybackInterrupted, RecordingNotice, RecordingSalvaged, RecordingTrouble

Marker: TypeAlias = tuple[float, str]  # seconds on the episode clock, text on one line


def markers(episode: Episode) -> list[Marker]:
    """In order. Each begins with its kind, so that no spreadsheet takes a person's words for a formula."""
    return [(max(0.0, one.at), one_line(text)) for one in episode.happenings for text in _texts(one, episode)]


def _texts(one: Happening, episode: Episode) -> Iterator[str]:
    match one:
        case Chapter():
            yield f"Chapter: {one.text}" if one.text else "Chapter"
        case PlaybackInterrupted() if one.heard:
            yield f"Interrupted: {episode.name_of(one.who)}"
        case RecordingNotice():
            yield f"Consent: {one.name or episode.name_of(one.who)} was shown that the show is recorded"
        case RecordingTrouble():
            yield f"Recording, {one.severity}: {one.text}"
        case RecordingSalvaged():
            yield f"Recording, salvaged: {one.text}"
        case _:
            return


def reaper(listed: list[Marker]) -> str:
    """What Reaper's Region/Marker Manager imports, in a project whose ruler shows minutes and seconds."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("#", "Name", "Start", "End", "Length"))
    for number, (at, text) in enumerate(listed, 1):
        table.writerow((f"M{number}", text, precise(at, point="."), "", ""))
    return out.getvalue()


def audacity(listed: list[Marker]) -> str:
    """A label track: begin, end and text, with tabs between."""
    return "".join(f"{at:.6f}\t{at:.6f}\t{text}\n" for at, text in listed)
