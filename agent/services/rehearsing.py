"""`studio rehearse`: a studio for the rehearsal alone, on free ports, unless one is named."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import aiohttp
from livekit.agents import tts
from livekit.plugins import piper

from agent.errors import StudioError, ungrouped
from agent.rehearsal import Report, rehearse
from agent.services.ports import free_port
from agent.services.up import Studio, prepare
from agent.settings import Settings

_HOST_TIMBRE = 1.14  # the host's voice: the local one, but neither Claude's nor the guest's

Say = Callable[[str], None]


async def rehearse_show(settings: Settings, *, seconds: float, url: str | None, say: Say) -> Report:
    """Rehearse in the studio at `url`, or in one that is opened for it and closed after it.

    Raises:
        StudioError: the studio does not open, or refuses the host.
    """
    if url is not None:
        return await _rehearse(settings, url.rstrip("/"), None, seconds, say)
    settings = _on_free_ports(settings)
    await asyncio.to_thread(prepare, settings, say)
    studio = Studio(settings, say)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, studio.close)
    with ungrouped():
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(studio.run(), name="studio")
            rehearsal = tasks.create_task(_rehearse_once_open(studio, settings, seconds, say), name="rehearsal")
            await asyncio.wait({running, rehearsal}, return_when=asyncio.FIRST_COMPLETED)
            studio.close()
            if not rehearsal.done():
                rehearsal.cancel()
                raise StudioError("the studio was closed before the rehearsal was over", fix="start it again")
    return rehearsal.result()


async def _rehearse_once_open(studio: Studio, settings: Settings, seconds: float, say: Say) -> Report:
    await studio.opened.wait()
    return await _rehearse(settings, f"http://127.0.0.1:{settings.web.port}", studio.piper_url, seconds, say)


async def _rehearse(settings: Settings, address: str, piper_url: str | None, seconds: float, say: Say) -> Report:
    async with aiohttp.ClientSession() as session:
        voice: tts.TTS[Any] = piper.TTS(address=piper_url, timbre=_HOST_TIMBRE, http_session=session)
        try:
            return await rehearse(
                address, recordings=settings.recording.folder, voice=voice, seconds=seconds, progress=say
            )
        finally:
            await voice.aclose()


def _on_free_ports(settings: Settings) -> Settings:
    """The same, beside a studio that may be running."""
    web = settings.web.model_copy(update={"port": free_port(), "lan": False})
    livekit = settings.livekit.model_copy(update={"port": free_port(), "udp_port": free_port()})
    return settings.model_copy(update={"web": web, "livekit": livekit, "log_folder": settings.home / "rehearsal"})
