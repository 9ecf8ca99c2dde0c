"""A child process that never outlives its parent, and that is ended with all its own children."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

_KEPT_LOG_BYTES = 20_000_000  # of the run before; older ones are replaced


class Child:
    """One process in a session of its own.

    On Linux the kernel signals it when the parent dies, however the parent dies; `stop` ends the whole process group,
    so that grandchildren go too. Must be started from the main thread: the kernel takes "parent" for the thread.
    """

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    def spawn(
        cls,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> Child:
        """
        Args:
            log: where stdout and stderr go; the log of the run before is kept beside it as `.1`.
            env: the whole environment of the child.
            death_signal: what the child gets when this process dies without a goodbye.
        Raises:
            OSError: the program cannot be started.
        """
        parent = os.getpid()

        def tie() -> None:  # runs in the child between fork and exec: nothing here may allocate or lock
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
                if os.getppid() != parent:  # the parent died before the kernel was told
                    os._exit(1)

        _rotate(log)
        with log.open("ab") as output:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
                preexec_fn=tie,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """To the process alone; nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """The process and everything in its group, now."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)

    def stop(self, grace_s: float = 5.0) -> int | None:
        """SIGTERM, up to `grace_s` seconds, then SIGKILL for the whole group. Blocks; returns the exit code."""
        self.signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        self.kill()
        return self.poll()

    def last_lines(self, count: int = 5) -> str:
        """The end of its log, for an error message."""
        return tail(self.log, count)


def tail(log: Path, count: int) -> str:
    """The last lines of a log file; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(line for line in text.splitlines()[-count:] if line.strip())


def _rotate(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size:
        if log.stat().st_size > _KEPT_LOG_BYTES:
            os.truncate(log, _KEPT_LOG_BYTES)
        log.replace(log.with_suffix(f"{log.suffix}.1"))
