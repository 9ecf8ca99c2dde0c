"""A bounded queue with priorities, fair between callers. Not thread-safe: the owner holds a lock."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Full(Exception):
    """The queue holds as many items as it may."""


class FairQueue(Generic[T]):
    """Lower priorities first; within one, callers take turns; within a caller, first come, first served.

    Taking turns is round robin (deficit round robin with one item as the quantum: requests are of like size): whoever
    was served goes to the end of the line, so that one caller with ten items waiting delays another by one item, not
    by ten.
    """

    def __init__(self, *, max_items: int) -> None:
        self._max_items = max_items
        self._lines: dict[int, OrderedDict[str, deque[T]]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def waiting(self, priority: int) -> int:
        """Items of one priority."""
        return sum(len(line) for line in self._lines.get(priority, {}).values())

    def put(self, item: T, *, priority: int, caller: str) -> None:
        """Append.

        Raises:
            Full: nothing was added.
        """
        if self._size >= self._max_items:
            raise Full
        self._lines.setdefault(priority, OrderedDict()).setdefault(caller, deque()).append(item)
        self._size += 1

    def take(self, priorities: Iterable[int]) -> T | None:
        """The next item of the given priorities, lowest first; None when there is none."""
        for priority in sorted(priorities):
            callers = self._lines.get(priority)
            if not callers:
                continue
            caller, line = callers.popitem(last=False)
            item = line.popleft()
            if line:
                callers[caller] = line
            self._size -= 1
            return item
        return None

    def remove(self, wanted: Callable[[T], bool], *, priority: int | None = None, caller: str | None = None) -> list[T]:
        """Take out all items that `wanted` says yes to, oldest first within a caller."""
        removed: list[T] = []
        for of, callers in self._lines.items():
            if priority is not None and of != priority:
                continue
            for name in [name for name in callers if caller is None or name == caller]:
                line = callers[name]
                removed += [item for item in line if wanted(item)]
                kept = deque(item for item in line if not wanted(item))
                if kept:
                    callers[name] = kept
                else:
                    del callers[name]
        self._size -= len(removed)
        return removed

    def newest_of_lowest(self, below: int) -> T | None:
        """Take out the newest item of the least important priority that is less important than `below`."""
        for priority in sorted(self._lines, reverse=True):
            callers = self._lines[priority]
            if priority <= below or not callers:
                continue
            caller = max(callers, key=lambda name: len(callers[name]))  # whoever asks for most loses first
            item = callers[caller].pop()
            if not callers[caller]:
                del callers[caller]
            self._size -= 1
            return item
        return None
