"""What every request passes: is it meant for this page, is it too much, and how errors look."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from agent.errors import StudioError
from agent.web.site import SITE, Site, host_name

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_BODY_BYTES = 16 * 1024
# Signed by its sender and read by no browser: it may come to any name of this machine, and needs no page's origin.
WEBHOOK_PATH = "/livekit/webhook"
_MAX_CLIENTS = 4096  # buckets kept; the client seen longest ago is forgotten first


class Refusal(Exception):
    """An answer other than 2xx for an API call, as JSON with what is wrong and what to do."""

    def __init__(self, status: int, error: str, *, fix: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{error}; {fix}")
        self.status = status
        self.error = error
        self.fix = fix
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        body = {"error": self.error, "fix": self.fix}
        return web.json_response(body, status=self.status, headers=self.headers)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float  # monotonic seconds


class RateLimit:
    """A token bucket a client. `burst` requests at once, then `per_s` a second."""

    def __init__(self, *, burst: int, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_s = per_s
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, request: web.Request) -> None:
        """
        Raises:
            Refusal: 429 with the time to wait.
        """
        wait_s = self.wait_s(request.remote or "")
        if wait_s > 0:
            raise Refusal(
                429,
                "too many requests",
                fix=f"wait {wait_s:.0f} s and try again",
                headers={"Retry-After": str(int(wait_s) + 1)},
            )

    def wait_s(self, client: str) -> float:
        """Take one request; 0 when it is granted, else the seconds until the next one would be."""
        now = self._clock()
        bucket = self._buckets.pop(client, None) or _Bucket(float(self._burst), now)
        bucket.tokens = min(float(self._burst), bucket.tokens + (now - bucket.filled_at) * self._per_s)
        bucket.filled_at = now
        self._buckets[client] = bucket
        while len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1.0:
            return (1.0 - bucket.tokens) / self._per_s
        bucket.tokens -= 1.0
        return 0.0


def security_headers(livekit_url: str) -> dict[str, str]:
    """For every answer. The page has no inline script or style, and talks to this origin and LiveKit alone."""
    livekit = urlsplit(livekit_url)
    plain = "https" if livekit.scheme == "wss" else "http"
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob:",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self' blob:",  # livekit-client keeps its timers in a worker of a blob
        "connect-src": f"'self' {livekit.scheme}://{livekit.netloc} {plain}://{livekit.netloc}",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self), "
        "autoplay=(self), fullscreen=(self), clipboard-write=(self), speaker-selection=(self), "
        "geolocation=(), payment=(), usb=(), serial=(), midi=()",
        "Referrer-Policy": "no-referrer",
        "Server": "Roundtable",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def add_headers(site: Site) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A signal handler rather than a middleware, so that aiohttp's own error answers have the headers too."""

    async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in security_headers(site.livekit_for(request)).items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")

    return on_prepare


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """API errors as JSON `{"error", "fix"}`; what nobody foresaw as 500, with the story in the log alone."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response()
    except StudioError as error:
        return Refusal(503, error.problem, fix=error.fix).response()
    except web.HTTPException as error:
        if not request.path.startswith("/api/") or error.status < 400:
            raise
        fix = {404: "check the address", 405: f"use {error.headers.get('Allow', 'another method')}"}
        return Refusal(error.status, error.reason, fix=fix.get(error.status, "correct the request")).response()
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return Refusal(500, "something went wrong here", fix="try again; the studio's log has the reason").response()


@web.middleware
async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse names that are not ours (DNS rebinding) and changes asked for by other sites' pages."""
    if request.path == WEBHOOK_PATH:
        return await handler(request)
    site = request.app[SITE]
    if not _is_ours(request.host, site):
        raise Refusal(
            421,
            f"this studio is not known as {request.host[:100]}",
            fix=f"open http://localhost:{site.port}" + (f" or {site.lan.url(site.port)}" if site.lan else ""),
        )
    opens_socket = request.headers.get("Upgrade", "").lower() == "websocket"  # browsers let any page do that
    if opens_socket or request.method not in ("GET", "HEAD", "OPTIONS"):
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()
        if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Refusal(403, "another site asked for this", fix="use the studio's own page")
    return await handler(request)


def _is_ours(host: str, site: Site) -> bool:
    name = host_name(host)
    if name in {"localhost", site.host.lower()} or name in site.names or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False  # a name we were not told: it may be an attacker's that points here
    # Rebinding needs a name. An address is as good as ours wherever we listen on it.
    return address.is_loopback or site.host in ("0.0.0.0", "::")


def limited(limit: RateLimit, handler: Handler) -> Handler:
    """`handler` behind a rate limit."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        limit.take(request)
        return await handler(request)

    return guarded
