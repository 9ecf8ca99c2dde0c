"""What the room is told of the show: recording or not, levels that are really recorded, and notices in plain words."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from livekit import rtc

from agent.notices import Notices
from agent.room.seat import Seat

logger = logging.getLogger(__name__)

EPISODE_ATTRIBUTE = "roundtable.episode"
NOTICE_TOPIC = "roundtable.notice"
LEVELS_TOPIC = "roundtable.levels"
LEVELS_EVERY_S = 0.5
TALLY_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What the show has come to so far.

    Attributes:
        bytes: of its folder, on the disk.
        cost_usd: estimated.
    """

    bytes: int
    cost_usd: float


class Sign:
    """Hangs on Claude's seat: a participant attribute that late joiners see, and messages for those who are there."""

    def __init__(
        self,
        room: rtc.Room,
        seat: Seat,
        notices: Notices,
        *,
        title: str,
        slug: str,
        started_at: datetime,
        stand_in: bool,
        budget_usd: float | None = None,
    ) -> None:
        self._room = room
        self._seat = seat
        self._about: dict[str, object] = {
            "slug": slug,
            "title": title,
            "recording": True,
            "started_at": started_at.isoformat(),
            "stand_in": stand_in,
            "thinking": None,
            "bytes": None,
            "cost_usd": None,  # nothing that has a price was used
            "budget_usd": budget_usd,
        }
        self._notices = notices
        self._hang()
        room.on("participant_active", self._joined)  # not "connected": data that comes too early is lost

    def show_recording(self, recording: bool) -> None:
        """Whether what is said now is kept."""
        self._about["recording"] = recording
        self._hang()

    def show_thinking(self, who: str, until: float | None) -> None:
        """Thinking mode until `until` (seconds on the episode clock), or its end."""
        self._about["thinking"] = None if until is None else {"who": who, "until": until}
        self._hang()

    async def run(self, recorded: Callable[[], Mapping[str, float]], tally: Callable[[], Awaitable[Tally]]) -> None:
        """Send notices and levels, and show the tally, until cancelled.

        Args:
            recorded: each speaker's level as it reached the file lately, dBFS.
            tally: the show's, now.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_notices(), name="notices")
            tasks.create_task(self._send_levels(recorded), name="levels")
            tasks.create_task(self._show_tally(tally), name="tally")

    def _joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            self._notices.greet(participant.identity)

    async def _send_notices(self) -> None:
        while True:
            notice, to = await self._notices.next()
            if self._room.isconnected():
                try:
                    await self._room.local_participant.send_text(
                        json.dumps(asdict(notice)), topic=NOTICE_TOPIC, destination_identities=[to] if to else None
                    )
                except rtc.StreamError as error:
                    logger.warning("a notice could not be sent: %s", error)

    async def _send_levels(self, recorded: Callable[[], Mapping[str, float]]) -> None:
        while True:
            await asyncio.sleep(LEVELS_EVERY_S)
            if not self._room.isconnected():
                continue
            levels = {who: round(dbfs, 1) for who, dbfs in recorded().items()}
            try:
                await self._room.local_participant.publish_data(
                    json.dumps({"dbfs": levels}), reliable=False, topic=LEVELS_TOPIC
                )
            except rtc.participant.PublishDataError as error:
                logger.debug("levels could not be sent: %s", error)

    async def _show_tally(self, tally: Callable[[], Awaitable[Tally]]) -> None:
        while True:
            now = await tally()
            shown = {"bytes": round(now.bytes, -5), "cost_usd": round(now.cost_usd, 2) if now.cost_usd else None}
            if shown.items() - self._about.items():
                self._about |= shown
                self._hang()
            await asyncio.sleep(TALLY_EVERY_S)

    def _hang(self) -> None:
        self._seat.set_attribute(EPISODE_ATTRIBUTE, json.dumps(self._about, ensure_ascii=False))
