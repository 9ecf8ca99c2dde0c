"""An episode's folder: claimed once, locked while its owner lives."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from agent.recording.disk import Disk
from agent.recording.names import safe_name

LOCK = ".lock"


class FolderLock:
    """Held by an open descriptor: the system releases it with the process, however that ends."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor: int | None = descriptor
        self._path = path

    @classmethod
    def take(cls, folder: Path, *, create: bool) -> FolderLock | None:
        """The folder's lock; None when another holds it, or when there is none and `create` is off.

        Raises:
            OSError: from the disk.
        """
        path = folder / LOCK
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        try:
            descriptor = os.open(path, flags, 0o644)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK):
                return None
            raise
        return cls(descriptor, path)

    def release(self, *, sealed: bool) -> None:
        """Let go; of a sealed folder the lock file goes as well. Idempotent."""
        if self._descriptor is None:
            return
        if sealed:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


class Shelf:
    """Where an episode is put: a new folder under `root`, made as soon as the disk allows.

    `claim` is called by the writer's thread; a name that exists is never taken.
    """

    def __init__(self, root: Path, slug: str, disk: Disk) -> None:
        self.disk = disk
        self.lock: FolderLock | None = None
        self._root = root
        self._slug = slug
        self._claimed: Path | None = None
        self._guard = threading.Lock()  # both of the recorder's threads may be the first

    @property
    def folder(self) -> Path:
        """The folder; until it is made, the first name that will be tried."""
        return self._claimed or next(self._candidates())

    def claim(self) -> Path:
        """The folder, made if need be: `slug`, `slug-2`, ...

        Raises:
            OSError: the root cannot be made or written; call again later.
        """
        with self._guard:
            return self._claimed or self._make()

    def _make(self) -> Path:
        self._root.mkdir(parents=True, exist_ok=True)
        for folder in self._candidates():
            try:
                self.disk.make_folder(folder)
            except FileExistsError:
                continue
            if lock := FolderLock.take(folder, create=True):
                self._claimed, self.lock = folder, lock
                self.disk.sync_folder(self._root)
                return folder
        raise AssertionError("unreachable")

    def _candidates(self) -> Iterator[Path]:
        base = safe_name(self._slug, default="episode")
        for number in count(1):
            yield self._root / (base if number == 1 else f"{base}-{number}")


@contextmanager
def locked(folder: Path) -> Iterator[FolderLock | None]:
    """The lock of a folder whose owner is gone, else None."""
    lock = FolderLock.take(folder, create=False)
    try:
        yield lock
    finally:
        if lock is not None:
            lock.release(sealed=False)
