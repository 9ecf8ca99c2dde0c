"""Before the page, on the network: who came without https, and what a phone has to trust."""

from __future__ import annotations

from html import escape

from aiohttp import web

from agent.web.guard import Handler, Refusal
from agent.web.lan.origin import AUTHORITY_PATH, Lan
from agent.web.site import SITE, host_name


def add_doorstep(app: web.Application) -> None:
    app.router.add_get(AUTHORITY_PATH, authority)


async def authority(request: web.Request) -> web.Response:
    """What phones install; nothing where the host has a certificate of its own."""
    lan = request.app[SITE].lan
    if lan is None or lan.authority is None:
        raise web.HTTPNotFound
    return web.Response(body=lan.authority, content_type="application/x-x509-ca-cert")


@web.middleware
async def need_https(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Plain http is for this machine alone: a browser gives no microphone to it, and the network could listen in."""
    site = request.app[SITE]
    if site.lan is None or request.secure or not _came_by(request, site.lan) or request.path == AUTHORITY_PATH:
        return await handler(request)
    name = host_name(request.host)
    port = "" if site.port == 443 else f":{site.port}"
    origin = f"https://{name}{port}" if name in site.names else site.lan.url(site.port)
    if request.path.startswith("/api/"):
        raise Refusal(403, "this address is not https", fix=f"open {origin}")
    text = _notice(origin + request.rel_url.raw_path_qs, site.lan)
    return web.Response(status=403, text=text, content_type="text/html")


def _came_by(request: web.Request, lan: Lan) -> bool:
    """Whether the connection came to the network's address."""
    here = request.transport.get_extra_info("sockname") if request.transport is not None else None
    return here is not None and here[0] == lan.address


def _notice(link: str, lan: Lan) -> str:
    """A plain page, without any file of the built one."""
    trust = (
        "<h2>The first time</h2>"
        "<p>Your browser warns, because the studio made its certificate itself. Go on past the warning, or have it "
        f"trusted: install <a href='{AUTHORITY_PATH}'>the studio's certificate</a>.</p>"
        "<p>iPhone, iPad: open it, install the profile in Settings, then turn it on under General, About, Certificate "
        "Trust Settings. Android: save it, then choose it in Settings, Security, Install a certificate, "
        "CA certificate.</p>"
        if lan.authority is not None
        else ""
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Roundtable</title><h1>This address has no microphone</h1>"
        "<p>Browsers give microphone and camera to https only, and this is http.</p>"
        f"<p><a href='{escape(link, quote=True)}'>Open the studio by https</a></p>{trust}</html>"
    )
