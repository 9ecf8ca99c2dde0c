"""A whole episode as one ZIP file, made while it is sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

_CHUNK_BYTES = 256 * 1024


class _Outlet(io.RawIOBase):
    """What zipfile writes to: it cannot be sought in, and is emptied as it fills."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._waiting += data
        self._position += len(data)
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


def zip_stream(files: Mapping[str, Path], *, folder: str) -> Iterator[bytes]:
    """The bytes of a ZIP with `files`, by their names in `folder`, not compressed: Opus is already. Blocks on the disk.

    Raises:
        OSError: a file cannot be read.
    """
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED, allowZip64=True) as bundle:
        for name, path in files.items():
            about = zipfile.ZipInfo.from_file(path, f"{folder}/{name}", strict_timestamps=False)
            with path.open("rb") as source, bundle.open(about, "w", force_zip64=about.file_size > 2**31) as target:
                while chunk := source.read(_CHUNK_BYTES):
                    target.write(chunk)
                    if waiting := outlet.take():
                        yield waiting
    yield outlet.take()
