"""Where an export goes: all of it or nothing, under a name that nothing had."""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import TracebackType

from agent.errors import StudioError
from agent.export.formats import FORMATS
from agent.recording.session import FILE_NAME

TRACKS = "tracks"  # the folder that every export holds, and by which it is known
_ZIP_LEVEL = 1  # silence packs as well at once as slowly
_COMPRESSED = {f".{one.extension}" for one in FORMATS.values() if one.extension != "wav"}
_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR})
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})  # exFAT, some network disks


class Destination:
    """A hidden folder in `to`, which takes its name at the end and is removed whatever happens before.

    Attributes:
        work: put everything here.

    Args:
        to: made when it is missing.
        name: of the export; `name-2` and so on where it is taken, unless `force` is on.
    Raises:
        StudioError: `force` would replace what is no export.
        OSError: from the disk.
    """

    def __init__(self, to: Path, name: str, *, zipped: bool, force: bool) -> None:
        self._to = to
        self._name = name
        self._suffix = ".zip" if zipped else ""
        self._replaces = to / f"{name}{self._suffix}" if force else None
        if self._replaces is not None and os.path.lexists(self._replaces) and not _is_export(self._replaces):
            raise StudioError(
                f"{self._replaces} is no export and is not replaced", fix="choose another folder with --to"
            )
        to.mkdir(parents=True, exist_ok=True)
        self._hidden = to / f".{name}.{os.getpid()}.part"
        self.work = self._hidden / name

    def __enter__(self) -> Destination:
        shutil.rmtree(self._hidden, ignore_errors=True)  # of a process of the same number that was killed
        (self.work / TRACKS).mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        shutil.rmtree(self._hidden, ignore_errors=True)

    def publish(self, done: Callable[[float], None]) -> Path:
        """Give the export its name; the path. With a ZIP each file goes as soon as it is in it.

        Raises:
            OSError: from the disk; nothing has changed.
        """
        made = self._zip(done) if self._suffix else self.work
        if self._replaces is not None:
            return self._replace(made, self._replaces)
        for path in self._candidates():
            if os.path.lexists(path):
                continue
            try:
                _name(made, path)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                continue  # another export was quicker
            return path
        raise AssertionError("unreachable")

    def _candidates(self) -> Iterator[Path]:
        for number in count(1):
            yield self._to / f"{self._name if number == 1 else f'{self._name}-{number}'}{self._suffix}"

    def _replace(self, made: Path, path: Path) -> Path:
        old = self._hidden / "replaced"
        had = os.path.lexists(path)
        if had:
            path.rename(old)
        try:
            made.rename(path)
        except BaseException:
            if had:
                old.rename(path)
            raise
        return path

    def _zip(self, done: Callable[[float], None]) -> Path:
        path = self._hidden / f"{self._name}.zip"
        files = sorted(one for one in self.work.rglob("*") if one.is_file())
        total, taken = max(1, sum(one.stat().st_size for one in files)), 0
        with zipfile.ZipFile(path, "x", allowZip64=True) as archive:
            for one in files:
                packed = one.suffix in _COMPRESSED
                method = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED  # WAV tracks are mostly silence
                taken += one.stat().st_size
                archive.write(one, f"{self._name}/{one.relative_to(self.work).as_posix()}", method, _ZIP_LEVEL)
                done(taken / total)
                one.unlink()
        return path


def _name(made: Path, path: Path) -> None:
    """Like rename, but for a file refusing a name that exists."""
    if made.is_dir():
        made.rename(path)
        return
    try:
        os.link(made, path)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        made.rename(path)


def _is_export(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        return (path / TRACKS).is_dir() and not (path / FILE_NAME).exists()
    try:
        with zipfile.ZipFile(path) as archive:
            return any(f"/{TRACKS}/" in name for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
