"""The texts of record of one speaker, made in order and without hurry."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.hearing.transcriber import Line, Speech, SpokenWord, TextOfRecord, TranscriberFailed, Transcript

logger = logging.getLogger(__name__)

_EDGE_S = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A part that will not change any more."""

    speech: Speech
    fast: Transcript  # kept when there is no text of record
    voice_start: float  # seconds on the episode clock
    voice_end: float


class Scribe:
    """Asks for the text of record of each part and hands it on.

    A part whose decoding fails, or that finds the queue full, keeps its fast text: late captions are better than lost
    ones, and the audio is on its track for another try.
    """

    def __init__(
        self, line: Line, *, backlog: int, on_record: Callable[[TextOfRecord], None], after_s: float = 0.0
    ) -> None:
        """Args:
        backlog: parts that may wait.
        on_record: called with each text, in order.
        after_s: a part is left alone for so long, unless others wait behind it: right after an utterance the
            processor is needed for its answer.
        """
        self._line = line
        self._after_s = after_s
        self._queue: asyncio.Queue[Finished] = asyncio.Queue(backlog)
        self._on_record = on_record
        self._whole: tuple[str, str] = ("", "")  # utterance, its text of record so far
        self.kept_fast = 0  # texts of record that are the fast text for want of a better one

    def put(self, part: Finished) -> None:
        """Never waits."""
        try:
            self._queue.put_nowait(part)
        except asyncio.QueueFull:
            self.kept_fast += 1
            self._deliver(part, part.fast)

    async def run(self) -> None:
        """Until cancelled; what waits then is delivered with its fast text."""
        part: Finished | None = None
        try:
            while True:
                part = await self._queue.get()
                if self._queue.empty():
                    await asyncio.sleep(self._after_s)
                self._deliver(part, await self._decode(part))
                part = None
        finally:
            waiting = [part] if part else []
            while not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            for late in waiting:
                self.kept_fast += 1
                self._deliver(late, late.fast)

    async def _decode(self, part: Finished) -> Transcript:
        try:
            transcript = await self._line.record(part.speech)
        except TranscriberFailed as error:
            logger.warning("no text of record, the fast text is kept: %s", error)
            self.kept_fast += 1
            return part.fast
        return transcript if transcript.text else part.fast

    def _deliver(self, part: Finished, transcript: Transcript) -> None:
        if not transcript.text:
            return  # none have come, early or late
        utterance, whole = self._whole
        whole = f"{whole} {transcript.text}".strip() if utterance == part.speech.utterance else transcript.text
        self._whole = (part.speech.utterance, whole)
        self._on_record(
            TextOfRecord(
                who=part.speech.who,
                utterance=part.speech.utterance,
                start=part.voice_start,
                end=part.voice_end,
                text=transcript.text,
                whole=whole,
                fast=part.fast.text,
                words=tuple(_within(word, part) for word in transcript.words),
            )
        )


def _within(word: SpokenWord, part: Finished) -> SpokenWord:
    """The word, within the voice: whisper's first and last words reach into the silence around them."""
    earliest, latest = part.voice_start - _EDGE_S, part.voice_end + _EDGE_S
    start = min(max(word.start, earliest), latest)
    return replace(word, start=start, end=max(start, min(word.end, latest)))
