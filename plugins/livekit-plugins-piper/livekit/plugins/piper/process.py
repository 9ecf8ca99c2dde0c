"""The server as a child: one for all `TTS` objects of a process, started on demand, gone with the last of them.

Everything here blocks and may be called from any thread: a process may run several event loops.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from .log import logger

START_TIMEOUT_S = 60.0
"""Two seconds on an idle machine; a busy one may be slow, a hung one should not hold a show for ever."""

END_TIMEOUT_S = 3.0
DYING_S = 0.5
"""A killed child's sockets close before its parent can learn of its end."""


class ServerFailed(RuntimeError):
    """The child did not become ready. The message says why and what to do."""


def command(voices: Sequence[str | Path], *, host: str = "127.0.0.1", port: int = 0) -> list[str]:
    """How to start a server that ends with its parent: give it a pipe as standard input and keep that open.

    Args:
        voices: paths of `.onnx` files; empty for the default voice.
        port: 0 for any free one. The address is in the line of JSON that the server prints when it is ready.
    """
    named = [argument for voice in voices for argument in ("--voice", str(voice))]
    return [
        sys.executable,
        "-m",
        "livekit.plugins.piper.server",
        *named,
        "--host",
        host,
        "--port",
        str(port),
        "--child",
    ]


class Server:
    """One child process, started by `ensure` and started again when it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""
        self._users = 0
        self.starts = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def hold(self) -> Callable[[], None]:
        """Counts one more user; to be let go, call what is returned, once. The last one to let go ends the child."""
        with self._lock:
            self._users += 1
        return self._let_go

    def _let_go(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users <= 0:
                self._end()

    def ensure(self, voice: str) -> str:
        """The address of the running child; starts it with `voice` when there is none.

        Raises:
            ServerFailed: it did not start.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                if self._process is not None:
                    logger.warning("piper server ended, starting it again", extra={"status": self._process.returncode})
                self._end()
                self._start(voice)
            return self._address

    def warm(self, voice: str) -> None:
        """Starts the child and has it load the voice.

        Raises:
            ServerFailed: it did not start.
            OSError: it does not answer, or refuses (urllib.error.URLError, HTTPError).
        """
        body = json.dumps({"text": "", "voice": voice}).encode()
        request = urllib.request.Request(f"{self.ensure(voice)}/synthesize", body, {"Content-Type": "application/json"})
        # Without the proxies of the environment: the child is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=START_TIMEOUT_S) as response:
            response.read()

    def lost(self) -> None:
        """A connection failed. Waits a moment for the child's end, if that was why, so that `ensure` sees it."""
        if (process := self._process) is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(DYING_S)

    def _start(self, voice: str) -> None:
        # A group of its own: Ctrl-C in a terminal goes to the parent, which may still have something to say.
        self._process = subprocess.Popen(
            [*command([voice]), "--on-demand"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        self.starts += 1
        said: dict[str, object] = {}
        try:
            said = json.loads(_line(self._process))
        except (TimeoutError, ValueError) as error:
            said = {"error": str(error), "fix": "see what the server wrote above"}
        if "address" not in said:
            self._end()
            raise ServerFailed(f"the Piper server did not start: {said.get('error')}; {said.get('fix')}")
        self._address = str(said["address"])

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):
            process.stdin.close()  # which it takes as its end
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _line(process: subprocess.Popen[bytes]) -> bytes:
    """The child's first line.

    Raises:
        TimeoutError: none came in START_TIMEOUT_S.
        ValueError: it ended without one.
    """
    assert process.stdout is not None
    stdout, line, deadline = process.stdout.fileno(), b"", time.monotonic() + START_TIMEOUT_S
    while not line.endswith(b"\n"):
        if not select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"not ready after {START_TIMEOUT_S:.0f} s")
        if not (data := os.read(stdout, 4096)):
            raise ValueError(f"it ended with status {process.wait()}")
        line += data
    return line


_servers: dict[int, Server] = {}


def shared() -> Server:
    """This process's server; a forked child gets one of its own, and leaves its parent's alone."""
    return _servers.setdefault(os.getpid(), Server())


@atexit.register
def _at_exit() -> None:
    if server := _servers.get(os.getpid()):
        with server._lock:
            server._end()
