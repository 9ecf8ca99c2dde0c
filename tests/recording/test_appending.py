"""A file that only grows by whole units, whatever the disk does."""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.recording.appending import AppendFile
from agent.recording.disk import Disk
from agent.recording.folder import Shelf
from tests.recording.media import BadDisk


def on(root: Path, disk: Disk, *, limit_bytes: int = 1 << 20) -> tuple[AppendFile, Path]:
    shelf = Shelf(root, "show", disk)
    return AppendFile("a.txt", shelf, limit_bytes=limit_bytes), shelf.claim() / "a.txt"


def test_a_full_disk_leaves_whole_units_and_takes_the_rest_later(tmp_path: Path) -> None:
    disk = BadDisk()
    file, path = on(tmp_path, disk)
    file.append(b"one\n")
    file.flush()
    disk.room_bytes = 6
    file.append(b"two\n")
    file.append(b"three\n")
    with pytest.raises(OSError, match="space"):
        file.flush()
    assert path.read_bytes() == b"one\ntwo\n"
    disk.room_bytes = None
    file.flush()
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert file.waiting_units == file.waiting_bytes == 0


def test_the_file_has_its_first_unit_from_the_moment_it_is_there(tmp_path: Path) -> None:
    disk = BadDisk()
    file, path = on(tmp_path, disk)
    disk.room_bytes = 3
    file.append(b"header\n")
    with pytest.raises(OSError, match="space"):
        file.flush()
    assert not path.exists()
    disk.room_bytes = None
    file.flush()
    assert path.read_bytes() == b"header\n"
    assert [name.name for name in path.parent.iterdir()] == [".lock", "a.txt"]


def test_a_file_that_is_there_is_never_touched(tmp_path: Path) -> None:
    file, path = on(tmp_path, Disk())
    path.write_bytes(b"somebody's")
    file.append(b"ours")
    with pytest.raises(FileExistsError):
        file.flush()
    assert path.read_bytes() == b"somebody's"


def test_without_hard_links_a_name_that_is_there_is_refused_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr("agent.recording.disk.os.link", link)
    file, path = on(tmp_path, Disk())
    file.append(b"ours")
    file.flush()
    assert path.read_bytes() == b"ours"
    with pytest.raises(FileExistsError):
        Disk().create(path, b"other")


def test_what_does_not_fit_the_memory_is_refused_and_counted(tmp_path: Path) -> None:
    file, path = on(tmp_path, Disk(), limit_bytes=8)
    assert file.append(b"12345678")
    assert not file.append(b"9")
    assert file.refused_units == 1
    file.flush()
    assert path.read_bytes() == b"12345678"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 40)), min_size=1, max_size=30))
def test_however_the_room_comes_and_goes_the_file_is_a_prefix_of_what_was_said(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, int]]
) -> None:
    disk = BadDisk()
    file, path = on(tmp_path_factory.mktemp("shelf"), disk)
    units: list[bytes] = []
    for number, (size, room) in enumerate(moves):
        units.append(bytes([number]) * size)
        file.append(units[-1])
        disk.room_bytes = room
        with contextlib.suppress(OSError):
            file.flush()
        on_disk = path.read_bytes() if path.exists() else b""
        assert on_disk == b"".join(units[: file.written_units])
    disk.room_bytes = None
    file.flush()
    assert path.read_bytes() == b"".join(units)
