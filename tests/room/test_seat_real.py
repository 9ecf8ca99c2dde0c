"""Captions go to everybody at the table, and cost who does not read them nothing."""

from __future__ import annotations

import asyncio

import pytest
from livekit import rtc
from livekit.rtc._ffi_client import FfiClient

from agent.room.seat import Seat
from tests.support.livekit import LiveKit

pytestmark = pytest.mark.real
CAPTIONS = 30


async def test_other_seats_captions_leave_nothing_behind(livekit: LiveKit) -> None:
    """A reader that nobody reads would look at every event of the process for as long as that lives."""
    here, there = rtc.Room(), rtc.Room()
    await here.connect(livekit.url, livekit.token("claude", "captions", agent=True))
    await there.connect(livekit.url, livekit.token("guest", "captions", agent=True))
    claude, guest = Seat(here, who="claude"), Seat(there, who="guest")
    came = 0
    handler = here._text_stream_handlers["lk.transcription"]

    def counted(reader: rtc.TextStreamReader, identity: str) -> None:
        nonlocal came
        came += 1
        handler(reader, identity)

    here._text_stream_handlers["lk.transcription"] = counted
    listening = len(FfiClient.instance.queue._subscribers)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(seat.run()) for seat in (claude, guest)]
        for number in range(CAPTIONS):
            guest.captions.show(f"s{number}", f"Sentence {number}.", final=True)
            await asyncio.sleep(0.05)
        async with asyncio.timeout(20):
            while came < CAPTIONS:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        assert len(FfiClient.instance.queue._subscribers) <= listening
        assert not here._text_stream_readers
        for task in running:
            task.cancel()
    await here.disconnect()
    await there.disconnect()
