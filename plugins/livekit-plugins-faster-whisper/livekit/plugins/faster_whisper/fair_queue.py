"""A bounded queue, fair between callers. Not thread-safe: the owner holds a lock."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Full(Exception):
    """The queue holds as many items as it may."""


class FairQueue(Generic[T]):
    """Callers take turns; within a caller, first come, first served.

    Taking turns is round robin (deficit round robin with one item as the quantum: requests are of like size): whoever
    was served goes to the end of the line, so that one caller with ten items waiting delays another by one item, not
    by ten.
    """

    def __init__(self, *, max_items: int) -> None:
        self._max_items = max_items
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, item: T, *, caller: str) -> None:
        """Append.

        Raises:
            Full: nothing was added.
        """
        if self._size >= self._max_items:
            raise Full
        self._lines.setdefault(caller, deque()).append(item)
        self._size += 1

    def take(self) -> T | None:
        """The next item; None when there is none."""
        if not self._lines:
            return None
        caller, line = self._lines.popitem(last=False)
        item = line.popleft()
        if line:
            self._lines[caller] = line
        self._size -= 1
        return item

    def remove(self, wanted: Callable[[T], bool], *, caller: str | None = None) -> list[T]:
        """Take out all items that `wanted` says yes to, oldest first within a caller."""
        removed: list[T] = []
        for name in [name for name in self._lines if caller is None or name == caller]:
            line = self._lines[name]
            removed += [item for item in line if wanted(item)]
            kept = deque(item for item in line if not wanted(item))
            if kept:
                self._lines[name] = kept
            else:
                del self._lines[name]
        self._size -= len(removed)
        return removed
