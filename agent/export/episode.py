"""A sealed episode folder, read only: who spoke, for how long, and what happened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from agent.errors import StudioError
from agent.export.text import one_line
from agent.recording.audio import samples
from agent.recording.log import EVENTS
from agent.recording.log_kinds import (
    Chapter,
    PlaybackInterrupted,
    RecordingNotice,
    RecordingSalvaged,
    RecordingTrouble,
)
from agent.recording.session import FILE_NAME, SALVAGED, SEALED, Document, read_session

Happening: TypeAlias = Chapter | PlaybackInterrupted | RecordingNotice | RecordingSalvaged | RecordingTrouble
_HAPPENING: TypeAdapter[Happening] = TypeAdapter(Annotated[Happening, Field(discriminator="kind")])
_KINDS = ("chapter", "playback.interrupted", "recording.notice", "recording.salvaged", "recording.trouble")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody with a track.

    Attributes:
        who: the slug. name: on one line, as people write it.
        sha256: of the track as it was sealed; "" when session.yml does not say.
    """

    who: str
    name: str
    is_ai: bool
    track: Path
    captions: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Episode:
    """What there is to export.

    Attributes:
        samples: length of every track, 48 kHz.
        date: of its beginning, `YYYY-MM-DD`; "" when that is not known.
        happenings: the events that become markers, in order.
        problems: what of it could not be read, in words.
    """

    folder: Path
    title: str
    date: str
    samples: int
    speakers: tuple[Speaker, ...]
    happenings: tuple[Happening, ...]
    problems: tuple[str, ...]

    def name_of(self, who: str) -> str:
        return next((one.name for one in self.speakers if one.who == who), who)


def open_episode(folder: Path) -> Episode:
    """Read everything but the sound.

    Raises:
        StudioError: it is no episode, or not sealed.
    """
    session = read_session(folder)
    if session is None:
        if (folder / EVENTS).exists():
            raise StudioError(f"{folder} has no {FILE_NAME} that can be read", fix="run 'studio salvage', then export")
        raise StudioError(f"there is no episode at {folder}", fix=f"name a folder that holds a {FILE_NAME}")
    length_s = session.get("duration_s")
    if session.get("status") not in (SEALED, SALVAGED) or not isinstance(length_s, int | float):
        fix = "end its show; if it has none any more, run 'studio salvage'"
        raise StudioError(f"{folder} is not sealed", fix=fix)
    speakers = tuple(_speakers(folder, session))
    if not speakers:
        raise StudioError(f"nobody has a track in {folder}", fix="name an episode in which somebody was at the table")
    happenings, problems = _happenings(folder / EVENTS)
    return Episode(
        folder=folder,
        title=one_line(str(session.get("title") or folder.name)),
        date=str(session.get("started_at") or "")[:10],
        samples=samples(length_s),
        speakers=speakers,
        happenings=happenings,
        problems=problems,
    )


def _speakers(folder: Path, session: Document) -> Iterator[Speaker]:
    """Those of session.yml, then tracks that a crash kept out of it."""
    sums = {str(one.get("name")): str(one.get("sha256")) for one in _mappings(session.get("files"))}
    known = set()
    for one in _mappings(session.get("speakers")):
        stem = Path(str(one.get("file"))).stem  # never a way out of the folder
        known.add(stem)
        name = one_line(str(one.get("name") or "")) or stem
        yield _speaker(folder, stem, who=str(one.get("id") or stem), name=name, ai=one.get("role") == "ai", sums=sums)
    for path in sorted(folder.glob("*.webm")):
        if path.stem not in known and not path.name.startswith("."):
            yield _speaker(folder, path.stem, who=path.stem, name=path.stem, ai=False, sums=sums)


def _speaker(folder: Path, stem: str, *, who: str, name: str, ai: bool, sums: Mapping[str, str]) -> Speaker:
    track = folder / f"{stem}.webm"
    return Speaker(who, name, ai, track, folder / f"{stem}.vtt", sums.get(track.name, ""))


def _mappings(listed: object) -> list[Mapping[str, object]]:
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _happenings(path: Path) -> tuple[tuple[Happening, ...], tuple[str, ...]]:
    """A log has some hundred thousand lines in three hours, of which few are of interest: only those are parsed."""
    found: list[Happening] = []
    broken = 0
    try:
        with path.open("rb") as lines:
            for line in lines:
                if not any(f'"{kind}"'.encode() in line for kind in _KINDS):
                    continue
                try:
                    entry = json.loads(line)
                    if isinstance(entry, dict) and entry.get("kind") in _KINDS:
                        found.append(_HAPPENING.validate_python(entry))
                except (ValueError, ValidationError):
                    broken += 1
    except OSError as error:
        return (), (f"{EVENTS} cannot be read ({error.strerror}): chapters and markers are missing",)
    found.sort(key=lambda one: one.at)
    return tuple(found), (f"{EVENTS}: {broken} lines cannot be read and are left out",) if broken else ()
