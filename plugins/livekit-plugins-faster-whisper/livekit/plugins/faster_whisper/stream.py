"""A live stream of speech to LiveKit's speech events."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import APIConnectOptions, stt, vad
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechEventType
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.local_inference import VAD_WINDOW_SAMPLES

from .agreement import Agreement
from .api_errors import api_error
from .audio import Mono16k, frame_of
from .decoding import Decoding, Mode
from .detector import AgentsDetector, Detector, LocalDetector
from .errors import RecognizerOverloaded, Superseded
from .log import logger
from .options import Options
from .recognizer import Recognizer
from .tracker import Segment, Tracker
from .voice import WINDOW_S
from .whisper import RATE_HZ

_CONTEXT_WITHIN_S = 5.0  # of silence: what was said before still tells what is meant
_AHEAD_MAX_S = 600.0  # of audio that may wait to be heard: for callers that push a file faster than it is recognised


class SpeechStream(stt.RecognizeStream):
    """Speech events of one speaker.

    START_OF_SPEECH, then INTERIM_TRANSCRIPTs of stable words only, PREFLIGHT_TRANSCRIPT with the whole text at the
    first 80 ms of silence, and, when the silence lasts, FINAL_TRANSCRIPT, END_OF_SPEECH and RECOGNITION_USAGE, in
    this order, segment by segment. A long monologue brings several FINAL_TRANSCRIPTs, cut at its pauses. What is no
    speech brings no transcript. `flush()` ends the segment now and always brings a FINAL_TRANSCRIPT, an empty one
    where nothing was said, so that whoever waits for it goes on.
    """

    def __init__(
        self,
        *,
        stt: stt.STT[str],
        recognizer: Recognizer,
        options: Options,
        conn_options: APIConnectOptions,
        vad: vad.VAD | None = None,
    ) -> None:
        super().__init__(stt=stt, conn_options=conn_options)
        self._recognizer = recognizer
        self._options = options
        self._vad = vad
        self._caller = f"stream-{uuid4().hex[:8]}"
        self._mono = Mono16k()
        self._pushed_s = 0.0
        self._heard_s = 0.0
        self._reported_s = 0.0
        self._before = ("", 0.0)  # the last final text, and when it ended
        self.dropped_s = 0.0
        """Seconds of audio that were thrown away because ten minutes of it waited already."""

    def update_options(
        self,
        *,
        language: NotGivenOr[str | None] = NOT_GIVEN,
        prompt: NotGivenOr[str | None] = NOT_GIVEN,
        keyterms: NotGivenOr[Sequence[str]] = NOT_GIVEN,
        interim_results: NotGivenOr[bool] = NOT_GIVEN,
    ) -> None:
        """Change what is given, for this stream, from the next decoding on."""
        self._options = self._options.changed(
            language=language, prompt=prompt, keyterms=keyterms, interim_results=interim_results
        )

    def take_session_keyterms(self, keyterms: tuple[str, ...]) -> None:
        """Terms that the AgentSession adds to the stream's own."""
        self._options = replace(self._options, session_hotwords=keyterms)

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """Any sample rate, any number of channels; both may change on the way."""
        self._check_input_not_ended()
        self._check_not_closed()
        self._push(self._mono.push(frame))

    def flush(self) -> None:
        """End the segment of speech now."""
        self._check_input_not_ended()
        self._push(self._mono.flush())
        super().flush()

    def end_input(self) -> None:
        """No more audio will come: the text of what is being said follows, then the end of the stream."""
        self._check_input_not_ended()
        self._push(self._mono.flush())
        self._input_ch.close()

    def _push(self, pcm: npt.NDArray[np.int16]) -> None:
        duration_s = len(pcm) / RATE_HZ
        if not duration_s:
            return
        if self._pushed_s - self._heard_s > _AHEAD_MAX_S:
            if not self.dropped_s:
                logger.error("audio comes faster than it is recognised and is dropped; push it at the speed of speech")
            self.dropped_s += duration_s
            return
        self._pushed_s += duration_s
        super().push_frame(frame_of(pcm))

    async def _run(self) -> None:
        tracker = Tracker(self._options.rules)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(tracker), name="faster-whisper-listen")
                tasks.create_task(self._recognise(tracker), name="faster-whisper-recognise")
        except BaseExceptionGroup as group:
            # A cancellation in the same instant is hidden by the error on Python 3.11; aclose() has closed the input by
            # then, so that the base class's next try ends at once.
            raise api_error(group) from group

    # ---- audio to segments ----

    async def _listen(self, tracker: Tracker) -> None:
        detector: Detector = AgentsDetector(self._vad) if self._vad is not None else LocalDetector()
        rest = np.zeros(0, np.int16)

        async def hear(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
            """All whole windows; what is left over is returned."""
            for at in range(0, len(pcm) - VAD_WINDOW_SAMPLES + 1, VAD_WINDOW_SAMPLES):
                window = pcm[at : at + VAD_WINDOW_SAMPLES]
                await tracker.push(window, await detector.probability(window))
                self._heard_s += WINDOW_S
            return pcm[len(pcm) - len(pcm) % VAD_WINDOW_SAMPLES :]

        async with detector:
            async for item in self._input_ch:
                if isinstance(item, self._FlushSentinel):
                    rest = await hear(np.pad(rest, (0, -len(rest) % VAD_WINDOW_SAMPLES)))
                    if not tracker.flush():
                        self._send_text(SpeechEventType.FINAL_TRANSCRIPT, None, None)
                else:
                    rest = await hear(np.concatenate([rest, np.frombuffer(item.data, np.int16)]))
            await hear(np.pad(rest, (0, -len(rest) % VAD_WINDOW_SAMPLES)))
        await tracker.close()

    # ---- segments to events ----

    async def _recognise(self, tracker: Tracker) -> None:
        while (segment := await tracker.segments.get()) is not None:
            if segment.opens:
                self._event_ch.send_nowait(
                    stt.SpeechEvent(SpeechEventType.START_OF_SPEECH, speech_start_time=segment.voice_at)
                )
            async with asyncio.TaskGroup() as tasks:
                captions = tasks.create_task(self._caption(segment), name="faster-whisper-interim")
                decoding = await self._settle(segment)
                captions.cancel()
            if decoding.text:
                self._before = (decoding.text, segment.end_s)
            if decoding.text or segment.flushed:
                self._send_text(SpeechEventType.FINAL_TRANSCRIPT, decoding, segment)
            if segment.closes:
                self._event_ch.send_nowait(
                    stt.SpeechEvent(SpeechEventType.END_OF_SPEECH, speech_end_time=segment.voice_at)
                )
            self._report_usage()
            tracker.done(segment)
        self._report_usage()

    async def _settle(self, segment: Segment) -> Decoding:
        """The segment's text: decoded at its pauses on the guess that it has ended, until it has."""
        while True:
            while not (segment.quiet or segment.ended):
                await segment.news()
            pause, length, ended = segment.pauses, len(segment), segment.ended
            decoding = await self._unless_resumed(segment, pause)
            if decoding is None:
                continue
            if not segment.ended and decoding.text:
                self._send_text(SpeechEventType.PREFLIGHT_TRANSCRIPT, decoding, segment)
            while not segment.ended and segment.quiet and segment.pauses == pause:
                await segment.news()
            if segment.ended and segment.pauses == pause:
                if ended or not segment.voice_after(length):
                    return decoding
                return await self._decode(segment, Mode.FAST)  # a soft last word came after the guess

    async def _unless_resumed(self, segment: Segment, pause: int) -> Decoding | None:
        """Decode, and give up when the voice comes back: the text would lack what is being said now."""
        async with asyncio.TaskGroup() as tasks:
            decoding = tasks.create_task(self._decode(segment, Mode.FAST), name="faster-whisper-fast")
            while not decoding.done():
                news = tasks.create_task(segment.news(), name="faster-whisper-news")
                await asyncio.wait({decoding, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if not segment.ended and not (segment.quiet and segment.pauses == pause):
                    decoding.cancel()
                    return None
        return decoding.result()

    async def _caption(self, segment: Segment) -> None:
        """Interim texts while the segment goes on; each decoding waits until its share of the time allows it."""
        agreement, decoded = Agreement(), 0
        every_s = self._options.interim_every_s
        while self._options.interim_results and not segment.ended:
            await segment.news()
            if segment.quiet or (len(segment) - decoded) * WINDOW_S < every_s:
                continue
            decoded, started = len(segment), perf_counter()
            try:
                decoding = await self._decode(segment, Mode.INTERIM)
            except (Superseded, RecognizerOverloaded):
                continue  # the next one will do
            finally:
                took_s = perf_counter() - started
                every_s = max(self._options.interim_every_s, took_s / self._options.interim_share)
            if agreement.add(decoding.text) and not (segment.quiet or segment.ended):
                self._send_text(SpeechEventType.INTERIM_TRANSCRIPT, decoding, segment, text=agreement.text)

    async def _decode(self, segment: Segment, mode: Mode) -> Decoding:
        options = self._options
        for tries_left in range(self._conn_options.max_retry, -1, -1):
            try:
                # No timeout: giving up would lose what was said, and the recogniser's queue is bounded.
                return await self._recognizer.decode(
                    segment.pcm(),
                    mode=mode,
                    caller=self._caller,
                    language=options.language,
                    prompt=self._prompt(segment),
                    hotwords=options.hotword_text,
                )
            except RecognizerOverloaded:
                if mode is not Mode.FAST or not tries_left:
                    raise
                await asyncio.sleep(self._conn_options.retry_interval)
        raise AssertionError("the last try returns or raises")

    def _prompt(self, segment: Segment) -> str | None:
        """The prompt, and what was said just before: a sentence cut at a pause is understood as its second half."""
        text, ended_s = self._before
        context = text if segment.start_s - ended_s < _CONTEXT_WITHIN_S else ""
        return " ".join(part for part in (self._options.prompt, context) if part) or None

    # ---- events ----

    def _send_text(
        self, kind: SpeechEventType, decoding: Decoding | None, segment: Segment | None, *, text: str | None = None
    ) -> None:
        language = decoding.language if decoding is not None else self._options.language
        data = stt.SpeechData(language=LanguageCode(language or ""), text=text or "")
        if decoding is not None and segment is not None:
            data.text = decoding.text if text is None else text
            data.start_time = segment.start_s + self.start_time_offset
            data.end_time = segment.end_s + self.start_time_offset
            data.confidence = min(1.0, math.exp(decoding.average_log_probability)) if decoding.text else 0.0
            data.metadata = {
                "no_speech_probability": decoding.no_speech_probability,
                "doubtful": decoding.doubtful,
                "encode_window_s": decoding.encode_window_s,
                "decode_s": decoding.decode_s,
            }
        self._event_ch.send_nowait(stt.SpeechEvent(kind, request_id=self._caller, alternatives=[data]))

    def _report_usage(self) -> None:
        usage_s = self._heard_s - self._reported_s
        if usage_s > 0:
            self._reported_s = self._heard_s
            self._event_ch.send_nowait(
                stt.SpeechEvent(
                    SpeechEventType.RECOGNITION_USAGE,
                    request_id=self._caller,
                    recognition_usage=stt.RecognitionUsage(audio_duration=usage_s),
                )
            )
