"""Finishing what a dead recorder left."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from agent.recording import log, log_kinds
from agent.recording.disk import Disk
from agent.recording.folder import LOCK, FolderLock
from agent.recording.seal import Sealed, finish
from agent.recording.session import RECORDING, SALVAGED, Document, merged, new_session, read_session, speaker

logger = logging.getLogger("roundtable.recording")
REASON = "the recorder ended without sealing (killed, or the machine stopped)"


def salvage(root: Path, *, disk: Disk | None = None) -> list[Sealed]:
    """Seal every unsealed folder under `root` whose owner is gone.

    Folders of running recorders are never touched: they hold their lock. Two salvages at once are safe: each folder is
    taken by one of them. Folders that are not episodes of ours are left alone.
    """
    if not root.is_dir():
        return []
    done = []
    for folder in sorted(root.iterdir()):
        if not (folder / LOCK).exists():
            continue
        lock = FolderLock.take(folder, create=False)
        if lock is None:
            continue
        finished = False
        try:
            if (document := _unsealed(folder)) is not None:
                sealed = _salvage(folder, document, disk or Disk())
                finished = sealed.status == SALVAGED
                done.append(sealed)
            else:
                finished = read_session(folder) is not None  # sealed, and killed before the lock file went
        except OSError as error:
            logger.error("%s cannot be salvaged: %s; free space or make it writable, then run it again", folder, error)
        finally:
            lock.release(sealed=finished)
    return done


def _unsealed(folder: Path) -> Document | None:
    """The document to go on from; None when there is nothing to do."""
    document = read_session(folder)
    if document is None:
        begun = any(path.suffix in {".webm", ".vtt", ".jsonl"} for path in folder.iterdir())
        return _from_events(folder) if begun else None
    return document if document.get("status") == RECORDING else None


def _from_events(folder: Path) -> Document:
    """session.yml again, as far as the event log knows."""
    document = new_session(
        title=folder.name, slug=folder.name, started_at=datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    )
    speakers: list[Document] = []
    events = folder / log.EVENTS
    for entry in log.read_log(events) if events.exists() else ():
        if isinstance(entry, log_kinds.SessionStart):
            document |= {"title": entry.title, "slug": entry.slug, "started_at": entry.started_at}
        elif isinstance(entry, log_kinds.RecordingTrack):
            speakers.append(speaker(entry.who, name=entry.name, role=entry.role, file=Path(entry.file).stem))
    return document | {"speakers": speakers}


def _salvage(folder: Path, document: Document, disk: Disk) -> Sealed:
    for leftover in (*folder.glob(".*.part"), *folder.glob(".*.new")):
        leftover.unlink()
    events = folder / log.EVENTS
    sync: dict[str, object] = {}
    last_at = 0.0
    if events.exists():
        _mend(events)
        for entry in log.read_log(events):
            last_at = max(last_at, entry.at)
            if isinstance(entry, log_kinds.RecordingSync):
                sync[entry.who] = entry.report
        salvaged = log.entry(last_at, "recording.salvaged", {"text": REASON})
        with events.open("ab") as file:
            file.write(log.to_line(salvaged))
    speakers = _speakers(folder, document)
    document = merged({**document, "ended_at": None}, {"sync": sync})
    return finish(folder, document, speakers=speakers, status=SALVAGED, reason=REASON, packets=None, disk=disk)


def _speakers(folder: Path, document: Document) -> dict[str, str]:
    """File name without extension -> the speaker's name; also of tracks that session.yml does not know of yet."""
    speakers = {path.stem: path.stem for path in sorted(folder.glob("*.webm"))}
    listed = document.get("speakers")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, Mapping) and isinstance(file := entry.get("file"), str):
            speakers[Path(file).stem] = str(entry.get("name") or Path(file).stem)
    return speakers


def _mend(events: Path) -> None:
    """Cut a torn last line off."""
    with events.open("rb+") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            file.truncate(whole)
