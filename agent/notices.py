"""What the people of a show are told in plain words: now, and to who comes later as long as it is so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]
_MAX_WAITING = 64  # for the network; then the oldest is dropped: the newest trouble is the one to know


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """
    Attributes:
        service: what it is about; a later notice of the same service takes its place.
    """

    severity: Severity
    text: str
    service: str


class Notices:
    """May be told from the first moment of a show, before there is a room to say it to."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[Notice, str | None]] = asyncio.Queue(_MAX_WAITING)
        self._standing: dict[str, Notice] = {}  # by service: what is wrong with it now
        self.dropped = 0

    def tell(self, severity: Severity, text: str, *, service: str) -> None:
        """Something that people should know. Never waits.

        A warning or an error stands until good news (an "info") of the same service, and is told to who comes later.
        """
        notice = Notice(severity=severity, text=text, service=service)
        if severity == "info":
            self._standing.pop(service, None)
        else:
            self._standing[service] = notice
        self._put(notice, None)

    def greet(self, identity: str) -> None:
        """Tell a participant who has just come what is wrong at the moment. Never waits."""
        for notice in self._standing.values():
            self._put(notice, identity)

    async def next(self) -> tuple[Notice, str | None]:
        """The next to be sent, and to whom; None: to everybody."""
        return await self._waiting.get()

    def _put(self, notice: Notice, to: str | None) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
            self.dropped += 1
        self._waiting.put_nowait((notice, to))
