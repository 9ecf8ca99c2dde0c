"""Rejoin passes: a browser's proof that an identity of a room was its own."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

_LIFE = timedelta(hours=24)  # longer than any show
_AUDIENCE = "roundtable.rejoin"


@dataclass(frozen=True, slots=True)
class Pass:
    """Who came, to which room, and by which invitation, if any."""

    room: str
    identity: str
    invitation: str | None = None


class Passes:
    """Signs and reads passes, with a key derived from the LiveKit secret. A pass is no token: it gives no access."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.new(secret.encode(), _AUDIENCE.encode(), hashlib.sha256).digest()

    def sign(self, given: Pass) -> str:
        claims = {
            "aud": _AUDIENCE,
            "room": given.room,
            "sub": given.identity,
            "inv": given.invitation,
            "exp": datetime.now(UTC) + _LIFE,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, text: str) -> Pass | None:
        """The pass, or None when it is not ours, altered or too old."""
        try:
            claims = jwt.decode(text, self._key, algorithms=["HS256"], audience=_AUDIENCE)
            invitation = claims.get("inv")
            return Pass(
                room=str(claims["room"]),
                identity=str(claims["sub"]),
                invitation=str(invitation) if invitation is not None else None,
            )
        except (jwt.InvalidTokenError, KeyError):
            return None
