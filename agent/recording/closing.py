"""The end of a live recording: the last samples to disk, then the folder sealed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from agent.recording.audio import samples
from agent.recording.folder import Shelf
from agent.recording.minutes import Minutes
from agent.recording.seal import Sealed, finish
from agent.recording.session import RECORDING, SEALED
from agent.recording.track import Track
from agent.recording.writer import WriterThread

LAST_CHANCE_S = 5.0  # how long a disk that refuses is asked again
_ASK_EVERY_S = 0.2


def close_and_seal(
    shelf: Shelf,
    *,
    writer: WriterThread,
    tracks: Sequence[Track],
    minutes: Minutes,
    end_s: float,
    ended_at: datetime,
    reason: str,
) -> Sealed:
    """Stop the writer, end all tracks together, seal. Blocks; never raises because of a disk."""
    writer.stop()
    for track in tracks:
        track.writer.finish()
    end = max([samples(end_s), *(track.writer.end for track in tracks)])
    packets = max([0, *(track.writer.close(end) for track in tracks)])
    minutes.log_sync(end_s, tracks)
    minutes.event(end_s, "session.end", {"reason": reason})
    minutes.note(
        {
            "ended_at": ended_at.isoformat(),
            "reason": reason,
            "sync": {track.who: asdict(track.sync()) for track in tracks},
        }
    )
    _write_all(writer)
    unwritten = writer.waiting()
    writer.close_files()
    if shelf.lock is None:
        problem = f"nothing could be written to {shelf.folder}: make it writable, or free space, before the next show"
        return Sealed(shelf.folder, RECORDING, reason, end_s, (), (problem,))
    sealed = finish(
        shelf.folder,
        minutes.document(),
        speakers={track.file_name: track.name for track in tracks},
        status=SEALED,
        reason=reason,
        packets=packets,
        disk=shelf.disk,
    )
    if unwritten:
        problem = "the end of the show did not reach the disk: it refused to take more"
        sealed = replace(sealed, problems=(*sealed.problems, problem))
    shelf.lock.release(sealed=sealed.status == SEALED)
    return sealed


def _write_all(writer: WriterThread) -> None:
    deadline = time.monotonic() + LAST_CHANCE_S
    while True:
        writer.retry_now()
        writer.write()
        if not writer.waiting() or time.monotonic() >= deadline:
            return
        time.sleep(_ASK_EVERY_S)
