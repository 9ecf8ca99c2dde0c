"""What a show costs its machine from its beginning to its end. A leak is a slope."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class Moment:
    """
    Attributes:
        cores: processor time since the moment before, in cores.
        memory_mb: resident, of all processes; what they share counts in each.
    """

    at_s: float
    cores: float
    memory_mb: float


class Load:
    """Of a process and its children."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._spent: dict[int, float] = {}  # processor seconds by process
        self.moments: list[Moment] = []

    async def watch(self) -> None:
        """Until cancelled."""
        begun = last = time.monotonic()
        self._measure(0.0, 1.0)
        while True:
            await asyncio.sleep(EVERY_S)
            now = time.monotonic()
            self.moments.append(self._measure(now - begun, now - last))
            last = now

    def _measure(self, at_s: float, since_s: float) -> Moment:
        spent_s = memory = 0.0
        spent: dict[int, float] = {}
        for process in [self._root, *self._root.children(recursive=True)]:
            try:
                with process.oneshot():
                    times, memory = process.cpu_times(), memory + process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
            spent[process.pid] = times.user + times.system
            spent_s += spent[process.pid] - self._spent.get(process.pid, 0.0)
        self._spent = spent
        return Moment(at_s, spent_s / since_s, memory / 1e6)


def thirds(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the first and of the last third; NaN when there are too few."""
    third = len(values) // 3
    if not third:
        return float("nan"), float("nan")
    return sorted(values[:third])[third // 2], sorted(values[-third:])[third // 2]
