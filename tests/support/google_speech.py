"""Google's speech recognition (v1 and v2) and synthesis on loopback: gRPC, plain text, the vendor's messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud.speech_v1.types import cloud_speech as v1
from google.cloud.speech_v2.types import cloud_speech as v2
from google.cloud.texttospeech_v1.types import cloud_tts

from tests.support.speech_services import CountingEar, Word

_SILENCE_ENDS_S = 0.5  # of silence, after which a result is final: the service takes no request to finalise


@dataclass
class Google:
    """What it does; may be changed while it runs.

    Attributes:
        script: its words, in turn.
        code: answered in place of a result, when set.
        deaf: takes everything, and says nothing.
        final_s: before a final result is sent.
        interims: sent as words come, without confidence and without words' times, as the service does.
        configs: of the streams, v1's or v2's.
        recognizers: v2's name of where and as whom.
        syntheses: requests for speech.
        speech_s: length of what it says.
        slow_s: before it says it.
        empty: says nothing, and calls it speech.
    """

    script: Sequence[str] = ("one", "two", "three", "four", "five", "six")
    code: Any = None
    deaf: bool = False
    final_s: float = 0.0
    interims: bool = True
    configs: list[Any] = field(default_factory=list)
    recognizers: list[str] = field(default_factory=list)
    syntheses: list[cloud_tts.SynthesizeSpeechRequest] = field(default_factory=list)
    speech_s: float = 0.5
    slow_s: float = 0.0
    empty: bool = False
    words: int = 0
    open_streams: int = 0
    stream_s: float = 0.0  # of audio that the newest stream has taken
    address: str = ""

    async def recognize_v1(self, requests: AsyncIterator[v1.StreamingRecognizeRequest], context: Any) -> Any:
        first = await anext(aiter(requests))
        self.configs.append(first.streaming_config.config)
        await self._check(context)
        async for words, final in self._hear(_audio(requests, "audio_content")):
            if not self.deaf:
                yield _v1_result(words, final=final)

    async def recognize_v2(self, requests: AsyncIterator[v2.StreamingRecognizeRequest], context: Any) -> Any:
        first = await anext(aiter(requests))
        self.configs.append(first.streaming_config.config)
        self.recognizers.append(first.recognizer)
        await self._check(context)
        async for words, final in self._hear(_audio(requests, "audio")):
            if not self.deaf:
                yield _v2_result(words, final=final)

    async def synthesize(
        self, request: cloud_tts.SynthesizeSpeechRequest, context: Any
    ) -> cloud_tts.SynthesizeSpeechResponse:
        self.syntheses.append(request)
        await self._check(context)
        if "Neural2" in request.voice.name and request.voice.model_name:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "this voice is not of that model")
        if self.deaf:
            await asyncio.sleep(3600)
        await asyncio.sleep(self.slow_s)
        rate = request.audio_config.sample_rate_hertz
        time = np.arange(round(self.speech_s * rate)) / rate
        audio = (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16).tobytes()
        return cloud_tts.SynthesizeSpeechResponse(audio_content=b"" if self.empty else audio)

    async def voices(self, request: cloud_tts.ListVoicesRequest, context: Any) -> cloud_tts.ListVoicesResponse:
        await self._check(context)
        names = ("en-US-Neural2-D", "en-US-Neural2-F")
        return cloud_tts.ListVoicesResponse(voices=[cloud_tts.Voice(name=name) for name in names])

    async def _check(self, context: Any) -> None:
        if self.code is not None:
            await context.abort(self.code, "no")

    async def _hear(self, audio: AsyncIterator[bytes]) -> AsyncIterator[tuple[list[Word], bool]]:
        ear = CountingEar(self.script, said_before=self.words)
        silence_s = 0.0
        self.open_streams += 1
        self.stream_s = 0.0
        try:
            async for piece in audio:
                ear.hear(piece)
                self.words, self.stream_s = ear.count, ear.now
                voiced = bool(np.count_nonzero(np.frombuffer(piece, np.int16)))
                silence_s = 0.0 if voiced else silence_s + len(piece) / 32_000
                if ear.fresh and self.interims:
                    ear.fresh = False
                    yield ear.words, False
                if silence_s >= _SILENCE_ENDS_S and ear.words:
                    await asyncio.sleep(self.final_s)
                    yield ear.take(), True
        finally:
            self.open_streams -= 1

    def handlers(self) -> list[Any]:
        return [
            grpc.method_handlers_generic_handler(
                "google.cloud.speech.v1.Speech",
                {
                    "StreamingRecognize": grpc.stream_stream_rpc_method_handler(
                        self.recognize_v1,
                        request_deserializer=v1.StreamingRecognizeRequest.deserialize,
                        response_serializer=v1.StreamingRecognizeResponse.serialize,
                    )
                },
            ),
            grpc.method_handlers_generic_handler(
                "google.cloud.speech.v2.Speech",
                {
                    "StreamingRecognize": grpc.stream_stream_rpc_method_handler(
                        self.recognize_v2,
                        request_deserializer=v2.StreamingRecognizeRequest.deserialize,
                        response_serializer=v2.StreamingRecognizeResponse.serialize,
                    )
                },
            ),
            grpc.method_handlers_generic_handler(
                "google.cloud.texttospeech.v1.TextToSpeech",
                {
                    "SynthesizeSpeech": grpc.unary_unary_rpc_method_handler(
                        self.synthesize,
                        request_deserializer=cloud_tts.SynthesizeSpeechRequest.deserialize,
                        response_serializer=cloud_tts.SynthesizeSpeechResponse.serialize,
                    ),
                    "ListVoices": grpc.unary_unary_rpc_method_handler(
                        self.voices,
                        request_deserializer=cloud_tts.ListVoicesRequest.deserialize,
                        response_serializer=cloud_tts.ListVoicesResponse.serialize,
                    ),
                },
            ),
        ]


@asynccontextmanager
async def google_cloud(service: Google | None = None) -> AsyncIterator[Google]:
    """`address` is for GOOGLE_STT_BASE_URL and GOOGLE_TTS_BASE_URL."""
    service = service or Google()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(service.handlers())
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    service.address = f"http://127.0.0.1:{port}"
    try:
        yield service
    finally:
        await server.stop(None)


@cache
def _private_key() -> str:
    """A key that no one knows; made once, since it takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def service_account(folder: Path) -> Path:
    """A service account's file."""
    file = folder / "google.json"
    about = {
        "type": "service_account",
        "project_id": "studio-project",
        "private_key_id": "1",
        "private_key": _private_key(),
        "client_email": "studio@studio-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "http://127.0.0.1:1/token",
    }
    file.write_text(json.dumps(about))
    return file


