"""The models as they are in memory: each copy is opened once, by whoever needs it first."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .decoder import Decoder
from .decoding import Mode
from .log import logger
from .model_files import model_path
from .quick import QuickReader
from .whisper import Whisper

_NICENESS = 10  # more than the others: Linux then gives the lane a tenth of a core that another thread wants


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where Whisper comes from and how it is to run."""

    model: str | Path | None
    cache_dir: Path | None
    device: str
    compute_type: str
    local_files_only: bool

    def open(self, cpu_threads: int, workers: int = 1) -> Whisper:
        """A copy of the model in memory, for so many decodings at once with so many threads each.

        Raises:
            ModelMissing: see `model_path`.
        """
        path = model_path(self.model, cache_dir=self.cache_dir)
        whisper = Whisper(
            path,
            device=self.device,
            compute_type=self.compute_type,
            cpu_threads=cpu_threads,
            workers=workers,
            local_files_only=self.local_files_only,
        )
        whisper.warm_up()
        logger.debug("opened the Whisper model", extra={"model": path, "cpu_threads": cpu_threads})
        return whisper


class Copies:
    """A copy of Whisper for FAST with all threads, one at a low priority for the other modes, and the quicker reader.

    May be called from any thread.
    """

    def __init__(self, source: Source, *, cpu_threads: int, quick: Callable[[], QuickReader] | None) -> None:
        """Opens nothing yet.

        Args:
            source: of Whisper.
            cpu_threads: of a FAST decoding.
            quick: opens the quicker reader; None where there is none.
        """
        self._source = source
        self._cpu_threads = cpu_threads
        self._open_quick = quick
        self._opening = {quick: threading.Lock() for quick in (True, False)}
        self._whispers: dict[bool, Whisper] = {}  # by whether it is FAST's
        self._quick: QuickReader | None = None

    @property
    def has_quick_reader(self) -> bool:
        """There is one, opened or not."""
        return self._open_quick is not None

    @property
    def opened_quick_reader(self) -> QuickReader | None:
        """None while nobody has needed it."""
        return self._quick

    def quick_reader(self) -> QuickReader | None:
        """The quicker reader, opened when it is not yet."""
        with self._opening[True]:
            if self._quick is None and self._open_quick is not None:
                self._quick = self._open_quick()
            return self._quick

    def whisper(self, mode: Mode) -> Whisper:
        """The copy that serves the mode, opened when it is not yet.

        Raises:
            ModelMissing: see `model_path`.
        """
        fast = mode is Mode.FAST
        with self._opening[fast]:
            if fast not in self._whispers:
                self._whispers[fast] = (
                    self._source.open(self._cpu_threads) if fast else _at_low_priority(lambda: self._source.open(1, 2))
                )
            return self._whispers[fast]

    def decoder(self, mode: Mode) -> Decoder:
        """A decoder of one thread's own.

        Raises:
            ModelMissing: see `model_path`.
        """
        return Decoder(self.whisper(mode), self.quick_reader())


def _at_low_priority(work: Callable[[], Whisper]) -> Whisper:
    """Open a model whose own threads, which it starts now, have a low priority. Only Linux knows one for each thread.

    The lane's Python thread keeps its own: at a low priority it would be put aside with the interpreter's lock in its
    hands, and the whole process would wait for it, which was measured as seconds on a busy machine.
    """

    def lowered() -> Whisper:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                thread = threading.get_native_id()
                usual = os.getpriority(os.PRIO_PROCESS, thread)
                os.setpriority(os.PRIO_PROCESS, thread, min(19, usual + _NICENESS))
        return work()

    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="faster-whisper-open") as opener:
        return opener.submit(lowered).result()
