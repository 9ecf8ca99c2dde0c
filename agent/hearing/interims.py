"""When to decode an unfinished utterance: at a bounded share of the time, one decoding at a time."""

from __future__ import annotations

import asyncio

from agent.hearing.segmenter import RATE_HZ
from agent.hearing.settings import InterimSettings


class Interims:
    """One speaker's."""

    def __init__(self, settings: InterimSettings) -> None:
        self._settings = settings
        self._task: asyncio.Task[None] | None = None
        self._begun = 0
        self._next = 0  # sample number from which the next may begin

    def restart(self, now: int) -> None:
        """A new utterance or part."""
        self.stop()
        self._next = now

    def due(self, now: int, speech_s: float) -> bool:
        return self._task is None and now >= self._next and speech_s >= self._settings.first_after_s

    def start(self, task: asyncio.Task[None], now: int) -> None:
        self._task = task
        self._begun = now

    def finished(self, now: int, *, cost_s: float) -> None:
        """The task's last words."""
        self._task = None
        wait_s = max(self._settings.every_s, cost_s / self._settings.share)
        self._next = max(now, self._begun + round(wait_s * RATE_HZ))

    def stop(self) -> None:
        """The voice fell silent: a better text is on its way."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
