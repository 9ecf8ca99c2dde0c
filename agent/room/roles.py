"""Roles at the table: what a participant may do, as the studio signed it into the token's metadata.

Nobody but the studio changes it: tokens of people are without the grant to update their own metadata.
"""

from __future__ import annotations

import json
from typing import Literal, get_args

Role = Literal["host", "guest", "audience"]  # from the most that one may do to the least

ROLES: tuple[Role, ...] = get_args(Role)
# All else a guest could as well say aloud.
HOST_COMMANDS = frozenset({"end_show", "chapter"})


def metadata_of(role: Role, invitation: str | None) -> str:
    """A participant's metadata. `invitation`: id of the one it came by, if any."""
    return json.dumps({"role": role} | ({"invitation": invitation} if invitation else {}))


def role_of(metadata: str) -> Role:
    """A participant's role. Who has none came by a token that this studio's page did not make, and is a guest."""
    role = _read(metadata).get("role")
    return next((known for known in ROLES if known == role), "guest")


def invitation_of(metadata: str) -> str | None:
    """Id of the invitation that a participant came by."""
    found = _read(metadata).get("invitation")
    return found if isinstance(found, str) else None


def lesser(one: Role, other: Role) -> Role:
    """The role that may do less."""
    return max(one, other, key=ROLES.index)


def _read(metadata: str) -> dict[str, object]:
    try:
        about = json.loads(metadata)
    except ValueError:
        return {}
    return about if isinstance(about, dict) else {}
