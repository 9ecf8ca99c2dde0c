"""One show's egress, from the connected room to what it leaves in the folder: all that an episode needs of it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from livekit import api, rtc

from agent.clock import EpisodeClock
from agent.recording import EpisodeRecorder, Sealed
from agent.recording.egress.back_end import EgressBackEnd
from agent.recording.egress.bringing_in import bring_in
from agent.recording.egress.ledger import Rules
from agent.recording.egress.outputs import Output, make_output
from agent.recording.egress.service import LiveKitEgress
from agent.recording.egress.voices import Speakers, watch_voices
from agent.recording.egress.webhooks import WebhookGate
from agent.recording.trouble import OnTrouble
from agent.settings import RecordingSettings

logger = logging.getLogger("roundtable.recording")


class EgressRecording:
    """Use `open_egress`."""

    def __init__(self, back_end: EgressBackEnd, output: Output, clock: EpisodeClock, *, results_s: float) -> None:
        self._back_end = back_end
        self._output = output
        self._clock = clock
        self._results_s = results_s

    def watch(self, room: rtc.Room, speakers: Speakers) -> None:
        """Record every voice of the room that `speakers` knows. Call once, after connecting."""
        room.on("data_received", self._back_end.data_received)
        watch_voices(room, speakers, self._back_end)

    async def run(self) -> None:
        """Until cancelled."""
        await self._back_end.run()

    async def end(self) -> None:
        """Stop all, and wait for their last words, within bounds."""
        await self._back_end.end(limit_s=self._results_s)

    async def bring_in(self, sealed: Sealed) -> None:
        """Into the sealed folder; what is missing stands in its session.yml. A fault here ends no show badly."""
        try:
            if pieces := self._back_end.pieces:
                await bring_in(sealed, pieces, self._output, started_at=self._clock.started_at)
        except Exception:
            logger.exception("what egress has recorded could not be brought into %s", sealed.folder)


@asynccontextmanager
async def open_egress(
    settings: RecordingSettings,
    *,
    url: str,
    api_key: str,
    api_secret: str,
    room: str,
    recorder: EpisodeRecorder,
    clock: EpisodeClock,
    tell: OnTrouble,
) -> AsyncIterator[EgressRecording]:
    """Asks nothing yet, and never fails.

    Args:
        settings: with a folder or a bucket.
        url, api_key, api_secret: of the LiveKit server.
        tell: a sentence for the host.
    """
    egress = settings.egress
    output = make_output(egress)
    no_limit = aiohttp.ClientTimeout(total=None)  # each question has its own
    async with api.LiveKitAPI(url, api_key, api_secret, failover=False, timeout=no_limit) as server:
        service = LiveKitEgress(server, room=room, episode=recorder.folder.name, output=output, start_s=egress.start_s)
        back_end = EgressBackEnd(
            room,
            service=service,
            gate=WebhookGate(api_key, api_secret),
            clock=clock,
            rules=Rules(active_s=egress.active_s),
            tell=tell,
            log=recorder.event,
        )
        yield EgressRecording(back_end, output, clock, results_s=egress.results_s)
