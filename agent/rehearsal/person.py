"""A simulated person at the table: a microphone that is always on, and an ear for each voice in the room."""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents.types import (
    ATTRIBUTE_TRANSCRIPTION_FINAL,
    ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID,
    TOPIC_TRANSCRIPTION,
)

from agent.clock import EpisodeClock
from agent.room.commands import METHOD
from agent.room.sign import EPISODE_ATTRIBUTE

Int16 = npt.NDArray[np.int16]

RATE_HZ = 48_000
FRAME = RATE_HZ // 100
_PACKET = 2 * FRAME  # as the network carries it; each crossing into the SDK costs, whatever it carries
VOICED_DBFS = -42.0  # of 10 ms; below is a room's noise
VOICED_RMS = 10 ** (VOICED_DBFS / 20) * 32768
_ROOM_NOISE_RMS = 8.0  # -72 dBFS, a quiet room


@dataclass(slots=True)
class Ear:
    """What is heard of one voice: the level of each 10 ms, with its time on the person's clock."""

    identity: str
    times: list[float] = field(default_factory=list)  # seconds, ascending
    rms: list[float] = field(default_factory=list)  # of int16 samples

    def levels(self, since: float, until: float = float("inf")) -> list[tuple[float, float]]:
        """(time, RMS) of each 10 ms after `since` and before `until`."""
        first, last = bisect_right(self.times, since), bisect_left(self.times, until)
        return list(zip(self.times[first:last], self.rms[first:last], strict=True))

    def voiced(self, since: float, until: float = float("inf")) -> list[float]:
        """The times of the voiced 10 ms among them."""
        return [at for at, rms in self.levels(since, until) if rms > VOICED_RMS]


