"""The worker's status page, on loopback. LiveKit's own says OK while the worker has lost its server; this does not."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from livekit.agents import AgentServer

logger = logging.getLogger(__name__)


def add_worker_page(server: AgentServer, *, port: int) -> None:
    """Serve `/` (200 or 503) and `/worker` (JSON) once the worker runs, for as long as it does.

    Args:
        port: 0 for any free one.
    """

    async def root(_: web.Request) -> web.Response:
        if connected(server):
            return web.Response(text="OK")
        return web.Response(status=503, text="not connected to the LiveKit server")

    async def worker(_: web.Request) -> web.Response:
        return web.json_response(
            {
                "connected": connected(server),
                "id": server.id,
                "active_jobs": len(server.active_jobs),
                "draining": server.draining,
            }
        )

    async def serve() -> None:
        app = web.Application()
        app.add_routes([web.get("/", root), web.get("/worker", worker)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        logger.info("status page at %s", runner.addresses[0])

    started: list[asyncio.Task[None]] = []  # a task that nobody holds may be collected

    # The event is emitted inside the worker's loop, which has no TaskGroup of ours to belong to.
    server.on("worker_started", lambda: started.append(asyncio.get_running_loop().create_task(serve())))


def connected(server: AgentServer) -> bool:
    """Whether the worker is registered with the LiveKit server at this moment.

    LiveKit tells of each registration by an event, and of a lost one by none: hence the private field, which is true
    from the loss to the next registration. livekit-agents is pinned.
    """
    return server.id != "unregistered" and not server._connecting and not server._connection_failed
