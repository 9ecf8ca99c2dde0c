"""The API of invitations: made, listed and withdrawn by hosts, looked at by whoever has one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agent.errors import StudioError
from agent.room.roles import Role
from agent.web.access import INVITATIONS, access, host_access, set_cookie
from agent.web.door import Door
from agent.web.guard import Refusal
from agent.web.invitations import Invitation, Invitations
from agent.web.requests import ROOM_NAME, one_line, read_json
from agent.web.shows import Shows
from agent.web.site import SITE

DOOR: web.AppKey[Door] = web.AppKey("door", Door)
SHOWS: web.AppKey[Shows] = web.AppKey("shows", Shows)
LONGEST = timedelta(days=30)


class InviteRequest(BaseModel):
    """What a host asks for. `name`: whom or what the link is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    room: Annotated[str, Field(pattern=ROOM_NAME)] | None = None
    name: Annotated[str, Field(max_length=60), BeforeValidator(one_line)] = ""
    expires_s: Annotated[int, Field(ge=60, le=int(LONGEST.total_seconds()))] = 2 * 3600


class LookRequest(BaseModel):
    """A link's signed text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    invitation: Annotated[str, Field(max_length=2000)]


async def make(request: web.Request) -> web.Response:
    """POST: an InviteRequest to the invitation with its `path` on this site, its `link` and its `signed` text."""
    host = host_access(request)
    asked = await read_json(request, InviteRequest)
    if host.room is not None and asked.room != host.room:
        raise Refusal(403, "you are the host of another show", fix=f"invite to {host.room}")
    if asked.room is None and asked.role != "host":
        raise Refusal(400, f"room: a link for {_a(asked.role)} needs a show", fix="name the room that it is for")
    invitations = request.app[INVITATIONS]
    invitation = invitations.make(asked.role, room=asked.room, name=asked.name, life=timedelta(seconds=asked.expires_s))
    return web.json_response(_told(invitations, invitation) | _link(request, invitations, invitation))


async def listed(request: web.Request) -> web.Response:
    """GET: the invitations that a host may see, newest first, without their links."""
    host = host_access(request)
    invitations = request.app[INVITATIONS]
    seen = [one for one in invitations.all() if host.room in (None, one.room)]
    return web.json_response({"invitations": [_told(invitations, one) for one in seen]})


async def revoke(request: web.Request) -> web.Response:
    """DELETE: withdraw one, and send out who came by it; `sent_out` is how many at once."""
    host = host_access(request)
    identifier = request.match_info["id"]
    invitations = request.app[INVITATIONS]
    known = next((one for one in invitations.all() if one.id == identifier), None)
    if known is None or host.room not in (None, known.room):
        raise Refusal(404, "there is no such invitation", fix="see the list ('studio invite --list')")
    revoked = invitations.revoke(identifier) or known
    try:
        sent_out = await request.app[DOOR].revoked()
    except StudioError:
        sent_out = 0  # the link is withdrawn all the same, and the door asks the server again
    return web.json_response(_told(invitations, revoked) | {"sent_out": sent_out})


async def look(request: web.Request) -> web.Response:
    """POST: a LookRequest to the link's role, room and title, and whether the show has begun."""
    asked = await read_json(request, LookRequest)
    granted = access(request, asked.invitation)
    invitation = request.app[INVITATIONS].read(asked.invitation)
    show = await request.app[SHOWS].find(granted.room) if granted.room else None
    now_s = datetime.now(UTC).timestamp()
    response = web.json_response(
        {
            "role": granted.role,
            "room": granted.room,
            "title": show.title if show else None,
            "begun": show is not None,
            "expires_at": invitation.expires_at,
        }
    )
    if granted.role == "host":
        set_cookie(response, request, asked.invitation, invitation, now_s)
    return response


def _told(invitations: Invitations, one: Invitation) -> dict[str, object]:
    open_now = invitations.is_open(one)
    state = "open" if open_now else "withdrawn" if one.revoked_at is not None else "expired"
    return one.model_dump(include={"id", "role", "room", "name", "made_at", "expires_at"}) | {"state": state}


def _link(request: web.Request, invitations: Invitations, one: Invitation) -> dict[str, object]:
    # In the fragment, which browsers send to no server and to no other page.
    signed = invitations.sign(one)
    path = f"/#invitation={signed}"
    site = request.app[SITE]
    base = site.page_url or f"{request.scheme}://{request.host}"
    return {"path": path, "link": base.rstrip("/") + path, "signed": signed}


def _a(role: Role) -> str:
    return "an audience" if role == "audience" else f"a {role}"
