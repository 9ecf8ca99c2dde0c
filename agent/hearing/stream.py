"""Any streaming LiveKit STT as a transcriber: Deepgram, AssemblyAI, Google, a FallbackAdapter of them."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, stt

from agent.floor.events import SpeakerId
from agent.hearing.heard_words import Heard, HeardWords
from agent.hearing.transcriber import Int16, Line, Speech, SpokenWord, TranscriberFailed, Transcript

logger = logging.getLogger(__name__)

RATE_HZ = 16_000
FINAL_WAIT_S = 0.7  # after asking the service to finalise; then its interim words have to do
RECORD_WAIT_S = 2.0
RECONNECT_S = (0.3, 1.0, 3.0, 10.0, 30.0)  # waits before the first, second, ... try; the last goes on
KEPT_S = 20.0  # audio without a text of record yet, sent again after a reconnection
# The stream's own retries are off: for seconds nobody would know that nothing is heard.
_ONCE = APIConnectOptions(max_retry=0, timeout=5.0)


class StreamTranscriber:
    """One engine, a stream for each speaker, open through silence too so that its times are the ear's."""

    def __init__(self, engine: stt.STT[Any], *, final_wait_s: float = FINAL_WAIT_S) -> None:
        """Raises:
        ValueError: the engine hears no streams.
        """
        if not engine.capabilities.streaming:
            raise ValueError(f"{engine.label} does not stream; wrap it in livekit.agents.stt.StreamAdapter")
        self._engine = engine
        self._final_wait_s = final_wait_s

    def follow(self, who: SpeakerId) -> Line:
        return StreamLine(self._engine, final_wait_s=self._final_wait_s)


class StreamLine:
    """The stream of one speaker.

    At a pause the service is asked to finalise what it has (Deepgram's Finalize, AssemblyAI's ForceEndpoint); words
    that are not final by `final_wait_s` are taken from its latest interim text.
    """

    def __init__(self, engine: stt.STT[Any], *, final_wait_s: float) -> None:
        self._engine = engine
        self._final_wait_s = final_wait_s
        self._stream: stt.RecognizeStream | None = None
        self._origin = 0.0  # episode time of the stream's first sample
        self._sent_s = 0.0  # audio sent on the stream
        self._kept: deque[tuple[float, Int16]] = deque()
        self._words = HeardWords()
        self._changed = asyncio.Event()
        self._failure = ""
        self.reconnections = 0

    def feed(self, at: float, pcm: Int16) -> None:
        if not len(pcm):
            return
        self._kept.append((at, pcm))
        while at - self._kept[0][0] > KEPT_S:
            self._kept.popleft()
        if self._stream is not None:
            self._send(self._stream, at, pcm)

    async def run(self, trouble: Callable[[str], None]) -> None:
        failures = 0
        while True:
            heard = False
            try:
                async with self._engine.stream(conn_options=_ONCE) as stream:
                    self._open(stream)
                    async for event in stream:
                        heard = True
                        self._hear(event)
                problem = "the service ended the stream"
            except (APIError, OSError, TimeoutError) as error:
                problem = str(error)
            finally:
                self._stream = None
            failures = 1 if heard else failures + 1
            self._failure = f"{self._engine.label}: {problem}; check the key and the network, or choose another STT"
            self._changed.set()
            logger.warning("the stream of the recogniser broke: %s", self._failure)
            if failures == 1:
                trouble(self._failure)
            await asyncio.sleep(RECONNECT_S[min(failures, len(RECONNECT_S)) - 1])
            self.reconnections += 1

    # ---- the three texts ----

    async def interim(self, speech: Speech) -> Transcript | None:
        return _transcript(self._words.since(speech.start))

    async def fast(self, speech: Speech) -> Transcript:
        self._finalise()
        await self._until_final(speech.voice_end, self._final_wait_s)
        return self._text(self._words.since(speech.start))

    async def record(self, speech: Speech) -> Transcript:
        await self._until_final(speech.voice_end, RECORD_WAIT_S)
        transcript = self._text(self._words.take(speech.start, speech.end))
        while self._kept and self._kept[0][0] < speech.end:
            self._kept.popleft()
        return transcript

    def _text(self, heard: tuple[Heard, ...]) -> Transcript:
        if not heard and self._stream is None and self._failure:
            raise TranscriberFailed(self._failure)
        return _transcript(heard)

    async def _until_final(self, time: float, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                while not self._words.final_to(time):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return

    # ---- the stream ----

    def _open(self, stream: stt.RecognizeStream) -> None:
        """What was said while there was no stream goes first."""
        self._sent_s = 0.0
        for at, pcm in self._kept:
            self._send(stream, at, pcm)
        self._stream = stream

    def _send(self, stream: stt.RecognizeStream, at: float, pcm: Int16) -> None:
        # Set anew each time: a gap in the audio moves all that follows.
        self._origin = at - self._sent_s
        self._sent_s += len(pcm) / RATE_HZ
        try:
            stream.push_frame(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm)))
        except RuntimeError:  # it has just ended; `run` opens another
            self._stream = None

    def _finalise(self) -> None:
        if self._stream is None:
            return
        try:
            self._stream.flush()
        except RuntimeError:  # it has just ended; `run` opens another
            return
        if (force := getattr(self._stream, "force_endpoint", None)) is not None:
            force()

    def _hear(self, event: stt.SpeechEvent) -> None:
        if not event.alternatives:
            return
        heard = self._heard(event.alternatives[0])
        match event.type:
            case stt.SpeechEventType.FINAL_TRANSCRIPT:
                self._words.final(heard)
            case stt.SpeechEventType.INTERIM_TRANSCRIPT | stt.SpeechEventType.PREFLIGHT_TRANSCRIPT:
                self._words.interim(heard)
            case _:
                return
        self._changed.set()

    def _heard(self, best: stt.SpeechData) -> Heard:
        told = best.end_time > 0
        now = self._origin + self._sent_s
        return Heard(
            text=best.text.strip(),
            start=self._origin + best.start_time if told else now,
            end=self._origin + best.end_time if told else now,
            confidence=best.confidence,
            words=tuple(
                SpokenWord(text=str(word), start=self._origin + word.start_time, end=self._origin + word.end_time)
                for word in best.words or ()
                if isinstance(word.start_time, float | int) and isinstance(word.end_time, float | int)
            ),
        )


def _transcript(heard: tuple[Heard, ...]) -> Transcript:
    letters = sum(len(result.text) for result in heard)
    confidence = sum(result.confidence * len(result.text) for result in heard) / letters if letters else 0.0
    return Transcript(
        text=" ".join(result.text for result in heard),
        average_log_probability=math.log(confidence) if confidence > 0 else 0.0,
        words=tuple(word for result in heard for word in result.words),
    )
