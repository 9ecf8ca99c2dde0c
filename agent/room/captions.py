"""Live captions of one speaker as LiveKit's `lk.transcription` text streams."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

from livekit import rtc
from livekit.agents.types import (
    ATTRIBUTE_TRANSCRIPTION_FINAL,
    ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID,
    ATTRIBUTE_TRANSCRIPTION_TRACK_ID,
    TOPIC_TRANSCRIPTION,
)

logger = logging.getLogger(__name__)

_MAX_PENDING = 32  # segments; a speaker has one or two open at a time, so more means that the room takes none


class LiveCaptions:
    """Sends the newest text of each segment, in the order of the segments.

    Each update is a text stream of its own with the whole text of its segment, as LiveKit's agents send a human's
    interim transcripts: a client that joins in mid-sentence sees the whole sentence, and a lost update is repaired by
    the next. Updates that are overtaken while the network is slow are skipped.
    """

    def __init__(self, room: rtc.Room, *, identity: str, track_sid: Callable[[], str | None]) -> None:
        """
        Args:
            room: the connection that sends.
            identity: the participant whose words these are; the sender that clients see.
            track_sid: that participant's microphone track at this moment, if any.
        """
        self._room = room
        self._identity = identity
        self._track_sid = track_sid
        self._pending: OrderedDict[str, tuple[str, bool]] = OrderedDict()
        self._changed = asyncio.Event()
        self.dropped = 0  # segments given up because too many were pending

    def show(self, segment: str, text: str, *, final: bool) -> None:
        """The text of a segment so far. Never waits."""
        self._pending[segment] = (text, final)
        while len(self._pending) > _MAX_PENDING:
            self._pending.popitem(last=False)
            self.dropped += 1
        self._changed.set()

    async def run(self) -> None:
        """Send until cancelled. A failed send is logged; the next update carries the whole text again."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._pending:
                segment, (text, final) = self._pending.popitem(last=False)
                try:
                    await self._send(segment, text, final)
                except (rtc.room.ConnectError, rtc.StreamError, ConnectionError, RuntimeError) as error:
                    logger.warning("a caption could not be sent: %s", error)

    async def _send(self, segment: str, text: str, final: bool) -> None:
        if not self._room.isconnected():
            return
        attributes = {
            ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID: segment,
            ATTRIBUTE_TRANSCRIPTION_FINAL: "true" if final else "false",
        }
        if sid := self._track_sid():
            attributes[ATTRIBUTE_TRANSCRIPTION_TRACK_ID] = sid
        writer = await self._room.local_participant.stream_text(
            topic=TOPIC_TRANSCRIPTION, attributes=attributes, sender_identity=self._identity
        )
        await writer.write(text)
        await writer.aclose()
