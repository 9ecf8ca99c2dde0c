"""A voice in the cloud on loopback: OpenAI's /v1/audio/speech, which hums one note."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from aiohttp import web

from tests.support.speech_services import KEY, serving

RATE_HZ = 24_000


@dataclass
class SpeechVoice:
    """What it does; may be changed while it runs.

    Attributes:
        note_hz: by which a listener knows it.
        speech_s: length of what it says.
        status: of HTTP, in place of speech, while it is not 200.
        content_type, body: in place of speech, with status 200, when `body` is set.
        slow_s: before its headers.
        hang: "before" or "after" the headers, or "within" the audio: nothing more comes then.
        cut: the connection breaks in the middle of the audio.
        requests: body and headers of each.
    """

    note_hz: float = 440.0
    speech_s: float = 0.5
    status: int = 200
    content_type: str = "audio/pcm"
    body: bytes | None = None
    slow_s: float = 0.0
    hang: str = ""
    cut: bool = False
    requests: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)
    address: str = ""

    @property
    def texts(self) -> list[str]:
        return [body["input"] for body, _ in self.requests]

    def audio(self) -> npt.NDArray[np.int16]:
        time = np.arange(round(self.speech_s * RATE_HZ)) / RATE_HZ
        return (8000 * np.sin(2 * np.pi * self.note_hz * time)).astype(np.int16)

    async def speak(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.requests.append((asked, dict(request.headers)))
        await asyncio.sleep(3600 if self.hang == "before" else self.slow_s)
        if self.status != 200:
            error = {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "x", "code": None}}
            return web.json_response(error, status=self.status)
        streams_events = asked.get("stream_format") == "sse"
        kind = "text/event-stream" if streams_events else self.content_type
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        if self.hang == "after":
            await asyncio.sleep(3600)
        data = self.audio().tobytes() if self.body is None else self.body
        pieces = [data[start : start + 4800] for start in range(0, len(data), 4800)]
        for number, piece in enumerate(pieces):
            if number == len(pieces) // 2:
                if self.hang == "within":
                    await asyncio.sleep(3600)
                if self.cut:
                    await asyncio.sleep(0.03)  # what has been sent arrives
                    assert request.transport is not None
                    request.transport.abort()
                    return response
            if streams_events:
                event = {"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}
                piece = b"data: " + json.dumps(event).encode() + b"\n\n"
            await response.write(piece)
        if streams_events:
            usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
            await response.write(
                b"data: " + json.dumps({"type": "speech.audio.done", "usage": usage}).encode() + b"\n\n"
            )
        return response

    async def models(self, request: web.Request) -> web.Response:
        if self.status != 200:
            return web.json_response({"error": "no"}, status=self.status)
        return web.json_response({"data": [{"id": "tts-1"}]})

    def routes(self, application: web.Application) -> None:
        application.router.add_post("/v1/audio/speech", self.speak)
        application.router.add_get("/v1/models", self.models)


@asynccontextmanager
async def speech_voice(voice: SpeechVoice | None = None) -> AsyncIterator[SpeechVoice]:
    """`address` is for OPENAI_BASE_URL and STUDIO_PROVIDERS__SPEECH__BASE_URL."""
    voice = voice or SpeechVoice()
    async with serving(voice.routes) as host:
        voice.address = f"http://{host}/v1"
        yield voice


def note_hz(pcm: npt.NDArray[np.int16], rate_hz: int) -> float:
    """The loudest note of a sound."""
    spectrum = np.abs(np.fft.rfft(pcm))
    return float(np.argmax(spectrum) * rate_hz / len(pcm))
