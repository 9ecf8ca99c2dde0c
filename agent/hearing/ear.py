"""One human's ear: microphone frames in, events out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import numpy as np
from livekit.local_inference import VAD

from agent.floor.events import Event, SpeakerId
from agent.hearing.end_of_turn import end_of_turn
from agent.hearing.hearer import Hearer, Means
from agent.hearing.intake import LONGEST_FILL_S, RATE_IN_HZ, Backlog, Resampler, Tape, Timeline
from agent.hearing.levels import level_dbfs
from agent.hearing.scribe import Scribe
from agent.hearing.segmenter import WINDOW, Segmenter
from agent.hearing.settings import HearingSettings
from agent.hearing.transcriber import Int16, TextOfRecord, Transcriber
from agent.hearing.vocabulary import Vocabulary

logger = logging.getLogger(__name__)

NO_FRAME_S = 0.2  # LiveKit delivers a frame every 10 ms, silence too; none for so long: muted at the source, or gone


class Ear:
    """Hears one human.

    Every event's `at` is the time, by the audio's clock, when the fact became known. Audio that is missing (a track
    that was muted, unpublished or lost) counts as silence, so that an utterance it breaks off still ends.
    """

    def __init__(
        self,
        who: SpeakerId,
        *,
        transcriber: Transcriber,
        settings: HearingSettings,
        emit: Callable[[Event], None],
        on_record: Callable[[TextOfRecord], None],
        vocabulary: Vocabulary | None = None,
        on_trouble: Callable[[str], None] | None = None,
    ) -> None:
        """Args:
        who: the speaker's slug; utterances are named after it ("anna-1").
        transcriber: shared by all ears of a show.
        emit: called on the event loop with each event, in order.
        on_record: called with the text of record of each part of an utterance, in order.
        vocabulary: the show's names, so that a name alone ("Claude?") is known for a call.
        on_trouble: called with a line for people when the engine failed.
        """
        self.who = who
        self._transcriber = transcriber
        self._settings = settings
        self._emit = emit
        self._on_record = on_record
        self._vocabulary = vocabulary or Vocabulary()
        self._on_trouble = on_trouble or (lambda problem: logger.warning("%s: %s", who, problem))
        self._backlog = Backlog(limit_s=settings.backlog_s)
        self._arrived = asyncio.Event()
        self._audio = _Audio()

    @property
    def dropped_s(self) -> float:
        """Audio that was dropped because the machine could not keep up, seconds since the start."""
        return self._backlog.dropped_s

    def push(self, at: float, pcm: Int16) -> None:
        """A frame of the microphone. Never blocks.

        Args:
            at: seconds on the episode clock, of its first sample.
            pcm: int16, (samples,), 48 kHz mono, any length.
        """
        self._backlog.push(at, pcm)
        self._arrived.set()

    async def run(self) -> None:
        """Hear until cancelled."""
        line = self._transcriber.follow(self.who)
        scribe = Scribe(line, backlog=self._settings.record_backlog, on_record=self._on_record)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scribe.run(), name=f"scribe:{self.who}")
            tasks.create_task(line.run(self._on_trouble), name=f"line:{self.who}")
            hearer = Hearer(
                Means(
                    who=self.who,
                    line=line,
                    scribe=scribe,
                    tape=self._audio.tape,
                    timeline=self._audio.timeline,
                    end_of_turn=end_of_turn(),
                    tasks=tasks,
                    emit=self._emit,
                    names=lambda: self._vocabulary.name_words,
                    trouble=self._on_trouble,
                ),
                self._settings,
            )
            segmenter = Segmenter(self._settings.voice)
            while True:
                await self._wait(hearer)
                for window, probability in self._audio.windows():
                    level = level_dbfs(window)
                    mark = segmenter.push(probability, level)
                    hearer.window(segmenter.samples, mark, voiced=segmenter.voiced, level_dbfs=level)
                line.feed(*self._audio.take_clean())

    async def _wait(self, hearer: Hearer) -> None:
        """For the next frame; while an utterance is open and none comes, for time to pass."""
        if (frame := self._backlog.pop()) is None:
            self._arrived.clear()
            try:
                async with asyncio.timeout(None if hearer.idle else NO_FRAME_S):
                    await self._arrived.wait()
            except TimeoutError:
                self._audio.silence(NO_FRAME_S)
            return
        self._audio.push(*frame)
        await asyncio.sleep(0)  # a burst of frames may not keep the loop from anyone else


class _Audio:
    """The line of samples: resampled, gaps filled, cut into the detector's windows."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.timeline = Timeline()
        self._resampler = Resampler()
        self._vad = VAD()
        self._samples_in = 0  # 48 kHz
        self._quick: list[Int16] = []
        self._clean: list[Int16] = []

    def push(self, at: float, pcm: Int16) -> None:
        sample = self._samples_in // 3
        if missing_s := self.timeline.missing_s(sample, at):
            self.silence(min(missing_s, LONGEST_FILL_S))
            self.timeline.jump(self._samples_in // 3, at)
        self._resample(pcm)

    def silence(self, seconds: float) -> None:
        """Audio that is missing."""
        self._resample(np.zeros(round(seconds * RATE_IN_HZ), np.int16))

    def windows(self) -> list[tuple[Int16, float]]:
        """Whole windows that came in since, each with its probability of voice."""
        quick = np.concatenate(self._quick) if self._quick else np.zeros(0, np.int16)
        whole = len(quick) // WINDOW * WINDOW
        self._quick = [quick[whole:]] if whole < len(quick) else []
        return [(window, self._vad.predict(window)) for window in quick[:whole].reshape(-1, WINDOW)]

    def take_clean(self) -> tuple[float, Int16]:
        """The recogniser's audio since the last call, and the time of its first sample."""
        clean = np.concatenate(self._clean) if self._clean else np.zeros(0, np.int16)
        self._clean = []
        return self.timeline.at(self.tape.end - len(clean)), clean

    def _resample(self, pcm: Int16) -> None:
        quick, clean = self._resampler.push(pcm)
        self._samples_in += len(pcm)
        self._quick.append(quick)
        self._clean.append(clean)
        self.tape.push(clean)
