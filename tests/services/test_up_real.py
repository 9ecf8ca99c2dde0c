"""`studio up`: what dies is noticed and comes back, and nothing is left when it is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.studio import RunningStudio, studio_up

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

SERVICES = ("livekit-server", "agent.services.llama", "piper.server", "worker start")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    with studio_up(tmp_path_factory.mktemp("up")) as running:
        yield running


def until(true: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def tree(studio: RunningStudio) -> list[psutil.Process]:
    return psutil.Process(studio.process.pid).children(recursive=True)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def test_health_names_version_and_engines(studio: RunningStudio) -> None:
    status, health = studio.get("/health")
    assert status == 200
    assert health["status"] == "ok"
    assert health["version"]
    assert health["timestamp"]
    assert health["adapters"] == {"stt": "faster-whisper", "tts": "piper", "claude": "local", "guest": "local"}


def test_children_listen_on_loopback_only(studio: RunningStudio) -> None:
    for process in [psutil.Process(studio.process.pid), *tree(studio)]:
        for socket in process.net_connections(kind="inet"):
            if socket.status == psutil.CONN_LISTEN:
                assert socket.laddr.ip in ("127.0.0.1", "::1"), process.cmdline()


def test_no_secret_reaches_logs_or_command_lines(studio: RunningStudio) -> None:
    secret = (studio.home / "livekit.keys").read_text().split(": ")[1].strip()
    for process in tree(studio):
        assert secret not in " ".join(process.cmdline())
    for log in studio.home.rglob("*.log*"):
        assert secret not in log.read_text(errors="replace"), log


@pytest.mark.parametrize("name", ["agent.services.llama", "piper.server", "worker start"])
def test_a_killed_service_is_told_and_comes_back(studio: RunningStudio, name: str) -> None:
    studio.wait_until("/ready", 200, within_s=60)
    (pid,) = studio.children(name)
    os.kill(pid, signal.SIGKILL)
    studio.wait_until("/ready", 503, within_s=10)
    studio.wait_until("/ready", 200, within_s=240)
    (again,) = studio.children(name)
    assert again != pid


def test_nothing_is_left_when_it_is_closed(studio: RunningStudio) -> None:
    """The last one that has this studio."""
    below = tree(studio)
    began = time.monotonic()
    studio.process.send_signal(signal.SIGTERM)
    assert studio.process.wait(32) == 0
    assert time.monotonic() - began < 30
    assert not alive(below)
    assert "The studio is closed." in studio.said()


def test_nothing_is_left_when_it_is_killed(tmp_path: Path) -> None:
    with studio_up(tmp_path) as studio:
        below = tree(studio)
        assert len(below) >= len(SERVICES)
        os.kill(studio.process.pid, signal.SIGKILL)
        studio.process.wait()
        until(lambda: not alive(below), within_s=40)  # the worker lets its shows seal their folders first
