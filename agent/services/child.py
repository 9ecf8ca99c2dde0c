"""A child process that never outlives its parent, and that is ended with all its own children."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# Run between fork and the program, in a Python of its own rather than in `preexec_fn`: code after the fork of a process
# with threads may deadlock. The kernel keeps the parent-death signal (prctl 1) across exec. The second check is for a
# parent that died before the first took hold.
_TETHER = """\
import ctypes, os, sys
death, parent, *command = sys.argv[1:]
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, int(death), 0, 0, 0)
if os.getppid() != int(parent):
    sys.exit(1)
try:
    os.execvp(command[0], command)
except OSError as error:
    sys.exit(f"cannot start {command[0]}: {error.strerror}")
"""

_GROUP_GONE_S = 2.0  # grandchildren die in milliseconds; some containers' init never reaps them, though
_LINE_CHARS = 300
_KEPT_LOG_BYTES = 20_000_000  # of the run before; what is older is gone


class Child:
    """One process in a process group of its own.

    On Linux the kernel signals it when the parent dies, however the parent dies; `stop` ends the whole process group,
    so that grandchildren go too.
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
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> Child:
        """Start a program. From the main thread only: the kernel takes the thread that starts it for the parent.

        Args:
            log: where stdout and stderr go; the log of the run before is kept beside it as `.1`.
            env: the whole environment of the child.
            death_signal: what the child gets when this process dies without a goodbye.
        """
        _rotate(log)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-ISc", _TETHER, str(int(death_signal)), str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                # Not a session: Linux gives each session an equal share of the processor, and a low priority, such as
                # that of the text of record, would count within its own session only.
                process_group=0,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """To the process alone; nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def send_group(self, number: signal.Signals) -> None:
        """To the process and everything it started; also when the process itself is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """The process and everything it started, now; comes back once they are gone, and their locks and ports free."""
        self.send_group(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        deadline = time.monotonic() + _GROUP_GONE_S
        with contextlib.suppress(ProcessLookupError, PermissionError):
            while time.monotonic() < deadline:
                os.killpg(self._process.pid, 0)  # raises when the group is empty
                time.sleep(0.01)

    def stop(self, grace_s: float = 5.0) -> int | None:
        """SIGTERM, up to `grace_s` seconds, then SIGKILL for the whole group. Blocks; returns the exit code."""
        self.send(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        self.kill()
        return self.poll()

    def last_line(self) -> str:
        """Of its log, for an error message."""
        lines = tail(self.log, 1)
        return lines[0][:_LINE_CHARS] if lines else "it said nothing"


def tail(log: Path, count: int) -> list[str]:
    """The last lines of a log file that hold something; none when there is no file."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def _rotate(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size:
        if log.stat().st_size > _KEPT_LOG_BYTES:
            os.truncate(log, _KEPT_LOG_BYTES)
        log.replace(log.with_suffix(f"{log.suffix}.1"))
