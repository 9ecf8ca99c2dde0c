"""The process in which Piper runs: `python -m livekit.plugins.piper.server --voice PATH --port 7862`.

When it is ready it prints one line of JSON, `{"address": "http://127.0.0.1:7862", "voices": [...], "pid": ...}`, and
nothing else on standard output. When it cannot start: `{"error": ..., "fix": ...}` and exit status 1.

- `GET /health`: `{"status": "ok", "voices": [...], "requests": ..., "turned_away": ...}`
- `POST /synthesize`: see `request` for the body, `framing` for what comes back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from aiohttp import web

from . import framing
from .request import BadRequest, SynthesisRequest, parse
from .synthesizer import Busy, Piece, Synthesizer, UnknownVoice
from .version import __version__
from .voice import UnknownSpeaker, Voice
from .voices import VoiceBroken, VoiceMissing

logger = logging.getLogger("livekit.plugins.piper.server")

MAX_BODY_BYTES = 1024 * 1024
PARENT_POLL_S = 0.5
LAST_BREATH_S = 2.0
"""After a signal or the parent's end: so long to close in order, then the process ends regardless."""

REDOWNLOAD = "download the voice again (python -m piper.download_voices)"

SYNTHESIZER = web.AppKey("synthesizer", Synthesizer)


def application(synthesizer: Synthesizer) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app[SYNTHESIZER] = synthesizer
    app.router.add_get("/health", health)
    app.router.add_post("/synthesize", synthesize)
    return app


async def health(request: web.Request) -> web.Response:
    synthesizer = request.app[SYNTHESIZER]
    return web.json_response(
        {
            "status": "ok",
            "version": __version__,
            "voices": [_about(voice) for voice in synthesizer.voices],
            "requests": synthesizer.under_way,
            "turned_away": synthesizer.turned_away,
        }
    )


async def synthesize(request: web.Request) -> web.StreamResponse:
    synthesizer = request.app[SYNTHESIZER]
    try:
        asked = parse(await request.json())
        synthesizer.admit()
    except (BadRequest, json.JSONDecodeError, UnicodeDecodeError) as error:
        return _refusal(400, str(error), "correct the request")
    except Busy as error:
        return _refusal(503, str(error), "try again in a moment, or start the server with a larger --max-requests")
    try:
        voice = await synthesizer.voice(asked.voice)
        async with aclosing(synthesizer.say(voice, asked)) as pieces:
            return await _stream(request, asked, pieces)
    except (UnknownVoice, VoiceMissing) as error:
        return _refusal(404, str(error), "name one of the loaded voices, or start the server with --voice PATH")
    except VoiceBroken as error:
        return _refusal(422, str(error), REDOWNLOAD)
    finally:
        synthesizer.leave()


async def _stream(
    request: web.Request, asked: SynthesisRequest, pieces: AsyncGenerator[Piece, None]
) -> web.StreamResponse:
    framed = asked.format == "frames"
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/octet-stream" if framed else "audio/pcm",
            "X-Sample-Rate": str(asked.style.sample_rate_hz),
            "X-Channels": "1",
            "X-Sample-Format": "s16le",
        }
    )
    try:
        # The first piece comes before the response begins, so that what is wrong from the start has its own status.
        piece = await anext(pieces, None)
        await response.prepare(request)
        while piece is not None:
            if isinstance(piece, list):
                if framed:
                    await response.write(framing.words_frame(piece))
            else:
                audio = piece.astype("<i2", copy=False).tobytes()
                await response.write(framing.frame(framing.AUDIO, audio) if framed else audio)
            piece = await anext(pieces, None)
        if framed:
            await response.write(framing.frame(framing.END))
        await response.write_eof()
    except UnknownSpeaker as error:
        return _refusal(400, str(error), "choose one of those speakers")
    except ConnectionError:
        pass  # the caller has gone: what it asked for ends here
    except Exception:
        logger.exception("synthesis failed")  # of no text: what people say does not belong in a log
        fault = {"error": "synthesis failed", "fix": "see the Piper server's log"}
        if not response.prepared:
            return web.json_response(fault, status=500)
        if framed:
            await response.write(framing.frame(framing.FAILED, json.dumps(fault).encode()))
        response.force_close()
    return response


