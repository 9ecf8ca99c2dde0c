"""Another transcriber for when the first fails: a second service, the own machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from agent.floor.events import SpeakerId
from agent.hearing.stream import StreamLine, StreamTranscriber
from agent.hearing.transcriber import (
    Ending,
    Int16,
    Line,
    Speech,
    Tell,
    Transcriber,
    TranscriberFailed,
    Transcript,
    untold,
)


def in_order(services: Sequence[StreamTranscriber], local: Transcriber | None) -> Transcriber:
    """The first service, behind it the next ones, behind them the own machine.

    Raises:
        ValueError: there is none at all.
    """
    chain = local
    for service in reversed(services):
        chain = service if chain is None else FallbackTranscriber(service, chain)
    if chain is None:
        raise ValueError("no recogniser is chosen")
    return chain


class FallbackTranscriber:
    """Asks a service, and the second for what the service could not do, or did not in time.

    While the service is out it is not asked at all, and costs no time; it goes on hearing, and is asked again once it
    had the words of an utterance in time.
    """

    def __init__(self, first: StreamTranscriber, second: Transcriber) -> None:
        self._first = first
        self._second = second

    def follow(self, who: SpeakerId) -> Line:
        return _FallbackLine(self._first.follow(who), self._second.follow(who))


class _FallbackLine:
    def __init__(self, first: StreamLine, second: Line) -> None:
        self._first = first
        self._second = second

    async def run(self, tell: Tell) -> None:
        """The second has no stream of its own while the first works: it would cost money."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._first.run(tell))
            while True:
                await self._first.until_lost()
                standing_in = tasks.create_task(self._second.run(tell))
                await self._first.until_regained()
                standing_in.cancel()

    def feed(self, at: float, pcm: Int16) -> None:
        self._first.feed(at, pcm)
        self._second.feed(at, pcm)

    async def interim(self, speech: Speech) -> Transcript | None:
        if not self._first.trusted:
            return await self._second.interim(speech)
        return await self._first.interim(speech)

    async def fast(self, speech: Speech, first: Callable[[Transcript], None] = untold) -> Transcript:
        if self._first.trusted:
            try:
                transcript = await self._first.fast(speech, first)
            except TranscriberFailed:
                return await self._second.fast(speech, first)
            if transcript.text:
                return transcript
        transcript = await self._second.fast(speech, first)
        if transcript.text and not transcript.doubtful and self._first.trusted:
            self._first.prove(speech)
        return transcript

    async def record(self, speech: Speech) -> Transcript:
        transcript = await self._record(speech)
        self.settle(speech.end)
        return transcript

    async def _record(self, speech: Speech) -> Transcript:
        if self._first.trusted:
            try:
                transcript = await self._first.record(speech)
            except TranscriberFailed:
                return await self._second.record(speech)
            return transcript if transcript.text else await self._second.record(speech)
        transcript = await self._second.record(speech)
        if transcript.text:
            self._first.prove(speech)
        return transcript

    async def ending(self, speech: Speech, text: str) -> Ending | None:
        return await self._second.ending(speech, text)  # a stream does not tell, and it may be its text

    def settle(self, end: float) -> None:
        self._first.settle(end)
        self._second.settle(end)
