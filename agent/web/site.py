"""What the web server is told about this installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from agent.services.livekit_server import Keys
from agent.web.lan.origin import Lan

AGENT_NAME = "roundtable"
BUILT_PAGE = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """
    Attributes:
        host, port: where to listen.
        livekit_url: the LiveKit server as this process sees it.
        public_url: the same as browsers see it; None when it is the same address.
        keys: sign tokens; never leave this process.
        recordings: folder of the episode folders.
        briefings: folder of the briefings.
        cache: folder for what can be made again, such as waveforms.
        lan: where the network finds the page, by https; None where it does not.
        invitations: file of the invitations; None: they end with this process.
        page_url: the page's address as others reach it, for links; None: the one that a link is asked for by.
        static: the built page.
        personas: names of all AIs by their ids, which no human gets.
        guests: ids of those beside the co-host, where a briefing seats no others.
    """

    host: str
    port: int
    livekit_url: str
    public_url: str | None = None
    keys: Keys
    recordings: Path
    briefings: Path
    cache: Path
    lan: Lan | None = None
    invitations: Path | None = None
    page_url: str | None = None
    static: Path = BUILT_PAGE
    personas: Mapping[str, str] = field(default_factory=lambda: {"claude": "Claude", "guest": "Guest"})
    guests: tuple[str, ...] = ("guest",)

    @property
    def browser_url(self) -> str:
        """Where the page connects to: ws:// or wss://."""
        parts = urlsplit(self.public_url or self.livekit_url)
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        return parts._replace(scheme=scheme).geturl().rstrip("/")

    @property
    def names(self) -> frozenset[str]:
        """What people reach this page by, beside `host` and localhost."""
        return self.lan.names if self.lan is not None else frozenset()

    def livekit_for(self, request: web.Request) -> str:
        """`browser_url` as this request's browser may open it: an https page opens no ws://, so its origin relays it.

        An origin that is none of ours is not repeated: the link's stands instead.
        """
        url = self.browser_url
        if self.lan is None or not request.secure or not url.startswith("ws://"):
            return url
        name = host_name(request.host)
        return f"wss://{name if name in self.names else self.lan.host}:{self.port}"


SITE: web.AppKey[Site] = web.AppKey("site", Site)


def host_name(host: str) -> str:
    """Of a Host header, without its port; empty when it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def studio_version() -> str:
    """Of the installed package; "0+source" where there is none."""
    try:
        return version("roundtable")
    except PackageNotFoundError:
        return "0+source"
