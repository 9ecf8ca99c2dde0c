"""Recognisers of the cloud on loopback: Deepgram's and AssemblyAI's streams over real WebSockets.

They hear by counting: a voice is told from silence by its samples, a word is `WORD_S` of voice, and the words come from
a script. So what a test plays decides what is heard, when, and at which time of the stream.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from aiohttp import WSMsgType, web

RATE_HZ = 16_000
WORD_S = 0.25
VOICE = 500  # the least sample that counts as voice; half of what tests speak with
KEY = "sk-test-0123456789abcdef-SECRET"


@dataclass(frozen=True, slots=True)
class Word:
    """Seconds of the stream."""

    text: str
    start: float
    end: float


class CountingEar:
    """Audio to words. A stretch of voice that has lasted for a whole `WORD_S` is the script's next word."""

    def __init__(self, script: Sequence[str], *, said_before: int = 0) -> None:
        self._script = script
        self._count = said_before
        self._samples = 0
        self._voiced = 0
        self.words: list[Word] = []  # that are not final yet
        self.fresh = False  # a word has come since this was asked

    @property
    def now(self) -> float:
        return self._samples / RATE_HZ

    def hear(self, audio: bytes) -> None:
        pcm: npt.NDArray[np.int16] = np.frombuffer(audio, np.int16)
        for sample in np.split(pcm, range(160, len(pcm), 160)):
            self._samples += len(sample)
            self._voiced += int(np.count_nonzero(np.abs(sample.astype(int)) >= VOICE))
            while self._voiced >= WORD_S * RATE_HZ:
                self._voiced -= int(WORD_S * RATE_HZ)
                end = self.now
                self.words.append(Word(self._script[self._count % len(self._script)], end - WORD_S, end))
                self._count += 1
                self.fresh = True

    def take(self) -> list[Word]:
        """They are final now."""
        words, self.words = self.words, []
        self._voiced = 0
        return words

    @property
    def count(self) -> int:
        return self._count


@dataclass
class SpeechService:
    """What all of them can be told; may be changed while they run.

    Attributes:
        script: its words, in turn.
        status: of HTTP, instead of a stream, while it is not 200.
        close_code: a stream is closed with it right after it was opened.
        handshake_s: before a stream is accepted.
        deaf: accepts streams and never says anything.
        final_s: before a final result is sent.
        interims: sent as words come.
        cut_after: words after which the connection is cut, once.
        garbage: sent in place of every result.
        requests: address, query and headers of each stream.
        said: messages other than audio, by type.
    """

    script: Sequence[str] = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    status: int = 200
    close_code: int | None = None
    handshake_s: float = 0.0
    deaf: bool = False
    final_s: float = 0.0
    interims: bool = True
    cut_after: int | None = None
    garbage: str | bytes | None = None
    requests: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    open_streams: int = 0
    stream_s: float = 0.0  # of audio that the newest stream has taken
    words: int = 0  # of the script, so far
    address: str = ""

    async def accept(self, request: web.Request) -> web.WebSocketResponse | web.Response:
        self.requests.append((request.path, request.query, dict(request.headers)))
        if self.handshake_s:
            await asyncio.sleep(self.handshake_s)
        if self.status != 200:
            return web.json_response({"error": f"no, not with {KEY}"}, status=self.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.close_code is not None:
            await socket.close(code=self.close_code, message=b"not authorized")
            return socket
        self.open_streams += 1
        self.stream_s = 0.0
        try:
            async with asyncio.TaskGroup() as tasks:
                await self.serve(socket, tasks)
        finally:
            self.open_streams -= 1
        return socket

    async def serve(self, socket: web.WebSocketResponse, tasks: asyncio.TaskGroup) -> None:
        raise NotImplementedError

    async def say(self, socket: web.WebSocketResponse, message: dict[str, Any], *, after_s: float = 0.0) -> None:
        if after_s:
            await asyncio.sleep(after_s)
        if self.deaf or socket.closed:
            return
        if isinstance(self.garbage, bytes):
            await socket.send_bytes(self.garbage)
        else:
            await socket.send_str(self.garbage or json.dumps(message))

    def take_audio(self, ear: CountingEar, audio: bytes) -> bool:
        """Returns whether the connection is to be cut now."""
        ear.hear(audio)
        self.stream_s = ear.now
        self.words = ear.count
        if self.cut_after is not None and ear.count >= self.cut_after:
            self.cut_after = None
            self.words = ear.count - len(ear.words)  # those that were not final are said again
            return True
        return False


class Deepgram(SpeechService):
    """/v1/listen: Results (interim, final, for Finalize), KeepAlive, CloseStream, Metadata."""

    async def serve(self, socket: web.WebSocketResponse, tasks: asyncio.TaskGroup) -> None:
        ear = CountingEar(self.script, said_before=self.words)
        silence_s = 0.0
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                if self.take_audio(ear, message.data):
                    assert socket._req is not None
                    assert socket._req.transport is not None
                    socket._req.transport.abort()
                    return
                voiced = bool(np.count_nonzero(np.frombuffer(message.data, np.int16)))
                silence_s = 0.0 if voiced else silence_s + len(message.data) / 2 / RATE_HZ
                if ear.fresh and self.interims:
                    ear.fresh = False
                    await self.say(socket, self.results(ear.words, ear.now, final=False))
                continue
            kind = json.loads(message.data)["type"]
            self.said.append(kind)
            if kind == "Finalize":
                words = ear.take()
                results = self.results(words, ear.now, final=True) | {"from_finalize": True}
                tasks.create_task(self.say(socket, results, after_s=self.final_s))
            if kind == "CloseStream":
                await self.say(socket, {"type": "Metadata", "request_id": "r", "duration": ear.now, "channels": 1})
                await socket.close()

    def results(self, words: Sequence[Word], now: float, *, final: bool) -> dict[str, Any]:
        start = words[0].start if words else now
        spoken = [
            {
                "word": word.text.lower().strip(".,?"),
                "punctuated_word": word.text,
                "start": word.start,
                "end": word.end,
                "confidence": 0.9,
            }
            for word in words
        ]
        alternative = {"transcript": " ".join(word.text for word in words), "confidence": 0.9, "words": spoken}
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "start": start,
            "duration": now - start,
            "is_final": final,
            "speech_final": final,
            "channel": {"alternatives": [alternative]},
            "metadata": {"request_id": "r", "model_info": {}, "model_uuid": "m"},
        }


