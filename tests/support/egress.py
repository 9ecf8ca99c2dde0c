"""An egress service behind a LiveKit server: the API's protocol and errors, webhooks, and real files.

None can be installed by a package client. This one speaks the server's own protocol over HTTP, so that LiveKit's client
is what asks it; what it answers is what egress 1.14.1 with server 1.13.5 was seen to answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer
from google.protobuf.json_format import MessageToDict
from livekit import api
from livekit.protocol.egress import (
    EgressInfo,
    EgressStatus,
    FileInfo,
    ListEgressRequest,
    ListEgressResponse,
    StopEgressRequest,
    TrackEgressRequest,
)

from tests.recording.egress.ogg import write_ogg
from tests.recording.egress.signed import KEY, SECRET, hook


def _ns() -> int:
    return round(datetime.now(UTC).timestamp() * 1e9)


class EgressDouble:
    """
    Attributes:
        url: of the LiveKit server that it is behind.
        active_after_s: from a start to ACTIVE.
        webhook_url: told of all that happens, if any.
        pcm_of: what is on a track, by its id.
        starts_answer, stops_answer: off for a service that is not there, which holds its asker until it gives up.
    """

    def __init__(self) -> None:
        self.url = ""
        self.active_after_s = 0.05
        self.webhook_url: str | None = None
        self.pcm_of: dict[str, np.ndarray] = {}
        self.starts_answer = True
        self.stops_answer = True
        self.infos: dict[str, EgressInfo] = {}
        self.requests: list[TrackEgressRequest] = []
        self._began: dict[str, float] = {}

    async def start(self, request: web.Request) -> web.Response:
        asked = TrackEgressRequest.FromString(await request.read())
        self.requests.append(asked)
        if not self.starts_answer:
            await asyncio.sleep(23.0)
            return _error(503, "unavailable", "no response from servers")
        egress_id = f"EG_{len(self.requests)}"
        now = _ns()
        info = EgressInfo(egress_id=egress_id, room_name=asked.room_name, started_at=now, updated_at=now, track=asked)
        self.infos[egress_id] = info
        self._began[egress_id] = time.monotonic()
        await self._tell("egress_started", info)
        return _answer(info)

    async def list(self, request: web.Request) -> web.Response:
        asked = ListEgressRequest.FromString(await request.read())
        for egress_id, info in self.infos.items():
            await self._advance(egress_id, info)
        return _answer(ListEgressResponse(items=[i for i in self.infos.values() if i.room_name == asked.room_name]))

    async def stop(self, request: web.Request) -> web.Response:
        egress_id = StopEgressRequest.FromString(await request.read()).egress_id
        if not self.stops_answer:
            await asyncio.sleep(23.0)
        info = self.infos.get(egress_id)
        if info is None:
            return _error(404, "not_found", "egress does not exist")
        if info.status not in (EgressStatus.EGRESS_STARTING, EgressStatus.EGRESS_ACTIVE):
            return _error(412, "failed_precondition", "egress with status EGRESS_COMPLETE cannot be stopped")
        await self.complete(egress_id)
        return _answer(info)

    async def complete(self, egress_id: str) -> None:
        """Its track has ended, or it was stopped: the file takes its name, and then all is told."""
        info = self.infos[egress_id]
        info.status, info.updated_at = EgressStatus.EGRESS_ENDING, _ns()
        await self._tell("egress_updated", info)
        path = Path(info.track.file.filepath.replace("{track_id}", info.track.track_id))
        pcm = self.pcm_of.get(info.track.track_id, np.zeros(48_000, np.int16))
        await asyncio.to_thread(write_ogg, path, pcm)
        file = FileInfo(filename=str(path), started_at=info.started_at, duration=round(len(pcm) / 48e-6), size=1)
        info.file_results.append(file)
        info.status, info.ended_at, info.details = EgressStatus.EGRESS_COMPLETE, _ns(), "Source closed"
        await self._tell("egress_ended", info)

    async def _advance(self, egress_id: str, info: EgressInfo) -> None:
        began = self._began[egress_id]
        if info.status == EgressStatus.EGRESS_STARTING and time.monotonic() - began >= self.active_after_s:
            info.status = EgressStatus.EGRESS_ACTIVE
            await self._tell("egress_updated", info)

    async def _tell(self, event: str, info: EgressInfo) -> None:
        if self.webhook_url is None:
            return
        signed = hook({"event": event, "egressInfo": MessageToDict(info)})
        async with aiohttp.ClientSession() as session:
            async with session.post(self.webhook_url, data=signed.body, headers=signed.headers):
                pass


@asynccontextmanager
async def egress_double() -> AsyncIterator[EgressDouble]:
    """A server with an egress service; its `url` takes KEY and SECRET."""
    double = EgressDouble()
    app = web.Application()
    routes: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {
        "StartTrackEgress": double.start,
        "ListEgress": double.list,
        "StopEgress": double.stop,
    }
    for name, handler in routes.items():
        app.router.add_post(f"/twirp/livekit.Egress/{name}", _guarded(handler))
    async with TestServer(app, handler_cancellation=True) as server:
        double.url = str(server.make_url("")).rstrip("/")
        yield double


def _guarded(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    verifier = api.TokenVerifier(KEY, SECRET)

    async def guarded(request: web.Request) -> web.Response:
        claims = verifier.verify(request.headers["Authorization"].removeprefix("Bearer "))
        assert claims.video is not None
        assert claims.video.room_record
        return await handler(request)

    return guarded


def _answer(message: EgressInfo | ListEgressResponse) -> web.Response:
    return web.Response(body=message.SerializeToString(), content_type="application/protobuf")


def _error(status: int, code: str, text: str) -> web.Response:
    return web.json_response({"code": code, "msg": f"twirp error unknown: {text}"}, status=status)
