"""LiveKit Egress, when it is chosen: a second of sound recorded, and its file found where it should be."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from livekit import api, rtc

from agent.doctor.findings import Finding, ok, warning
from agent.errors import StudioError, ungrouped
from agent.recording.egress.outputs import Output, make_output
from agent.recording.egress.reports import OVER, EgressReport, Status
from agent.recording.egress.service import EgressError, LiveKitEgress, Service
from agent.services.livekit_server import Keys, answers
from agent.services.up import server_address, server_keys
from agent.settings import EgressSettings, RecordingSettings, Settings

_SOUND_S = 1.0
_FILE_S = 15.0
_ASK_EVERY_S = 0.3


async def egress(settings: Settings) -> list[Finding]:
    """Nothing where it is not chosen. A fault of it is a warning: this machine records all the same."""
    if not settings.recording.uses_egress:
        return []
    url = settings.livekit.url
    if url is None:
        address = server_address(settings)
        if not await asyncio.to_thread(answers, address):
            seen = "the LiveKit server, through which it is asked, does not run now"
            return [warning("egress", seen, "open the studio with 'studio up', and run 'studio doctor' again")]
        url = address.url
    keys = server_keys(settings)
    async with api.LiveKitAPI(url, keys.key, keys.secret, failover=False) as server:
        return [await try_egress(settings.recording, server, url, keys)]


async def try_egress(settings: RecordingSettings, server: api.LiveKitAPI, url: str, keys: Keys) -> Finding:
    """Record a second of a room's silence.

    Args:
        server: whose API is asked.
        url, keys: of the rooms.
    """
    room = f"doctor-{secrets.token_hex(4)}"
    output = make_output(settings.egress)
    service = LiveKitEgress(server, room=room, episode="doctor", output=output, start_s=settings.egress.start_s)
    try:
        with ungrouped(StudioError, rtc.ConnectError):
            return await _record(service, output, settings.egress, url, keys, room)
    except StudioError as error:
        return warning("egress", f"{error.problem}; shows are recorded on this machine alone", error.fix)
    except rtc.ConnectError as error:
        return warning("egress", f"cannot connect to a room: {error}", "see the finding 'media'")


async def _record(
    service: Service, output: Output, settings: EgressSettings, url: str, keys: Keys, room: str
) -> Finding:
    """From the start of an egress to its file."""
    async with _sound(url, keys, room) as track_id:
        began = time.monotonic()
        egress_id = await service.start("doctor", track_id)
        await _until(service, egress_id, frozenset({"active"}), settings.active_s)
        active_s = time.monotonic() - began
        await asyncio.sleep(_SOUND_S)
        await service.stop(egress_id)
        ended = await _until(service, egress_id, OVER, _FILE_S)
        if ended.file is None:
            raise EgressError(f"it recorded no file ({ended.error or ended.status})", fix="see its log")
        async with output.fetched(ended.file.name):
            return ok("egress", f"recorded {active_s:.1f} s after it was asked, and its file came: {ended.file.name}")


async def _until(service: Service, egress_id: str, wanted: frozenset[Status], limit_s: float) -> EgressReport:
    """The report that says so, or that it is over.

    Raises:
        EgressError: it is not so in time, or never will be.
    """
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        for report in await service.list():
            if report.egress_id == egress_id and report.status in wanted:
                return report
            if report.egress_id == egress_id and report.status in OVER:
                raise EgressError(f"it ended as {report.status} ({report.error})", fix="see its log")
        await asyncio.sleep(_ASK_EVERY_S)
    raise EgressError(f"it is not {' or '.join(sorted(wanted))} after {limit_s:g} s", fix="see its log")


@asynccontextmanager
async def _sound(url: str, keys: Keys, name: str) -> AsyncIterator[str]:
    """Somebody in a room who publishes silence; the track's id."""
    room = rtc.Room()
    grants = api.VideoGrants(room_join=True, room=name)
    token = api.AccessToken(keys.key, keys.secret).with_identity("doctor").with_grants(grants).to_jwt()
    try:
        async with asyncio.TaskGroup() as tasks:
            await room.connect(url, token)
            source = rtc.AudioSource(48_000, 1, queue_size_ms=100)
            track = rtc.LocalAudioTrack.create_audio_track("silence", source)
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            publication = await room.local_participant.publish_track(track, options)
            feeding = tasks.create_task(_feed(source))
            yield publication.sid
            feeding.cancel()
    finally:
        await room.disconnect()
        with suppress(Exception):  # the room would end by itself
            async with api.LiveKitAPI(url, keys.key, keys.secret) as server:
                await server.room.delete_room(api.DeleteRoomRequest(room=name))


async def _feed(source: rtc.AudioSource) -> None:
    silence = rtc.AudioFrame.create(48_000, 1, 480)
    while True:
        await source.capture_frame(silence)
