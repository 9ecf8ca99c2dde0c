"""This machine: disk, memory, cores, clock."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
import psutil

from agent.doctor.findings import Finding, fault, ok, warning
from agent.services.status import free_disk_gb
from agent.settings import Settings

_LEAST_CORES = 2
_LEAST_MEMORY_GB = 2.0  # server, engines and one show take about 1.5 GB
_PROBE_BYTES = 8 << 20
_LEAST_MB_PER_S = 5.0  # ten tracks of Opus are 0.1 MB/s; far below this a disk is failing or far away
_SKEW_WARNING_S = 5.0
_SKEW_FAULT_S = 60.0  # tokens are checked against the server's clock, with a minute of leeway


def disk(settings: Settings) -> list[Finding]:
    """Space and speed where recordings are kept; writes 8 MB there and removes them."""
    folder = settings.recording.folder
    about = "disk"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        speed = _write_speed_mb_s(folder)
    except OSError as error:
        fix = "make the folder writable, or set STUDIO_RECORDING__FOLDER to one that is"
        return [fault(about, f"{folder} cannot be written: {error.strerror or error}", fix)]
    free_gb = free_disk_gb(folder)
    hours = free_gb * 1000 / (4 * 30)  # four speakers at 64 kbit/s are about 30 MB an hour each
    seen = f"{free_gb:.1f} GB free in {folder} (about {hours:.0f} hours of four speakers), {speed:.0f} MB/s"
    if free_gb < settings.recording.min_free_gb:
        fix = "make room, or set STUDIO_RECORDING__FOLDER to another disk"
        return [fault(about, seen, fix)]
    if speed < _LEAST_MB_PER_S:
        return [warning(about, seen, "set STUDIO_RECORDING__FOLDER to a local disk")]
    return [ok(about, seen)]


def _write_speed_mb_s(folder: Path) -> float:
    block = os.urandom(1 << 20)
    began = time.monotonic()
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
        for _ in range(_PROBE_BYTES >> 20):
            probe.write(block)
        probe.flush()
        os.fsync(probe.fileno())
    return _PROBE_BYTES / 1e6 / max(time.monotonic() - began, 1e-6)


def left_open(settings: Settings) -> list[Finding]:
    """Episode folders that a crash has left open."""
    from agent.recording.folder import LOCK, FolderLock

    dead = []
    for lock_file in settings.recording.folder.glob(f"*/{LOCK}"):
        lock = FolderLock.take(lock_file.parent, create=False)
        if lock is not None:
            lock.release(sealed=False)
            dead.append(lock_file.parent.name)
    if dead:
        return [warning("recordings", f"left open by a crash: {', '.join(sorted(dead))}", "run 'studio salvage'")]
    return [ok("recordings", "every episode's folder is sealed or in use")]


def power() -> list[Finding]:
    """Cores and memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory_gb = psutil.virtual_memory().available / 1e9
    load = os.getloadavg()[0]
    seen = f"{cores} cores, load {load:.1f}, {memory_gb:.1f} GB of memory free"
    if cores < _LEAST_CORES:
        return [warning("machine", seen, "use a machine with two cores or more, or providers in the cloud")]
    if memory_gb < _LEAST_MEMORY_GB:
        return [warning("machine", seen, "close other programs: a show needs about 2 GB")]
    if load > 1.5 * cores:
        return [warning("machine", seen, "close other programs: local engines will answer late")]
    return [ok("machine", seen)]


async def clock(urls: list[str]) -> list[Finding]:
    """This clock against those of the servers in use, by the Date of an answer.

    Args:
        urls: http(s) addresses outside of this machine; the first that answers is taken.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        for url in urls:
            try:
                async with session.get(url, allow_redirects=False) as response:
                    theirs = parsedate_to_datetime(response.headers["Date"])
            except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
                continue
            skew_s = (datetime.now(UTC) - theirs).total_seconds()
            return [_clock_finding(skew_s, url)]
    return [ok("clock", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC; all is on this machine, so nothing depends on it")]


def _clock_finding(skew_s: float, url: str) -> Finding:
    # The Date has whole seconds, so that up to one is no difference.
    apart_s = max(0.0, abs(skew_s) - 1.0)
    seen = f"{apart_s:.0f} s from that of {url}"
    fix = "set the clock, for example with 'timedatectl set-ntp true'"
    if apart_s > _SKEW_FAULT_S:
        return fault("clock", seen, fix)
    return warning("clock", seen, fix) if apart_s > _SKEW_WARNING_S else ok("clock", seen)
