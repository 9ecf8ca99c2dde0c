"""`studio up`: one supervisor with all services as its children, and the page in its own process."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agent.errors import StudioError, ungrouped
from agent.services import parts
from agent.services.livekit_server import (
    Address,
    Keys,
    LiveKitServer,
    check_access,
    ensure_keys,
    find_binary,
)
from agent.services.ports import require_free
from agent.services.setting_up import set_up_server
from agent.services.supervisor import Report, Service, Stopped, Supervisor
from agent.settings import Settings
from agent.web.lan.address import lan_address
from agent.web.lan.origin import AUTHORITY_PATH, Lan, open_lan
from agent.web.lan.qr import qr_code, terminal_shows

_ALL_S = 29.0  # from the signal to the end of everything
_AFTER_WORKER_S = 3.0  # of that, for the page and the rest
_WORKER_OVERHEAD_S = 2.0  # between a worker's SIGTERM and its telling the shows


@dataclass(frozen=True, slots=True)
class Access:
    """The LiveKit server of a studio."""

    url: str
    keys: Keys


def prepare(settings: Settings, report: Report) -> None:
    """What needs a person or may take minutes, before anything starts: ports, the LiveKit server's program.

    Raises:
        StudioError: with the remedy.
    """
    lan = lan_address(settings.web.lan_address) if settings.web.lan else None
    for host in filter(None, (settings.web.host, lan)):
        require_free(settings.web.port, variable="PORT", host=host)
    if settings.livekit.url is None:
        address = server_address(settings)
        require_free(address.port, variable="STUDIO_LIVEKIT__PORT", host=address.host)
        media = lan or address.host
        require_free(address.udp_port, variable="STUDIO_LIVEKIT__UDP_PORT", host=media, protocol="udp")
    set_up_server(settings, report)
    _salvage(settings.recording.folder, report)


def _salvage(recordings: Path, report: Report) -> None:
    """Seal what a crash has left open. Folders of shows that run elsewhere are locked, and left alone."""
    if not any(recordings.glob("*/.lock")):
        return  # nothing was left, and the recorder takes a second to import
    from agent.recording import salvage

    for sealed in salvage(recordings):
        report(f"salvaged {sealed.folder}, which a crash had left open")


def server_address(settings: Settings, *, lan: str | None = None) -> Address:
    """Of the server that is started here; media come to `lan`, too."""
    return Address(port=settings.livekit.port, udp_port=settings.livekit.udp_port, lan=lan)


def webhook_url(settings: Settings) -> str | None:
    """Where the server that is started here tells of egresses; None when nobody asks for them."""
    if not settings.recording.uses_egress:
        return None
    host = settings.web.host if settings.web.host not in ("0.0.0.0", "::") else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.web.port}/livekit/webhook"


def server_keys(settings: Settings) -> Keys:
    """Those of the settings, else this installation's own."""
    livekit = settings.livekit
    if livekit.api_key and livekit.api_secret:
        return Keys(livekit.api_key, livekit.api_secret.get_secret_value())
    return ensure_keys(settings.home)


_NETWORK = "this network"
_NETWORK_LIFE = timedelta(hours=12)


