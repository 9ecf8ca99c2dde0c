"""What is wrong is told to who is there, and to who comes later."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from livekit import rtc

from agent.notices import Notices
from agent.room.seat import Seat
from agent.room.sign import EPISODE_ATTRIBUTE, NOTICE_TOPIC, Sign, Tally
from tests.support.livekit import LiveKit

pytestmark = pytest.mark.real


class Reader:
    """A participant, and the notices that reach it."""

    def __init__(self) -> None:
        self.room = rtc.Room()
        self.texts: list[str] = []
        self.room.register_text_stream_handler(NOTICE_TOPIC, lambda reader, _: self._tasks.append(self._take(reader)))
        self._tasks: list[asyncio.Task[None]] = []

    def _take(self, reader: rtc.TextStreamReader) -> asyncio.Task[None]:
        async def read() -> None:
            self.texts.append(json.loads(await reader.read_all())["text"])

        return asyncio.get_running_loop().create_task(read())

    async def until(self, *texts: str) -> None:
        """Until these are the last that have come, each a stream of its own, so in any order.

        What was sent while this participant came may have come before.
        """
        async with asyncio.timeout(10):
            while sorted(self.texts[-len(texts) :]) != sorted(texts):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def reading(livekit: LiveKit, room: str, identity: str) -> AsyncIterator[Reader]:
    reader = Reader()
    await reader.room.connect(livekit.url, livekit.token(identity, room))
    try:
        yield reader
    finally:
        await reader.room.disconnect()


@asynccontextmanager
async def hung_up(livekit: LiveKit, room_name: str, notices: Notices) -> AsyncIterator[None]:
    room = rtc.Room()
    await room.connect(livekit.url, livekit.token("claude", room_name, agent=True))
    about = {"title": "A show", "slug": "a-show", "started_at": datetime.now(UTC), "stand_in": False}
    seat = Seat(room, who="claude")
    sign = Sign(room, seat, notices, **about)  # type: ignore[arg-type]

    async def tally() -> Tally:
        return Tally(bytes=1_240_000, cost_usd=0.126)

    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(run) for run in (seat.run(), sign.run(dict, tally))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await room.disconnect()


async def test_who_comes_later_is_told_what_is_still_wrong_and_not_what_is_over(livekit: LiveKit) -> None:
    notices = Notices()
    notices.tell("error", "The disk is full.", service="recording")  # before there is a sign
    async with hung_up(livekit, "sign", notices):
        notices.tell("warning", "Groq is out.", service="groq")
        notices.tell("info", "Groq answers again.", service="groq")
        async with reading(livekit, "sign", "anna") as anna, reading(livekit, "sign", "ben") as ben:
            for reader in (anna, ben):
                await reader.until("The disk is full.")
            notices.tell("info", "There is room again.", service="recording")
            notices.tell("warning", "Claude is slow.", service="claude")
            async with reading(livekit, "sign", "cleo") as cleo:
                await cleo.until("Claude is slow.")
                assert "The disk is full." not in cleo.texts
            for reader in (anna, ben):
                await reader.until("There is room again.", "Claude is slow.")


async def test_the_tally_is_shown_to_who_comes_later_too(livekit: LiveKit) -> None:
    async with hung_up(livekit, "tally", Notices()), reading(livekit, "tally", "anna") as anna:
        async with asyncio.timeout(10):
            while not (claude := anna.room.remote_participants.get("claude")):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            while json.loads(claude.attributes.get(EPISODE_ATTRIBUTE, "{}")).get("bytes") is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        about = json.loads(claude.attributes[EPISODE_ATTRIBUTE])
        assert (about["bytes"], about["cost_usd"], about["budget_usd"]) == (1_200_000, 0.13, None)
