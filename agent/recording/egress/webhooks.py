"""Webhooks of the LiveKit server: signed, fresh, and each taken once.

The web process takes them on PORT, and hands those about an egress to the show through the room itself: as a data
packet of the server to Claude's seat, which is the show's process wherever its worker runs. The packet is the webhook
as it came, signature included, and the show verifies it again: anybody in a room may send data.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from livekit import api

TOPIC = "roundtable.webhook"  # of the data packets
TAKER = "claude"  # whose seat takes them
FRESH_S = 300.0  # a webhook's token is valid for 5 minutes
LIMIT_BYTES = 64 * 1024
PACKET_LIMIT_BYTES = 15_000  # what LiveKit carries in one reliable data packet
_REMEMBERED = 4096  # ids within FRESH_S; a show of ten people and their egresses makes some dozens


class WebhookRefused(Exception):
    """Not a webhook of our server, or not a new one.

    Attributes:
        status: for the answer. None of them makes LiveKit send it again.
    """

    def __init__(self, why: str, *, status: int) -> None:
        super().__init__(why)
        self.status = status


def _now() -> float:
    return datetime.now(UTC).timestamp()


class WebhookGate:
    """Lets each webhook of the server in once."""

    def __init__(self, key: str, secret: str, *, now: Callable[[], float] = _now) -> None:
        """
        Args:
            now: Unix seconds.
        """
        self._receiver = api.WebhookReceiver(api.TokenVerifier(key, secret))
        self._now = now
        self._seen: OrderedDict[str, float] = OrderedDict()  # id to Unix seconds of its making
        self._oldest = 0.0  # what was made by then is refused: it may have been seen and forgotten

    def admit(self, body: bytes, authorization: str) -> api.WebhookEvent:
        """The event of a webhook that is genuine, fresh and new.

        Args:
            authorization: the header as it came.
        Raises:
            WebhookRefused: it is not.
        """
        event = self._verified(body, authorization.removeprefix("Bearer ").strip())
        made_at = float(event.created_at)
        if not event.id or abs(self._now() - made_at) > FRESH_S:
            raise WebhookRefused("this webhook has no id, or is not of these minutes", status=401)
        if event.id in self._seen or made_at <= self._oldest:
            raise WebhookRefused("this webhook has been here before", status=409)
        self._remember(event.id, made_at)
        return event

    def _verified(self, body: bytes, token: str) -> api.WebhookEvent:
        if not token:
            raise WebhookRefused("this webhook is not signed", status=401)
        if len(body) > LIMIT_BYTES:
            raise WebhookRefused("this webhook is too long", status=413)
        try:
            return self._receiver.receive(body.decode(), token)
        # The receiver raises bare Exceptions, and those of the JWT, base64 and protobuf libraries
        except Exception as error:
            raise WebhookRefused(f"this webhook is not of our server: {error}", status=401) from error

    def _remember(self, webhook: str, made_at: float) -> None:
        self._seen[webhook] = made_at
        while self._seen and (len(self._seen) > _REMEMBERED or self._is_stale(next(iter(self._seen.values())))):
            _, forgotten = self._seen.popitem(last=False)
            if not self._is_stale(forgotten):
                self._oldest = max(self._oldest, forgotten)

    def _is_stale(self, made_at: float) -> bool:
        return self._now() - made_at > FRESH_S


def pack(body: bytes, authorization: str) -> bytes | None:
    """A webhook as a data packet; None when it is too long for one."""
    packet = json.dumps({"authorization": authorization, "body": body.decode()}, ensure_ascii=False).encode()
    return packet if len(packet) <= PACKET_LIMIT_BYTES else None


def unpack(packet: bytes) -> tuple[bytes, str]:
    """Body and authorization of a data packet.

    Raises:
        WebhookRefused: it holds no webhook.
    """
    try:
        content = json.loads(packet)
        return str(content["body"]).encode(), str(content["authorization"])
    except (ValueError, KeyError, TypeError) as error:
        raise WebhookRefused("this packet holds no webhook", status=400) from error