async def _audio(requests: AsyncIterator[Any], field: str) -> AsyncIterator[bytes]:
    async for request in requests:
        yield getattr(request, field)


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _v1_result(words: Sequence[Word], *, final: bool) -> v1.StreamingRecognizeResponse:
    timed = [
        v1.WordInfo(word=w.text, start_time=timedelta(seconds=w.start), end_time=timedelta(seconds=w.end))
        for w in words
    ]
    alternative = v1.SpeechRecognitionAlternative(
        transcript=_text(words), confidence=0.9 if final else 0.0, words=timed if final else []
    )
    result = v1.StreamingRecognitionResult(
        alternatives=[alternative], is_final=final, stability=0.9, language_code="en-us"
    )
    return v1.StreamingRecognizeResponse(results=[result])


def _v2_result(words: Sequence[Word], *, final: bool) -> v2.StreamingRecognizeResponse:
    timed = [
        v2.WordInfo(word=w.text, start_offset=timedelta(seconds=w.start), end_offset=timedelta(seconds=w.end))
        for w in words
    ]
    alternative = v2.SpeechRecognitionAlternative(
        transcript=_text(words), confidence=0.9 if final else 0.0, words=timed if final else []
    )
    result = v2.StreamingRecognitionResult(
        alternatives=[alternative], is_final=final, stability=0.9, language_code="en-us"
    )
    return v2.StreamingRecognizeResponse(results=[result])
