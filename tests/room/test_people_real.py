"""Humans come, go and come back; each is heard once, under the same id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc

from agent.clock import EpisodeClock
from agent.room.people import People, Person
from tests.support.livekit import LiveKit

pytestmark = pytest.mark.real


class Listener:
    """Writes down what the room brings."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.loud_s: dict[str, float] = {}

    def person_joined(self, person: Person) -> None:
        self.log.append(f"{person.who} joined")

    def person_left(self, person: Person) -> None:
        self.log.append(f"{person.who} left")

    def person_muted(self, person: Person, *, muted: bool) -> None:
        self.log.append(f"{person.who} {'muted' if muted else 'unmuted'}")

    def person_heard(self, person: Person, at: float, pcm: npt.NDArray[np.int16]) -> None:
        if np.abs(pcm).max() > 3000:
            self.loud_s[person.who] = self.loud_s.get(person.who, 0.0) + len(pcm) / 48_000

    async def until(self, line: str) -> None:
        async with asyncio.timeout(10):
            while line not in self.log:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def until_heard(self, who: str, seconds: float = 0.3) -> None:
        before = self.loud_s.get(who, 0.0)
        async with asyncio.timeout(10):
            while self.loud_s.get(who, 0.0) < before + seconds:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(livekit: LiveKit, room_name: str) -> AsyncIterator[Listener]:
    room = rtc.Room()
    await room.connect(livekit.url, livekit.token("claude", room_name, agent=True), rtc.RoomOptions(False))
    listener = Listener()
    people = People(room, clock=EpisodeClock(), listener=listener, reserved=frozenset({"claude", "guest"}))
    people.watch()
    task = asyncio.get_running_loop().create_task(people.run())
    try:
        yield listener
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await room.disconnect()


class Somebody:
    """Joins and hums at 440 Hz."""

    def __init__(self, livekit: LiveKit, room_name: str, identity: str, *, agent: bool = False) -> None:
        self._url = livekit.url
        self._token = livekit.token(identity, room_name, agent=agent)
        self.room = rtc.Room()
        self._humming: asyncio.Task[None] | None = None
        self._publication: rtc.LocalTrackPublication | None = None

    async def join(self) -> Somebody:
        await self.room.connect(self._url, self._token)
        return self

    async def hum(self) -> Somebody:
        source = rtc.AudioSource(48_000, 1, queue_size_ms=40)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        self._publication = await self.room.local_participant.publish_track(track, options)
        wave = (8000 * np.sin(2 * np.pi * 440 * np.arange(480) / 48_000)).astype(np.int16).tobytes()

        async def hum() -> None:
            while True:
                await source.capture_frame(rtc.AudioFrame(wave, 48_000, 1, 480))

        self._humming = asyncio.get_running_loop().create_task(hum())
        return self

    async def unpublish(self) -> None:
        assert self._publication is not None
        assert self._humming is not None
        self._humming.cancel()
        await self.room.local_participant.unpublish_track(self._publication.sid)

    async def leave(self) -> None:
        if self._humming:
            self._humming.cancel()
        await self.room.disconnect()


async def test_who_was_there_before_is_heard_and_so_is_who_comes_late(livekit: LiveKit) -> None:
    anna = await (await Somebody(livekit, "people-late", "anna").join()).hum()
    async with listening(livekit, "people-late") as table:
        await table.until_heard("anna")
        ben = await (await Somebody(livekit, "people-late", "ben").join()).hum()
        await table.until_heard("ben")
        await anna.leave()
        await ben.leave()
        await table.until("ben left")
    assert sorted(table.log) == ["anna joined", "anna left", "ben joined", "ben left"]


async def test_a_republished_microphone_is_the_same_speaker(livekit: LiveKit) -> None:
    async with listening(livekit, "people-republish") as table:
        anna = await (await Somebody(livekit, "people-republish", "anna").join()).hum()
        await table.until_heard("anna")
        await anna.unpublish()
        await anna.hum()
        await table.until_heard("anna")
        await anna.leave()
    assert set(table.loud_s) == {"anna"}
    assert table.log.count("anna joined") == 1


async def test_who_leaves_and_returns_keeps_the_id(livekit: LiveKit) -> None:
    async with listening(livekit, "people-return") as table:
        first = await (await Somebody(livekit, "people-return", "anna").join()).hum()
        await table.until_heard("anna")
        await first.leave()
        await table.until("anna left")
        second = await (await Somebody(livekit, "people-return", "anna").join()).hum()
        await table.until_heard("anna")
        await second.leave()
    assert table.log[:3] == ["anna joined", "anna left", "anna joined"]


async def test_a_second_device_takes_over_without_a_second_speaker(livekit: LiveKit) -> None:
    async with listening(livekit, "people-device") as table:
        laptop = await (await Somebody(livekit, "people-device", "anna").join()).hum()
        await table.until_heard("anna")
        phone = await (await Somebody(livekit, "people-device", "anna").join()).hum()
        await table.until_heard("anna", 1.0)
        assert set(table.loud_s) == {"anna"}
        await laptop.leave()
        await table.until_heard("anna")
        await phone.leave()


async def test_other_agents_are_no_people(livekit: LiveKit) -> None:
    async with listening(livekit, "people-agents") as table:
        bot = await (await Somebody(livekit, "people-agents", "bot", agent=True).join()).hum()
        anna = await (await Somebody(livekit, "people-agents", "anna").join()).hum()
        await table.until_heard("anna", 0.5)
        await bot.leave()
        await anna.leave()
    assert set(table.loud_s) == {"anna"}
    assert not [line for line in table.log if line.startswith("bot")]
