"""What egress has recorded, into the sealed folder: `egress/<speaker>.webm` beside the tracks of this machine."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import av

from agent.recording import Sealed
from agent.recording.audio import RATE_HZ
from agent.recording.disk import Disk
from agent.recording.egress.joining import Joined, Source, join
from agent.recording.egress.ledger import Piece
from agent.recording.egress.outputs import FileMissing, Output
from agent.recording.egress.reports import WITH_FILE
from agent.recording.opus import CODEC_DELAY_SAMPLES
from agent.recording.session import Document, merged, read_session, write_session

logger = logging.getLogger("roundtable.recording")

FOLDER = "egress"

# A file begins 0.2 to 1.2 s after its egress was asked for. Times outside of what can be, and a second around it, are
# those of a machine whose clock is wrong.
_USUAL_START_S = 0.5
_CLOCKS_DIFFER_S = 1.0


@dataclass(slots=True)
class _Brought:
    """
    Attributes:
        egresses: ids of those whose files are in.
        files: as session.yml lists them.
        problems: in words.
    """

    egresses: set[str] = field(default_factory=set)
    files: list[dict[str, object]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def placed_at(piece: Piece, started_at: datetime) -> tuple[float, bool]:
    """Episode time of the first sample of a piece's file, and whether the egress service's clock was believed.

    Args:
        started_at: t = 0.
    """
    told = piece.file.started_at if piece.file else None
    at = None if told is None else told - started_at.timestamp()
    latest = piece.active_at if piece.active_at is not None else piece.asked_at + _USUAL_START_S
    if at is not None and piece.asked_at - _CLOCKS_DIFFER_S <= at <= latest + _CLOCKS_DIFFER_S:
        return at, True
    return piece.asked_at + _USUAL_START_S, False


async def bring_in(sealed: Sealed, pieces: Sequence[Piece], output: Output, *, started_at: datetime) -> list[str]:
    """Join each speaker's files in the folder, and write into session.yml what there is and what is missing.

    Nothing that the folder has is touched but session.yml, which is replaced whole. A speaker whose files are not there
    is a problem, in words; so is a disk that refuses.

    Returns:
        the problems.
    """
    brought = _Brought()
    document = await asyncio.to_thread(read_session, sealed.folder) or {}
    names = _speakers(document)
    for who in dict.fromkeys(piece.who for piece in pieces):
        theirs = [piece for piece in pieces if piece.who == who]
        stem, name = names.get(who, (who, who))
        try:
            await _bring_speaker(
                sealed, theirs, output, brought, started_at, stem, name, str(document.get("title", ""))
            )
        except (OSError, av.error.FFmpegError) as error:
            brought.problems.append(f"{FOLDER}/{stem}.webm could not be written: {error}")
    about = {
        "pieces": [_described(piece, started_at, brought=piece.egress_id in brought.egresses) for piece in pieces],
        "files": brought.files,
        "problems": brought.problems,
    }
    try:
        await asyncio.to_thread(_note, sealed.folder, about)
    except OSError as error:
        brought.problems.append(f"session.yml could not be written: {error}")
    for problem in brought.problems:
        logger.warning("egress: %s", problem)
    return brought.problems


async def _bring_speaker(
    sealed: Sealed,
    pieces: Iterable[Piece],
    output: Output,
    brought: _Brought,
    started_at: datetime,
    stem: str,
    name: str,
    title: str,
) -> None:
    async with AsyncExitStack() as stack:
        sources, ids = [], []
        for piece in pieces:
            if piece.status not in WITH_FILE or piece.file is None:
                reason = f": {piece.error}" if piece.error else ""
                brought.problems.append(f"egress {piece.egress_id} of {name} is {piece.status} and has no file{reason}")
                continue
            try:
                path = await stack.enter_async_context(output.fetched(piece.file.name))
            except FileMissing as error:
                brought.problems.append(str(error))
                continue
            at, believed = placed_at(piece, started_at)
            if not believed:
                brought.problems.append(
                    f"egress {piece.egress_id} of {name} is placed to about half a second: the clock of the egress "
                    "service differs from this machine's; set both by NTP"
                )
            sources.append(Source(path, at))
            ids.append(piece.egress_id)
        if not sources:
            return
        target = sealed.folder / FOLDER / f"{stem}.webm"
        joined = await asyncio.to_thread(_join, sources, target, sealed.duration_s, name, title)
        brought.problems += joined.problems
        brought.files.append(await asyncio.to_thread(_checked, target, joined))
        brought.egresses.update(ids)


def _join(sources: Sequence[Source], target: Path, duration_s: float, name: str, title: str) -> Joined:
    target.parent.mkdir(exist_ok=True)
    end = round(duration_s * RATE_HZ) + CODEC_DELAY_SAMPLES  # as long as the tracks of this machine
    return join(sources, target, end=end, name=name, title=title)


def _checked(path: Path, joined: Joined) -> dict[str, object]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "name": f"{FOLDER}/{path.name}",
        "bytes": path.stat().st_size,
        "sha256": digest,
        "duration_s": joined.duration_s - CODEC_DELAY_SAMPLES / RATE_HZ,
        "voice_s": round(joined.voice_s, 3),
    }


def _described(piece: Piece, started_at: datetime, *, brought: bool) -> dict[str, object]:
    about: dict[str, object] = {
        "who": piece.who,
        "egress_id": piece.egress_id,
        "track_id": piece.track_id,
        "status": piece.status,
        "reason": piece.error or None,
        "brought_in": brought,
    }
    if piece.file is not None:
        about |= {"file": piece.file.name, "bytes": piece.file.bytes, "duration_s": piece.file.duration_s}
        about["starts_at_s"] = round(placed_at(piece, started_at)[0], 3)
    return about


def _speakers(document: Document) -> dict[str, tuple[str, str]]:
    """File name without extension, and name, by the speaker's id."""
    listed = document.get("speakers")
    return {
        str(one["id"]): (Path(str(one.get("file"))).stem, str(one.get("name") or one["id"]))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, Mapping) and "id" in one
    }


def _note(folder: Path, about: Mapping[str, object]) -> None:
    """Read again: it is the newest that is kept."""
    document = read_session(folder)
    if document is None:
        raise OSError(f"{folder} has no session.yml")
    write_session(folder, merged(document, {"egress": about}), Disk())
