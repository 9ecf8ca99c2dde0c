"""`studio worker`: LiveKit's worker in this process, with the local engines that it needs."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

import psutil
from livekit import api

from agent.errors import StudioError
from agent.services import parts
from agent.services.fork_server import start_fork_server
from agent.services.livekit_server import answers, check_access
from agent.services.supervisor import Service
from agent.services.up import server_address, server_keys
from agent.settings import COHOST, Settings, load
from agent.settings.environment import export

if TYPE_CHECKING:  # takes seconds to import, which the fork server uses to import the same
    from livekit.agents import AgentServer

Mode = Literal["start", "dev"]

_FORCED_AFTER_S = 29.0  # a drain that takes longer is cut: 30 s are promised
_POLL_S = 0.1


def run_worker(settings: Settings, mode: Mode, *, log_level: str | None = None) -> None:
    """Serve shows until SIGTERM or SIGINT, as LiveKit's own `start` and `dev` do.

    Raises:
        StudioError: the LiveKit server or a local engine is not there.
    """
    with ExitStack() as engines:
        settings = _complete(settings, engines)
        server = _make(settings)
        from livekit.agents.cli import cli, proto

        threading.Thread(target=_force_after_drain, args=(server,), daemon=True).start()
        level = log_level or ("debug" if mode == "dev" else settings.log_level)
        cli._run_worker(server, proto.CliArgs(log_level=_livekit_level(level), dev=mode == "dev"))


def connect(settings: Settings, room: str, *, log_level: str | None = None) -> None:
    """Hold one show in a room, now and without dispatch; the room is made when it is not there.

    Raises:
        StudioError: the LiveKit server or a local engine is not there.
    """
    with ExitStack() as engines:
        settings = _complete(settings, engines)
        server = _make(settings)
        from livekit.agents.cli.log import setup_logging

        setup_logging(_livekit_level(log_level or settings.log_level), devmode=True, console=False)
        asyncio.run(_hold_one_show(server, settings, room))


async def _hold_one_show(server: AgentServer, settings: Settings, room: str) -> None:
    livekit = settings.livekit
    secret = livekit.api_secret.get_secret_value() if livekit.api_secret else None
    async with api.LiveKitAPI(livekit.url, livekit.api_key, secret) as livekit_api:
        info = await livekit_api.room.create_room(api.CreateRoomRequest(name=room))
    # LiveKit's own token for this lacks the right to set attributes, which then fails in silence.
    grants = api.VideoGrants(room_join=True, room=room, agent=True, can_update_own_metadata=True)
    access = api.AccessToken(livekit.api_key, secret).with_identity(COHOST).with_name(settings.persona(COHOST).name)
    token = access.with_kind("agent").with_grants(grants).to_jwt()
    started, ended = asyncio.Event(), asyncio.Event()
    server.once("worker_started", started.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run(devmode=True, unregistered=True))
        await started.wait()
        await server.simulate_job(room, token=token, room_info=info)
        while server.active_jobs and not ended.is_set():  # noqa: ASYNC110 - LiveKit tells of no job's end
            await asyncio.sleep(_POLL_S)
        await server.aclose()  # ends run(), once the show has sealed its folder


def _complete(settings: Settings, engines: ExitStack) -> Settings:
    """The settings with all addresses that the worker needs; what is missing is started, and ends with `engines`."""
    changes: dict[str, str] = {}
    keys = server_keys(settings)
    url = settings.livekit.url
    if url is None:
        address = server_address(settings)
        if not answers(address):
            raise StudioError(
                f"no LiveKit server answers on port {address.port}",
                fix="set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or run 'studio up', which has a worker",
            )
        url = address.url
    asyncio.run(check_access(url, keys))
    changes |= {"LIVEKIT_URL": url, "LIVEKIT_API_KEY": keys.key, "LIVEKIT_API_SECRET": keys.secret}
    if settings.needs_llama:
        llama, changes["STUDIO_SERVICES__LLAMA_URL"] = parts.llama_service(settings)
        _start(llama, engines)
    if settings.needs_piper:
        piper, changes["STUDIO_SERVICES__PIPER_URL"] = parts.piper_service(settings)
        _start(piper, engines)
    export(changes)  # the job processes read the environment, too
    return load().settings


def _start(service: Service, engines: ExitStack) -> None:
    child = service.spawn()
    engines.callback(child.kill)
    deadline = time.monotonic() + service.ready_limit_s
    while not service.answers():
        if child.poll() is not None or time.monotonic() > deadline:
            raise StudioError(f"{service.name} did not start: {child.last_line()}", fix=f"see {child.log}")
        time.sleep(_POLL_S)


def _make(settings: Settings) -> AgentServer:
    start_fork_server()
    from agent.worker import make_server

    return make_server(settings)


def _force_after_drain(server: AgentServer, *, end: Callable[[int], object] = os._exit) -> None:
    """A worker whose shows do not end in time goes all the same, and they with it: their folders can be salvaged."""
    while not server.draining:
        time.sleep(_POLL_S)
    time.sleep(_FORCED_AFTER_S)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    end(1)


def _livekit_level(level: str) -> str:
    return {"warning": "WARN"}.get(level, level.upper())
