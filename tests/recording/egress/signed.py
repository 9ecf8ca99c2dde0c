"""Webhooks as a LiveKit server 1.13 with an egress 1.14 signs and shapes them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from livekit import api

KEY, SECRET = "APIkey", "a-secret-of-more-than-32-characters!"
CONTENT_TYPE = "application/webhook+json"

_numbers = count(1)


def now() -> float:
    return datetime.now(UTC).timestamp()


def nanoseconds(seconds: float) -> str:
    """As the server's JSON has every int64: a string."""
    return str(round(seconds * 1e9))


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as it is sent."""

    body: bytes
    authorization: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": self.authorization, "Content-Type": CONTENT_TYPE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """A track egress as the server tells of it."""

    egress_id: str = "EG_1"
    room: str = "show"
    track_id: str = "TR_a"
    started_at: float = field(default_factory=now)

    def started(self) -> dict[str, object]:
        """Without a status: the protocol's zero is not written."""
        return {"event": "egress_started", "egressInfo": self._info()}

    def updated(self, status: str) -> dict[str, object]:
        return {"event": "egress_updated", "egressInfo": self._info(status=f"EGRESS_{status}")}

    def ended(self, *, file: str = "/out/anna-TR_a.ogg", duration_s: float = 3.0) -> dict[str, object]:
        result = {
            "filename": file,
            "startedAt": nanoseconds(self.started_at),
            "endedAt": nanoseconds(self.started_at + duration_s),
            "duration": nanoseconds(duration_s),
            "size": "9000",
            "location": file,
        }
        info = self._info(
            status="EGRESS_COMPLETE",
            endedAt=nanoseconds(now()),
            details="Source closed",
            file=result,
            fileResults=[result],
        )
        return {"event": "egress_ended", "egressInfo": info}

    def failed(self, error: str) -> dict[str, object]:
        return {"event": "egress_ended", "egressInfo": self._info(status="EGRESS_FAILED", error=error, errorCode=500)}

    def left(self) -> dict[str, object]:
        participant = {"sid": "PA_1", "identity": self.egress_id, "state": "DISCONNECTED", "kind": "EGRESS"}
        return {"event": "participant_left", "room": {"sid": "RM_1", "name": self.room}, "participant": participant}

    def never_began(self, error: str) -> dict[str, object]:
        """23 s after the start of an automatic egress that no service took."""
        info = {"roomName": self.room, "status": "EGRESS_FAILED", "error": error, "errorCode": 503}
        return {"event": "egress_ended", "egressInfo": info}

    def _info(self, **more: object) -> dict[str, object]:
        return {
            "egressId": self.egress_id,
            "roomId": "RM_1",
            "roomName": self.room,
            "startedAt": nanoseconds(self.started_at),
            "updatedAt": nanoseconds(now()),
            "track": {
                "roomName": self.room,
                "trackId": self.track_id,
                "file": {"filepath": "/out/anna-{track_id}.ogg"},
            },
            "sourceType": "EGRESS_SOURCE_TYPE_SDK",
            **more,
        }


def hook(
    event: Mapping[str, object], *, secret: str = SECRET, key: str = KEY, made_at: float | None = None, id: str = ""
) -> Hook:
    """`event` with the fields that all have, signed.

    Args:
        made_at: Unix seconds; now by default.
        id: a new one by default.
    """
    made = now() if made_at is None else made_at
    body = json.dumps({**event, "id": id or f"EV_{next(_numbers)}", "createdAt": str(int(made))}).encode()
    return Hook(body, sign(body, secret=secret, key=key))


def sign(body: bytes, *, secret: str = SECRET, key: str = KEY, valid: timedelta = timedelta(minutes=5)) -> str:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return api.AccessToken(key, secret).with_sha256(digest).with_ttl(valid).to_jwt()
