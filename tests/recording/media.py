"""What the tests of a recording share: real decoding, real parsers, and disks that misbehave."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import webvtt
import yaml

from agent.clock import EpisodeClock
from agent.recording import EpisodeRecorder
from agent.recording.audio import RATE_HZ, Int16
from agent.recording.disk import Disk
from agent.recording.log import read_log
from agent.recording.trouble import Severity


def decoded(path: Path) -> npt.NDArray[np.float32]:
    """All samples of a track, -1 to 1."""
    with av.open(str(path), "r") as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def loud_between(path: Path, start_s: float, end_s: float) -> bool:
    part = decoded(path)[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    return bool(len(part)) and float(np.sqrt(np.mean(part**2))) > 0.01


def ffprobe(path: Path, *entries: str) -> Any:
    """What ffprobe says about a file; the test is skipped where it is not installed."""
    if not shutil.which("ffprobe"):
        pytest.skip("ffprobe is not installed; install ffmpeg to check the files with it")
    command = ["ffprobe", "-v", "error", "-of", "json", *(entries or ("-show_format", "-show_streams")), str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return json.loads(ran.stdout)


def open_everything(folder: Path) -> None:
    """Every file of an episode opens with the readers that others would use."""
    for path in folder.iterdir():
        if path.suffix == ".webm":
            decoded(path)
        elif path.suffix == ".vtt":
            webvtt.read(str(path))
        elif path.suffix == ".jsonl":
            list(read_log(path))
        elif path.suffix == ".yml":
            yaml.safe_load(path.read_text(encoding="utf-8"))


def speech(seconds: float, *, seed: int = 0) -> Int16:
    """Loud enough to be told from silence after encoding."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return (3000 * noise).astype(np.int16)


class ToldTime(EpisodeClock):
    """A clock that shows what it is set to."""

    def __init__(self) -> None:
        super().__init__()
        self.time_s = 0.0

    def now(self) -> float:
        return self.time_s


def speak(recorder: EpisodeRecorder, clock: ToldTime, seconds: float, *, who: str = "anna") -> None:
    """So much of a talk at once, from the clock's time on."""
    track = recorder.track(who, name=who.title(), role="human")
    pcm = speech(seconds)
    begin = clock.time_s
    for n in range(0, len(pcm), 480):
        track.write(begin + n / RATE_HZ, pcm[n : n + 480])
    clock.time_s = begin + seconds


class BadDisk(Disk):
    """A disk that takes only so many bytes, or so many names, or its time; until it is told otherwise."""

    def __init__(self) -> None:
        self.room_bytes: int | None = None  # None: no end of it
        self.read_only = False
        self.stall_s = 0.0

    def make_folder(self, path: Path) -> None:
        self._refuse_names(path)
        super().make_folder(path)

    def create(self, path: Path, start: bytes) -> int:
        self._refuse_names(path)
        if self.room_bytes is not None and self.room_bytes < len(start):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return super().create(path, start)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        time.sleep(self.stall_s)
        if self.room_bytes is None:
            return super().write(descriptor, data)
        if self.room_bytes <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = super().write(descriptor, memoryview(data)[: self.room_bytes])
        self.room_bytes -= taken
        return taken

    def cut(self, descriptor: int, size: int) -> None:
        before = os.fstat(descriptor).st_size
        super().cut(descriptor, size)
        if self.room_bytes is not None:
            self.room_bytes += before - size

    def replace(self, path: Path, data: bytes) -> None:
        self._refuse_names(path)
        if self.room_bytes is not None and self.room_bytes < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        super().replace(path, data)

    def _refuse_names(self, path: Path) -> None:
        if self.read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))


class Host:
    """Whoever is told about trouble."""

    def __init__(self) -> None:
        self.told: list[tuple[Severity, str]] = []

    def __call__(self, severity: Severity, text: str) -> None:
        self.told.append((severity, text))

    def heard(self, severity: Severity, words: str) -> bool:
        return any(s == severity and words in text for s, text in self.told)


async def open_recorder(
    root: Path, *, clock: EpisodeClock, disk: Disk | None = None, host: Host | None = None, slug: str = "pilot"
) -> EpisodeRecorder:
    """A recorder as the episode opens it."""
    told = host or Host()
    return await EpisodeRecorder.open(root, slug, clock=clock, title="Pilot", about={}, on_trouble=told, disk=disk)
