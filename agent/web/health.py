"""`/health`, `/ready` and `/metrics`: for people, load balancers and Prometheus."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from agent.web.site import studio_version
from agent.web.status import StudioStatus

STATUS: web.AppKey[StudioStatus] = web.AppKey("status", StudioStatus)


async def health(request: web.Request) -> web.Response:
    """200 with status "ok" or "degraded"; 503 with "down" when page or worker have lost the LiveKit server."""
    status = request.app[STATUS]
    reasons = list(status.reasons)
    down = not (status.server_reachable and status.worker_connected)
    body = {
        "status": "down" if down else "degraded" if reasons else "ok",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "version": studio_version(),
        "livekit": status.server_reachable,
        "worker": status.worker_connected,
        "adapters": dict(status.adapters),
        "reasons": reasons,
    }
    return web.json_response(body, status=503 if down else 200, headers={"Cache-Control": "no-store"})


async def ready(request: web.Request) -> web.Response:
    """200 only when a show could start now; 503 with the reasons otherwise."""
    reasons = why_not_ready(request.app[STATUS])
    body = {"ready": not reasons, "reasons": reasons}
    return web.json_response(body, status=503 if reasons else 200, headers={"Cache-Control": "no-store"})


def why_not_ready(status: StudioStatus) -> list[str]:
    """In plain words; empty when a show could start now."""
    reasons = list(status.reasons)
    if not reasons and not (status.server_reachable and status.worker_connected):
        reasons.append("the studio is not connected")
    return reasons


async def metrics(request: web.Request) -> web.Response:
    """Prometheus' text format, version 0.0.4."""
    status = request.app[STATUS]
    lines = [
        *_gauge("roundtable_livekit_reachable", "Whether the LiveKit server answers.", status.server_reachable),
        *_gauge("roundtable_worker_connected", "Whether the worker is registered.", status.worker_connected),
        *_gauge("roundtable_ready", "Whether a show could start now.", not why_not_ready(status)),
    ]
    return web.Response(text="\n".join(lines) + "\n", headers={"Content-Type": "text/plain; version=0.0.4"})


def _gauge(name: str, about: str, value: bool) -> tuple[str, str, str]:
    return (f"# HELP {name} {about}", f"# TYPE {name} gauge", f"{name} {int(value)}")