class AssemblyAI(SpeechService):
    """/v3/ws: Begin, Turn (words so far; the end of a turn plain, then formatted), ForceEndpoint, Terminate."""

    async def serve(self, socket: web.WebSocketResponse, tasks: asyncio.TaskGroup) -> None:
        ear = CountingEar(self.script, said_before=self.words)
        await self.say(socket, {"type": "Begin", "id": "session", "expires_at": 2_000_000_000})
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                if self.take_audio(ear, message.data):
                    assert socket._req is not None
                    assert socket._req.transport is not None
                    socket._req.transport.abort()
                    return
                if ear.fresh and self.interims:
                    ear.fresh = False
                    preflight = ear.words[-1].text if len(ear.words) % 2 == 0 else ""
                    await self.say(socket, self.turn(ear.words, end=False) | {"utterance": preflight})
                continue
            kind = json.loads(message.data)["type"]
            self.said.append(kind)
            if kind == "ForceEndpoint" and ear.words:
                words = ear.take()
                await self.say(socket, self.turn(words, end=True))
                formatted = self.turn(words, end=True) | {"turn_is_formatted": True}
                tasks.create_task(self.say(socket, formatted, after_s=self.final_s))
            if kind == "Terminate":
                done = {"type": "Termination", "audio_duration_seconds": ear.now, "session_duration_seconds": ear.now}
                await self.say(socket, done)
                await socket.close()

    def turn(self, words: Sequence[Word], *, end: bool) -> dict[str, Any]:
        spoken = [
            {
                "text": word.text,
                "start": round(word.start * 1000),
                "end": round(word.end * 1000),
                "confidence": 0.9,
                "word_is_final": end,
            }
            for word in words
        ]
        return {
            "type": "Turn",
            "turn_order": 0,
            "turn_is_formatted": False,
            "end_of_turn": end,
            "transcript": " ".join(word.text for word in words) if end else "",
            "end_of_turn_confidence": 1.0 if end else 0.1,
            "words": spoken,
            "utterance": "",
        }


@asynccontextmanager
async def serving(routes: Callable[[web.Application], None]) -> AsyncIterator[str]:
    """An HTTP server on loopback; yields "127.0.0.1:port"."""
    application = web.Application()
    routes(application)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def deepgram(service: Deepgram | None = None) -> AsyncIterator[Deepgram]:
    """`address` is for DEEPGRAM_BASE_URL."""
    service = service or Deepgram()
    async with serving(lambda application: _route(application, "/v1/listen", service)) as host:
        service.address = f"http://{host}"
        yield service


@asynccontextmanager
async def assemblyai(service: AssemblyAI | None = None) -> AsyncIterator[AssemblyAI]:
    """`address` is for ASSEMBLYAI_BASE_URL."""
    service = service or AssemblyAI()
    async with serving(lambda application: _route(application, "/v3/ws", service)) as host:
        service.address = f"ws://{host}"
        yield service


def _route(application: web.Application, path: str, service: SpeechService) -> None:
    application.router.add_get(path, service.accept)
