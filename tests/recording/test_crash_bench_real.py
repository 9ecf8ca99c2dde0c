"""Two kills of bench/crash.py; the bench itself does 200."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "crash.py"


@pytest.mark.real
def test_killed_recorders_lose_a_second_at_most() -> None:
    command = [sys.executable, str(BENCH), "--trials", "2", "--seed", "11"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
