"""`studio salvage`, the part of LiveKit Egress: files that came after their show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from livekit import api

from agent.errors import StudioError
from agent.recording.egress.later import bring_in_later
from agent.recording.egress.outputs import make_output
from agent.recording.egress.service import LiveKitEgress
from agent.services.livekit_server import answers
from agent.services.up import server_address, server_keys
from agent.settings import Settings


def bring_in_late_egress(settings: Settings, say: Callable[[str], None]) -> None:
    """Where egress is chosen. A server that cannot be asked is told, and is no error."""
    if settings.recording.uses_egress:
        try:
            asyncio.run(_bring_in(settings, say))
        except StudioError as error:
            say(f"egress: {error}")


async def _bring_in(settings: Settings, say: Callable[[str], None]) -> None:
    url = settings.livekit.url
    if url is None:
        address = server_address(settings)
        if not await asyncio.to_thread(answers, address):
            raise StudioError("the LiveKit server does not run now", fix="open the studio and run this again")
        url = address.url
    keys = server_keys(settings)
    egress = settings.recording.egress
    output = make_output(egress)
    async with api.LiveKitAPI(url, keys.key, keys.secret, failover=False) as server:

        def service(room: str) -> LiveKitEgress:
            return LiveKitEgress(server, room=room, episode="", output=output, start_s=egress.start_s)

        for folder, missing in await bring_in_later(settings.recording.folder, service, output):
            say(f"{folder}  egress{f': {len(missing)} missing, see session.yml' if missing else ' brought in'}")
