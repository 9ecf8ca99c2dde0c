"""The web server of `studio up`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from aiohttp import web
from livekit import api

from agent.recording.egress.webhooks import WebhookGate
from agent.services.ports import require_free
from agent.web.access import INVITATIONS, for_hosts, guard_episodes
from agent.web.archive import Archive
from agent.web.door import Door
from agent.web.episodes import ARCHIVE, WAVEFORMS, add_episodes
from agent.web.guard import MAX_BODY_BYTES, WEBHOOK_PATH, RateLimit, add_headers, answer_errors, check_origin, limited
from agent.web.health import STATUS, health, metrics, ready
from agent.web.invitations import Invitations
from agent.web.invite import DOOR, SHOWS, listed, look, make, revoke
from agent.web.join import OPENINGS, PASSES, briefings, join, running, studio
from agent.web.lan.doorstep import add_doorstep, need_https
from agent.web.lan.listener import listen
from agent.web.lan.proxy import MAX_ADDRESS_BYTES, add_proxy
from agent.web.livekit_webhook import LiveKitWebhook
from agent.web.pages import add_pages
from agent.web.passes import Passes
from agent.web.shows import Shows
from agent.web.site import SITE, Site
from agent.web.status import StudioStatus
from agent.web.waveform import Waveforms

_LIVEKIT_LIMIT_S = 5.0  # for one question to the LiveKit server: somebody is waiting at the join button
_CLOSE_S = 2.0


@asynccontextmanager
async def serve(site: Site, status: StudioStatus) -> AsyncIterator[str]:
    """Serve the page until the context is left; yields the page's address on this machine.

    Raises:
        PortInUse: with the process that has the port.
    """
    require_free(site.port, variable="PORT", host=site.host)
    if site.lan is not None:
        require_free(site.port, variable="PORT", host=site.lan.address)
    timeout = aiohttp.ClientTimeout(total=_LIVEKIT_LIMIT_S)
    async with api.LiveKitAPI(site.livekit_url, site.keys.key, site.keys.secret, timeout=timeout) as server:
        app = make_app(site, status, server)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_S, max_line_size=MAX_ADDRESS_BYTES)
        await runner.setup()
        try:
            await web.TCPSite(runner, site.host, site.port).start()
            name = "localhost" if site.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else site.host
            async with AsyncExitStack() as stack:
                if site.lan is not None:
                    await stack.enter_async_context(listen(runner, site.lan.address, site.port, site.lan.tls))
                async with asyncio.TaskGroup() as tasks:
                    door = tasks.create_task(app[DOOR].run(), name="door")
                    try:
                        yield f"http://{name}:{site.port}"
                    finally:
                        door.cancel()
        finally:
            await runner.cleanup()


def make_app(site: Site, status: StudioStatus, server: api.LiveKitAPI) -> web.Application:
    """Every route. `server` must be of the LiveKit server that `site` names."""
    app = web.Application(
        middlewares=[answer_errors, check_origin, need_https, guard_episodes], client_max_size=MAX_BODY_BYTES
    )
    app[SITE] = site
    app[STATUS] = status
    app[SHOWS] = Shows(server, reserved=site.personas)
    app[PASSES] = Passes(site.keys.secret)
    app[OPENINGS] = RateLimit(burst=30, per_s=0.1)
    app[INVITATIONS] = Invitations(site.keys.secret, site.invitations)
    app[DOOR] = Door(app[INVITATIONS], app[SHOWS])
    app[ARCHIVE] = Archive(site.recordings)
    app[WAVEFORMS] = Waveforms(site.cache)
    app.on_response_prepare.append(add_headers(site))
    joins = RateLimit(burst=20, per_s=0.5)
    invitings = RateLimit(burst=20, per_s=0.2)
    links = RateLimit(burst=60, per_s=5.0)  # asked again while one waits; signatures are not to be guessed anyway
    questions = RateLimit(burst=60, per_s=5.0)
    webhooks = RateLimit(burst=400, per_s=40.0)  # one server's, of all shows
    app.router.add_get("/health", health)
    app.router.add_get("/ready", ready)
    app.router.add_get("/metrics", metrics)
    app.router.add_post("/api/join", limited(joins, join))
    app.router.add_get("/api/studio", limited(questions, studio))
    app.router.add_get("/api/shows", limited(questions, for_hosts(running)))
    app.router.add_get("/api/briefings", limited(questions, for_hosts(briefings)))
    app.router.add_post("/api/invitation", limited(links, look))
    app.router.add_post("/api/invitations", limited(invitings, make))
    app.router.add_get("/api/invitations", limited(questions, listed))
    app.router.add_delete("/api/invitations/{id}", limited(invitings, revoke))
    webhook = LiveKitWebhook(server, WebhookGate(site.keys.key, site.keys.secret))
    app.router.add_post(WEBHOOK_PATH, limited(webhooks, webhook.take))
    add_episodes(app)
    if site.lan is not None:
        add_proxy(app, site.browser_url)
        add_doorstep(app)
    add_pages(app)
    return app
