"""What a machine must have is named with its remedy before anything is installed or started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real  # processes, disks and their time

ROOT = Path(__file__).resolve().parents[2]


class Machine:
    """A fresh clone on a machine that has just the programs it is given."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        self.bin = folder / "bin"
        self.bin.mkdir()
        shutil.copytree(ROOT / "tools", self.clone / "tools")
        (self.clone / "web").mkdir()
        (self.clone / "web" / "main.ts").touch()
        for tool in ("bash", "dirname", "find", "grep"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)

    def has(self, program: str, answer: str = "", code: int = 0) -> Machine:
        file = self.bin / program
        file.write_text(f"#!/bin/bash\necho '{answer}'\nexit {code}\n")
        file.chmod(0o755)
        return self

    def has_python(self) -> Machine:
        (self.bin / "python3").symlink_to(sys.executable)
        return self

    def check(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.bin), "HOME": str(self.clone), **environ}
        return subprocess.run(
            [self.clone / "tools" / "prerequisites", *words], env=env, capture_output=True, text=True, timeout=60
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_with_everything_is_told_nothing(machine: Machine) -> None:
    machine.has_python().has("go", "go1.26.8").has("node", "20").has("npm")
    result = machine.check()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_everything_that_is_missing_is_named_at_once_with_its_remedy(machine: Machine) -> None:
    result = machine.check()
    assert result.returncode == 1
    missing, remedies = result.stderr.splitlines()[::2], result.stderr.splitlines()[1::2]
    assert [line.split()[0] for line in missing] == ["Python", "Go", "Node"]
    assert all(line.startswith("  remedy: ") for line in remedies)
    assert "python3.11-venv" in remedies[0]
    assert "go.dev/dl" in remedies[1]
    assert "LIVEKIT_URL" in remedies[1]
    assert "nodejs.org" in remedies[2]


def test_what_is_too_old_is_named_with_its_version(machine: Machine) -> None:
    machine.has("python3", "Python 3.9.2", code=1).has("go", "go1.19.8").has("node", "18").has("npm")
    said = machine.check().stderr
    assert "found: Python 3.9.2" in said
    assert "Go is too old for the LiveKit server (found: go1.19.8)" in said
    assert "Node is too old" in said


@pytest.mark.parametrize("version", ["go1.26.0", "go1.27rc1", "go1.30.1", "go2.0"])
def test_newer_gos_are_welcome(machine: Machine, version: str) -> None:
    assert machine.has_python().has("go", version).has("node", "24").has("npm").check().returncode == 0


def test_no_go_is_needed_with_a_server(machine: Machine) -> None:
    machine.has_python().has("node", "20").has("npm")
    assert machine.check().returncode == 1
    assert machine.check(LIVEKIT_URL="wss://x.livekit.cloud").returncode == 0
    (machine.clone / ".env").write_text("#LIVEKIT_URL=\nLIVEKIT_URL=\n")
    assert machine.check().returncode == 1
    (machine.clone / ".env").write_text("LIVEKIT_URL=wss://x.livekit.cloud\n")
    assert machine.check().returncode == 0
    (machine.clone / ".env").unlink()
    machine.has("livekit-server")
    assert machine.check().returncode == 0


def test_no_node_is_needed_with_a_page_that_is_built(machine: Machine) -> None:
    machine.has_python().has("go", "go1.26.8")
    page = machine.clone / "agent" / "web" / "static" / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    assert machine.check().returncode == 0
    os.utime(page, (0, 0))  # older than its source
    assert "Node 20 with npm is missing" in machine.check().stderr


def test_the_python_for_the_environment_is_told(machine: Machine) -> None:
    assert machine.check("python").stdout.strip() == ""
    assert machine.has_python().check("python").stdout.strip() == "python3"
