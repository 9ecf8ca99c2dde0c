"""A studio for the page's tests: the real web server, the real LiveKit server, and AIs that only pretend to think."""

from __future__ import annotations

import asyncio
import json
import math
import wave
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from livekit import rtc

from agent.room.commands import Command, register
from agent.room.seat import SAMPLE_RATE_HZ, Seat, join_seat
from agent.services.livekit_server import Keys
from agent.services.ports import free_port
from agent.web.lan.origin import Lan
from agent.web.server import serve
from agent.web.site import BUILT_PAGE, Site
from tests.support.livekit import LiveKit

FRAME = SAMPLE_RATE_HZ // 50


@dataclass
class StudioSays:
    """A StudioStatus that a test sets."""

    server_reachable: bool = True
    worker_connected: bool = True
    adapters: Mapping[str, str] = field(default_factory=lambda: {"stt": "faster-whisper", "claude": "local"})
    reasons: Sequence[str] = ()


async def eventually(is_so: Callable[[], bool], *, within_s: float) -> None:
    """Wait until it is so.

    Raises:
        TimeoutError: it did not become so in time.
    """
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110  what is waited for happens in other processes
            await asyncio.sleep(0.05)


@asynccontextmanager
async def open_studio(
    livekit: LiveKit,
    folder: Path,
    *,
    status: StudioSays | None = None,
    static: Path | None = None,
    port: int | None = None,
    lan: Lan | None = None,
) -> AsyncIterator[tuple[str, Site]]:
    """The web server, on a free port by default; yields its address."""
    for name in ("recordings", "briefings", "cache"):
        (folder / name).mkdir(exist_ok=True)
    site = Site(
        host="127.0.0.1",
        port=port or free_port(),
        livekit_url=livekit.url,
        keys=Keys(livekit.key, livekit.secret),
        recordings=folder / "recordings",
        briefings=folder / "briefings",
        cache=folder / "cache",
        static=static or BUILT_PAGE,
        lan=lan,
    )
    async with serve(site, status or StudioSays()) as address:
        yield address, site


class Ai:
    """A seat with a voice that hums while it is told to."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.loudness = 0.0  # 0 to 1

    async def hum(self, hz: float) -> None:
        """Syllables of a tone, or silence, for ever."""
        at = 0
        while True:
            time_s = (at + np.arange(FRAME)) / SAMPLE_RATE_HZ
            syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * time_s) * np.sin(2 * np.pi * 0.7 * time_s)
            tone = np.sin(2 * np.pi * hz * time_s) + 0.4 * np.sin(2 * np.pi * 2 * hz * time_s)
            pcm = (tone * syllables * self.loudness * 9000).astype(np.int16)
            await self.seat.source.capture_frame(rtc.AudioFrame(pcm.tobytes(), SAMPLE_RATE_HZ, 1, FRAME))
            at += FRAME

    def says(self, text: str, *, segment: str, final: bool = True) -> None:
        self.seat.show_state("speaking")
        self.seat.captions.show(segment, text, final=final)


class Show:
    """What the worker would do, as far as the page can see it."""

    def __init__(self, claude: Ai, guest: Ai) -> None:
        self.claude = claude
        self.guest = guest
        self.commands: list[tuple[str, Command]] = []
        self.heard: dict[str, float] = {}  # identity: loudest sample of its microphone so far, 0 to 1
        self._episode: dict[str, object] = {
            "slug": "a-test",
            "title": "Can a machine be curious?",
            "recording": True,
            "started_at": datetime.now(UTC).isoformat(),
            "stand_in": True,
            "thinking": None,
        }

    def episode(self, **changes: object) -> None:
        """Change what Claude's participant says of the episode."""
        self._episode |= changes
        self.claude.seat.set_attribute("roundtable.episode", json.dumps(self._episode))

    def started(self, seconds_ago: float) -> None:
        self.episode(started_at=(datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat())

    async def notice(self, severity: str, text: str, service: str = "llm") -> None:
        said = json.dumps({"severity": severity, "text": text, "service": service})
        await self.claude.seat.room.local_participant.send_text(said, topic="roundtable.notice")


@asynccontextmanager
async def seat_ais(livekit: LiveKit, room: str, *, order: Sequence[str] = ("claude", "guest")) -> AsyncIterator[Show]:
    """Claude and a guest at the table of `room`; they come in that order."""
    keys = {"api_key": livekit.key, "api_secret": livekit.secret}
    async with AsyncExitStack() as stack:
        came: dict[str, Ai] = {}
        for who in order:
            name = {"claude": "Claude", "guest": "Ada"}[who]
            seat = await stack.enter_async_context(join_seat(livekit.url, **keys, room_name=room, who=who, name=name))
            await seat.publish()
            came[who] = Ai(seat)
        show = Show(came["claude"], came["guest"])
        ais = (show.claude, show.guest)
        register(show.claude.seat.room, lambda by, command: show.commands.append((by, command)))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(ai.seat.run()) for ai in ais]
            running += [tasks.create_task(ai.hum(hz)) for ai, hz in zip(ais, (170.0, 120.0), strict=True)]
            running.append(tasks.create_task(_listen(show)))
            for ai in ais:
                ai.seat.show_state("listening")
            show.episode()
            try:
                yield show
            finally:
                for task in running:
                    task.cancel()


async def _listen(show: Show) -> None:
    """Hear every human, to know whether the page's microphone arrives."""
    room = show.claude.seat.room
    async with asyncio.TaskGroup() as tasks:
        heard: set[str] = set()

        async def hear(track: rtc.Track, identity: str) -> None:
            stream = rtc.AudioStream.from_track(track=track, sample_rate=SAMPLE_RATE_HZ, num_channels=1)
            try:
                async for event in stream:
                    loudest = float(np.abs(np.frombuffer(event.frame.data, np.int16).astype(np.float32)).max()) / 32768
                    show.heard[identity] = max(show.heard.get(identity, 0.0), loudest)
            finally:
                await stream.aclose()

        while True:
            for participant in list(room.remote_participants.values()):
                if participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD:
                    continue
                for publication in participant.track_publications.values():
                    if publication.kind == rtc.TrackKind.KIND_AUDIO and not publication.subscribed:
                        publication.set_subscribed(True)
                    if publication.track is not None and publication.sid not in heard:
                        heard.add(publication.sid)
                        tasks.create_task(hear(publication.track, participant.identity))
            await asyncio.sleep(0.05)


def voice_wav(file: Path, *, seconds: float = 20.0, silence_s: float = 0.5) -> Path:
    """A fake microphone: bursts of a tone with the rhythm of speech, 48 kHz mono int16."""
    time_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ  # one round of all its rhythms
    gate = np.sin(2 * np.pi * 0.5 * time_s) > -0.3
    tone = sum(np.sin(2 * np.pi * 140 * k * time_s) / k for k in range(1, 9))
    once = (tone * gate * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s)) * 6000).astype(np.int16)
    pcm = np.tile(once, math.ceil(seconds / 2))
    pcm[: round(silence_s * SAMPLE_RATE_HZ)] = 0
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(pcm.tobytes())
    return file
