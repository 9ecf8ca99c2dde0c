"""A scripted LLM, a TTS that hums, and a track that only listens: all in the loop's own time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectionError, llm, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions

from agent.clock import EpisodeClock
from agent.speaking.audio import FRAME_S, RATE_HZ, Int16

SECOND = RATE_HZ


@dataclass
class FakeSink:
    """Plays what it is given on the loop's time, 10 ms at a time, as `rtc.AudioSource` does."""

    clock: EpisodeClock
    frames: list[tuple[float, Int16]] = field(default_factory=list)  # (when it is heard, samples)
    _end: float = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        at = max(self.clock.now(), self._end)
        self.frames.append((at, np.frombuffer(frame.data, np.int16).copy()))
        self._end = at + frame.duration
        await asyncio.sleep(0)

    def clear_queue(self) -> None:
        now = self.clock.now()
        self.frames = [(at, pcm) for at, pcm in self.frames if at < now]
        self._end = now

    @property
    def queued_duration(self) -> float:
        return max(0.0, self._end - self.clock.now())

    def level(self, start: float, end: float) -> float:
        """The loudest sample that was heard between `start` and `end`, of 1."""
        heard = [
            np.abs(pcm.astype(int)).max() for at, pcm in self.frames if start - FRAME_S / 2 <= at < end - FRAME_S / 2
        ]
        return float(max(heard, default=0)) / 32767

    def audio(self) -> Int16:
        return np.concatenate([pcm for _, pcm in self.frames])


class ScriptedLLM(llm.LLM[Any]):
    """Says its replies in turn, word by word.

    Args:
        replies: a string each; a float in a list of parts is a silence in seconds, an exception is raised.
    """

    def __init__(
        self, *replies: str | Sequence[str | float | Exception], first_token_s: float = 0.15, words_per_s: float = 60
    ):
        super().__init__()
        self.replies = [[reply] if isinstance(reply, str) else list(reply) for reply in replies]
        self.first_token_s = first_token_s
        self.words_per_s = words_per_s
        self.contexts: list[llm.ChatContext] = []
        self.words_sent = 0
        self.running = 0

    @property
    def model(self) -> str:
        return "scripted"

    @property
    def provider(self) -> str:
        return "fake"

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: Any = NOT_GIVEN,
        tool_choice: Any = NOT_GIVEN,
        extra_kwargs: Any = NOT_GIVEN,
    ) -> llm.LLMStream:
        self.contexts.append(chat_ctx)
        parts = self.replies[min(len(self.contexts), len(self.replies)) - 1]
        return _ScriptedStream(self, parts, chat_ctx=chat_ctx, tools=[], conn_options=conn_options)


class _ScriptedStream(llm.LLMStream):
    def __init__(self, model: ScriptedLLM, parts: Sequence[str | float | Exception], **options: Any) -> None:
        self._model = model
        self._parts = parts
        super().__init__(model, **options)

    async def _run(self) -> None:
        self._model.running += 1
        try:
            await asyncio.sleep(self._model.first_token_s)
            for part in self._parts:
                if isinstance(part, float):
                    await asyncio.sleep(part)
                elif isinstance(part, Exception):
                    raise part
                else:
                    for word in part.split(" "):
                        self._event_ch.send_nowait(
                            llm.ChatChunk(id="x", delta=llm.ChoiceDelta(role="assistant", content=word + " "))
                        )
                        self._model.words_sent += 1
                        await asyncio.sleep(1 / self._model.words_per_s)
        finally:
            self._model.running -= 1


class HummingTTS(tts.TTS[Any]):
    """Each word is a hum of 60 ms a character with a dip after it; silence before and after, as engines give it.

    Args:
        fail_on: a text with this in it fails.
        delay_s: until the audio comes, which comes whole.
    """

    def __init__(self, *, delay_s: float = 0.1, fail_on: str | None = None, sample_rate: int = RATE_HZ) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=sample_rate, num_channels=1)
        self.delay_s = delay_s
        self.fail_on = fail_on
        self.texts: list[str] = []
        self.running = 0

    @property
    def model(self) -> str:
        return "humming"

    @property
    def provider(self) -> str:
        return "fake"

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        self.texts.append(text)
        return _Hum(tts=self, input_text=text, conn_options=conn_options)


class _Hum(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        engine = self._tts
        assert isinstance(engine, HummingTTS)
        engine.running += 1
        try:
            await asyncio.sleep(engine.delay_s)
            if engine.fail_on and engine.fail_on in self._input_text:
                raise APIConnectionError("the voice is gone", retryable=False)
            output_emitter.initialize(
                request_id="hum", sample_rate=engine.sample_rate, num_channels=1, mime_type="audio/pcm"
            )
            output_emitter.push(hum(self._input_text, engine.sample_rate).tobytes())
            output_emitter.flush()
        finally:
            engine.running -= 1


def hum(text: str, rate: int = RATE_HZ) -> Int16:
    parts: list[Int16] = [np.zeros(int(0.05 * rate), np.int16)]
    for word in text.split():
        time = np.arange(int((0.06 * len(word) + 0.04) * rate)) / rate
        edges = np.minimum(1, np.minimum(time, time[::-1]) / 0.008)
        parts.append((8000 * edges * np.sin(2 * np.pi * 180 * time)).astype(np.int16))
        parts.append(np.zeros(int(0.02 * rate), np.int16))
    parts.append(np.zeros(int(0.15 * rate), np.int16))
    return np.concatenate(parts)


async def until(condition: Callable[[], bool], *, within_s: float = 30.0) -> None:
    """Wait in the loop's time."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  (virtual time: looking again costs nothing)
            await asyncio.sleep(0.002)
