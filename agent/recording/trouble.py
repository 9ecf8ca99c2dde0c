"""Telling people about trouble: each trouble when it comes, and when it has gone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["info", "warning", "error"]
OnTrouble: TypeAlias = Callable[[Severity, str], None]

logger = logging.getLogger("roundtable.recording")
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Troubles:
    """What is wrong now. `tell` is called from the writer's thread and from the caller's.

    People look at the last thing they were told: when one trouble has gone and another has not, that is told again.
    """

    def __init__(self, tell: OnTrouble) -> None:
        self._tell = tell
        self._open: dict[str, tuple[Severity, str]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._open

    def come(self, key: str, severity: Severity, text: str) -> None:
        """Report `text`, unless this trouble is known."""
        if key not in self._open:
            self._open[key] = severity, text
            self.say(severity, text)

    def go(self, key: str, text: str) -> None:
        """Report `text`, when this trouble was there."""
        if key in self._open:
            del self._open[key]
            self.say("info", text)
            if self._open:
                self.say(*max(self._open.values(), key=lambda trouble: _LEVELS[trouble[0]]))

    def say(self, severity: Severity, text: str) -> None:
        logger.log(_LEVELS[severity], "%s", text)
        self._tell(severity, text)
