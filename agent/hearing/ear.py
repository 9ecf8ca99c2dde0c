"""One human's ear: microphone frames in, events out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from agent.floor.events import Event, SpeakerId
from agent.hearing.end_of_turn import end_of_turn
from agent.hearing.front_end import FrontEnd, Glance
from agent.hearing.hearer import Hearer, Means
from agent.hearing.intake import GAP_S, Backlog
from agent.hearing.reference import Reference
from agent.hearing.scribe import Scribe
from agent.hearing.segmenter import Segmenter
from agent.hearing.settings import HearingSettings
from agent.hearing.transcriber import Int16, Tell, TextOfRecord, Transcriber
from agent.hearing.vocabulary import Vocabulary

logger = logging.getLogger(__name__)

# LiveKit delivers a frame every 10 ms, silence too. None for so long: its track is gone without a word, or this process
# or the sender's stood still, and its audio will come in a burst.
STALL_S = 1.5
REST_S = 0.1  # likewise, of a microphone that is known to be muted or gone
BURST_S = 0.15  # the frames of a burst follow each other so closely that the whole of it is here by then


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
        played: Reference | None = None,
        on_trouble: Tell | None = None,
    ) -> None:
        """Args:
        who: the speaker's slug; utterances are named after it ("anna-1").
        transcriber: shared by all ears of a show.
        emit: called on the event loop with each event, in order.
        on_record: called with the text of record of each part of an utterance, in order.
        vocabulary: the show's names, so that a name alone ("Claude?") is known for a call.
        played: what the AIs' tracks play: the sound that a loudspeaker may bring back.
        on_trouble: told in a line for people when the engine fails, and when it works again.
        """
        self.who = who
        self._transcriber = transcriber
        self._settings = settings
        self._emit = emit
        self._on_record = on_record
        self._vocabulary = vocabulary or Vocabulary()
        self._on_trouble = on_trouble or self._log
        self._backlog = Backlog(limit_s=settings.backlog_s)
        self._resting = False
        self._arrived = asyncio.Event()
        self._front_end = FrontEnd(played or Reference())

    def _log(self, text: str, /, *, recovered: bool = False) -> None:
        logger.log(logging.INFO if recovered else logging.WARNING, "%s: %s", self.who, text)

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
        self._resting = False
        self._backlog.push(at, pcm)
        self._arrived.set()

    def rest(self) -> None:
        """The microphone is muted or gone: no frames are to be expected, until one comes."""
        self._resting = True
        self._arrived.set()

    async def run(self) -> None:
        """Hear until cancelled."""
        line = self._transcriber.follow(self.who)
        scribe = Scribe(
            line,
            backlog=self._settings.record_backlog,
            on_record=self._on_record,
            after_s=self._settings.record_after_s,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scribe.run(), name=f"scribe:{self.who}")
            tasks.create_task(line.run(self._on_trouble), name=f"line:{self.who}")
            hearer = Hearer(
                Means(
                    who=self.who,
                    line=line,
                    scribe=scribe,
                    tape=self._front_end.tape,
                    timeline=self._front_end.timeline,
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
                for heard in self._front_end.windows():
                    if isinstance(heard, Glance):
                        on = segmenter.glance(heard.ahead, heard.probability, heard.level_dbfs, heard.periodicity)
                        if on is not None:
                            hearer.glance(segmenter.samples + heard.ahead, on)
                        continue
                    mark = segmenter.push(
                        heard.probability, heard.level_dbfs, echo=heard.echo, periodicity=heard.periodicity
                    )
                    hearer.window(segmenter.samples, mark, voiced=segmenter.voiced, level_dbfs=heard.level_dbfs)
                line.feed(*self._front_end.take_clean())

    async def _wait(self, hearer: Hearer) -> None:
        """For the next frame; while an utterance is open and none comes, for time to pass."""
        if not self._backlog.waiting_s:
            self._arrived.clear()
            limit_s = REST_S if self._resting else STALL_S
            try:
                async with asyncio.timeout(None if hearer.idle else limit_s):
                    await self._arrived.wait()
            except TimeoutError:
                self._front_end.silence(limit_s)
            return
        await self._fill_gap()
        if (frame := self._backlog.pop()) is not None:
            self._front_end.push(*frame)
        await asyncio.sleep(0)  # a burst of frames may not keep the loop from anyone else

    async def _fill_gap(self) -> None:
        """Put silence where audio is missing before the frames that wait.

        Frames are stamped as they arrive. The first one after a standstill is as late as one after a gap, and the
        frames behind it tell which it was: those of a burst catch up with the clock, and nothing is missing.
        """
        next_at = self._front_end.next_at
        if next_at is None or self._backlog.late_s(next_at) <= GAP_S:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(BURST_S):
                while self._backlog.late_s(next_at) > GAP_S:
                    self._arrived.clear()
                    await self._arrived.wait()
        missing_s = self._backlog.late_s(next_at)
        if missing_s > GAP_S:
            self._front_end.miss(missing_s)
