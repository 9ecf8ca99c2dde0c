"""What is imported before a show, so that nobody waits for it in the first answer."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.real

FIRST_CALL = """
import asyncio, sys
import livekit.agents.ipc._preload
from agent.providers import preload
from agent.settings import load
from tests.providers.asking import desk
from tests.support.llm_vendor import Say

PROTOCOL, KEY = {protocol!r}, {key!r}

async def ask() -> None:
    preload(load({{"GUEST": PROTOCOL, KEY: "sk-live-0123456789abcdef"}}, env_file=None).settings)
    async with desk(PROTOCOL, (Say("Yes."),)) as asking:
        mind = asking.chain("Guest", "cloud")
        before = set(sys.modules)
        assert (await asking.ask(mind)).text == "Yes."
        print(*sorted(set(sys.modules) - before))

asyncio.run(ask())
"""


@pytest.mark.parametrize(("protocol", "key"), [("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")])
def test_a_first_answer_imports_nothing_more(protocol: str, key: str) -> None:
    code = FIRST_CALL.format(protocol=protocol, key=key)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
