"""What came of a talk: what was heard, and what the floor was told and did."""

from __future__ import annotations

from dataclasses import dataclass

from agent.floor import actions as act
from agent.floor import events as ev


@dataclass
class Heard:
    """A stretch of one voice, as the room hears it."""

    at: float
    who: str
    text: str
    cut: bool = False

    def __str__(self) -> str:
        return f"{self.who}: {self.text}{' --' if self.cut else ''}"


class Account:
    """Of one talk, whether it was held in virtual time or in a room."""

    def __init__(self) -> None:
        self.log: list[tuple[float, ev.Event | act.Action]] = []
        self.heard: list[Heard] = []

    def transcript(self) -> list[str]:
        return [str(heard) for heard in self.heard if heard.text or heard.cut]

    def actions(self, kind: type[act.Action], who: str | None = None) -> list[tuple[float, act.Action]]:
        return [(at, what) for at, what in self._of(kind, who) if isinstance(what, act.Action)]

    def when(self, kind: type[act.Action | ev.Event], who: str | None = None) -> list[float]:
        """The times of such actions or events."""
        return [round(at, 3) for at, _ in self._of(kind, who)]

    def _of(self, kind: type[act.Action | ev.Event], who: str | None) -> list[tuple[float, ev.Event | act.Action]]:
        return [
            (at, what)
            for at, what in self.log
            if isinstance(what, kind) and (who is None or getattr(what, "who", None) == who)
        ]
