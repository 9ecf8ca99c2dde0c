"""An AI's place at the table: a participant of its own with one microphone track, a state and captions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit import api, rtc
from livekit.agents.types import ATTRIBUTE_AGENT_STATE, TOPIC_TRANSCRIPTION

from agent.room.captions import LiveCaptions

logger = logging.getLogger(__name__)


SAMPLE_RATE_HZ = 48_000
COLOUR_ATTRIBUTE = "roundtable.colour"
# The playout keeps 20 ms of voice in the source, and up to 70 ms of silence. The source's own bound must be above that:
# a full one makes the playout wait, and then the device, not the episode's clock, sets the pace.
QUEUE_MS = 120


class Seat:
    """One AI participant. Claude's seat is the job's own connection; every other persona brings its own."""

    def __init__(self, room: rtc.Room, *, who: str) -> None:
        self.room = room
        self.who = who
        self.source = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=QUEUE_MS)
        self.captions = LiveCaptions(room, identity=room.local_participant.identity, track_sid=lambda: self._track_sid)
        self._track_sid: str | None = None
        self._attributes: dict[str, str] = {}
        self._changed = asyncio.Event()
        # The other seats' captions come here, too; without a handler the SDK logs a line for each. A reader that is
        # neither read nor closed looks at every event of the process for ever: an hour of captions would be its end.
        room.register_text_stream_handler(TOPIC_TRANSCRIPTION, lambda reader, identity: reader.close())

    async def publish(self) -> None:
        """Publish the voice as a microphone track: where stock clients look for an agent's audio."""
        track = rtc.LocalAudioTrack.create_audio_track(f"{self.who}-voice", self.source)
        publication = await self.room.local_participant.publish_track(
            track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False, red=True)
        )
        self._track_sid = publication.sid

    def show_state(self, state: str) -> None:
        """The tile's state, under LiveKit's own attribute. Never waits."""
        self.set_attribute(ATTRIBUTE_AGENT_STATE, state)

    def set_attribute(self, name: str, value: str) -> None:
        """A participant attribute; the newest value wins while the network is slow."""
        self._attributes[name] = value
        self._changed.set()

    async def run(self) -> None:
        """Send attributes and captions until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_attributes(), name=f"attributes:{self.who}")
            tasks.create_task(self.captions.run(), name=f"captions:{self.who}")

    async def _send_attributes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            changed, self._attributes = self._attributes, {}
            if self.room.isconnected():
                await self.room.local_participant.set_attributes(changed)


@asynccontextmanager
async def join_seat(
    url: str, *, api_key: str, api_secret: str, room_name: str, who: str, name: str, colour: str | None = None
) -> AsyncIterator[Seat]:
    """A persona's own connection to the room, closed on leaving the context.

    Args:
        colour: of its tile, CSS; known to the page from the first sight of it.
    Raises:
        rtc.ConnectError: the server refuses or is out of reach.
    """
    token = (
        api.AccessToken(api_key, api_secret)
        .with_identity(who)
        .with_name(name)
        .with_kind("agent")
        .with_attributes({COLOUR_ATTRIBUTE: colour} if colour else {})
        .with_grants(
            api.VideoGrants(
                room_join=True,
                room=room_name,
                can_publish=True,
                can_subscribe=True,
                can_publish_data=True,
                can_publish_sources=["microphone"],
                # set_attributes fails without a word when this is missing
                can_update_own_metadata=True,
            )
        )
        .to_jwt()
    )
    room = rtc.Room()
    await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
    try:
        yield Seat(room, who=who)
    finally:
        await room.disconnect()
