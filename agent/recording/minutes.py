"""The written side of an episode: events.jsonl and session.yml, while it is recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from agent.recording import log, log_kinds
from agent.recording.appending import AppendFile
from agent.recording.folder import Shelf
from agent.recording.session import Document, merged, new_session, speaker, write_session
from agent.recording.track import Role, Track

_LIMIT_BYTES = 32 << 20  # hours of events
_SYNC_EVERY_S = 60.0


class Minutes:
    """Events are appended; session.yml is replaced whole whenever something in it has changed."""

    def __init__(
        self, shelf: Shelf, *, slug: str, title: str, started_at: datetime, about: Mapping[str, object]
    ) -> None:
        self.file = AppendFile(log.EVENTS, shelf, limit_bytes=_LIMIT_BYTES)
        self._shelf = shelf
        self._document = merged(new_session(title=title, slug=slug, started_at=started_at), about)
        self._guard = threading.Lock()
        self._changed = True
        self._speakers: dict[str, dict[str, object]] = {}
        self._consent: dict[str, dict[str, object]] = {}
        self._sync_at = _SYNC_EVERY_S
        self.event(0.0, "session.start", {"title": title, "slug": slug, "started_at": started_at.isoformat()})

    def event(self, at: float, kind: str, fields: Mapping[str, object]) -> None:
        entry = log.entry(at, kind, fields)
        self.file.append(log.to_line(entry))
        if isinstance(entry, log_kinds.ParticipantJoined) and entry.role == "human":
            self._agree(entry.who, {"who": entry.who, "name": entry.name, "joined_at_s": entry.at})
        elif isinstance(entry, log_kinds.RecordingNotice):
            self._agree(entry.who, {"who": entry.who, "notice_at_s": entry.at})

    def note(self, about: Mapping[str, object]) -> None:
        with self._guard:
            self._document = merged(self._document, about)
            self._changed = True

    def add_speaker(self, who: str, *, name: str, role: Role, file: str) -> None:
        self._speakers[who] = speaker(who, name=name, role=role, file=file)
        self.note({"speakers": list(self._speakers.values())})

    def keep_sync(self, now: float, tracks: Iterable[Track]) -> None:
        """Log the sync report of every track once a minute, so that a salvage has it as well."""
        if now >= self._sync_at:
            self._sync_at = now + _SYNC_EVERY_S
            self.log_sync(now, tracks)

    def log_sync(self, now: float, tracks: Iterable[Track]) -> None:
        for track in tracks:
            self.event(now, "recording.sync", {"who": track.who, "report": asdict(track.sync())})

    def save(self) -> None:
        """Write session.yml if it has changed. Raises `OSError`; the next call tries again."""
        with self._guard:
            if not self._changed:
                return
            document = self._document
            self._changed = False
        try:
            self._shelf.claim()
            write_session(self._shelf.folder, document, self._shelf.disk)
        except OSError:
            self._changed = True
            raise

    def document(self) -> Document:
        with self._guard:
            return dict(self._document)

    def _agree(self, who: str, about: Mapping[str, object]) -> None:
        """Keep the first of everything: who joined when, and when they were told that they are recorded."""
        self._consent[who] = {**about, **self._consent.get(who, {})}
        self.note({"consent": list(self._consent.values())})
