"""Child processes: they end with everything they started, whoever ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from agent.services.child import Child, tail

pytestmark = pytest.mark.real  # processes, disks and their time

ROOT = Path(__file__).resolve().parents[2]

# Starts a grandchild, says its pid, and waits; deaf to SIGTERM when asked.
PARENT = """
import signal, subprocess, sys, time
if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""


def gone(pid: int, within_s: float = 30.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def spawn(folder: Path, *words: str) -> Child:
    return Child.spawn("child", [sys.executable, "-c", *words], log=folder / "child.log", env=os.environ)


def first_line(log: Path) -> str:
    deadline = time.monotonic() + 60  # a Python starts in that even on a busy machine
    while time.monotonic() < deadline:
        if lines := tail(log, 1):
            return lines[0]
        time.sleep(0.02)
    raise AssertionError("the child said nothing")


@pytest.mark.parametrize("deaf", ["", "deaf"])
def test_stop_ends_the_grandchildren_too(tmp_path: Path, deaf: str) -> None:
    child = spawn(tmp_path, PARENT, deaf)
    grandchild = int(first_line(child.log))
    began = time.monotonic()
    assert child.stop(grace_s=0.5) == (-signal.SIGKILL if deaf else -signal.SIGTERM)
    assert time.monotonic() - began < 3
    assert gone(grandchild)


def test_grandchildren_of_a_killed_child_can_still_be_ended(tmp_path: Path) -> None:
    child = spawn(tmp_path, PARENT)
    grandchild = int(first_line(child.log))
    os.kill(child.pid, signal.SIGKILL)
    assert gone(child.pid)
    child.kill()
    assert gone(grandchild)


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    script = f"""
        import os, sys, time
        from pathlib import Path
        from agent.services.child import Child
        child = Child.spawn("child", [sys.executable, "-c", "import time; time.sleep(60)"],
                            log=Path({str(tmp_path)!r}) / "child.log", env=os.environ)
        print(child.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(0.3)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(pid)


def test_a_missing_program_is_named_in_the_log(tmp_path: Path) -> None:
    child = Child.spawn("x", ["no-such-program"], log=tmp_path / "x.log", env=os.environ)
    assert gone(child.pid)
    assert child.poll() == 1
    assert child.last_line() == "cannot start no-such-program: No such file or directory"


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    for word in ("one", "two", "three"):
        child = spawn(tmp_path, f"print({word!r})")
        assert first_line(child.log) == word
        child.stop()
    assert (tmp_path / "child.log").read_text() == "three\n"
    assert (tmp_path / "child.log.1").read_text() == "two\n"


def test_nothing_happens_to_a_child_that_is_gone(tmp_path: Path) -> None:
    child = spawn(tmp_path, "")
    assert gone(child.pid)
    child.send(signal.SIGTERM)
    child.send_group(signal.SIGTERM)
    assert child.stop() == 0
