"""One Whisper model for many speakers: who waits, who runs, who is dropped."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .decoder import Abandoned, Decoder
from .decoding import Decoding, Mode
from .errors import (
    DecodingFailed,
    ModelMissing,
    RecognizerClosed,
    RecognizerError,
    RecognizerOverloaded,
    Superseded,
)
from .fair_queue import FairQueue, Full
from .languages import LanguageMemory
from .log import logger
from .model_files import BUNDLED, model_path
from .quick import Ending, QuickReader
from .whisper import RATE_HZ, Bias, Whisper

_NICENESS = 10  # more than the others: Linux then gives the lane a tenth of a core that another thread wants
_ENDINGS = 2  # threads; an answer takes 20 to 45 ms, and who asks next waits for that
_FAILED = "ask again; if it fails each time, install the plugin and its model again"
_OVERLOADED = "lower the number of speakers a worker, take a smaller model, or give the machine more cores"


@dataclass(slots=True)
class Statistics:
    """Counts since the start."""

    decoded: dict[Mode, int] = field(default_factory=lambda: dict.fromkeys(Mode, 0))
    shed: int = 0
    """Requests that found the queue full."""
    superseded: int = 0
    """INTERIM requests that a newer one of the same caller replaced."""
    cancelled: int = 0
    """Requests that their callers cancelled before they ran or while they ran."""
    again: int = 0
    """FAST texts that were doubtful and therefore decoded again."""
    quick: int = 0
    """Texts of the quicker model alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where the model comes from and how it is to run."""

    model: str | Path | None
    cache_dir: Path | None
    device: str
    compute_type: str
    local_files_only: bool

    def open(self, cpu_threads: int, workers: int = 1) -> Whisper:
        """A copy of the model in memory, for so many decodings at once with so many threads each."""
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


@dataclass(slots=True, eq=False)
class _Request:
    pcm: npt.NDArray[np.int16]
    mode: Mode
    caller: str
    bias: Bias
    prefix: str | None
    draft: str | None
    first: Callable[[Decoding], None]
    future: concurrent.futures.Future[Decoding] = field(default_factory=concurrent.futures.Future)
    abandoned: bool = False


class Recognizer:
    """Decodes speech for any number of callers at once, on a thread of its own for each mode.

    FAST requests have all cores, and never wait for another mode: a running decoding can only be stopped between two
    steps of the model, 0.1 to 0.3 s each. INTERIM and RECORD share a second copy of the model, with a core each and a
    low scheduling priority, so that they use what FAST leaves over. Within one mode callers take turns. A request that
    is cancelled before it runs never runs; a running INTERIM makes way for a FAST, and a running request whose caller
    is gone stops, at the next step.

    At most `max_waiting` requests wait in each mode; one more is refused with `RecognizerOverloaded`. Belongs to one
    process; may be called from several event loops.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        device: str = "cpu",
        compute_type: str = "int8",
        cpu_threads: int = 0,
        cache_dir: Path | None = None,
        local_files_only: bool = False,
        max_waiting: int = 64,
        quick: Callable[[], QuickReader] | None = None,
    ) -> None:
        """Opens nothing yet: the model loads at `load()` or with the first request.

        Args:
            model: see `model_path`; None for the bundled Whisper base.
            device: "cpu", "cuda" or "auto".
            compute_type: CTranslate2's; "int8" is the fastest on CPUs.
            cpu_threads: of a FAST decoding; 0 for the machine's cores, at most 4 (more do not help small models).
            cache_dir: where the bundled model is joined; None for the user's cache folder.
            local_files_only: never download.
            max_waiting: requests that may wait in each mode, all callers together.
            quick: opens a quicker recogniser, which is asked first; Whisper reads what that one is unsure of, all texts
                of record, and a word or two, of which the surer one's text is taken.
        """
        self._source = _Source(
            model=model,
            cache_dir=cache_dir,
            device=device,
            compute_type=compute_type,
            local_files_only=local_files_only,
        )
        self._cpu_threads = cpu_threads or min(4, os.cpu_count() or 1)
        self._open_quick = quick
        self._quick: QuickReader | None = None
        self._changed = threading.Condition()
        self._loading = {quick: threading.Lock() for quick in (True, False)}
        self._queues: dict[Mode, FairQueue[_Request]] = {mode: FairQueue(max_items=max_waiting) for mode in Mode}
        self._fast_runs = False
        self._closed = False
        self._loaded: dict[bool, Whisper] = {}  # by whether it is the quick copy
        self._lanes: dict[Mode, threading.Thread] = {}
        self._endings = concurrent.futures.ThreadPoolExecutor(_ENDINGS, thread_name_prefix="faster-whisper-ending")
        self._languages = LanguageMemory()
        self.statistics = Statistics()
        _close_at_exit(self)

    @property
    def model(self) -> str:
        """The model's name or folder, as given."""
        return str(self._source.model or BUNDLED)

    @property
    def has_quick_reader(self) -> bool:
        """A quicker recogniser is asked first."""
        return self._open_quick is not None

    def load(self, *, record: bool = False) -> None:
        """Load the model for FAST requests now, in this thread: 2 s, one more the very first time. For prewarming.

        Args:
            record: begin to load the copy for the other modes as well, at its low priority and without waiting.

        Raises:
            ModelMissing: see `model_path`.
        """
        self._whisper(Mode.FAST)
        self._quick_reader()
        if record:
            with self._changed:
                self._start_lane(Mode.RECORD)
                self._start_lane(Mode.INTERIM)

    async def decode(
        self,
        pcm: npt.NDArray[np.int16] | npt.NDArray[np.float32],
        *,
        mode: Mode,
        caller: str,
        language: str | None = None,
        prompt: str | None = None,
        hotwords: str | None = None,
        prefix: str | None = None,
        draft: str | None = None,
        first: Callable[[Decoding], None] = lambda _: None,
    ) -> Decoding:
        """Decode one audio. Cancelling the call drops the request.

        Args:
            pcm: int16, or float32 in -1..1; shape (samples,), 16 kHz mono, any length. Not to be changed meanwhile.
            mode: what for; see `Mode`.
            caller: whose turn it takes, such as a speaker's id. A newer INTERIM of a caller replaces its older one.
            language: ISO 639-1; None to detect it, with a memory for what the caller spoke before.
            prompt: text that came before, or in the style that is wanted. The last 110 tokens count.
            hotwords: names and terms to expect, separated by spaces or commas.
            prefix: words that the text begins with, for sure. It saves no time. FAST and INTERIM only.
            draft: what the text probably begins with, such as an earlier text of the same speech. It saves the quicker
                model's time, and hardly ever changes the text.
            first: called in this event loop with the quicker model's text of a FAST of more than a word or two, where
                Whisper is asked as well.

        Raises:
            ModelMissing: the model cannot be opened.
            RecognizerOverloaded: too many requests wait.
            Superseded: an INTERIM was replaced by a newer one, or made way for a FAST.
            RecognizerClosed: `aclose()` was called.
            DecodingFailed: the model raised something.
            ValueError: the audio is not one-dimensional int16 or float32.
        """
        bias = Bias(language=language, prompt=prompt, hotwords=hotwords)
        loop = asyncio.get_running_loop()

        def tell(decoding: Decoding) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(first, decoding)

        request = _Request(pcm=_int16(pcm), mode=mode, caller=caller, bias=bias, prefix=prefix, draft=draft, first=tell)
        self._enqueue(request)
        try:
            return await asyncio.wrap_future(request.future)
        except asyncio.CancelledError:
            self._abandon(request)
            raise

    async def ending(self, pcm: npt.NDArray[np.int16], text: str, *, language: str | None) -> Ending | None:
        """What an audio says about the end of its text: does the speaker go on?

        Of what was said a moment ago, beside whatever is being decoded. Asked again while the silence lasts, several
        answers know more than one.

        Args:
            pcm: int16, shape (samples,), 16 kHz mono.
            text: what was read of it.
            language: as for `decode`.

        Returns:
            None where there is no quicker model, or it does not know.
        """
        quick = self._quick
        if quick is None or language != quick.language or len(pcm) > quick.longest_s * RATE_HZ:
            return None
        try:
            speech = pcm.astype(np.float32) / 32768.0
            return await asyncio.get_running_loop().run_in_executor(self._endings, quick.ending, speech, text)
        except Exception:  # whatever its model raises; `Decoder` tells of it
            logger.debug("the quicker model failed", exc_info=True)
            return None

    async def aclose(self) -> None:
        """Refuse what waits, let what runs end, join the threads (within about a second). Idempotent."""
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def close(self) -> None:
        """`aclose()` for code without an event loop."""
        with self._changed:
            self._closed = True
            waiting = [request for queue in self._queues.values() for request in queue.remove(lambda _: True)]
            self._changed.notify_all()
        for request in waiting:
            _fail(request, RecognizerClosed("the recogniser was closed", fix="open a new Recognizer"))
        for thread in self._lanes.values():
            thread.join()
        self._endings.shutdown(cancel_futures=True)

    # ---- the queue ----

    def _enqueue(self, request: _Request) -> None:
        queue = self._queues[request.mode]
        replaced: list[_Request] = []
        with self._changed:
            if self._closed:
                raise RecognizerClosed("the recogniser is closed", fix="open a new Recognizer")
            if request.mode is Mode.INTERIM:
                replaced = queue.remove(lambda _: True, caller=request.caller)
                self.statistics.superseded += len(replaced)
            try:
                queue.put(request, caller=request.caller)
            except Full:
                self.statistics.shed += 1
                raise RecognizerOverloaded("too much speech waits for the recogniser", fix=_OVERLOADED) from None
            self._start_lane(request.mode)
            self._changed.notify_all()
        for old in replaced:
            _fail(old, Superseded("a newer interim request came", fix="use the newer one's text"))

    def _abandon(self, request: _Request) -> None:
        request.abandoned = True  # a running one stops at its next step
        with self._changed:
            queue = self._queues[request.mode]
            queue.remove(lambda other: other is request, caller=request.caller)
            self.statistics.cancelled += 1

    def _take(self, mode: Mode) -> _Request | None:
        """The next request; waits for one, and an INTERIM for every FAST. None when the recogniser is closed."""
        with self._changed:
            while not self._closed:
                if not (mode is Mode.INTERIM and self._fast_wanted):
                    request = self._queues[mode].take()
                    if request is not None:
                        self._fast_runs = self._fast_runs or mode is Mode.FAST
                        return request
                self._changed.wait()
        return None

    @property
    def _fast_wanted(self) -> bool:
        return self._fast_runs or len(self._queues[Mode.FAST]) > 0

    # ---- the lanes ----

    def _start_lane(self, mode: Mode) -> None:
        if mode in self._lanes:
            return
        name = f"faster-whisper-{mode.name.lower()}"
        self._lanes[mode] = threading.Thread(target=self._lane, args=(mode,), name=name, daemon=True)
        self._lanes[mode].start()

    def _lane(self, mode: Mode) -> None:
        decoder: Decoder | None = None

        def opened() -> Decoder:
            nonlocal decoder
            decoder = decoder or self._decoder(mode)
            return decoder

        with contextlib.suppress(ModelMissing):  # the first request will tell
            opened()
        while (request := self._take(mode)) is not None:
            if request.future.set_running_or_notify_cancel():
                self._run(request, opened)
            if mode is Mode.FAST:
                with self._changed:
                    self._fast_runs = False
                    self._changed.notify_all()

    def _decoder(self, mode: Mode) -> Decoder:
        return Decoder(self._whisper(mode), self._quick_reader())

    def _quick_reader(self) -> QuickReader | None:
        with self._loading[True]:
            if self._quick is None and self._open_quick is not None:
                self._quick = self._open_quick()
            return self._quick

    def _whisper(self, mode: Mode) -> Whisper:
        """The copy of the model that serves the mode; opened when it is not yet.

        Raises:
            ModelMissing: see `model_path`.
        """
        quick = mode is Mode.FAST
        with self._loading[quick]:
            if quick not in self._loaded:
                self._loaded[quick] = (
                    self._source.open(self._cpu_threads) if quick else _at_low_priority(lambda: self._source.open(1, 2))
                )
            return self._loaded[quick]

    def _run(self, request: _Request, decoder: Callable[[], Decoder]) -> None:
        def step() -> None:
            if self._closed or request.abandoned:
                raise Abandoned
            if request.mode is Mode.INTERIM and self._fast_wanted:
                raise Superseded("the time was needed for a finished utterance", fix="use that one's text")

        bias = replace(request.bias, usual=self._languages.of(request.caller))
        try:
            result = decoder().decode(
                request.pcm,
                request.mode,
                bias,
                prefix=request.prefix,
                draft=request.draft,
                step=step,
                first=request.first,
            )
        except Abandoned:
            _fail(request, RecognizerClosed("nobody waited for this decoding", fix="ask again if it is still wanted"))
        except Superseded as error:
            self.statistics.superseded += 1
            _fail(request, error)
        except RecognizerError as error:
            _fail(request, error)
        except Exception as error:  # whatever the model raises belongs to the caller, and the lane lives on
            failed = DecodingFailed(f"the model failed: {type(error).__name__}: {error}", fix=_FAILED)
            failed.__cause__ = error
            _fail(request, failed)
        else:
            if bias.language is None and result.text:
                self._languages.heard(request.caller, result.language, voiced_s=result.voiced_s)
            self.statistics.decoded[request.mode] += 1
            self.statistics.again += result.tries > 1 and request.mode is Mode.FAST
            self.statistics.quick += result.quick
            with contextlib.suppress(concurrent.futures.InvalidStateError):
                request.future.set_result(result)


def _fail(request: _Request, error: Exception) -> None:
    with contextlib.suppress(concurrent.futures.InvalidStateError):  # cancelled meanwhile
        request.future.set_exception(error)


def _int16(pcm: npt.NDArray[np.int16] | npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    if pcm.ndim != 1 or pcm.dtype not in (np.int16, np.float32):
        raise ValueError(
            f"pcm is {pcm.dtype} of shape {pcm.shape}; give int16 or float32 of shape (samples,), 16 kHz mono"
        )
    if pcm.dtype == np.int16:
        return pcm.astype(np.int16, copy=False)
    return np.clip(np.round(pcm * 32768.0), -32768, 32767).astype(np.int16)


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


def _close_at_exit(recognizer: Recognizer) -> None:
    """A daemon thread inside the model while the interpreter ends would crash it: close first."""
    reference = weakref.ref(recognizer)

    def close() -> None:
        if (open_still := reference()) is not None:
            open_still.close()

    atexit.register(close)
    weakref.finalize(recognizer, atexit.unregister, close)
