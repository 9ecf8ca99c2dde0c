"""The episodes' API: list, details, waveforms, files."""

from __future__ import annotations

import asyncio
import logging
import re

import av
from aiohttp import web

from agent.web.archive import Archive, Episode, details, summary
from agent.web.bundle import zip_stream
from agent.web.guard import Refusal
from agent.web.waveform import PER_S, Waveforms

logger = logging.getLogger(__name__)

ARCHIVE: web.AppKey[Archive] = web.AppKey("archive", Archive)
WAVEFORMS: web.AppKey[Waveforms] = web.AppKey("waveforms", Waveforms)

_TYPES = {
    ".webm": "audio/webm",
    ".vtt": "text/vtt; charset=utf-8",
    ".jsonl": "application/x-ndjson; charset=utf-8",
    ".yml": "text/plain; charset=utf-8",
}


async def episodes(request: web.Request) -> web.Response:
    """GET: all episodes, newest first."""
    archive = request.app[ARCHIVE]
    listed = await asyncio.to_thread(lambda: [summary(one) for one in archive.episodes()])
    return web.json_response({"episodes": listed})


async def episode(request: web.Request) -> web.Response:
    """GET: one episode with captions, marks and response times."""
    found = await _episode(request)
    return web.json_response(await asyncio.to_thread(details, found))


async def waveform(request: web.Request) -> web.Response:
    """GET: a speaker's peaks as bytes; `X-Peaks-Per-Second` says how many make a second."""
    found = await _episode(request)
    track = await asyncio.to_thread(found.track, request.match_info["who"])
    if track is None:
        raise Refusal(404, "this episode has no such speaker", fix="load the page again")
    try:
        peaks = await request.app[WAVEFORMS].peaks(track)
    except (OSError, av.error.FFmpegError) as error:
        logger.warning("%s cannot be drawn: %s", track.name, error)
        raise Refusal(404, f"{track.name} cannot be read", fix="run 'studio salvage'") from error
    return web.Response(
        body=peaks, headers={"Content-Type": "application/octet-stream", "X-Peaks-Per-Second": str(PER_S)}
    )


async def file(request: web.Request) -> web.StreamResponse:
    """GET: one of the episode's files, also by ranges; `?download` saves it."""
    found = await _episode(request)
    path = await asyncio.to_thread(found.file, request.match_info["name"])
    if path is None:
        raise Refusal(404, "this episode has no such file", fix="load the page again")
    # Never a type that a browser would run, whatever lies in the folder.
    headers = {"Content-Type": _TYPES.get(path.suffix, "application/octet-stream"), "Cache-Control": "no-cache"}
    if "download" in request.query or path.suffix not in _TYPES:
        headers["Content-Disposition"] = _attachment(f"{found.name}-{request.match_info['name']}")
    return web.FileResponse(path, headers=headers)


async def bundle(request: web.Request) -> web.StreamResponse:
    """GET: everything in one ZIP."""
    found = await _episode(request)
    files = await asyncio.to_thread(found.files)
    headers = {"Content-Type": "application/zip", "Content-Disposition": _attachment(f"{found.name}.zip")}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    chunks = zip_stream(files, folder=found.name)
    while chunk := await asyncio.to_thread(next, chunks, None):
        await response.write(chunk)
    await response.write_eof()
    return response


def add_episodes(app: web.Application) -> None:
    """The routes; `app` needs ARCHIVE and WAVEFORMS."""
    one = "/api/episodes/{folder}"
    app.router.add_get("/api/episodes", episodes)
    app.router.add_get(one, episode)
    app.router.add_get(one + "/waveforms/{who}", waveform)
    app.router.add_get(one + "/files/{name:.+}", file)
    app.router.add_get(one + "/bundle.zip", bundle)


async def _episode(request: web.Request) -> Episode:
    found = await asyncio.to_thread(request.app[ARCHIVE].episode, request.match_info["folder"])
    if found is None:
        raise Refusal(404, "there is no such episode", fix="go back to the list of episodes")
    return found


def _attachment(name: str) -> str:
    """A header value; names of folders and files are ASCII slugs, and others are made so."""
    return f'attachment; filename="{re.sub(r"[^A-Za-z0-9._-]", "-", name)}"'
