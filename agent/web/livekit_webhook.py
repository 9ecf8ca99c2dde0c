"""POST /livekit/webhook: what the LiveKit server tells of egresses, on its way to the show that it is about."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
from aiohttp import web
from livekit import api
from livekit.protocol.models import DataPacket

from agent.recording.egress.reports import of_webhook
from agent.recording.egress.webhooks import LIMIT_BYTES, TAKER, TOPIC, WebhookGate, WebhookRefused, pack
from agent.web.guard import Refusal

logger = logging.getLogger(__name__)

_HAND_ON_S = 3.0  # a room that has just ended does not answer, and LiveKit's queue waits for us


class LiveKitWebhook:
    """Verifies, and hands on what shows want to know. Everything else is thanked for and dropped."""

    def __init__(self, server: api.LiveKitAPI, gate: WebhookGate) -> None:
        self._server = server
        self._gate = gate

    async def take(self, request: web.Request) -> web.Response:
        """200 for each genuine webhook, also when its show is over; LiveKit repeats no other answer than a 5xx."""
        body = await _body(request)
        authorization = request.headers.get("Authorization", "")
        try:
            event = self._gate.admit(body, authorization)
        except WebhookRefused as refused:
            logger.warning("refused a webhook from %s: %s", request.remote, refused)
            fix = "sign it with this studio's LIVEKIT_API_KEY, and set the clocks of both machines"
            raise Refusal(refused.status, str(refused), fix=fix) from refused
        report = of_webhook(event)
        if report is not None and report.room:
            await self._hand_on(report.room, body, authorization)
        return web.Response()

    async def _hand_on(self, room: str, body: bytes, authorization: str) -> None:
        packet = pack(body, authorization)
        if packet is None:
            logger.warning("a webhook about %s is too long to be handed on; the show asks for itself", room)
            return
        data = api.SendDataRequest(
            room=room, data=packet, kind=DataPacket.Kind.RELIABLE, topic=TOPIC, destination_identities=[TAKER]
        )
        try:
            async with asyncio.timeout(_HAND_ON_S):
                # A room that is gone would not refuse the data, but be waited for
                if (await self._server.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms:
                    await self._server.room.send_data(data)
        except (api.TwirpError, aiohttp.ClientError, OSError, TimeoutError) as error:
            logger.warning("a webhook could not be handed on to %s; the show asks for itself: %r", room, error)


async def _body(request: web.Request) -> bytes:
    """Longer than what the page may send: a webhook carries metadata of rooms and people."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > LIMIT_BYTES:
            raise Refusal(413, "this webhook is too long", fix=f"send {LIMIT_BYTES} bytes at most")
    return bytes(body)