class Studio:
    """A studio from its opening to its closing.

    Attributes:
        opened: set once a show could start.
        piper_url: address of the Piper server started here, if any.
    """

    def __init__(self, settings: Settings, report: Report) -> None:
        self.opened = asyncio.Event()
        self.piper_url: str | None = settings.services.piper_url
        self._settings = settings
        self._report = report
        self._stopping = asyncio.Event()
        self._lan: Lan | None = None
        self._supervisor = Supervisor(report, self._stopping, on_remains_gone=self._salvage_after)

    def close(self) -> None:
        """Close it, in order; asked again, at once. Returns immediately."""
        if self._stopping.is_set():
            self._report("ended at once")
            self._supervisor.kill()
        self._stopping.set()

    async def run(self) -> None:
        """Open the studio, and come back when it is closed.

        Raises:
            StudioError: something did not start; what had started has been ended.
        """
        began = time.monotonic()
        try:
            with ungrouped(StudioError, Stopped):
                if self._settings.web.lan:
                    self._lan = open_lan(self._settings.web, self._settings.home / "lan", self._report)
                access = await self._open_server()
                services, worker_url = self._services(access)
                for service in services:
                    self._supervisor.launch(service)
                async with self._page(access, worker_url) as link, asyncio.TaskGroup() as tasks:
                    async with asyncio.TaskGroup() as starting:
                        for service in services:
                            starting.create_task(self._supervisor.ready(service), name=f"ready:{service.name}")
                    watch = tasks.create_task(self._supervisor.watch(), name="watch")
                    self._report(f"\nThe studio is open after {time.monotonic() - began:.1f} s: {link}")
                    if self._lan is not None:
                        await self._invite_the_network(self._lan, link)
                    self._report("Ctrl-C closes it.")
                    self.opened.set()
                    await self._stopping.wait()
                    watch.cancel()
                    await self._end_shows()
        except Stopped:
            self._report("stopped before it was open")
        finally:
            self._stopping.set()
            self._supervisor.kill()
        self._report("The studio is closed.")

    async def _open_server(self) -> Access:
        settings = self._settings
        keys = server_keys(settings)
        if settings.livekit.url is not None:
            await check_access(settings.livekit.url, keys)
            return Access(settings.livekit.url, keys)
        binary = find_binary(settings.home)
        if binary is None:
            raise StudioError("the LiveKit server is not installed", fix="run 'make setup'")
        server = LiveKitServer(
            binary,
            template=settings.livekit.config.read_text(encoding="utf-8"),
            address=server_address(settings, lan=self._lan.address if self._lan else None),
            keys=keys,
            folder=settings.home,
            log=parts.log_of(settings, "livekit-server"),
            webhook_url=webhook_url(settings),
        )
        await self._supervisor.start(parts.livekit_service(server))
        return Access(server.address.url, keys)

    def _services(self, access: Access) -> tuple[list[Service], str]:
        """Engines and worker, which start side by side, and the address of the worker's status page."""
        settings = self._settings
        services = []
        llama_url = None
        if settings.needs_llama:
            llama, llama_url = parts.llama_service(settings)
            services.append(llama)
        if settings.needs_piper:
            piper, self.piper_url = parts.piper_service(settings)
            services.append(piper)
        worker, worker_url = parts.worker_service(
            settings, url=access.url, keys=access.keys, llama_url=llama_url, piper_url=self.piper_url
        )
        return [*services, worker], worker_url

    @asynccontextmanager
    async def _page(self, access: Access, worker_url: str) -> AsyncIterator[str]:
        # Imported while the services above start.
        from agent.services.status import UpStatus, adapters
        from agent.web.server import serve
        from agent.web.site import Site
        from agent.web.status import PolledStatus

        settings = self._settings
        polled = PolledStatus(access.url, lambda: worker_url, adapters=adapters(settings))
        site = Site(
            host=settings.web.host,
            port=settings.web.port,
            livekit_url=access.url,
            public_url=settings.livekit.public_url,
            keys=access.keys,
            recordings=settings.recording.folder,
            briefings=settings.briefings.folder,
            cache=settings.home / "cache",
            invitations=settings.home / "invitations.json",
            personas={slug: settings.persona(slug).name for slug in settings.personas.slugs},
            guests=settings.personas.guests,
            lan=self._lan,
            page_url=self._lan.url(settings.web.port) if self._lan else None,
        )
        status = UpStatus(polled, self._supervisor, settings, self._stopping)
        async with serve(site, status) as link, asyncio.TaskGroup() as tasks:
            polling = tasks.create_task(polled.run(), name="status")
            self._report(f"{'web':<16} {link}")
            try:
                yield link
            finally:
                polling.cancel()

    async def _invite_the_network(self, lan: Lan, page: str) -> None:
        """A host's link for the phone beside this machine: who has none comes in by an invitation only."""
        from agent.services.inviting import open_inviting

        async with open_inviting(page) as inviting:
            link = (await inviting.make("host", room=None, name=_NETWORK, life=_NETWORK_LIFE))["link"]
        self._report(f"On this network, as a host for {_NETWORK_LIFE.total_seconds() / 3600:.0f} hours: {link}")
        code = qr_code(link)
        if terminal_shows(code):
            self._report(f"\n{code}\n")
        if lan.authority is not None:
            authority = lan.url(self._settings.web.port) + AUTHORITY_PATH
            self._report(f"A phone warns the first time: go on, or install {authority} and trust it.")

    def _salvage_after(self, service: str) -> None:
        if service == "worker":
            _salvage(self._settings.recording.folder, self._report)

    async def _end_shows(self) -> None:
        """The rest holds nothing that could be lost, and is killed by whoever called."""
        self._report(
            "Closing: no new shows, running ones seal their folders, at most 30 s. Ctrl-C again ends all at once."
        )
        grace_s = min(self._settings.worker.drain_s + _WORKER_OVERHEAD_S, _ALL_S - _AFTER_WORKER_S)
        await self._supervisor.stop("worker", grace_s=grace_s)


async def up(settings: Settings, report: Report) -> None:
    """Open the studio, and close it on SIGINT or SIGTERM; a second signal ends everything at once.

    Raises:
        StudioError: something did not start; what had started has been ended.
    """
    studio = Studio(settings, report)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, studio.close)
    await studio.run()
