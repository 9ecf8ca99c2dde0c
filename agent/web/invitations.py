"""Invitations: links that are signed, end by themselves and can be withdrawn."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from agent.errors import StudioError
from agent.room.roles import Role

MOST_KEPT = 500  # then the oldest that is over is forgotten; with none of these no more are made
KEPT_AFTER = timedelta(days=7)  # an invitation that is over is still listed, and refused by its own reason
_AUDIENCE = "roundtable.invitation"


class Invitation(BaseModel):
    """
    Attributes:
        id: short, for lists and for withdrawing it.
        room: None: any, also new ones; only a host's.
        name: whom or what it is for, as the host wrote it.
        made_at, expires_at, revoked_at: seconds since 1970.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    role: Role
    room: str | None
    name: str
    made_at: int
    expires_at: int
    revoked_at: int | None = None


_LIST = TypeAdapter(list[Invitation])


class InvitationRefused(Exception):
    """A link that opens nothing.

    Attributes:
        problem, fix: for whom it was sent to, in plain words.
        expired: it was right until its time was over.
        invitation: which one, where it is one of ours.
    """

    def __init__(self, problem: str, fix: str, *, expired: bool = False, invitation: Invitation | None = None) -> None:
        super().__init__(f"{problem}; {fix}")
        self.problem = problem
        self.fix = fix
        self.expired = expired
        self.invitation = invitation


class Invitations:
    """Makes, reads, lists and withdraws invitations, and keeps them in one file. Used by one process.

    A link counts only when its signature is right and the file knows its id: links of another installation that has
    the same LiveKit key are refused, too.
    """

    def __init__(
        self, secret: str, file: Path | None, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """
        Args:
            secret: LiveKit's; the signing key is derived from it.
            file: None: nothing is kept after this process.
        Raises:
            StudioError: the file is there and cannot be read.
        """
        self._key = hmac.new(secret.encode(), _AUDIENCE.encode(), hashlib.sha256).digest()
        self._file = file
        self._now = now
        self._all: dict[str, Invitation] = {one.id: one for one in _load(file)}

    def make(self, role: Role, *, room: str | None, name: str, life: timedelta) -> Invitation:
        """
        Raises:
            StudioError: there are too many, or the file cannot be written.
        """
        now = self._seconds()
        invitation = Invitation(
            id=secrets.token_hex(4),
            role=role,
            room=room,
            name=name,
            made_at=now,
            expires_at=now + round(life.total_seconds()),
        )
        kept = self._without_the_old(now)
        if len(kept) >= MOST_KEPT:
            raise StudioError(
                f"{MOST_KEPT} invitations are open", fix="withdraw some ('studio invite --list', '--revoke ID')"
            )
        self._keep(kept | {invitation.id: invitation})
        return invitation

    def revoke(self, identifier: str) -> Invitation | None:
        """Withdraw it for good; None when there is no such invitation.

        Raises:
            StudioError: the file cannot be written; the invitation then still counts.
        """
        known = self._all.get(identifier)
        if known is None or known.revoked_at is not None:
            return known
        revoked = known.model_copy(update={"revoked_at": self._seconds()})
        self._keep(self._all | {identifier: revoked})
        return revoked

    def all(self) -> list[Invitation]:
        """Newest first, also those that are over."""
        return sorted(self._all.values(), key=lambda one: (one.made_at, one.id), reverse=True)

    def revoked(self) -> frozenset[str]:
        """Ids of those that were withdrawn."""
        return frozenset(one.id for one in self._all.values() if one.revoked_at is not None)

    def is_open(self, invitation: Invitation) -> bool:
        """Whether one could come by it now."""
        return invitation.revoked_at is None and invitation.expires_at > self._seconds()

    def sign(self, invitation: Invitation) -> str:
        """The text that the link carries."""
        claims = {
            "aud": _AUDIENCE,
            "jti": invitation.id,
            "role": invitation.role,
            "room": invitation.room,
            "exp": invitation.expires_at,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, text: str) -> Invitation:
        """The invitation that a link carries.

        Raises:
            InvitationRefused: altered, unknown, withdrawn or too old.
        """
        try:
            # Its age is judged by our own clock, so that a link that is both withdrawn and old says so.
            options = {"verify_exp": False, "require": ["jti", "exp", "role"]}
            claims = jwt.decode(text, self._key, algorithms=["HS256"], audience=_AUDIENCE, options=options)  # type: ignore[arg-type]
        except jwt.InvalidTokenError as error:
            raise InvitationRefused(
                "this link is not valid here: it is incomplete, was changed, or is of another studio",
                "open it exactly as you got it, or ask the host for a new one",
            ) from error
        known = self._all.get(str(claims["jti"]))
        if known is None or (known.role, known.room) != (claims["role"], claims.get("room")):
            raise InvitationRefused("this studio does not know this link any more", "ask the host for a new one")
        if known.revoked_at is not None:
            raise InvitationRefused("this invitation was withdrawn", "ask the host for a new one", invitation=known)
        if known.expires_at <= self._seconds():
            raise InvitationRefused(
                f"this invitation was good until {datetime.fromtimestamp(known.expires_at, UTC):%d %B, %H:%M} UTC",
                "ask the host for a new one",
                expired=True,
                invitation=known,
            )
        return known

    def _without_the_old(self, now: int) -> dict[str, Invitation]:
        over = [one for one in self._all.values() if not self.is_open(one)]
        over.sort(key=lambda one: one.revoked_at or one.expires_at)
        kept = dict(self._all)
        for one in over:
            ended = one.revoked_at or one.expires_at
            if ended < now - KEPT_AFTER.total_seconds() or len(kept) >= MOST_KEPT:
                del kept[one.id]
        return kept

    def _keep(self, invitations: dict[str, Invitation]) -> None:
        if self._file is not None:
            _save(self._file, _LIST.dump_json(list(invitations.values()), indent=1))
        self._all = invitations

    def _seconds(self) -> int:
        return int(self._now().timestamp())


def _load(file: Path | None) -> list[Invitation]:
    if file is None:
        return []
    try:
        return _LIST.validate_json(file.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        raise StudioError(
            f"{file} cannot be read", fix="restore it, or delete it: all links that were sent are void then"
        ) from error


def _save(file: Path, content: bytes) -> None:
    """Whole or not at all, readable by this user only; also after a power cut."""
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # made with mode 0600
        with os.fdopen(descriptor, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        Path(temporary).replace(file)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise StudioError(
            f"invitations cannot be kept in {file}: {error.strerror}", fix="make room, or make it writable"
        ) from error
