"""What egress had not finished when a show's folder was sealed, or when its recorder died: brought in afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from agent.recording import Sealed
from agent.recording.egress.bringing_in import bring_in
from agent.recording.egress.ledger import Piece
from agent.recording.egress.outputs import Output
from agent.recording.egress.reports import EgressReport
from agent.recording.egress.service import Service
from agent.recording.log import EVENTS, read_log
from agent.recording.log_kinds import RecordingEgress
from agent.recording.session import RECORDING, Document, read_session

logger = logging.getLogger("roundtable.recording")

_HOPELESS = frozenset({"failed", "aborted"})


def pieces_of_log(events: Path) -> tuple[Piece, ...]:
    """The egresses that an events.jsonl tells of, without what became of them afterwards.

    Raises:
        ValidationError: a whole line of it does not fit the schema.
    """
    asked_at: dict[str, float] = {}
    pieces: dict[str, Piece] = {}
    for line in read_log(events) if events.exists() else ():
        if not isinstance(line, RecordingEgress) or line.who is None:
            continue
        if line.status == "asked":
            asked_at[line.track_id] = line.at
        elif line.egress_id and line.status != "refused":
            known = pieces.get(line.egress_id) or Piece(
                who=line.who,
                track_id=line.track_id,
                egress_id=line.egress_id,
                asked_at=asked_at.get(line.track_id, line.at),
            )
            active_at = line.at if line.status == "active" else known.active_at
            pieces[line.egress_id] = replace(known, status=line.status, active_at=active_at, error=line.reason)
    return tuple(pieces.values())


async def bring_in_later(
    root: Path, service_of: Callable[[str], Service], output: Output
) -> list[tuple[Path, Sequence[str]]]:
    """Bring in what sealed folders under `root` still miss and the server knows of.

    Args:
        service_of: the egress service, asked about a room.
    Returns:
        each folder in which something came, with what is missing still.
    Raises:
        EgressError: the server cannot be asked.
    """
    done: list[tuple[Path, Sequence[str]]] = []
    for folder, document, pieces in await asyncio.to_thread(_lacking_shows, root):
        reports = {report.egress_id: report for report in await service_of(str(document.get("room"))).list()}
        news = [piece for piece in pieces if piece.egress_id in reports and reports[piece.egress_id].file is not None]
        if not news:
            continue
        told = [_told(piece, reports.get(piece.egress_id)) for piece in pieces]
        length_s = float(str(document.get("duration_s") or 0.0))
        sealed = Sealed(folder, str(document["status"]), str(document.get("reason")), length_s, ())
        started_at = datetime.fromisoformat(str(document["started_at"]))
        done.append((folder, await bring_in(sealed, told, output, started_at=started_at)))
    return done


def _lacking_shows(root: Path) -> list[tuple[Path, Document, tuple[Piece, ...]]]:
    found = []
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        document = read_session(folder)
        if document is None or document.get("status") == RECORDING:
            continue
        if pieces := _lacking(folder, document):
            found.append((folder, document, pieces))
    return found


def _lacking(folder: Path, document: Document) -> tuple[Piece, ...]:
    """All egresses of a show, when one of them may have a file that is not in the folder."""
    egress = document.get("egress")
    listed = egress.get("pieces") if isinstance(egress, Mapping) else None
    settled = {
        str(one.get("egress_id"))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, Mapping) and (one.get("brought_in") or one.get("status") in _HOPELESS)
    }
    try:
        pieces = pieces_of_log(folder / EVENTS)
    except (OSError, ValueError) as error:  # a ValidationError is a ValueError
        logger.warning("%s cannot be read: %s", folder / EVENTS, error)
        return ()
    return pieces if any(piece.egress_id not in settled for piece in pieces) else ()


def _told(piece: Piece, report: EgressReport | None) -> Piece:
    if report is None:
        return piece
    return replace(piece, status=report.status, error=report.error or piece.error, file=report.file)
