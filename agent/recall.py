"""What was said at a table before its show died, for the show that goes on there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from agent.recording.log import EVENTS, read_log
from agent.recording.log_kinds import (
    FloorAction,
    LogEntry,
    PlaybackEnd,
    PlaybackInterrupted,
    PlaybackStart,
    SttFinal,
    SttRecord,
)
from agent.recording.session import CONTINUES, ERROR, RECORDING, SALVAGED, SHUTDOWN, Document, read_session
from agent.speaking.conversation import Conversation

logger = logging.getLogger(__name__)

_GAP = timedelta(minutes=10)  # a new show is called for within seconds; what is older is another talk in the same room
_MOST = 8  # deaths in a row that are looked through


@dataclass(frozen=True, slots=True)
class Said:
    """A turn: a human's words as they were remembered, in their text of record where there is one, or an AI's as they
    were heard.

    Attributes:
        interrupted: the AI was cut off there.
    """

    who: str
    text: str
    is_ai: bool
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Earlier:
    """
    Attributes:
        folder: name of the dead show's.
        names: of the speakers, by id.
        turns: in the order of their first words; those of shows that had died before it come first.
    """

    folder: str
    names: Mapping[str, str]
    turns: tuple[Said, ...]

    def retell(self, conversation: Conversation) -> None:
        """Into the conversation of the show that goes on, before its first word."""
        for said in self.turns:
            name = self.names.get(said.who, said.who)
            if said.is_ai:
                conversation.introduce(said.who, name)
                conversation.heard(said.who, said.text, said.interrupted)
            else:
                conversation.remember(said.who, name, said.text)


def recall(root: Path, room: str, *, now: datetime, revived: bool = False) -> Earlier | None:
    """The talk in `room` up to ten minutes ago, when its last show died; None when it ended as it should.

    Reads whatever is readable, and never raises because of what is not.

    Args:
        now: with a time zone.
        revived: the worker knows that the new show stands in for one that was torn from people. Else a page has called
            for it: then a show that was told to end with its studio is another take, and over.
    """
    try:
        candidates = [folder for folder in root.iterdir() if (folder / EVENTS).exists()]
        candidates.sort(key=lambda folder: (folder / EVENTS).stat().st_mtime, reverse=True)
        for folder in candidates[:_MOST]:
            session = read_session(folder)
            if session is not None and session.get("room") == room:
                broke_off = _broke_off(session, revived=revived) and _is_recent(folder, now)
                return _read(folder, session) if broke_off else None
    except OSError as error:
        logger.warning("what was said in %s before is not known: %s", room, error)
    return None


def _broke_off(session: Document, *, revived: bool) -> bool:
    faults = (ERROR, SHUTDOWN) if revived else (ERROR,)
    return session.get("status") in (RECORDING, SALVAGED) or str(session.get("reason")).startswith(faults)


def _is_recent(folder: Path, now: datetime) -> bool:
    last_written = datetime.fromtimestamp((folder / EVENTS).stat().st_mtime, now.tzinfo)
    return now - last_written < _GAP


def _read(folder: Path, session: Document, depth: int = _MOST) -> Earlier:
    names, turns = {}, _turns(_readable(folder / EVENTS))
    listed = session.get("speakers")
    for speaker in listed if isinstance(listed, list) else []:
        if isinstance(speaker, Mapping):
            names[str(speaker.get("id"))] = str(speaker.get("name"))
    before = session.get(CONTINUES)
    if isinstance(before, str) and depth > 1 and (earlier := read_session(folder.parent / Path(before).name)):
        first = _read(folder.parent / Path(before).name, earlier, depth - 1)
        names, turns = {**first.names, **names}, [*first.turns, *turns]
    return Earlier(folder.name, names, tuple(turns))


def _readable(log: Path) -> list[LogEntry]:
    """Its lines, as far as they can be read."""
    entries = []
    with suppress(ValidationError):
        for entry in read_log(log):
            entries.append(entry)
    return entries


def _turns(entries: list[LogEntry]) -> list[Said]:
    quick = {entry.utterance: entry.text for entry in entries if isinstance(entry, SttFinal)}
    better = {entry.utterance: entry.text for entry in entries if isinstance(entry, SttRecord)}
    began = {entry.reply: entry.at for entry in entries if isinstance(entry, PlaybackStart)}
    turns: list[tuple[float, Said]] = []
    for entry in entries:
        match entry:
            case FloorAction(
                action={"type": "Remember", "who": str(who), "utterance": str(utterance), "text": str(text)}
            ):
                said, record = quick.get(utterance, "").strip(), better.get(utterance, "").strip()
                if said and record:
                    text = text.replace(said, record, 1)
                turns.append((entry.at, Said(who, text, is_ai=False)))
            case PlaybackEnd(heard=heard) | PlaybackInterrupted(heard=heard) if heard.strip():
                cut = isinstance(entry, PlaybackInterrupted)
                turns.append((began.get(entry.reply, entry.at), Said(entry.who, heard, is_ai=True, interrupted=cut)))
    return [said for _, said in sorted(turns, key=lambda turn: turn[0])]
