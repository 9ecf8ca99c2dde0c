"""Who asks: the person at the studio's own machine, somebody with an invitation, or nobody that we know."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from agent.room.roles import Role
from agent.web.guard import Handler, Refusal
from agent.web.invitations import Invitation, InvitationRefused, Invitations
from agent.web.passes import Pass
from agent.web.site import SITE

INVITATIONS: web.AppKey[Invitations] = web.AppKey("invitations", Invitations)
COOKIE = "roundtable.host"  # a host's invitation, for what a page cannot send a body with: files, sound
_PROXIES = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True)
class Access:
    """
    Attributes:
        role: the most that is granted.
        room: the only one that it is for; None: any.
        invitation: id of the one that it rests on; None at the studio's own machine.
    """

    role: Role
    room: str | None
    invitation: str | None


def at_the_studio(request: web.Request) -> bool:
    """Whether the request comes from this machine by its loopback name, and not through a proxy.

    One machine, one person: who can open a browser there could read the studio's files as well.
    """
    if any(name in request.headers for name in _PROXIES):
        return False
    return _is_loopback(request.remote or "") and _is_loopback(urlsplit(f"//{request.host}").hostname or "")


def access(request: web.Request, link: str | None, *, before: Pass | None = None) -> Access:
    """What a request may do.

    Args:
        link: the signed text of an invitation.
        before: the pass of a place that was had already: an invitation that has expired since still counts for it.
    Raises:
        Refusal: 403 with the reason in plain words.
    """
    if link is None:
        if at_the_studio(request):
            return Access("host", None, None)
        port = request.app[SITE].port
        raise Refusal(
            403,
            "one comes to this studio by an invitation",
            fix=f"ask the host for a link, or make one with 'studio invite'; "
            f"on the studio's own machine open http://localhost:{port}",
        )
    try:
        invitation = request.app[INVITATIONS].read(link)
    except InvitationRefused as refused:
        known = refused.invitation
        if not (refused.expired and known and before and before.invitation == known.id):
            raise Refusal(403, refused.problem, fix=refused.fix) from refused
        return Access(known.role, before.room, known.id)
    return Access(invitation.role, invitation.room, invitation.id)


def host_access(request: web.Request) -> Access:
    """
    Raises:
        Refusal: the request is not a host's.
    """
    found = access(request, request.cookies.get(COOKIE) if not at_the_studio(request) else None)
    if found.role != "host":
        raise Refusal(403, "this is for hosts", fix="ask the host of the show")
    return found


def for_hosts(handler: Handler) -> Handler:
    """`handler` for those who may hold any show: not for guests, and not for the host of one room."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if host_access(request).room is not None:
            raise Refusal(403, "this is for hosts of all shows", fix="ask who runs the studio")
        return await handler(request)

    return guarded


@web.middleware
async def guard_episodes(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Recordings are not for everyone with a link to one show."""
    if request.path == "/api/episodes" or request.path.startswith("/api/episodes/"):
        return await for_hosts(handler)(request)
    return await handler(request)


def set_cookie(response: web.Response, request: web.Request, link: str, invitation: Invitation, now_s: float) -> None:
    """A host's browser is known by it until the invitation ends; other sites' pages cannot send it."""
    response.set_cookie(
        COOKIE,
        link,
        max_age=max(1, int(invitation.expires_at - now_s)),
        path="/api/",
        httponly=True,
        samesite="Strict",
        secure=request.secure,
    )


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
