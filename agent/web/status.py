"""Can a show start now, and is what is running still connected."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

logger = logging.getLogger(__name__)

_EVERY_S = 1.0
_LIMIT_S = 1.0


class StudioStatus(Protocol):
    """What `/health`, `/ready` and `/metrics` tell. Read often: properties must be cheap."""

    @property
    def server_reachable(self) -> bool:
        """The LiveKit server answers."""

    @property
    def worker_connected(self) -> bool:
        """The worker runs and is registered with the LiveKit server."""

    @property
    def adapters(self) -> Mapping[str, str]:
        """Engines in use: {"stt": "faster-whisper", "claude": "local", ...}."""

    @property
    def reasons(self) -> Sequence[str]:
        """Why no show could start now, each in plain words; empty when one could."""


class PolledStatus:
    """Asks the LiveKit server and the worker every second; each has one second to answer.

    LiveKit's own health page of a worker says OK while the worker has no connection, so its `/worker` page is read,
    for the field `connected` that ours adds. A worker without that field counts as connected while the server is.
    """

    def __init__(
        self,
        livekit_url: str,
        worker_url: Callable[[], str | None],
        *,
        adapters: Mapping[str, str],
        every_s: float = _EVERY_S,
    ) -> None:
        """
        Args:
            livekit_url: ws(s):// or http(s)://.
            worker_url: the worker's status page, http://127.0.0.1:PORT; None while there is no worker.
        """
        parts = urlsplit(livekit_url)
        scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
        self._server_url = parts._replace(scheme=scheme).geturl()
        self._worker_url = worker_url
        self._every_s = every_s
        self.adapters = dict(adapters)
        self.server_reachable = False
        self.worker_connected = False

    @property
    def reasons(self) -> Sequence[str]:
        reasons = []
        if not self.server_reachable:
            reasons.append("the LiveKit server does not answer")
        if not self.worker_connected:
            reasons.append("the worker that runs the shows is not connected to the LiveKit server")
        return reasons

    async def run(self) -> None:
        """Poll until cancelled."""
        timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                self.server_reachable, worker = await asyncio.gather(self._server(session), self._worker(session))
                self.worker_connected = worker and self.server_reachable
                await asyncio.sleep(self._every_s)

    async def _server(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(self._server_url) as response:
                return response.status < 500
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def _worker(self, session: aiohttp.ClientSession) -> bool:
        url = self._worker_url()
        if url is None:
            return False
        try:
            async with session.get(f"{url.rstrip('/')}/worker") as response:
                if response.status != 200:
                    return False
                about = json.loads(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return False
        return isinstance(about, dict) and about.get("connected", True) is True
