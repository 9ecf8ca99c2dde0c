"""One Whisper model for many speakers: who waits, who runs, who is dropped."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .copies import Copies, Source
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
from .model_files import BUNDLED
from .quick import Ending, QuickReader
from .whisper import RATE_HZ, Bias

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
        self._model = model
        source = Source(
            model=model,
            cache_dir=cache_dir,
            device=device,
            compute_type=compute_type,
            local_files_only=local_files_only,
        )
        self._copies = Copies(source, cpu_threads=cpu_threads or min(4, os.cpu_count() or 1), quick=quick)
        self._changed = threading.Condition()
        self._queues: dict[Mode, FairQueue[_Request]] = {mode: FairQueue(max_items=max_waiting) for mode in Mode}
        self._fast_runs = False
        self._closed = False
        self._lanes: dict[Mode, threading.Thread] = {}
        self._endings = concurrent.futures.ThreadPoolExecutor(_ENDINGS, thread_name_prefix="faster-whisper-ending")
        self._languages = LanguageMemory()
        self.statistics = Statistics()
        _close_at_exit(self)

    @property
    def model(self) -> str:
        """The model's name or folder, as given."""
        return str(self._model or BUNDLED)

    @property
    def has_quick_reader(self) -> bool:
        """A quicker recogniser is asked first."""
        return self._copies.has_quick_reader

    def load(self, *, record: bool = False) -> None:
        """Load the model for FAST requests now, in this thread: 2 s, one more the very first time. For prewarming.

        Args:
            record: begin to load the copy for the other modes as well, at its low priority and without waiting.

        Raises:
            ModelMissing: see `model_path`.
        """
        self._copies.whisper(Mode.FAST)
        self._copies.quick_reader()
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
        quick = self._copies.opened_quick_reader
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
        return self._copies.decoder(mode)

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


def _close_at_exit(recognizer: Recognizer) -> None:
    """A daemon thread inside the model while the interpreter ends would crash it: close first."""
    reference = weakref.ref(recognizer)

    def close() -> None:
        if (open_still := reference()) is not None:
            open_still.close()

    atexit.register(close)
    weakref.finalize(recognizer, atexit.unregister, close)