class Person:
    """Joins a room like any client. Times are seconds on `clock`, taken at this person's own mouth and ears."""

    def __init__(
        self, room: rtc.Room, tasks: asyncio.TaskGroup, *, queue_ms: int, deaf_to: Collection[str] = ()
    ) -> None:
        self.room = room
        self.clock = EpisodeClock()
        self.ears: dict[str, Ear] = {}
        self.understood: dict[str, float] = {}  # when the final text of each of this person's utterances was here
        self.left = asyncio.Event()
        self._tasks = tasks
        self._running: list[asyncio.Task[None]] = []
        self._deaf_to = deaf_to
        self._microphone = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=queue_ms)
        self._speech: asyncio.Queue[tuple[Int16, asyncio.Future[float], asyncio.Future[float]]] = asyncio.Queue(8)
        room.on("track_subscribed", self._subscribed)
        room.on("disconnected", lambda *_: self.left.set())
        room.register_text_stream_handler(TOPIC_TRANSCRIPTION, self._captioned)

    @classmethod
    @asynccontextmanager
    async def join(
        cls, url: str, token: str, *, queue_ms: int = 40, deaf_to: Collection[str] = ()
    ) -> AsyncIterator[Person]:
        """
        Args:
            deaf_to: identities of whom nothing is wanted, so that their sound need not come.
            queue_ms: of the voice, between here and the network. The times of `say` are right to that, and a loop that
                stands still for longer tears a hole into it.

        Raises:
            rtc.ConnectError: the server refuses or is out of reach.
        """
        room = rtc.Room()
        async with asyncio.TaskGroup() as tasks:
            person = cls(room, tasks, queue_ms=queue_ms, deaf_to=deaf_to)
            await room.connect(url, token)
            track = rtc.LocalAudioTrack.create_audio_track("microphone", person._microphone)
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await room.local_participant.publish_track(track, options)
            person._running.append(tasks.create_task(person._speak(), name="mouth"))
            try:
                yield person
            finally:
                await room.disconnect()
                for task in person._running:  # a room that is gone does not end the streams of its tracks
                    task.cancel()

    async def say(self, speech: Int16) -> tuple[float, float]:
        """Say it and wait; the times of its first and its last sample.

        Args:
            speech: int16, (samples,), 48 kHz mono, without silence around it.
        """
        loop = asyncio.get_running_loop()
        started: asyncio.Future[float] = loop.create_future()
        ended: asyncio.Future[float] = loop.create_future()
        await self._speech.put((speech, started, ended))
        return await started, await ended

    def voices(self, since: float, until: float = float("inf")) -> list[tuple[float, str]]:
        """The voiced moments of everybody else, in order, with whose they are."""
        return sorted((at, ear.identity) for ear in self.ears.values() for at in ear.voiced(since, until))

    async def wait_for_voice(self, since: float, *, limit_s: float) -> tuple[float, str] | None:
        """The first moment after `since` at which somebody is heard."""
        until = self.clock.now() + limit_s
        while self.clock.now() < until and not self.left.is_set():
            if found := self.voices(since):
                return found[0]
            await asyncio.sleep(0.01)
        return None

    async def wait_for_quiet(self, quiet_s: float, *, limit_s: float) -> bool:
        """Until nobody has been heard for `quiet_s`."""
        begun = self.clock.now()
        while self.clock.now() - begun < limit_s and not self.left.is_set():
            if self.clock.now() - begun > quiet_s and not self.voices(self.clock.now() - quiet_s):
                return True
            await asyncio.sleep(0.05)
        return False

    @property
    def episode(self) -> dict[str, Any]:
        """What Claude's seat says of the show; empty before it does."""
        claude = self.room.remote_participants.get("claude")
        return dict(json.loads(claude.attributes.get(EPISODE_ATTRIBUTE, "{}"))) if claude else {}

    async def command(self, command: str, target: str | None = None) -> None:
        """Press one of the page's buttons.

        Raises:
            rtc.RpcError: it was refused, or nobody is there to take it.
        """
        payload = json.dumps({"command": command, "target": target})
        await self.room.local_participant.perform_rpc(destination_identity="claude", method=METHOD, payload=payload)

    def _subscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if participant.identity in self._deaf_to:
            publication.set_subscribed(False)
        elif isinstance(track, rtc.RemoteAudioTrack):
            ear = self.ears.setdefault(publication.sid, Ear(participant.identity))
            self._running.append(self._tasks.create_task(self._listen(track, ear), name=f"ear:{participant.identity}"))

    def _captioned(self, reader: rtc.TextStreamReader, identity: str) -> None:
        attributes = reader.info.attributes or {}
        reader.close()
        if identity == self.room.local_participant.identity and attributes.get(ATTRIBUTE_TRANSCRIPTION_FINAL) == "true":
            self.understood.setdefault(attributes.get(ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID, ""), self.clock.now())

    async def _listen(self, track: rtc.RemoteAudioTrack, ear: Ear) -> None:
        stream = rtc.AudioStream.from_track(track=track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=20)
        try:
            async for event in stream:
                pcm = np.frombuffer(event.frame.data, np.int16).astype(np.float32).reshape(-1, FRAME)
                now, last = self.clock.now(), ear.times[-1] if ear.times else 0.0  # packets come in bursts, too
                ear.times += [max(last, now - 0.01 * (len(pcm) - 1 - number)) for number in range(len(pcm))]
                ear.rms += [float(rms) for rms in np.sqrt(np.mean(pcm**2, axis=1))]
        finally:
            await stream.aclose()

    async def _speak(self) -> None:
        noise = np.random.default_rng(1)
        while True:
            if self._speech.empty():
                await self._send(noise.normal(0, _ROOM_NOISE_RMS, _PACKET).astype(np.int16))
                continue
            speech, started, ended = self._speech.get_nowait()
            started.set_result(self.clock.now())
            for begin in range(0, len(speech), _PACKET):
                packet = speech[begin : begin + _PACKET]
                await self._send(np.pad(packet, (0, _PACKET - len(packet))))
            ended.set_result(self.clock.now() - (-len(speech) % _PACKET) / RATE_HZ)

    async def _send(self, pcm: Int16) -> None:
        await self._microphone.capture_frame(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm)))
