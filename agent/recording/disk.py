"""The few disk calls that a live recording makes, in one place, so that tests can fill the disk or slow it down."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})  # exFAT, some network disks


class Disk:
    """The real one. Every method raises `OSError` as the system does."""

    def make_folder(self, path: Path) -> None:
        """A new folder; `FileExistsError` when anything has that name."""
        path.mkdir(parents=False, exist_ok=False)

    def create(self, path: Path, start: bytes) -> int:
        """A new file that holds `start` from the first moment that it can be seen; its descriptor, placed at the end.

        A reader, or a crash, never meets the file without its header: it is written under a hidden name and linked.

        Raises:
            FileExistsError: something has that name; nothing was touched.
        """
        hidden = path.with_name(f".{path.name}.new")
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            view = memoryview(start)
            while view:
                view = view[self.write(descriptor, view) :]
            self._name(hidden, path)
        except BaseException:
            os.close(descriptor)
            raise
        finally:
            hidden.unlink(missing_ok=True)
        return descriptor

    def _name(self, hidden: Path, path: Path) -> None:
        try:
            os.link(hidden, path)  # refuses a name that exists, which rename would overwrite
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
            hidden.rename(path)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Append; the number of bytes that were taken, which may be fewer than given."""
        return os.write(descriptor, data)

    def cut(self, descriptor: int, size: int) -> None:
        """Cut the file to `size` bytes: the end of the last whole unit."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Wait until the data is on the medium."""
        os.fdatasync(descriptor) if hasattr(os, "fdatasync") else os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def replace(self, path: Path, data: bytes) -> None:
        """Write a small file whole, or leave the old one as it is."""
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        self.sync_folder(path.parent)

    def sync_folder(self, folder: Path) -> None:
        """Make names that were made or replaced in `folder` survive a power cut."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
