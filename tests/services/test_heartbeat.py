"""A show whose event loop stands still would hold its room for a minute, deaf and unrecorded."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.real

STANDS_STILL = """
import asyncio, time
from agent.services.heartbeat import beat

async def show():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(beat({still_s}))
        await asyncio.sleep(0.2)
        the_culprit()

def the_culprit():
    time.sleep({lasts_s})

asyncio.run(asyncio.wait_for(show(), 3.0))
"""


def run(still_s: float, lasts_s: float) -> subprocess.CompletedProcess[str]:
    code = STANDS_STILL.format(still_s=still_s, lasts_s=lasts_s)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_a_loop_that_stands_still_ends_its_process_and_says_where() -> None:
    done = run(0.5, 30.0)
    assert done.returncode == 1
    assert "the_culprit" in done.stderr


def test_a_short_stall_is_let_pass() -> None:
    done = run(20.0, 0.5)
    assert "TimeoutError" in done.stderr, "it ran to its end"
    assert "Timeout (" not in done.stderr, "nothing was dumped"
