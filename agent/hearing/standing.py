"""Whether a line of a cloud service is trusted with the next utterance. Pure but for its two signals."""

from __future__ import annotations

import asyncio

from agent.hearing.cloud_ear import Fault

RECONNECT_S = (0.1, 1.0, 3.0, 5.0, 10.0)  # waits before the first, second, ... try; the last goes on
UNCLEAR_TRIES = 5  # without a reason that could be told
LASTING_S = 60.0  # the same, where nothing changes until somebody has done something
_MISSES = 2  # utterances in a row


class Standing:
    """How a line does: whether it works, as far as is known, and what speaks against it.

    One break is a hiccup. It is out with the second in a row, with one that lasts, or with utterances that come without
    their words.
    """

    def __init__(self) -> None:
        self.given = asyncio.Event()  # trust
        self.given.set()
        self.lost = asyncio.Event()
        self.fault: Fault | None = None  # why it fails, or has just failed
        self._missed = 0
        self._failures = 0  # streams in a row that broke
        self._unclear = 0  # likewise, of which nobody knows why

    @property
    def trusted(self) -> bool:
        """It works, as far as is known."""
        return self.given.is_set()

    @property
    def failing(self) -> bool:
        """The last streams have broken, one after the other."""
        return self._failures > 1

    @property
    def puzzled(self) -> bool:
        """The last stream broke, and nobody knows why."""
        return self._unclear > 0

    def give(self) -> bool:
        """It works; returns whether that is news."""
        news = not self.trusted
        self._missed, self._unclear = 0, 0
        self.connected()
        self.given.set()
        self.lost.clear()
        return news

    def connected(self) -> None:
        """Its stream brings words; nothing is held against it."""
        self._failures, self.fault = 0, None

    def withdraw(self, fault: Fault) -> None:
        """It is out."""
        self.fault = fault
        self.lost.set()
        self.given.clear()

    def miss(self, *, silent: bool) -> bool:
        """An utterance has come without its words in time; returns whether that is one too many.

        Args:
            silent: nor was there any other sign of life.
        """
        self._missed += 1
        if self._missed < (1 if silent and not self.trusted else _MISSES):
            return False
        self._missed = 0
        return True

    def break_off(self, fault: Fault) -> float:
        """A stream broke. Returns how long to wait before the next one, seconds."""
        if fault.unclear and self._unclear < UNCLEAR_TRIES:
            self._unclear += 1
            return RECONNECT_S[0]
        self._unclear = 0
        self._failures += 1
        if self.fault is not None and self.fault.known and not fault.lasting:
            fault = self.fault  # the first reason is the best: a write may fail before it is read
        self.fault = fault
        if fault.lasting:
            self._failures = max(2, self._failures)
        if self.failing:
            self.withdraw(fault)
        return LASTING_S if fault.lasting else RECONNECT_S[min(self._failures, len(RECONNECT_S)) - 1]
