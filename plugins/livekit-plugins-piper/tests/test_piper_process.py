"""The server as a child process. The child here is a stand-in of a few lines, which starts in no time."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from livekit.plugins.piper import process
from livekit.plugins.piper.process import Server, ServerFailed

READY = """
import json, os, sys
print(json.dumps({"address": "http://127.0.0.1:1", "pid": os.getpid()}), flush=True)
sys.stdin.read()
"""
REFUSES = """
import json, sys
print(json.dumps({"error": "no voice at /nowhere.onnx", "fix": "install it"}), flush=True)
sys.exit(1)
"""
CRASHES = "raise SystemExit(3)"
DEAF = READY.replace("sys.stdin.read()", "import time; time.sleep(600)")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    plays(monkeypatch, READY)
    server = Server()
    yield server
    server._end()


def plays(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(process, "command", lambda voices: [sys.executable, "-S", "-c", script])


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_many_ask_and_one_starts(server: Server) -> None:
    addresses: list[str] = []
    threads = [threading.Thread(target=lambda: addresses.append(server.ensure("v"))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert addresses == ["http://127.0.0.1:1"] * 5
    assert server.starts == 1


def test_it_ends_with_the_last_who_needs_it(server: Server) -> None:
    first, second = server.hold(), server.hold()
    server.ensure("v")
    pid = server.pid
    assert pid is not None
    first()
    assert not gone(pid)
    second()
    assert gone(pid)


def test_killed_it_is_started_again_by_the_next_who_asks(server: Server) -> None:
    server.ensure("v")
    first = server.pid
    assert first is not None
    os.kill(first, 9)
    server.lost()
    server.ensure("v")
    assert server.pid not in (None, first)
    assert server.starts == 2


def test_one_that_does_not_hear_its_end_is_killed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "END_TIMEOUT_S", 0.2)
    plays(monkeypatch, DEAF)
    let_go = server.hold()
    server.ensure("v")
    pid = server.pid
    assert pid is not None
    let_go()
    assert gone(pid)


def test_why_it_did_not_start_is_passed_on_with_the_remedy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    plays(monkeypatch, REFUSES)
    with pytest.raises(ServerFailed, match=r"no voice at /nowhere\.onnx; install it"):
        server.ensure("v")
    plays(monkeypatch, CRASHES)
    with pytest.raises(ServerFailed, match="status 3"):
        server.ensure("v")


def test_one_that_never_is_ready_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "START_TIMEOUT_S", 0.3)
    plays(monkeypatch, "import sys; sys.stdin.read()")
    before = time.monotonic()
    with pytest.raises(ServerFailed, match="not ready"):
        server.ensure("v")
    assert time.monotonic() - before < 3
