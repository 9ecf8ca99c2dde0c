"""The simulated person of rehearsals and benches."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from livekit import api

from agent.rehearsal.person import Person
from agent.room.captions import LiveCaptions
from tests.support.livekit import LiveKit
from tests.web.table import eventually

pytestmark = pytest.mark.real


async def test_they_hear_each_other_and_leave_though_their_room_is_deleted(livekit: LiveKit) -> None:
    room = "deleted-under-them"
    async with asyncio.timeout(30), livekit.api() as server:
        async with (
            Person.join(livekit.url, livekit.token("anna", room)) as anna,
            Person.join(livekit.url, livekit.token("ben", room)) as ben,
        ):
            tone = (8000 * np.sin(np.arange(48_000) * 0.05)).astype(np.int16)
            began = ben.clock.now()
            while not ben.voices(began):
                await anna.say(tone)
            assert {who for _, who in ben.voices(began)} == {"anna"}
            await server.room.delete_room(api.DeleteRoomRequest(room=room))
            await anna.left.wait()
            await ben.left.wait()


async def test_they_know_when_the_final_text_of_what_they_said_is_there(livekit: LiveKit) -> None:
    room = "understood"
    async with (
        asyncio.timeout(30),
        Person.join(livekit.url, livekit.token("anna", room)) as anna,
        Person.join(livekit.url, livekit.token("claude", room, agent=True)) as claude,
        asyncio.TaskGroup() as tasks,
    ):
        of_anna, of_ben = (LiveCaptions(claude.room, identity=who, track_sid=lambda: None) for who in ("anna", "ben"))
        sending = [tasks.create_task(captions.run()) for captions in (of_anna, of_ben)]
        await eventually(lambda: "claude" in anna.room.remote_participants, within_s=5)
        of_ben.show("ben-1", "I see.", final=True)
        of_anna.show("anna-1", "Is there", final=False)
        of_anna.show("anna-2", "Is there anything?", final=True)
        await eventually(lambda: list(anna.understood) == ["anna-2"], within_s=5)
        first = anna.understood["anna-2"]
        of_anna.show("anna-2", "Is there anything else?", final=True)  # its text of record
        of_anna.show("anna-3", "No?", final=True)
        await eventually(lambda: list(anna.understood) == ["anna-2", "anna-3"], within_s=5)
        assert anna.understood["anna-2"] == first
        for task in sending:
            task.cancel()
