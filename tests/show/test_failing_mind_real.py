"""A whole show whose co-host's provider is out for a while: who speaks, what the host sees, what is kept of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from livekit import rtc

from agent.floor.replay import replay
from agent.recording.log import read_log
from agent.rehearsal.inspection import inspect_folder
from agent.rehearsal.person import Person
from agent.room.sign import NOTICE_TOPIC
from tests.support.llm_vendor import Refuse, Say, Vendor, serving
from tests.support.studio import studio_up

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

KEY = "sk-live-0123456789abcdef"
OUT_S = 15.0


class Notices:
    """What the page would show."""

    def __init__(self, person: Person, tasks: asyncio.TaskGroup) -> None:
        self.texts: list[str] = []
        self._tasks = tasks
        person.room.register_text_stream_handler(NOTICE_TOPIC, self._received)

    def _received(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._tasks.create_task(self._read(reader))

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        self.texts.append(json.loads(await reader.read_all())["text"])

    async def has(self, words: str) -> str:
        """The notice with these words, as soon as it has come."""
        async with asyncio.timeout(60):
            while True:
                found = [text for text in self.texts if words in text]
                if found:
                    return found[0]
                await asyncio.sleep(0.1)


async def test_the_other_ai_speaks_and_the_host_knows_why(tmp_path: Path) -> None:
    refusal = Refuse(429, f"too many for {KEY}", type="rate_limit_error", headers={"retry-after": f"{OUT_S:g}"})
    co_host = Vendor("anthropic", [refusal, (Say("Here I am again."),)])
    guest = Vendor("openai", [(Say("I can say something about that."),)])
    async with serving(co_host), serving(guest), asyncio.TaskGroup() as tasks:
        env = {
            "COHOST": "anthropic",
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": co_host.address,
            "GUEST": "groq",
            "GROQ_API_KEY": f"{KEY}-of-the-guest",
            "GROQ_BASE_URL": guest.address,
            "STUDIO_FLOOR__FOLLOW_UP": "false",
            "STUDIO_FLOOR__INTERJECT": "false",
        }
        with studio_up(tmp_path, env) as studio:
            async with aiohttp.ClientSession() as session:
                async with session.post(f"{studio.url}/api/join", json={"name": "Anna"}) as response:
                    invitation = await response.json()
            async with Person.join(invitation["url"], invitation["token"]) as anna:
                notices = Notices(anna, tasks)
                async with asyncio.timeout(60):
                    while not anna.episode.get("recording"):  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
                folder = studio.recordings / str(anna.episode["slug"])
                await asyncio.sleep(2.0)
                await anna.command("ask", "claude")
                told = await notices.has("Anthropic")
                assert told.startswith("Anthropic takes no more requests for 15 s: wait, or raise the account's limit.")
                assert "Claude cannot answer until then; " in told
                heard = await anna.wait_for_voice(0.0, limit_s=30)
                assert heard is not None
                assert heard[1] == "guest"
                await asyncio.sleep(OUT_S + 1.0)
                await anna.command("ask", "claude")
                assert "answers again" in await notices.has("Anthropic claude-haiku-4-5")
                await anna.wait_for_quiet(2.0, limit_s=30)
                await anna.command("end_show")
                async with asyncio.timeout(60):
                    await anna.left.wait()
            assert await asyncio.to_thread(studio.close) == 0, studio.said()
    assert len([text for text in notices.texts if "Anthropic" in text]) == 2, notices.texts
    assert inspect_folder(folder) == []
    entries = list(read_log(folder / "events.jsonl"))
    assert [entry.kind for entry in entries if entry.kind.startswith("service.")] == [
        "service.missed",
        "service.out",
        "service.back",
    ]
    assert "unknown" not in {entry.kind for entry in entries}
    assert replay((folder / "events.jsonl").read_text().splitlines()) is None
    heard_of = [getattr(entry, "heard", "") for entry in entries if entry.kind == "playback.end"]
    assert [text for text in heard_of if text != "One moment."] == [
        "I can say something about that.",
        "Here I am again.",
    ]
    assert _files_with(KEY, tmp_path) == []


def _files_with(words: str, folder: Path) -> list[Path]:
    """Recordings, logs, whatever a studio leaves."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if words.encode() in path.read_bytes()]
