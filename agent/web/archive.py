"""The recordings' folder, read only: which episodes there are, and what is known of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.recording.captions import MERGED
from agent.recording.cues import Cue, parse_vtt
from agent.recording.session import FILE_NAME, Document, read_session

EVENTS = "events.jsonl"
_CHOSEN = {"chapter", "thinking", "playback.interrupted", "participant.joined", "participant.left", "error"}


@dataclass(frozen=True, slots=True)
class Episode:
    """A folder with a session.yml."""

    folder: Path
    session: Document

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def speakers(self) -> list[Mapping[str, Any]]:
        listed = self.session.get("speakers")
        return [one for one in listed if isinstance(one, dict) and "id" in one] if isinstance(listed, list) else []

    def files(self) -> dict[str, Path]:
        """What can be downloaded, by name: plain files of the folder, and of its folders ("egress/ada.webm").

        No hidden ones, and no links.
        """
        entries = _plain(self.folder)
        nested = [path for entry in entries if entry.is_dir() for path in _plain(entry)]
        files = [path for path in (*entries, *nested) if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path for path in files}

    def file(self, name: str) -> Path | None:
        """One of the files; None for every name that is not one of them, wherever it leads."""
        return self.files().get(name)

    def track(self, who: str) -> Path | None:
        """A speaker's track."""
        return next((self.file(str(one.get("file"))) for one in self.speakers if one["id"] == who), None)


class Archive:
    """The folder of episode folders. Each session.yml is parsed once for each of its versions."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, tuple[float, Document]] = {}  # by folder name: mtime and content

    def episodes(self) -> list[Episode]:
        """All of them, newest first. Blocks: parsing takes some 10 ms an episode the first time."""
        try:
            folders = [
                path
                for path in self._root.iterdir()
                if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
            ]
        except OSError:
            return []
        found = [episode for folder in folders if (episode := self._load(folder)) is not None]
        return sorted(found, key=lambda one: (str(one.session.get("started_at")), one.name), reverse=True)

    def episode(self, name: str) -> Episode | None:
        """The one in the folder called so; None when there is none, wherever the name leads."""
        folder = self._root / name
        if name != folder.name or name.startswith(".") or folder.is_symlink():
            return None
        return self._load(folder)

    def _load(self, folder: Path) -> Episode | None:
        try:
            changed_at = (folder / FILE_NAME).stat().st_mtime
        except (OSError, ValueError):  # ValueError: a NUL byte in the name
            return None
        known = self._read.get(folder.name)
        if known is None or known[0] != changed_at:
            document = read_session(folder)
            if document is None:
                return None
            known = self._read[folder.name] = (changed_at, document)
        return Episode(folder, known[1])


def summary(episode: Episode) -> dict[str, object]:
    """A line of the list."""
    session = episode.session
    return {
        "folder": episode.name,
        "title": str(session.get("title") or episode.name),
        "started_at": session.get("started_at"),
        "duration_s": session.get("duration_s"),
        "status": session.get("status"),
        "reason": session.get("reason"),
        "stand_in": bool(session.get("stand_in")),
        "speakers": [
            {"id": one["id"], "name": one.get("name") or one["id"], "role": one.get("role"), "file": one.get("file")}
            for one in episode.speakers
        ],
        "bytes": sum(path.stat().st_size for path in episode.files().values()),
    }


def details(episode: Episode) -> dict[str, object]:
    """All that the player shows. Blocks: reads captions and events."""
    session = episode.session
    lines = list(_events(episode.folder / EVENTS))
    return summary(episode) | {
        "files": [{"name": name, "bytes": path.stat().st_size} for name, path in episode.files().items()],
        "models": session.get("models") or {},
        "voices": session.get("voices") or {},
        "cost_estimate": session.get("cost_estimate"),
        "problems": session.get("problems") or [],
        "captions": [_cue(cue) for cue in _captions(episode)],
        "marks": [_mark(line) for line in lines if line.get("kind") in _CHOSEN],
        "responses": [
            {"at": line["at"], "who": line["who"], "latency_s": line["latency_s"]}
            for line in lines
            if line.get("kind") == "playback.start" and isinstance(line.get("latency_s"), int | float)
        ],
    }


def _plain(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.is_symlink() and not path.name.startswith("."))


def _captions(episode: Episode) -> list[Cue]:
    """The merged captions; while the episode is not sealed they may be behind, and out of order."""
    path = episode.file(MERGED)
    cues = parse_vtt(path.read_text(encoding="utf-8", errors="replace")) if path else []
    return sorted(cues, key=lambda cue: cue.start)


def _cue(cue: Cue) -> dict[str, object]:
    return {"start": cue.start, "end": cue.end, "name": cue.voice, "text": " ".join(cue.text.split())}


def _mark(line: Mapping[str, Any]) -> dict[str, object]:
    return {
        "at": line.get("at", 0.0),
        "kind": line["kind"],
        "who": line.get("who"),
        "text": line.get("text") or line.get("message") or "",
        "until": line.get("until"),
    }


def _events(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of events.jsonl; a torn last line is the end."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict):
                    yield entry
    except OSError:
        return
