"""The invite exchange: from a name to a place in the room, and what the green room needs before it."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from aiohttp import web
from livekit import api
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agent.briefings import Briefing, BriefingError, find_briefing, list_briefings
from agent.room.roles import Role, lesser, metadata_of
from agent.room.slugs import slugify
from agent.web.access import access
from agent.web.guard import RateLimit, Refusal
from agent.web.health import STATUS, why_not_ready
from agent.web.invite import SHOWS
from agent.web.passes import Pass, Passes
from agent.web.requests import ROOM_NAME, one_line, read_json
from agent.web.shows import Show, Shows
from agent.web.site import SITE, Site, studio_version

PASSES: web.AppKey[Passes] = web.AppKey("passes", Passes)
OPENINGS: web.AppKey[RateLimit] = web.AppKey("openings", RateLimit)

TOKEN_LIFE = timedelta(minutes=10)  # to connect with; LiveKit renews it for as long as the connection lasts


class JoinRequest(BaseModel):
    """What the green room sends. `role`: at most this one; the invitation says what is granted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60), BeforeValidator(one_line)]
    room: Annotated[str, Field(pattern=ROOM_NAME)] | None = None
    title: Annotated[str, Field(max_length=120), BeforeValidator(one_line)] | None = None
    briefing: Annotated[str, Field(max_length=120)] | None = None
    rejoin: Annotated[str, Field(max_length=2000)] | None = None
    role: Role = "host"
    invitation: Annotated[str, Field(max_length=2000)] | None = None


async def join(request: web.Request) -> web.Response:
    """POST: a JoinRequest to `{"url", "token", "room", "identity", "title", "rejoin", "now"}`.

    `now` is this machine's clock in seconds since 1970, so that countdowns are right on one that is wrong. An audience
    sees and hears a show that runs, and is neither seen nor heard itself.
    """
    site, shows, passes = request.app[SITE], request.app[SHOWS], request.app[PASSES]
    asked = await read_json(request, JoinRequest)
    before = passes.read(asked.rejoin) if asked.rejoin else None
    granted = access(request, asked.invitation, before=before)
    if granted.room is not None and asked.room not in (None, granted.room):
        raise Refusal(403, "this invitation is for another show", fix="open the link as you got it")
    asked = asked.model_copy(update={"room": granted.room or asked.room, "role": lesser(granted.role, asked.role)})
    show = await shows.find(asked.room) if asked.room else None
    if show is None and asked.role != "host":
        raise Refusal(404, "this show has not begun", fix="wait until its host has joined")
    if show is None:
        _may_open(request)
    show = await _open(shows, site, asked, show)
    is_mine = before is not None and before.room == show.room and before.invitation == granted.invitation
    identity = await shows.identity(show.room, asked.name, mine=before.identity if before and is_mine else None)
    return web.json_response(
        {
            "url": site.livekit_for(request),
            "token": _token(site, show.room, identity, asked, granted.invitation),
            "room": show.room,
            "identity": identity,
            "role": asked.role,
            "title": show.title,
            "rejoin": passes.sign(Pass(show.room, identity, granted.invitation)),
            "now": datetime.now(UTC).timestamp(),
        }
    )


def _may_open(request: web.Request) -> None:
    """Each new room calls an agent, which takes a process of the worker's: so they are few."""
    if reasons := why_not_ready(request.app[STATUS]):
        raise Refusal(503, f"no show can start now: {'; '.join(reasons)}", fix="wait a moment and try again")
    request.app[OPENINGS].take(request)


async def studio(request: web.Request) -> web.Response:
    """GET: where LiveKit is, for the network check, and why no show could start now."""
    return web.json_response(
        {
            "livekit": request.app[SITE].livekit_for(request),
            "version": studio_version(),
            "reasons": why_not_ready(request.app[STATUS]),
        }
    )


async def running(request: web.Request) -> web.Response:
    """GET: shows that could be joined, newest first."""
    return web.json_response({"shows": [asdict(show) for show in await request.app[SHOWS].running()]})


async def briefings(request: web.Request) -> web.Response:
    """GET: what a new show could be about. Those that do not parse are left out; `studio briefings` tells why."""
    site = request.app[SITE]
    found = list_briefings(site.briefings)
    return web.json_response({"briefings": [_card(item, site) for item in found if isinstance(item, Briefing)]})


async def _open(shows: Shows, site: Site, asked: JoinRequest, show: Show | None) -> Show:
    if show is not None and asked.role != "host":
        return show
    if show is not None:  # its title and briefing are settled
        return await shows.open(show.room, title=show.title, briefing=None)
    title = asked.title or ""
    if asked.briefing is not None:
        try:
            title = title or find_briefing(site.briefings, asked.briefing).title
        except BriefingError as error:
            raise Refusal(400, str(error), fix="choose another briefing") from error
    room = asked.room or f"{slugify(title, default='table')[:40].strip('-')}-{secrets.token_hex(3)}"
    return await shows.open(room, title=title or "A new episode", briefing=asked.briefing)


def _token(site: Site, room: str, identity: str, asked: JoinRequest, invitation: str | None) -> str:
    speaks = asked.role != "audience"
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=speaks,
        can_publish_sources=["microphone", "camera", "screen_share", "screen_share_audio"] if speaks else [],
        can_publish_data=speaks,
        can_subscribe=True,
        can_update_own_metadata=False,  # the role stands there
        hidden=not speaks,
    )
    token = api.AccessToken(site.keys.key, site.keys.secret).with_identity(identity).with_name(asked.name)
    return token.with_metadata(metadata_of(asked.role, invitation)).with_grants(grants).with_ttl(TOKEN_LIFE).to_jwt()


def _card(briefing: Briefing, site: Site) -> dict[str, object]:
    names = dict(site.personas)
    if briefing.guest.name:
        names["guest"] = briefing.guest.name
    seated = briefing.guests if briefing.guests is not None else site.guests
    return {
        "file": briefing.file,
        "title": briefing.title,
        "guest": " and ".join(names.get(slug, slug) for slug in seated),
        "tone": briefing.tone,
        "must_cover": list(briefing.must_cover),
        "background": briefing.background,
    }
