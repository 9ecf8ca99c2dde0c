"""A speaker before an ear in the cloud, faster than life: the services count samples, not seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from livekit.agents.utils import http_context

from agent.hearing.cloud_ear import Patience
from agent.hearing.fallback import in_order
from agent.hearing.stream import StreamTranscriber
from agent.hearing.transcriber import Ending, Int16, Line, Speech, Tell, Transcript, untold
from agent.providers.ears import make_ears
from agent.settings import Settings, load
from tests.support.google_speech import service_account
from tests.support.speech_services import KEY, RATE_HZ, WORD_S

CHUNK = 512  # samples, one window of the voice detector
QUICK = Patience(final_s=0.3, interim_s=0.2, record_s=0.3, rest_s=5.0)


@dataclass
class OwnMachine:
    """Stands for faster-whisper: a word for each `WORD_S` of voice in what it is given."""

    asked: list[tuple[str, Speech]] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)  # of which it was asked

    def follow(self, who: str) -> Line:
        return self

    async def run(self, tell: Tell) -> None:
        """Nothing."""

    def feed(self, at: float, pcm: Int16) -> None:
        """Nothing."""

    def settle(self, end: float) -> None:
        """Nothing."""

    async def ending(self, speech: Speech, text: str) -> Ending | None:
        self.endings.append(text)
        return Ending(3.0, -0.2)

    async def interim(self, speech: Speech) -> Transcript | None:
        return self._decode("interim", speech)

    async def fast(self, speech: Speech, first: Callable[[Transcript], None] = untold) -> Transcript:
        return self._decode("fast", speech)

    async def record(self, speech: Speech) -> Transcript:
        return self._decode("record", speech)

    def _decode(self, kind: str, speech: Speech) -> Transcript:
        self.asked.append((kind, speech))
        return Transcript(text=" ".join(["own"] * int(np.count_nonzero(speech.pcm) / RATE_HZ / WORD_S)))


@dataclass
class Anna:
    """Speaks, and asks for the texts when the ear would."""

    line: Line
    told: list[tuple[bool, str]] = field(default_factory=list)  # recovered, text
    taken_s: Callable[[], float | None] = lambda: None  # audio of the stream that the service has taken
    _pcm: list[Int16] = field(default_factory=list)
    _samples: int = 0
    _count: int = 0

    def tell(self, text: str, /, *, recovered: bool = False) -> None:
        self.told.append((recovered, text))

    @property
    def now(self) -> float:
        return self._samples / RATE_HZ

    async def says(self, seconds: float) -> None:
        await self._send(seconds, 1000)

    async def is_silent(self, seconds: float) -> None:
        await self._send(seconds, 0)

    async def _send(self, seconds: float, sample: int) -> None:
        for _ in range(round(seconds * RATE_HZ / CHUNK)):
            pcm = np.full(CHUNK, sample, np.int16)
            self.line.feed(self.now, pcm)
            self._pcm.append(pcm)
            self._samples += CHUNK
            if len(self._pcm) % 4 == 0:
                await self._service_keeps_up()

    async def _service_keeps_up(self) -> None:
        """Nobody speaks faster than the service hears, however busy the machine is: it would be taken for slow."""
        await asyncio.sleep(0.001)
        for _ in range(100):
            if not 0.2 < self._behind_s() < 15:
                return
            await asyncio.sleep(0.002)

    def _behind_s(self) -> float:
        """Audio that the service has been sent and has not taken yet."""
        line: Any = getattr(self.line, "_first", self.line)
        taken_s = self.taken_s()
        if taken_s is None or line._stream is None:
            return 0.0
        return float(line._clock.now - line._clock.origin - taken_s)

    async def _service_catches_up(self) -> None:
        """With what a new stream hears again, in a second at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                while self._behind_s() > 0.2:  # noqa: ASYNC110
                    await asyncio.sleep(0.002)

    async def utters(self, words: int, *, during: Callable[[], None] = lambda: None) -> Speech:
        """An utterance of so many words, up to the first silence after it."""
        await self.is_silent(0.6)
        start = self._samples - RATE_HZ // 2
        await self.says(words * WORD_S / 2)
        during()
        await self.says(words * WORD_S - words * WORD_S / 2 + 0.1)
        voice_end = self.now
        await self.is_silent(0.1)
        await asyncio.sleep(0.01)
        self._count += 1
        return Speech(
            who="anna",
            utterance=f"anna-{self._count}",
            start=start / RATE_HZ,
            voice_end=voice_end,
            pcm=np.concatenate(self._pcm)[start:],
        )

    async def asks(self, words: int) -> str:
        """Utters, and returns the fast text."""
        return (await self.line.fast(await self.utters(words))).text

    async def speaks_until_it_is_back(self) -> None:
        """Utterances with all their texts, until somebody has told of a recovery; 60 at most."""
        for _ in range(60):
            await self._service_catches_up()
            speech = await self.utters(4)
            await self.line.fast(speech)
            await asyncio.sleep(0.05)  # in life, a word takes as long to be told of
            await self.is_silent(0.6)
            await self.line.record(speech)
            if any(recovered for recovered, _ in self.told):
                return

    async def until(self, condition: Callable[[], bool], within_s: float = 3.0) -> None:
        """Silent until something has come about."""
        async with asyncio.timeout(within_s):
            while not condition():
                await self.is_silent(0.032)


def settings(tmp_path: Path | None = None, **environ: str) -> Settings:
    keys = {"DEEPGRAM_API_KEY": KEY, "ASSEMBLYAI_API_KEY": KEY, "OPENAI_API_KEY": KEY}
    if tmp_path is not None:
        keys["GOOGLE_APPLICATION_CREDENTIALS"] = str(service_account(tmp_path))
    return load(keys | environ, env_file=None).settings


@asynccontextmanager
async def at_the_ear(
    chosen: Settings, *, own: OwnMachine | None = None, terms: tuple[str, ...] = (), patience: Patience = QUICK
) -> AsyncIterator[Anna]:
    """Anna before the ears of the settings, with the own machine behind them where there is one."""
    ears = make_ears(chosen.providers.stt, chosen.providers)
    transcriber = in_order([StreamTranscriber(ear, terms=lambda: terms, patience=patience) for ear in ears], own)
    anna = Anna(transcriber.follow("anna"))
    async with http_context.open():
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(anna.line.run(anna.tell))
            try:
                yield anna
            finally:
                running.cancel()
