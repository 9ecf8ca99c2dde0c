"""The simulated person of rehearsals and benches."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from livekit import api

from agent.rehearsal.person import Person
from tests.support.livekit import LiveKit

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
