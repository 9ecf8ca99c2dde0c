"""Any streaming LiveKit STT as a transcriber: Deepgram, AssemblyAI, Google."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import Any

import numpy as np
from livekit.agents import APIConnectOptions, stt

from agent.errors import raise_if_cancelled
from agent.floor.events import SpeakerId
from agent.hearing.cloud_ear import GAP_S, RATE_HZ, CloudEar, Fault, Patience, StreamClock, frame, joined
from agent.hearing.heard_words import Heard, HeardWords
from agent.hearing.standing import Standing
from agent.hearing.transcriber import Ending, Int16, Speech, SpokenWord, Tell, TranscriberFailed, Transcript, untold

logger = logging.getLogger(__name__)

KEPT_S = 20.0  # audio without a text of record yet, sent again on the next stream
PREROLL_S = 0.5  # of silence before the voice in a `Speech`; hearing's own, roughly
_RENEWAL_S = 3.0  # of audio that a renewed stream hears again: somebody may just have begun to speak
REFUSAL_S = 0.3  # a refusal that comes while nothing is being written keeps its reason
_CLOSE_S = 1.0  # a service that hangs does not say goodbye
# The stream's own retries are off: for seconds nobody would know that nothing is heard.
_ONCE = APIConnectOptions(max_retry=0, timeout=5.0)


class _Ended(Enum):
    """Why a stream is over, when it did not break."""

    RESTED = auto()
    RENEWED = auto()


class StreamTranscriber:
    """One service, a stream for each speaker, open through silence too so that its times are the ear's."""

    def __init__(
        self,
        ear: CloudEar,
        *,
        terms: Callable[[], Sequence[str]] = tuple,
        patience: Patience | None = None,
        on_engine: Callable[[stt.STT[Any]], None] = lambda engine: None,
    ) -> None:
        """Args:
        terms: names and words to expect; asked at each new stream.
        on_engine: told of each stream's engine, whose "metrics_collected" tells what it costs.
        """
        self._ear = ear
        self._terms = terms
        self._on_engine = on_engine
        self._patience = patience or Patience()
        self._told = False  # that it is out

    def follow(self, who: SpeakerId) -> StreamLine:
        return StreamLine(self, who)

    def engine(self) -> stt.STT[Any]:
        """A new one, for one stream.

        Raises:
            ValueError: it hears no streams.
        """
        engine = self._ear.make(self._terms())
        if not engine.capabilities.streaming:
            raise ValueError(f"{engine.label} does not stream; wrap it in livekit.agents.stt.StreamAdapter")
        self._on_engine(engine)
        return engine

    @property
    def ear(self) -> CloudEar:
        return self._ear

    @property
    def patience(self) -> Patience:
        return self._patience

    def lost(self, text: str, tell: Tell) -> None:
        """A speaker's stream is out. People are told of the first one: the others fail for the same reason."""
        if not self._told:
            self._told = True
            tell(text)

    def regained(self, tell: Tell) -> None:
        """A stream that was out works again."""
        if self._told:
            self._told = False
            tell(f"{self._ear.name} hears again.", recovered=True)


