"""Names, archives, interrupted exports and full disks: all of it or nothing, and nothing overwritten."""

from __future__ import annotations

import os
import resource
import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from agent.cli import main
from agent.errors import StudioError
from agent.export import Options, export, open_episode
from tests.export.episodes import Voice, record


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_export_has_a_name_of_its_own_and_force_replaces(talk: Path, tmp_path: Path) -> None:
    episode, before = open_episode(talk), content(talk)
    first = export(episode, tmp_path, Options()).path
    (first / "notes.txt").write_text("mine")
    second = export(episode, tmp_path, Options()).path
    assert (first.name, second.name) == ("pilot", "pilot-2")
    assert (first / "notes.txt").exists()
    assert export(episode, tmp_path, Options(force=True)).path == first
    assert content(first) == content(second)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pilot", "pilot-2"]
    assert content(talk) == before


def test_force_replaces_exports_only(talk: Path, tmp_path: Path) -> None:
    (tmp_path / "pilot").mkdir()
    (tmp_path / "pilot" / "diary.txt").write_text("dear diary")
    with pytest.raises(StudioError, match="is no export"):
        export(open_episode(talk), tmp_path, Options(force=True))
    with pytest.raises(StudioError, match="is no export"):  # the episode itself
        export(open_episode(talk), talk.parent, Options(force=True))
    with pytest.raises(StudioError, match="lies in the episode"):
        export(open_episode(talk), talk / "exports", Options())
    assert content(tmp_path) == {"pilot/diary.txt": b"dear diary"}


def test_a_zip_holds_what_the_folder_would(talk: Path, tmp_path: Path) -> None:
    episode = open_episode(talk)
    folder = export(episode, tmp_path / "folder", Options())
    packed = export(episode, tmp_path / "zip", Options(zipped=True))
    with zipfile.ZipFile(packed.path) as archive:
        assert archive.testzip() is None
        inside = {name.removeprefix("pilot/"): archive.read(name) for name in archive.namelist()}
    assert inside == content(folder.path)
    assert tuple(sorted(inside)) == packed.files
    assert export(episode, tmp_path / "zip", Options(zipped=True)).path.name == "pilot-2.zip"
    assert export(episode, tmp_path / "zip", Options(zipped=True, force=True)).path.name == "pilot.zip"
    assert sorted(path.name for path in (tmp_path / "zip").iterdir()) == ["pilot-2.zip", "pilot.zip"]


@pytest.mark.parametrize("during", ["track", "mixing", "packing"])
def test_ctrl_c_leaves_nothing(talk: Path, tmp_path: Path, during: str) -> None:
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs tests in the background ignores it

    def step(what: str, done: float) -> None:
        if what.startswith(during):
            assert any(tmp_path.iterdir())
            signal.raise_signal(signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            export(open_episode(talk), tmp_path, Options(mix=True, zipped=True), step=step)
    finally:
        signal.signal(signal.SIGINT, usual)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: the system refuses as a full disk does, in FFmpeg's writes as in ours."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("form", "size"), [("wav", 100_000), ("wav", 10), ("flac", 50_000), ("wav", 600_000)])
def test_a_full_disk_is_told_plainly_and_nothing_is_left(talk: Path, tmp_path: Path, form: str, size: int) -> None:
    with room_for(size), pytest.raises(StudioError, match=r"is full.*free space"):
        export(open_episode(talk), tmp_path, Options(format=form, mix=True))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(talk: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudioError, match="--to"):
        export(open_episode(talk), tmp_path / "file" / "exports", Options())


def test_the_command_tells_what_came_of_it(talk: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["export", str(talk), "--to", str(tmp_path), "--format", "opus", "--mono"])
    assert result.exit_code == 0
    assert "3 tracks of 0:00:03" in result.output
    assert "mix.opus: -19." in result.output or "mix.opus: -18." in result.output
    assert (tmp_path / "pilot" / "tracks" / "01-anna.wav").exists()
    result = CliRunner().invoke(main, ["export", str(tmp_path)])
    assert result.exit_code == 1
    assert "there is no episode" in result.output


async def test_a_long_show_takes_no_more_memory(talk: Path, tmp_path: Path) -> None:
    """Two tracks of a minute are 23 MB as samples; what is held is seconds of them."""
    voices = {who: Voice(who.title()) for who in ("you", "claude")}
    folder = await record(tmp_path / "recordings", voices, seconds=60)
    export(open_episode(talk), tmp_path / "first", Options(mix=True))  # what is loaded once is loaded now
    process = psutil.Process(os.getpid())
    before, most = process.memory_info().rss, 0

    def step(what: str, done: float) -> None:
        nonlocal most
        most = max(most, process.memory_info().rss)

    export(open_episode(folder), tmp_path / "second", Options(mix=True), step=step)
    assert most - before < 12e6
