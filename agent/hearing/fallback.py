"""A second transcriber for when the first fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent.floor.events import SpeakerId
from agent.hearing.transcriber import Int16, Line, Speech, Transcriber, TranscriberFailed, Transcript


class FallbackTranscriber:
    """Asks the first, and the second for what the first could not do: a cloud service, then the own machine."""

    def __init__(self, first: Transcriber, second: Transcriber) -> None:
        self._first = first
        self._second = second

    def follow(self, who: SpeakerId) -> Line:
        return _FallbackLine(self._first.follow(who), self._second.follow(who))


class _FallbackLine:
    def __init__(self, first: Line, second: Line) -> None:
        self._first = first
        self._second = second

    async def run(self, trouble: Callable[[str], None]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._first.run(trouble))
            tasks.create_task(self._second.run(trouble))

    def feed(self, at: float, pcm: Int16) -> None:
        self._first.feed(at, pcm)
        self._second.feed(at, pcm)

    async def interim(self, speech: Speech) -> Transcript | None:
        try:
            return await self._first.interim(speech)
        except TranscriberFailed:
            return await self._second.interim(speech)

    async def fast(self, speech: Speech) -> Transcript:
        try:
            return await self._first.fast(speech)
        except TranscriberFailed:
            return await self._second.fast(speech)

    async def record(self, speech: Speech) -> Transcript:
        try:
            return await self._first.record(speech)
        except TranscriberFailed:
            return await self._second.record(speech)
