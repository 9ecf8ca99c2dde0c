"""The LiveKit server: reachable, keys right, media getting through."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from livekit import api, rtc

from agent.doctor.findings import Finding, fault, of_error, ok, warning
from agent.errors import StudioError
from agent.services.livekit_server import (
    VERSION,
    Address,
    Keys,
    LiveKitServer,
    answers,
    check_access,
    find_binary,
    go_problem,
)
from agent.services.ports import free_port, holder, is_free
from agent.services.up import server_address, server_keys
from agent.settings import Settings

_MEDIA_LIMIT_S = 15.0


async def server(settings: Settings) -> list[Finding]:
    """The server of the settings, or the one that would be started here; then a real connection with media."""
    try:
        keys = server_keys(settings)
    except StudioError as error:
        return [of_error("livekit server", error)]
    if settings.livekit.url is not None:
        try:
            await check_access(settings.livekit.url, keys)
        except StudioError as error:
            return [of_error("livekit server", error)]
        reached = ok("livekit server", f"{settings.livekit.url} takes the key {keys.key}")
        return [reached, await _media(settings.livekit.url, keys)]
    address = server_address(settings)
    if await asyncio.to_thread(answers, address):
        try:
            await check_access(address.url, keys)
        except StudioError:
            who = await asyncio.to_thread(holder, address.port)
            fix = f"end {who}, or set STUDIO_LIVEKIT__PORT to a free port"
            return [fault("livekit server", f"a server with other keys has port {address.port}", fix)]
        return [ok("livekit server", f"runs at {address.url}"), await _media(address.url, keys)]
    return await _own_server(settings)


async def _own_server(settings: Settings) -> list[Finding]:
    binary = find_binary(settings.home)
    if binary is None:
        problem = await asyncio.to_thread(go_problem)
        if problem is not None:
            return [of_error("livekit server", problem)]
        return [warning("livekit server", "not built yet", "run 'make setup': about 2 minutes, once")]
    try:
        async with _trial(settings, binary) as (url, keys):
            return [ok("livekit server", f"{binary} starts (made for {VERSION})"), await _media(url, keys)]
    except StudioError as error:
        return [of_error("livekit server", error)]


@asynccontextmanager
async def _trial(settings: Settings, binary: Path) -> AsyncIterator[tuple[str, Keys]]:
    """A server with the configuration of this installation, on free ports, for the moment."""
    with TemporaryDirectory(prefix="doctor-") as folder:
        server = LiveKitServer(
            binary,
            template=settings.livekit.config.read_text(encoding="utf-8"),
            address=Address(port=free_port(), udp_port=free_port()),
            keys=Keys("APIdoctor", secrets.token_urlsafe(32)),
            folder=Path(folder),
        )
        child = server.start()
        try:
            await asyncio.to_thread(server.wait_until_ready, child)
            yield server.address.url, server.keys
        finally:
            child.kill()


async def _media(url: str, keys: Keys) -> Finding:
    """Two participants, and a packet of sound from one to the other: signalling, ICE and UDP in one."""
    about = "media"
    room = f"doctor-{secrets.token_hex(4)}"
    heard = asyncio.Event()
    speaker, listener = rtc.Room(), rtc.Room()
    began = time.monotonic()
    try:
        async with asyncio.timeout(_MEDIA_LIMIT_S), asyncio.TaskGroup() as tasks:
            listener.on("track_subscribed", lambda track, *_: tasks.create_task(_first_frame(track, heard)))
            await listener.connect(url, _token(keys, room, "listener"))
            await speaker.connect(url, _token(keys, room, "speaker"))
            source = rtc.AudioSource(48_000, 1, queue_size_ms=100)
            track = rtc.LocalAudioTrack.create_audio_track("tone", source)
            await speaker.local_participant.publish_track(track)
            silence = rtc.AudioFrame.create(48_000, 1, 480)
            while not heard.is_set():
                await source.capture_frame(silence)
    except TimeoutError:
        fix = "open the server's UDP media port in the firewall (here STUDIO_LIVEKIT__UDP_PORT, 7882 by default)"
        return fault(about, f"no sound came through within {_MEDIA_LIMIT_S:.0f} s", fix)
    except rtc.ConnectError as error:
        return fault(about, f"cannot connect to a room: {error}", "check the server's log and the firewall")
    finally:
        await asyncio.gather(speaker.disconnect(), listener.disconnect())
        with suppress(Exception):  # the room would end by itself
            async with api.LiveKitAPI(url, keys.key, keys.secret) as livekit:
                await livekit.room.delete_room(api.DeleteRoomRequest(room=room))
    return ok(about, f"sound came through {time.monotonic() - began:.1f} s after the first handshake")


async def _first_frame(track: rtc.Track, heard: asyncio.Event) -> None:
    stream = rtc.AudioStream(track, sample_rate=48_000, num_channels=1)
    async for _ in stream:
        heard.set()
        break
    await stream.aclose()


def _token(keys: Keys, room: str, identity: str) -> str:
    grants = api.VideoGrants(room_join=True, room=room)
    return api.AccessToken(keys.key, keys.secret).with_identity(identity).with_grants(grants).to_jwt()


def ports(settings: Settings) -> list[Finding]:
    """Free, or held by a studio of ours."""
    wanted = [(settings.web.port, "tcp", "PORT")]
    if settings.livekit.url is None:
        address = server_address(settings)
        wanted += [(address.port, "tcp", "STUDIO_LIVEKIT__PORT"), (address.udp_port, "udp", "STUDIO_LIVEKIT__UDP_PORT")]
    found = []
    for port, protocol, variable in wanted:
        if is_free(port, protocol="udp" if protocol == "udp" else "tcp"):
            continue
        who = holder(port, protocol="udp" if protocol == "udp" else "tcp")
        if "studio up" in who.command or "livekit-server" in who.command:
            found.append(ok("ports", f"{port} ({variable}) is held by {who}: the studio is open"))
        else:
            end = f"end it (kill {who.pid})" if who.pid else "end that program"
            found.append(fault("ports", f"{port} is in use by {who}", f"{end}, or set {variable} to a free port"))
    return found or [ok("ports", f"free: {', '.join(f'{port} ({variable})' for port, _, variable in wanted)}")]
