"""Sends out who came by an invitation that was withdrawn."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from agent.errors import StudioError
from agent.web.invitations import Invitations
from agent.web.shows import Shows

logger = logging.getLogger(__name__)

# A token that is out still opens the room until it ends: ours lives 10 minutes, and so does the one that the LiveKit
# server gives to whoever connects (livekit-server, pkg/service/roommanager.go: tokenDefaultTTL).
TOKENS_LIVE_S = 11 * 60.0
_EVERY_S = 2.0


class Door:
    """Sends out at once, and again whoever returns by a token that still lives, for as long as one could."""

    def __init__(
        self,
        invitations: Invitations,
        shows: Shows,
        *,
        every_s: float = _EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._invitations = invitations
        self._shows = shows
        self._every_s = every_s
        self._clock = clock
        self._watch_until = clock() + TOKENS_LIVE_S  # one may have been withdrawn just before this start

    @property
    def watching(self) -> bool:
        """Whether somebody could hold a token of a withdrawn invitation."""
        return self._clock() < self._watch_until and bool(self._invitations.revoked())

    async def revoked(self) -> int:
        """An invitation was withdrawn now: send out who came by it; how many there were.

        Raises:
            StudioError: the LiveKit server does not answer; it is asked again.
        """
        self._watch_until = self._clock() + TOKENS_LIVE_S
        return await self._send_out()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            if not self.watching:
                continue
            try:
                await self._send_out()
            except StudioError as error:
                logger.warning("withdrawn invitations are not enforced at this moment: %s", error)

    async def _send_out(self) -> int:
        sent_out = await self._shows.send_out(self._invitations.revoked())
        if sent_out:  # the server has given each of them a new token when it came
            self._watch_until = self._clock() + TOKENS_LIVE_S
        return sent_out
