"""Hearing in virtual time: decisions and delays that do not depend on how busy the machine is.

The ear runs on an event loop whose clock stands still while anything computes and jumps to the next timer when nothing
does. The recogniser really decodes, each audio once (kept on disk by its content), and its answer arrives after a
modelled time, on one modelled lane. The model's constants were measured on 2 quiet cores (design figures of Whisper
base, int8); real delays come from the bench's real mode.
"""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import selectors
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from livekit.local_inference import EOT
from livekit.plugins import faster_whisper
from livekit.plugins.faster_whisper import Decoding, Ending, Mode, Recognizer, Superseded

from agent.hearing import moonshine
from agent.hearing.moonshine import MoonshineReader, open_reader

Int16 = npt.NDArray[np.int16]
T = TypeVar("T")

ENCODE_S = ((4.0, 0.055), (8.0, 0.100), (10.0, 0.125), (30.0, 0.550))  # encoder window to seconds
TOKEN_S = 0.0085
QUICK_S = (0.010, 0.0047)  # Moonshine: a second of audio, and a token
LETTERS_PER_TOKEN = 4.2
ENDING_S = 0.02  # one use of its decoder
OVERHEAD_S = 0.008  # voice meter, spectrogram, queue
END_OF_TURN_S = 0.032
RECORD_SLOWER = 3.0  # one core, beam search, word times


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps over waiting."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self._loop.jump(timeout)
        return super().select(timeout if timeout is None else 0)


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class Decodings:
    """Real decodings, each made once and kept in `folder`. Used from any thread."""

    def __init__(self, folder: Path, recognizer: Recognizer | None = None) -> None:
        self._folder = folder / f"decodings-{recognisers()}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._recognizer = recognizer or Recognizer(quick=open_reader)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._eot = EOT()

    def decode(self, pcm: Int16, mode: Mode, **bias: Any) -> Decoding:
        """`bias`: what `Recognizer.decode` takes beside, strings or None."""
        key = hashlib.sha256(pcm.tobytes() + repr((int(mode), sorted(bias.items()))).encode()).hexdigest()[:32]
        path = self._folder / f"{key}.pickle"
        if path.exists():
            kept: Decoding = pickle.loads(path.read_bytes())
            return kept
        call = self._recognizer.decode(pcm, mode=mode, caller="bench", **bias)
        decoding = asyncio.run_coroutine_threadsafe(call, self._loop).result()
        path.write_bytes(pickle.dumps(decoding))
        return decoding

    def ending(self, pcm: Int16, text: str, language: str | None) -> Ending | None:
        path = self._folder / f"ending-{hashlib.sha256(pcm.tobytes() + text.encode()).hexdigest()[:32]}.pickle"
        if not path.exists():
            call = self._recognizer.ending(pcm, text, language=language)
            path.write_bytes(pickle.dumps(asyncio.run_coroutine_threadsafe(call, self._loop).result()))
        kept: Ending | None = pickle.loads(path.read_bytes())
        return kept

    def end_of_turn(self, pcm: Int16) -> float:
        path = self._folder / f"eot-{hashlib.sha256(pcm.tobytes()).hexdigest()[:32]}"
        if path.exists():
            return float(path.read_text())
        probability = float(self._eot.predict(pcm))
        path.write_text(str(probability))
        return probability


def recognisers() -> str:
    """A digest of the code that decodes: what older code made of an audio says nothing."""
    folders = [Path(str(module.__file__)).parent for module in (faster_whisper, moonshine)]
    sources = [path.read_bytes() for folder in folders for path in sorted(folder.glob("*.py"))]
    return hashlib.sha256(b"".join(sources)).hexdigest()[:12]


class VirtualRecognizer:
    """Answers as `Recognizer.decode` does, after a modelled time on one lane; FAST goes before INTERIM."""

    def __init__(self, decodings: Decodings) -> None:
        self._decodings = decodings
        self._free_at = 0.0  # loop time at which the lane takes the next request
        self._interim_waits: asyncio.Task[Any] | None = None
        self.work_s = 0.0  # modelled seconds of the machine

    async def decode(
        self,
        pcm: Int16,
        *,
        mode: Mode,
        caller: str,
        draft: str | None = None,
        first: Callable[[Decoding], None] | None = None,
        **bias: str | None,
    ) -> Decoding:
        """`first` is never told: it changes when a reply is prepared, and not when an utterance ends."""
        loop = asyncio.get_running_loop()
        decoding = self._decodings.decode(pcm, mode, **bias)
        encode_s, decode_s = cost_s(decoding, mode, bias.get("prefix"))
        if mode is Mode.RECORD:  # a lane of its own, at the lowest priority
            self.work_s += (encode_s + decode_s) * RECORD_SLOWER
            await asyncio.sleep((encode_s + decode_s) * RECORD_SLOWER)
            return decoding
        wait_s = max(0.0, self._free_at - loop.time())
        if mode is Mode.INTERIM and wait_s > 0:
            raise Superseded("the lane is busy", fix="wait")
        begin = loop.time() + wait_s
        self._free_at = begin + encode_s + decode_s
        try:
            await asyncio.sleep(wait_s + encode_s)
            await asyncio.sleep(decode_s)
        except asyncio.CancelledError:
            # The model stops between its steps only.
            spent_to = begin + encode_s if loop.time() < begin + encode_s else begin + encode_s + decode_s
            if loop.time() < begin:
                spent_to = begin
            self._free_at = min(self._free_at, spent_to)
            self.work_s += max(0.0, spent_to - begin)
            raise
        self.work_s += encode_s + decode_s
        return decoding

    async def ending(self, pcm: Int16, text: str, *, language: str | None) -> Ending | None:
        """On a core of its own."""
        answer = self._decodings.ending(pcm, text, language)
        seconds = len(pcm) / 16_000 * QUICK_S[0] + ENDING_S
        self.work_s += seconds
        await asyncio.sleep(seconds)
        return answer


class VirtualEndOfTurn:
    def __init__(self, decodings: Decodings) -> None:
        self._decodings = decodings
        self.asked = 0

    async def probability(self, pcm: Int16) -> float:
        self.asked += 1
        answer = self._decodings.end_of_turn(np.ascontiguousarray(pcm[-19_200:]))
        await asyncio.sleep(END_OF_TURN_S)
        return answer


def cost_s(decoding: Decoding, mode: Mode, prefix: str | None) -> tuple[float, float]:
    """Modelled seconds of the encoder and of the decoder."""
    tokens = max(2.0, 2 + (len(decoding.text) - len(prefix or "")) / LETTERS_PER_TOKEN)
    quick_s = (decoding.voiced_s + 0.7) * QUICK_S[0], tokens * QUICK_S[1]
    if decoding.quick:
        return OVERHEAD_S + quick_s[0], quick_s[1]
    if not decoding.encode_window_s:
        return OVERHEAD_S, 0.0
    windows, seconds = zip(*ENCODE_S, strict=True)
    encode_s = float(np.interp(decoding.encode_window_s, windows, seconds))
    if decoding.tries > 1:
        encode_s += 0.125
        tokens *= 2
    if mode is not Mode.RECORD and decoding.voiced_s >= MoonshineReader.shortest_s:  # it was asked first, and not sure
        encode_s += sum(quick_s)
    return OVERHEAD_S + encode_s, tokens * TOKEN_S
