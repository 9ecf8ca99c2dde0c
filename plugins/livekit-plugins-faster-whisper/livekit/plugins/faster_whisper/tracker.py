"""Collects a stream's audio into segments of speech while it comes in."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from .pauses import best_cut
from .segment import Change, Segmenter, SegmentRules, windows
from .voice import WINDOW_S

Int16 = npt.NDArray[np.int16]

_TAIL_VOICE = 0.3  # probability from which a sound after the pause may be a soft word, below the detector's threshold


class Segment:
    """Speech of one speaker from onset to silence, still growing until `ended`.

    `opens` and `closes` are false where a long monologue was cut: speech went on from the segment before, or went on
    into the next one.
    """

    def __init__(self, *, first_window: int, opens: bool) -> None:
        self.first_window = first_window
        self.opens = opens
        self.closes = True
        self.quiet = False
        self.ended = False
        self.flushed = False
        self.pauses = 0
        self.voice_at = datetime.now(UTC).timestamp()
        self._audio: list[Int16] = []
        self._probability: list[float] = []
        self._news: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __len__(self) -> int:
        return len(self._audio)

    @property
    def start_s(self) -> float:
        """Seconds from the stream's start to the segment's first sample, which lies a little before the voice."""
        return self.first_window * WINDOW_S

    @property
    def end_s(self) -> float:
        """Seconds from the stream's start to the end of the last window with a voice."""
        voiced = [at for at, probability in enumerate(self._probability) if probability >= _TAIL_VOICE]
        return self.start_s + (voiced[-1] + 1 if voiced else len(self)) * WINDOW_S

    def pcm(self) -> Int16:
        """Int16, shape (samples,), 16 kHz: a copy of all audio so far."""
        return np.concatenate([np.zeros(0, np.int16), *self._audio])

    def voice_after(self, window: int) -> bool:
        """Was there any sign of a voice in the windows from `window` on?"""
        return any(probability >= _TAIL_VOICE for probability in self._probability[window:])

    def add(self, window: Int16, probability: float) -> None:
        self._audio.append(window)
        self._probability.append(probability)
        self._tell()

    def mark(self, *, quiet: bool) -> None:
        """The voice fell silent, or came back."""
        self.quiet = quiet
        self.pauses += quiet
        self._tell()

    def end(self, *, closes: bool) -> None:
        self.ended, self.closes = True, closes
        self._tell()

    def split(self, rules: SegmentRules) -> Segment:
        """End at the best place to cut; returns the rest as a segment of its own, which speech goes on in."""
        level = np.array([float(np.sqrt(np.mean(np.square(window.astype(np.float64))))) for window in self._audio])
        cut = best_cut(np.array(self._probability), level, earliest=windows(rules.cut_after_s / 2), latest=len(self))
        rest = Segment(first_window=self.first_window + cut, opens=False)
        rest._audio, self._audio = self._audio[cut:], self._audio[:cut]
        rest._probability, self._probability = self._probability[cut:], self._probability[:cut]
        self.end(closes=False)
        return rest

    def last(self, count: int) -> list[tuple[Int16, float]]:
        """The last windows, with their probabilities of voice."""
        return list(zip(self._audio, self._probability, strict=True))[len(self) - min(count, len(self)) :]

    async def news(self) -> None:
        """Until a window comes, the voice pauses or comes back, or the segment ends."""
        await asyncio.shield(self._news)

    def _tell(self) -> None:
        told, self._news = self._news, asyncio.get_running_loop().create_future()
        told.set_result(None)


class Tracker:
    """One stream's windows in, segments out, each handed over when it begins.

    Memory is bounded: a segment holds `longest_s` of audio, and `push` waits while `max_waiting` segments have not been
    taken, which holds up the stream's input.
    """

    def __init__(self, rules: SegmentRules, *, max_waiting: int = 8) -> None:
        self._rules = rules
        self._segmenter = Segmenter(rules)
        self._before: deque[tuple[Int16, float]] = deque(maxlen=windows(rules.before_s))
        self._count = 0
        self._segment: Segment | None = None
        self._unfinished: deque[Segment] = deque()
        self.segments: asyncio.Queue[Segment | None] = asyncio.Queue(maxsize=max_waiting)
        """Segments in order; None after the last one."""

    async def push(self, window: Int16, probability: float) -> None:
        """One window: int16, shape (512,), 16 kHz, and its probability of voice."""
        self._count += 1
        change = self._segmenter.push(probability)
        if self._segment is None:
            self._before.append((window, probability))
            if change is Change.STARTED:
                await self._begin()
            return
        segment = self._segment
        if probability >= self._rules.deactivation:
            segment.voice_at = datetime.now(UTC).timestamp()
        segment.add(window, probability)
        length_s = len(segment) * WINDOW_S
        if change is Change.PAUSED:
            segment.mark(quiet=True)
            if length_s >= self._rules.cut_after_s:
                segment.end(closes=False)
                await self._hand_over(Segment(first_window=self._count, opens=False))
        elif change is Change.RESUMED:
            segment.mark(quiet=False)
        elif change is Change.ENDED:
            self._end()
        elif length_s >= self._rules.longest_s:
            await self._hand_over(segment.split(self._rules))

    def flush(self) -> bool:
        """End the current segment now. False when there is none, and none that waits for its text."""
        if self._segmenter.flush() is not None:
            self._end()
        if not self._unfinished:
            return False
        self._unfinished[-1].flushed = True
        return True

    async def close(self) -> None:
        """No more windows will come."""
        if self._segmenter.flush() is not None:
            self._end()
        await self.segments.put(None)

    def done(self, segment: Segment) -> None:
        """The segment's text is out."""
        self._unfinished.remove(segment)

    async def _begin(self) -> None:
        segment = Segment(first_window=self._count - len(self._before), opens=True)
        for window, probability in self._before:
            segment.add(window, probability)
        self._before.clear()
        await self._hand_over(segment)

    async def _hand_over(self, segment: Segment) -> None:
        self._segment = segment
        self._unfinished.append(segment)
        await self.segments.put(segment)

    def _end(self) -> None:
        assert self._segment is not None
        self._segment.end(closes=True)
        # The silence at the end may hold the soft first sound of the next word.
        self._before.extend(self._segment.last(self._segmenter.silent))
        self._segment = None
