"""Loaded voices and the threads in which they work: how many at once, and who is turned away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .model import Abort
from .request import SynthesisRequest
from .speech import Int16
from .voice import Voice
from .voices import VoiceBroken, find_voice, model_path
from .word_timing import Word

Piece = list[Word] | Int16

MAX_VOICES = 8
"""Loaded at once; a medium voice takes about 150 MB."""


class Busy(Exception):
    """More requests are under way than were allowed for; the newest one is turned away."""


class UnknownVoice(LookupError):
    """No such voice is loaded, and none may be loaded by a request."""


class Synthesizer:
    """
    Args:
        parallel: how many pieces of speech are made at the same moment. Requests take turns piece by piece, in the
            order of their asking, so that a short clause never waits for the end of a long text. Everything up to
            the first sound counts as one piece: the first of two that come together begins as soon as if it were alone.
        most_requests: those under way and waiting together.
        on_demand: requests may name any voice by the path of its model; else only those loaded beforehand can be had.
    """

    def __init__(
        self, *, parallel: int, most_requests: int, on_demand: bool, threads: int = 0, spinning: bool = False
    ) -> None:
        self._turns = asyncio.Semaphore(parallel)
        self._workers = ThreadPoolExecutor(parallel + 1, thread_name_prefix="piper")
        self._most_requests = most_requests
        self._on_demand = on_demand
        self._threads, self._spinning = threads, spinning
        self._voices: dict[Path, Voice] = {}
        self._loading = asyncio.Lock()
        self.under_way = 0
        self.turned_away = 0

    @property
    def voices(self) -> list[Voice]:
        return list(self._voices.values())

    async def load(self, voice: str | Path | None) -> Voice:
        """
        Raises:
            VoiceMissing: see `find_voice`.
            VoiceBroken: a file that is cut short, or something else than a voice.
        """
        files = find_voice(voice)
        async with self._loading:
            if (loaded := self._voices.get(files.model)) is None:
                loop = asyncio.get_running_loop()
                try:
                    loaded = await loop.run_in_executor(
                        self._workers, lambda: Voice(files, threads=self._threads, spinning=self._spinning)
                    )
                except Exception as error:  # onnx, onnxruntime and piper have each their own kinds
                    raise VoiceBroken(f"cannot speak with {files.model}: {error}") from error
                self._voices[files.model] = loaded
            return loaded

    async def voice(self, name: str | None) -> Voice:
        """
        Raises:
            UnknownVoice: with the names of those there are.
            VoiceMissing, VoiceBroken: a path, and no voice there.
        """
        path = model_path(name) if name is not None and name.endswith(".onnx") else None
        for model, voice in self._voices.items():
            if path == model or (path is None and name in (None, voice.name)):
                return voice
        names = ", ".join(voice.name for voice in self._voices.values())
        if not self._on_demand or path is None:
            raise UnknownVoice(f"no voice {name!r} here; there are: {names or 'none'}")
        if len(self._voices) >= MAX_VOICES:
            raise UnknownVoice(f"{MAX_VOICES} voices are loaded already ({names}); use those, or a server of its own")
        return await self.load(path)

    def admit(self) -> None:
        """
        Raises:
            Busy: `leave` is then not to be called.
        """
        if self.under_way >= self._most_requests:
            self.turned_away += 1
            raise Busy(f"{self.under_way} requests are under way or waiting")
        self.under_way += 1

    def leave(self) -> None:
        self.under_way -= 1

    async def say(self, voice: Voice, request: SynthesisRequest) -> AsyncGenerator[Piece, None]:
        """What `Voice.say` yields. Made only as fast as it is read; when the reading ends early, so does the making."""
        abort = Abort()
        pieces = voice.say(request.text, request.style, abort)
        try:
            while made := await self._up_to_sound(pieces, abort):
                for piece in made:
                    yield piece
        finally:
            abort.set()

    async def _up_to_sound(self, pieces: Iterator[Piece], abort: Abort) -> list[Piece]:
        """The next pieces, up to and with one that is sound; fewer at the end."""
        made: list[Piece] = []
        async with self._turns:
            while not made or isinstance(made[-1], list):
                piece = await self._next(pieces, abort)
                if piece is None:
                    break
                made.append(piece)
        return made

    async def _next(self, pieces: Iterator[Piece], abort: Abort) -> Piece | None:
        made = asyncio.get_running_loop().run_in_executor(self._workers, next, pieces, None)
        try:
            return await asyncio.shield(made)
        except asyncio.CancelledError:
            abort.set()
            await asyncio.wait([made])  # milliseconds; the turn is not given on while the thread still works
            made.exception()  # an `Aborted`, which nobody is left to see
            raise

    def close(self) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)
