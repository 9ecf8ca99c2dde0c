"""What each mode does with an audio. Synchronous; the recogniser's threads run it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
import numpy.typing as npt

from .decoding import Decoding, Mode, Word
from .doubt import compression_ratio, doubts
from .hallucination import is_no_speech, without_notes
from .voice import Voice, VoiceMeter
from .whisper import FULL_WINDOW_S, RATE_HZ, Bias, Piece, Whisper, window_for

NO_VOICE = 0.15
"""Below this highest probability of voice, the model is not asked. Whispering and far microphones stay well above."""
SHORTEST_WINDOW_S = 8.0
PADDING_S = 4.0


class Abandoned(Exception):
    """Nobody waits for this decoding any more."""


class Decoder:
    """A model and a voice meter. One thread at a time."""

    def __init__(self, whisper: Whisper) -> None:
        self._whisper = whisper
        self._meter = VoiceMeter()

    def decode(
        self,
        pcm: npt.NDArray[np.int16],
        mode: Mode,
        bias: Bias,
        *,
        prefix: str | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> Decoding:
        """Decode one audio.

        Args:
            pcm: int16, shape (samples,), 16 kHz mono, any length.
            mode: see `Mode`.
            bias: language and words to expect.
            prefix: words that the text begins with, for sure; FAST and INTERIM only.
            step: called between two uses of the model; raises `Abandoned` to stop here, or waits.

        Raises:
            Abandoned: `step` said so.
        """
        started = perf_counter()
        voice = self._meter.measure(pcm)
        if voice.peak < NO_VOICE:
            return _nothing(bias, voice, perf_counter() - started)
        speech = pcm.astype(np.float32) / 32768.0
        if mode is Mode.RECORD:
            return self._record(speech, bias, voice, step, started)
        return self._window(speech, mode, bias, voice, prefix, step, started)

    def _window(
        self,
        speech: npt.NDArray[np.float32],
        mode: Mode,
        bias: Bias,
        voice: Voice,
        prefix: str | None,
        step: Callable[[], None],
        started: float,
    ) -> Decoding:
        length_s = len(speech) / RATE_HZ
        windows = [window_for(length_s, padding_s=PADDING_S, shortest_s=SHORTEST_WINDOW_S)]
        if mode is Mode.FAST and windows[0] < FULL_WINDOW_S:
            windows.append(FULL_WINDOW_S)
        best: tuple[int, Piece, float, tuple[str, ...]] | None = None
        tries = 0
        for window_s in windows:
            tries += 1
            encoded = self._whisper.encode(speech, window_s)
            step()
            piece = self._whisper.decode(encoded, bias, prefix=prefix if tries == 1 else None)
            found = doubts(piece.text, voiced_s=voice.voiced_s, cut_off=piece.cut_off)
            if best is None or len(found) <= best[0]:
                best = (len(found), piece, window_s, found)
            if not found:
                break
            step()
        assert best is not None
        _, piece, window_s, found = best
        return _decoding([piece], bias, voice, window_s, perf_counter() - started, found, tries)

    def _record(
        self,
        speech: npt.NDArray[np.float32],
        bias: Bias,
        voice: Voice,
        step: Callable[[], None],
        started: float,
    ) -> Decoding:
        pieces: list[Piece] = []
        for piece in self._whisper.transcribe(speech, bias):
            pieces.append(piece)
            step()
        text = " ".join(piece.text for piece in pieces)
        found = doubts(text, voiced_s=voice.voiced_s)
        return _decoding(pieces, bias, voice, FULL_WINDOW_S, perf_counter() - started, found, 1)


def _decoding(
    pieces: list[Piece],
    bias: Bias,
    voice: Voice,
    window_s: float,
    decode_s: float,
    found: tuple[str, ...],
    tries: int,
) -> Decoding:
    kept: list[str] = []
    spoken: list[Word] = []
    for piece in pieces:
        text = without_notes(piece.text)
        if is_no_speech(
            text,
            average_log_probability=piece.average_log_probability,
            no_speech_probability=piece.no_speech_probability,
            voiced_s=voice.voiced_s,
            peak=voice.peak,
        ):
            continue
        kept.append(text)
        spoken += piece.words
    weights = [max(1, piece.tokens) for piece in pieces]
    text = " ".join(kept)
    return Decoding(
        text=text,
        average_log_probability=(
            float(np.average([piece.average_log_probability for piece in pieces], weights=weights)) if pieces else 0.0
        ),
        no_speech_probability=(
            float(np.average([piece.no_speech_probability for piece in pieces], weights=weights)) if pieces else 1.0
        ),
        compression_ratio=compression_ratio(text),
        language=pieces[0].language if pieces else bias.language or "",
        words=tuple(spoken),
        voiced_s=voice.voiced_s,
        encode_window_s=window_s,
        decode_s=decode_s,
        doubtful=bool(found and kept),
        doubts=found if kept else (),
        tries=tries,
    )


def _nothing(bias: Bias, voice: Voice, decode_s: float) -> Decoding:
    return Decoding(
        text="",
        average_log_probability=0.0,
        no_speech_probability=1.0,
        compression_ratio=0.0,
        language=bias.language or "",
        voiced_s=voice.voiced_s,
        decode_s=decode_s,
    )
