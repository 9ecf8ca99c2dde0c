"""A file that only grows, by whole units, on a disk that may be full, slow or read-only."""

from __future__ import annotations

import threading
from collections import deque

from agent.recording.folder import Shelf


class AppendFile:
    """Units (a WebM cluster, a caption, a line) wait in memory until the disk takes them whole.

    After any failure the file ends with a whole unit, and the next flush goes on behind it. When more than
    `limit_bytes` wait, the newest unit is refused and counted: what is old stays, since it joins on to the file.
    """

    def __init__(self, name: str, shelf: Shelf, *, limit_bytes: int) -> None:
        self.name = name
        self.written_bytes = 0  # on disk, whole units only
        self.written_units = 0
        self.refused_units = 0
        self.waiting_bytes = 0
        self._shelf = shelf
        self._limit_bytes = limit_bytes
        self._waiting: deque[bytes] = deque()
        self._guard = threading.Lock()  # units come from the event loop and leave in the writer's thread
        self._descriptor: int | None = None
        self._torn = False  # the file may end within a unit
        self._unsynced = False

    @property
    def waiting_units(self) -> int:
        return len(self._waiting)

    def append(self, unit: bytes) -> bool:
        """Queue a unit; False when it was refused."""
        with self._guard:
            if self.waiting_bytes + len(unit) > self._limit_bytes:
                self.refused_units += 1
                return False
            self._waiting.append(unit)
            self.waiting_bytes += len(unit)
            return True

    def flush(self) -> None:
        """Write what waits.

        Raises:
            OSError: not everything could be written; the rest waits on.
        """
        while self._waiting:
            if self._descriptor is None:
                self._open()
                continue
            self._mend()
            with self._guard:
                batch = memoryview(b"".join(self._waiting))
            left = batch
            self._torn = self._unsynced = True
            try:
                while left:  # a filling disk takes a part first, and says what is wrong when asked to take the rest
                    left = left[self._shelf.disk.write(self._descriptor, left) :]
                self._torn = False
            finally:
                self._count(len(batch) - len(left))
                self._mend()

    def sync(self) -> None:
        """Bring what was written on to the medium. Raises `OSError`."""
        if self._descriptor is not None and self._unsynced:
            self._shelf.disk.sync(self._descriptor)
            self._unsynced = False

    def close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._shelf.disk.close(descriptor)

    def _open(self) -> None:
        first = self._waiting[0]
        self._descriptor = self._shelf.disk.create(self._shelf.claim() / self.name, first)
        self._unsynced = True
        self._count(len(first))

    def _count(self, taken: int) -> None:
        with self._guard:
            while self._waiting and taken >= len(self._waiting[0]):
                size = len(self._waiting.popleft())
                taken -= size
                self.waiting_bytes -= size
                self.written_bytes += size
                self.written_units += 1

    def _mend(self) -> None:
        if self._torn and self._descriptor is not None:
            self._shelf.disk.cut(self._descriptor, self.written_bytes)
            self._torn = False