def _about(voice: Voice) -> dict[str, object]:
    return {
        "name": voice.name,
        "sample_rate_hz": voice.sample_rate_hz,
        "speakers": voice.speakers,
        "streams": voice.streams,
    }


def _refusal(status: int, error: str, fix: str) -> web.Response:
    headers = {"Retry-After": "1"} if status == 503 else None
    return web.json_response({"error": error, "fix": fix}, status=status, headers=headers)


async def serve(arguments: argparse.Namespace) -> None:
    """Until a signal, or the parent's end.

    Raises:
        VoiceMissing, VoiceBroken: one of the voices is not there, or is none.
        OSError: the port is taken.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if arguments.child:
        _end_with_parent(lambda: loop.call_soon_threadsafe(ended.set))
    synthesizer = Synthesizer(
        parallel=arguments.parallel,
        most_requests=arguments.max_requests,
        on_demand=arguments.on_demand,
        threads=arguments.threads,
        spinning=arguments.spinning,
    )
    runner = web.AppRunner(
        application(synthesizer), handler_cancellation=True, access_log=None, shutdown_timeout=LAST_BREATH_S / 4
    )
    try:
        for voice in arguments.voice or [None]:
            await synthesizer.load(voice)
        await runner.setup()
        site = web.TCPSite(runner, arguments.host, arguments.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        names = [voice.name for voice in synthesizer.voices]
        _say({"address": f"http://{f'[{host}]' if ':' in host else host}:{port}", "voices": names, "pid": os.getpid()})
        await ended.wait()
        threading.Thread(target=_last_breath, daemon=True).start()
    finally:
        await runner.cleanup()
        synthesizer.close()


def _end_with_parent(end: Callable[[], object]) -> None:
    """Two watches: standard input, a pipe that the kernel closes when the parent dies however it dies; and the parent's
    id, should some other process have inherited the pipe's far end."""
    parent = os.getppid()

    def gone() -> None:
        end()
        _last_breath()

    def watch_input() -> None:
        while os.read(sys.stdin.fileno(), 1024):  # nothing is expected on it but its end
            pass
        gone()

    def watch_parent() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_S)
        gone()

    for watch in (watch_input, watch_parent):
        threading.Thread(target=watch, daemon=True).start()


def _last_breath() -> None:
    time.sleep(LAST_BREATH_S)
    os._exit(1)


def _say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


def arguments_of(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m livekit.plugins.piper.server", description=__doc__.split("\n")[0])
    parser.add_argument("--voice", action="append", metavar="PATH", help="a .onnx voice; repeatable (default: joe)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, see the printed line (default)")
    parser.add_argument("--parallel", type=int, default=1, help="pieces of speech made at the same moment (default 1)")
    parser.add_argument("--max-requests", type=int, default=32, help="under way and waiting; then 503 (default 32)")
    parser.add_argument("--threads", type=int, default=0, help="of one synthesis (default: one a core)")
    parser.add_argument("--spinning", action="store_true", help="threads wait busily; for machines with cores to spare")
    parser.add_argument("--on-demand", action="store_true", help="requests may load a voice by the path of its model")
    parser.add_argument("--child", action="store_true", help="end with the parent, or when standard input is closed")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = arguments_of(argv)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("piper").setLevel(logging.ERROR)  # it warns of each symbol that a voice has no sound for
    try:
        asyncio.run(serve(arguments))
    except VoiceMissing as error:
        _say({"error": str(error), "fix": "install or name the voice"})
        return 1
    except VoiceBroken as error:
        _say({"error": str(error), "fix": REDOWNLOAD})
        return 1
    except OSError as error:
        fix = f"choose another --port than {arguments.port}, or end what holds it" if arguments.port else "see --host"
        _say({"error": str(error), "fix": fix})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