class StreamLine:
    """The stream of one speaker.

    At a pause the service is asked to finalise what it has (Deepgram's Finalize, AssemblyAI's ForceEndpoint); words
    that are not final in time are taken from its latest interim text.

    A stream that breaks is opened again at once, and hears again what has no final text yet. When that fails too, or
    when voices remain without any answer, the line is out (not `trusted`): people are told, once. It goes on trying,
    and is trusted again with the first utterance that it has in time.
    """

    def __init__(self, transcriber: StreamTranscriber, who: SpeakerId) -> None:
        self._transcriber = transcriber
        self._ear = transcriber.ear
        self._patience = transcriber.patience
        self._who = who
        self._tell: Tell | None = None
        self._stream: stt.RecognizeStream | None = None
        self._limit: asyncio.Timeout | None = None  # of the stream: when it passes, the microphone is off
        self._hung_up: _Ended | Exception | None = None
        self._ended: _Ended | Exception | None = None  # how the last stream did
        self._clock = StreamClock()
        self._kept: deque[tuple[float, Int16]] = deque()
        self._words = HeardWords()
        self._changed = asyncio.Event()
        self._audio = asyncio.Event()
        self._standing = Standing()
        self._reopened_at = -math.inf  # audio's time: what was being said then may lack words
        self._alive_at = -math.inf  # audio's time of the last sign of life
        self._finalise_due = False

    # ---- for whoever stands behind it ----

    @property
    def trusted(self) -> bool:
        """It works, as far as is known."""
        return self._standing.trusted

    async def until_lost(self) -> None:
        """Until it is out."""
        await self._standing.lost.wait()

    async def until_regained(self) -> None:
        """Until it works again."""
        await self._standing.given.wait()

    def prove(self, speech: Speech) -> None:
        """Somebody else has given the text of `speech`, which had words: had this line heard them in time?"""
        heard = self._words.since(speech.start, speech.end)
        if any(result.arrived <= speech.voice_end + self._patience.final_s for result in heard):
            self._regain()
        else:
            self._miss(speech)

    # ---- a line ----

    def feed(self, at: float, pcm: Int16) -> None:
        if not len(pcm):
            return
        self._kept.append((at, pcm))
        while at - self._kept[0][0] > KEPT_S:
            self._kept.popleft()
        self._audio.set()
        if self._stream is not None:
            self._send(self._stream, at, pcm)

    async def run(self, tell: Tell) -> None:
        self._tell = tell
        async with asyncio.TaskGroup() as closing:
            while True:
                if self._ended is _Ended.RESTED:
                    self._audio.clear()
                await self._audio.wait()
                self._ended = await self._one_stream(closing)
                if isinstance(self._ended, Exception):
                    await asyncio.sleep(self._broken(self._ended))

    def settle(self, end: float) -> None:
        while self._kept and self._kept[0][0] < end:
            self._kept.popleft()
        self._words.forget(end)

    async def ending(self, speech: Speech, text: str) -> Ending | None:
        return None

    # ---- the three texts ----

    async def interim(self, speech: Speech) -> Transcript | None:
        return _transcript(self._words.since(speech.start))

    async def fast(self, speech: Speech, first: Callable[[Transcript], None] = untold) -> Transcript:
        if self._standing.failing and self._stream is None:
            raise self._failed()
        await asyncio.sleep(self._patience.finalise_after_s - (speech.end - speech.voice_end))
        self._finalise()
        await self._until_final(speech.voice_end)
        self._finalise_due = False
        heard = self._words.since(speech.start)
        if self._broken_in(speech) and not self._words.reached(speech.voice_end):
            raise self._failed()
        if heard:
            self._regain()
        elif speech.voice_end - speech.start - PREROLL_S >= 1.0 and self._alive_at < speech.start:
            self._miss(speech)
        return _transcript(heard) if heard else Transcript(text="", pending=True)

    async def record(self, speech: Speech) -> Transcript:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.record_s):
                await self._until(lambda: self._words.final_at(speech.voice_end))
        whole = self._words.reached(speech.voice_end)
        heard = self._words.take(speech.start, speech.end)
        if self._broken_in(speech) and not whole:
            raise self._failed()
        self.settle(speech.end)
        return _transcript(heard)

    def _failed(self) -> TranscriberFailed:
        fault = self._standing.fault or self._ear.judge(ConnectionResetError())
        return TranscriberFailed(fault.text, told=True)

    def _broken_in(self, speech: Speech) -> bool:
        return self._stream is None or self._reopened_at >= speech.start

    async def _until_final(self, voice_end: float) -> None:
        """Until the words are final up to there, or the waiting is over."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.final_s) as limit:
                while not self._words.final_at(voice_end):
                    if self._words.reached(voice_end):
                        limit.reschedule(asked_at + self._patience.interim_s)
                    self._changed.clear()
                    await self._changed.wait()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    # ---- trust ----

    def _miss(self, speech: Speech) -> None:
        """An utterance without its words in time."""
        if self._stream is None or self._broken_in(speech):
            return
        silent = self._alive_at < speech.start
        if self._standing.miss(silent=silent):
            error = TimeoutError()
            fault = self._ear.judge(error)
            if self.trusted:
                logger.warning("%s is out: %s", self._who, fault.text)
            self._standing.withdraw(fault)
            self._lost(fault)
            if silent:  # a connection that hangs does not come back by itself
                self._hang_up(error)

    def _regain(self) -> None:
        if self._standing.give() and self._tell is not None:
            self._transcriber.regained(self._tell)

    def _broken(self, error: Exception) -> float:
        """The stream broke. Returns how long to wait, seconds."""
        wait_s = self._standing.break_off(self._ear.judge(error))
        self._changed.set()
        if (fault := self._standing.fault) is not None and not self._standing.puzzled:
            logger.warning("the stream of %s broke (%s): %s", self._who, type(error).__name__, fault.text)
            if self._standing.failing:
                self._lost(fault)
        return wait_s

    def _lost(self, fault: Fault) -> None:
        if self._tell is not None:
            self._transcriber.lost(fault.text, self._tell)

    # ---- the stream ----

    async def _one_stream(self, closing: asyncio.TaskGroup) -> _Ended | Exception:
        """Open a stream and hear until it is over; returns why. Closing it goes on in `closing`."""
        engine: stt.STT[Any] | None = None
        stream: stt.RecognizeStream | None = None
        self._hung_up = None
        try:
            async with asyncio.timeout(self._patience.rest_s) as self._limit:
                engine = self._transcriber.engine()
                stream = engine.stream(conn_options=_ONCE)
                if self._standing.puzzled:
                    await asyncio.sleep(REFUSAL_S)
                self._open(stream)
                async for event in stream:
                    self._hear(event)
        except TimeoutError as error:
            return self._hung_up or (_Ended.RESTED if self._limit and self._limit.expired() else error)
        except Exception as error:  # plugins raise whatever their vendor's library does
            raise_if_cancelled()
            return error
        finally:
            self._stream, self._limit = None, None
            if stream is not None and engine is not None:
                closing.create_task(_close(engine, stream), name=f"close:{self._who}")
                await asyncio.sleep(0)  # a group that is cancelled would not even begin it
        return ConnectionResetError("the service ended the stream")

    def _hang_up(self, why: _Ended | Exception) -> None:
        """End the stream, if there is one."""
        if self._limit is not None and not self._limit.expired():
            self._hung_up, self._stream = why, None
            self._limit.reschedule(asyncio.get_running_loop().time())

    def _open(self, stream: stt.RecognizeStream) -> None:
        """What was said while there was no stream goes first, and what has no final text yet."""
        since = self._words.final_to
        quiet = isinstance(self._ended, _Ended) and not self._words.unsettled
        if quiet and self._kept:
            since = max(since, self._kept[-1][0] - _RENEWAL_S)
        self._words.drop_interim()
        self._clock.restart()
        for at, pcm in joined([(at, pcm) for at, pcm in self._kept if at + len(pcm) / RATE_HZ > since]):
            self._send(stream, at, pcm)
        if isinstance(self._ended, Exception) or self._clock.now - self._clock.origin > _RENEWAL_S:
            self._reopened_at = self._clock.now  # it has to catch up
        self._stream = stream
        if self._finalise_due:
            self._finalise()

    def _send(self, stream: stt.RecognizeStream, at: float, pcm: Int16) -> None:
        gap_s = at - self._clock.now if self._clock.running else 0.0
        if gap_s > KEPT_S:
            self._hang_up(_Ended.RENEWED)
            return
        try:
            if gap_s > GAP_S:
                silence = np.zeros(round(gap_s * RATE_HZ), np.int16)
                stream.push_frame(frame(silence))
                self._clock.sent(at - gap_s, len(silence))
            stream.push_frame(frame(pcm))
        except RuntimeError:  # it has just ended; `run` opens another
            self._stream = None
            return
        self._clock.sent(at, len(pcm))
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time() + self._patience.rest_s)
        age_s = self._clock.now - self._clock.origin
        if age_s > self._ear.renew_s and (not self._words.unsettled or age_s > 1.2 * self._ear.renew_s):
            self._hang_up(_Ended.RENEWED)

    def _finalise(self) -> None:
        if self._stream is None:
            self._finalise_due = True
            return
        try:
            self._stream.flush()
        except RuntimeError:  # it has just ended; `run` opens another
            self._finalise_due = True
            return
        if (force := getattr(self._stream, "force_endpoint", None)) is not None:
            force()

    def _hear(self, event: stt.SpeechEvent) -> None:
        if event.type is stt.SpeechEventType.RECOGNITION_USAGE:
            return  # the plugin's own sums
        self._alive_at = self._clock.now
        if not event.alternatives:
            return
        heard = self._heard(event.alternatives[0])
        match event.type:
            case stt.SpeechEventType.FINAL_TRANSCRIPT:
                self._words.final(heard)
            case stt.SpeechEventType.INTERIM_TRANSCRIPT:
                self._words.interim(heard)
            case _:  # AssemblyAI's preflight text is the last part of what its interim text has whole
                return
        if self.trusted:
            self._standing.connected()
        self._changed.set()

    def _heard(self, best: stt.SpeechData) -> Heard:
        timed, now, origin = best.end_time > 0, self._clock.now, self._clock.origin
        return Heard(
            text=best.text.strip(),
            start=origin + best.start_time if timed else now,
            end=origin + best.end_time if timed else now,
            arrived=now,
            timed=timed,
            confidence=best.confidence,
            words=tuple(
                SpokenWord(text=str(word), start=origin + word.start_time, end=origin + word.end_time)
                for word in best.words or ()
                if isinstance(word.start_time, float | int) and isinstance(word.end_time, float | int)
            ),
        )


async def _close(engine: stt.STT[Any], stream: stt.RecognizeStream) -> None:
    for resource in (stream, engine):
        with suppress(Exception):  # it is over in any case, and its error has been told
            async with asyncio.timeout(_CLOSE_S):
                await resource.aclose()


def _transcript(heard: tuple[Heard, ...]) -> Transcript:
    letters = sum(len(result.text) for result in heard)
    confidence = sum(result.confidence * len(result.text) for result in heard) / letters if letters else 0.0
    return Transcript(
        text=" ".join(result.text for result in heard),
        average_log_probability=math.log(confidence) if confidence > 0 else 0.0,
        words=tuple(word for result in heard for word in result.words),
    )
