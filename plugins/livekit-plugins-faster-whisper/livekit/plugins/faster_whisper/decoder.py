"""What each mode does with an audio. Synchronous; the recogniser's threads run it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from time import perf_counter

import numpy as np
import numpy.typing as npt

from .decoding import Decoding, Mode, Word
from .doubt import MIN_VOICED_S, TOO_MANY, compression_ratio, doubts, first_round, leaves_out, words
from .errors import RecognizerError
from .hallucination import is_no_speech, recites, repeats_one_word, without_notes
from .pauses import pieces
from .quick import QuickReader, Reading
from .voice import WINDOW_S, Voice, VoiceMeter
from .whisper import FULL_WINDOW_S, RATE_HZ, Bias, Piece, Whisper, window_for

logger = logging.getLogger(__name__)

NO_VOICE = 0.2
"""Below this highest probability of a voice the model is not asked. Speech at -70 dBFS is still above."""
LONGEST_S = 26.0
"""Of one window's speech."""
# Whisper says what is no speech, and is at -1.0 or above with it. Now and then it is lost in plain words, at -2.5,
# and the quicker model is not.
_LOST = -1.5
_HEARD = -0.35
# So long a voice, with a probability of no speech below this, is speech that it could not read (0.05 to 0.15, in harsh
# voices): of laughs of a second and more, and as unreadable, it is 0.54 and more.
_LOST_AFTER_S = 1.25
_SPEECH = 0.3
# Of a word or two, Whisper's figures say how they sounded, and its text is a guess below the first of these; a name in
# it may be one of those that it was told, below the second. Chosen on the tuning half of bench/readers.py.
_UNSURE = -0.4
_GUESSED = -0.6
_FAR_FROM_SPEECH = -1.0  # OpenAI's threshold of a failed decoding


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    padding_s: float
    shortest_s: float


# A text in doubt is decoded again with more silence behind the speech, at last as stock faster-whisper does.
_SIZES = (
    _Size(padding_s=2.0, shortest_s=4.0),
    _Size(padding_s=5.0, shortest_s=8.0),
    _Size(padding_s=30.0, shortest_s=30.0),
)

Float32 = npt.NDArray[np.float32]


class Abandoned(Exception):
    """Nobody waits for this decoding any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """A piece of text and what speaks for and against it."""

    piece: Piece
    voice: Voice
    window_s: float
    doubts: tuple[str, ...]
    tries: int

    @property
    def text(self) -> str:
        return without_notes(self.piece.text)

    @property
    def is_laughter(self) -> bool:
        """Long enough to be sure, and no speech: a longer window will not make any of it, and costs its time. A short
        word that goes in circles may be one all the same.
        """
        return bool(self.text) and self.voice.voiced_s >= MIN_VOICED_S and self.no_speech and not self.is_lost

    @property
    def is_lost(self) -> bool:
        """Somebody spoke, and the text is none of what they said."""
        unread = self.piece.average_log_probability < _LOST and self.piece.no_speech_probability < _SPEECH
        return unread and self.voice.voiced_s >= _LOST_AFTER_S

    @property
    def no_speech(self) -> bool:
        return is_no_speech(
            self.text,
            average_log_probability=self.piece.average_log_probability,
            no_speech_probability=self.piece.no_speech_probability,
            voiced_s=self.voice.voiced_s,
            peak=self.voice.peak,
        )


class Decoder:
    """A model, perhaps a quicker one that is asked first, and a voice meter. One thread at a time."""

    def __init__(self, whisper: Whisper, quick: QuickReader | None = None) -> None:
        self._whisper = whisper
        self._quick = quick
        self._meter = VoiceMeter()
        self._told: set[type[Exception]] = set()  # failures of the quicker model that were logged

    def decode(
        self,
        pcm: npt.NDArray[np.int16],
        mode: Mode,
        bias: Bias,
        *,
        prefix: str | None = None,
        draft: str | None = None,
        step: Callable[[], None] = lambda: None,
        first: Callable[[Decoding], None] = lambda _: None,
    ) -> Decoding:
        """Decode one audio.

        Args:
            pcm: int16, shape (samples,), 16 kHz mono, any length.
            mode: see `Mode`.
            bias: language and words to expect.
            prefix: words that the text begins with, for sure; FAST and INTERIM only.
            draft: what it probably begins with, for the quicker model.
            step: called between two uses of the model; raises `Abandoned` to stop here, or waits.
            first: told the quicker model's text of a FAST of more than a word or two that Whisper is asked as well.

        Raises:
            Abandoned: `step` said so.
        """
        started = perf_counter()
        voice = self._meter.measure(pcm)
        short = self._quick is not None and voice.voiced_s < self._quick.shortest_s
        found: list[_Try] = []
        reading: Reading | None = None
        if voice.peak >= NO_VOICE:
            speech = pcm.astype(np.float32) / 32768.0
            # Of a word or two, what is final; of more, what is wanted at once
            if prefix is None and mode is not (Mode.INTERIM if short else Mode.RECORD):
                reading = self._read_quickly(speech, bias, step, draft)
            if reading is not None and not short and _will_do(reading, mode, voice):
                return _of_reading(reading, mode, bias, voice, perf_counter() - started)
            # Of a word or two Whisper's comes soon enough, and the speaker goes on more often than not
            if reading is not None and mode is Mode.FAST and not short and _will_do(reading, Mode.INTERIM, voice):
                first(_of_reading(reading, mode, bias, voice, perf_counter() - started))
            settled = short and reading is not None and reading.sure and _is_plausible(reading, voice)
            again = mode is not Mode.INTERIM and not settled
            if mode is Mode.RECORD:
                found = self._record(speech, again, bias, voice, step)
            else:
                found = self._windows(speech, again, bias, voice, prefix, step)
        decoding = _decoding(found, bias, voice, perf_counter() - started)
        if reading is None:
            return decoding
        if not reading.speech:
            guessed = decoding.average_log_probability < _GUESSED
            return replace(decoding, text="", words=()) if guessed else decoding
        if short:
            taken = _in_better_words(decoding, reading, bias, voice)
            left = decoding.text if words(taken.text) == words(reading.text) else reading.text
            return replace(taken, also_read=left if words(left) != words(taken.text) else "")
        named = _has_a_name_more(decoding.text, reading.text, bias)
        within = not reading.called and _has_a_name_more(reading.text, decoding.text, bias)
        plausible = _is_plausible(reading, voice)
        if not named and plausible and (within or _is_surer(reading, decoding)):
            failed = decoding.doubtful or decoding.average_log_probability < _FAR_FROM_SPEECH
            return replace(
                _of_reading(reading, mode, bias, voice, decoding.decode_s),
                encode_window_s=decoding.encode_window_s,
                other="" if failed else decoding.text,
            )
        return replace(_with_name(decoding, reading), other=reading.text if plausible else "")

    def _read_quickly(self, speech: Float32, bias: Bias, step: Callable[[], None], draft: str | None) -> Reading | None:
        quick = self._quick
        if quick is None or bias.language != quick.language or len(speech) > quick.longest_s * RATE_HZ:
            return None
        try:
            reading = quick.read(speech, names=_names(bias), step=step, draft=draft)
        except (Abandoned, RecognizerError):  # what `step` raises
            raise
        except Exception as error:  # whatever its model raises: Whisper is there to read it
            if type(error) not in self._told:
                self._told.add(type(error))
                logger.warning("the quicker model failed; Whisper reads instead", exc_info=error)
            return None
        step()
        return reading

    def _windows(
        self, speech: Float32, again: bool, bias: Bias, voice: Voice, prefix: str | None, step: Callable[[], None]
    ) -> list[_Try]:
        """One window, or several where the audio is longer than one."""
        found: list[_Try] = []
        longest = int(LONGEST_S / WINDOW_S)
        for start, end in pieces(voice.probability, voice.level, longest=longest):
            start_s, end_s = start * WINDOW_S, end * WINDOW_S
            part = speech[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
            found.append(self._window(part, again, bias, voice.between(start_s, end_s), prefix, step))
            bias = replace(bias, language=bias.language or found[-1].piece.language)
            prefix = None
        return found

    def _window(
        self, speech: Float32, again: bool, bias: Bias, voice: Voice, prefix: str | None, step: Callable[[], None]
    ) -> _Try:
        length_s = len(speech) / RATE_HZ
        best: _Try | None = None
        for tries, size in enumerate(_SIZES if again else _SIZES[:1], 1):
            window_s = window_for(length_s, padding_s=size.padding_s, shortest_s=size.shortest_s)
            encoded = self._whisper.encode(speech, window_s)
            step()
            piece = self._whisper.decode(encoded, bias, prefix=prefix if tries == 1 else None)
            bias = replace(bias, prompt=None)  # a text before the audio may be what led astray
            found = doubts(piece.text, voiced_s=voice.voiced_s, cut_off=piece.cut_off)
            # More than anyone says in the time, and it is the same over and over: the first round is what was said
            once = first_round(piece.text) if {"repetition", TOO_MANY} <= set(found) else None
            if once and not doubts(once, voiced_s=voice.voiced_s):
                piece, found = replace(piece, text=once, compression_ratio=compression_ratio(once)), ()
            if best is not None and words(piece.text) == words(best.piece.text):
                found = ()  # two windows that agree: so it was said
            tried = _Try(piece=piece, voice=voice, window_s=window_s, doubts=found, tries=tries)
            if tried.is_lost:
                tried = replace(tried, doubts=(*found, "lost"))
            if best is None or len(tried.doubts) <= len(best.doubts):
                best = tried
            best = replace(best, tries=tries)
            if not tried.doubts or best.is_laughter:
                break
            step()
        assert best is not None
        return best

    def _record(self, speech: Float32, again: bool, bias: Bias, voice: Voice, step: Callable[[], None]) -> list[_Try]:
        found: list[_Try] = []
        for piece in self._whisper.transcribe(speech, bias, again=again):
            heard = voice.between(piece.start_s, piece.end_s)
            doubted = doubts(piece.text, voiced_s=heard.voiced_s)
            found.append(_Try(piece=piece, voice=heard, window_s=FULL_WINDOW_S, doubts=doubted, tries=1))
            step()
        return found


def _will_do(reading: Reading, mode: Mode, voice: Voice) -> bool:
    """Whether a quick text can be used as it is. Of an unfinished utterance it need not be sure."""
    return reading.speech and (reading.sure or mode is Mode.INTERIM) and _is_plausible(reading, voice)


def _is_plausible(reading: Reading, voice: Voice) -> bool:
    """Whether it can have been said in the time."""
    no_speech = is_no_speech(
        reading.text,
        average_log_probability=reading.average_log_probability,
        no_speech_probability=0.0,
        voiced_s=voice.voiced_s,
        peak=voice.peak,
    )
    return not no_speech and not doubts(reading.text, voiced_s=voice.voiced_s, cut_off=reading.cut_off)


def _is_surer(reading: Reading, decoding: Decoding) -> bool:
    """Whether the quicker model is surer of its text than Whisper is of its own.

    Of 28 turns that it was not sure of, in 160 by five voices, it had 70 words wrong and Whisper 75; the surer of the
    two 43, of 261.
    """
    lost = decoding.average_log_probability < _LOST and reading.average_log_probability > _HEARD
    surer = reading.average_log_probability > decoding.average_log_probability
    return decoding.doubtful or ((bool(decoding.text) or lost) and surer)  # of going in circles Whisper is sure, too


def _in_better_words(decoding: Decoding, reading: Reading, bias: Bias, voice: Voice) -> Decoding:
    """A word or two, in the quicker model's words where that one is sure and Whisper is not, or has left words out.
    How they sounded, which tells an "mm-hm" from a turn, Whisper says.
    """
    probability = decoding.average_log_probability
    if repeats_one_word(decoding.text) and not reading.sure and not _is_likewise(reading.text, decoding.text):
        return replace(decoding, text="", words=())  # a laugh; of 55 such words by four voices none was read so
    named = _has_a_name_more(decoding.text, reading.text, bias)
    guessed = probability < (_GUESSED if named else _UNSURE) if decoding.text else probability < _LOST
    wrong = decoding.doubtful or (reading.sure and (guessed or leaves_out(decoding.text, reading.text)))
    if not wrong or not _is_plausible(reading, voice):
        return decoding
    if decoding.doubtful:
        probability = reading.average_log_probability  # Whisper's is one of the doubtful text
        if not reading.sure and probability < _GUESSED:
            return replace(decoding, text="", words=())  # neither knows: a laugh, most likely
    text, spoken = reading.text, decoding.words
    again = _spread(text, spoken[0].start_s, spoken[-1].end_s) if spoken else ()
    return replace(
        decoding,
        text=text,
        words=again,
        average_log_probability=probability,
        compression_ratio=compression_ratio(text),
        doubtful=not reading.sure,
        doubts=(),
    )


def _is_likewise(text: str, than: str) -> bool:
    """Whether it has a word of the other text, or repeats one of its own."""
    said = words(text)
    return bool(set(said) & set(words(than))) or any(word == after for word, after in pairwise(said))


def _spread(text: str, start_s: float, end_s: float) -> tuple[Word, ...]:
    """The words with times, by their letters."""
    said = text.split()
    ends = np.cumsum([0, *(len(word) + 1 for word in said)])
    times = start_s + ends / ends[-1] * (end_s - start_s)
    return tuple(
        Word(word=word, start_s=float(start), end_s=float(end))
        for word, start, end in zip(said, times[:-1], times[1:], strict=True)
    )


def _names(bias: Bias) -> list[str]:
    return [name.strip() for name in (bias.hotwords or "").split(",") if name.strip()]


def _has_a_name_more(text: str, than: str, bias: Bias) -> bool:
    """Whether somebody is called or mentioned in the one text and not in the other."""
    said, other = set(words(text)), set(words(than))
    return any(set(words(name)) <= said - other for name in _names(bias))


def _of_reading(reading: Reading, mode: Mode, bias: Bias, voice: Voice, decode_s: float) -> Decoding:
    # It ends every text like a sentence
    text = reading.text.rstrip(".") if mode is Mode.INTERIM else reading.text
    return Decoding(
        text=text,
        average_log_probability=reading.average_log_probability,
        no_speech_probability=0.0,
        compression_ratio=compression_ratio(text),
        language=bias.language or "",
        voiced_s=voice.voiced_s,
        decode_s=decode_s,
        doubtful=not reading.sure,
        quick=True,
        tries=1,
    )


def _with_name(decoding: Decoding, reading: Reading) -> Decoding:
    """The text with the name at its beginning that the quicker model heard there, and Whisper left out or misread.

    Where the two do not agree on the word behind the name, nothing is changed.
    """
    called, said = words(reading.called), decoding.text.split()
    behind = words(reading.text)[len(called) : len(called) + 1]
    if not called or not behind or set(called) & set(words(" ".join(said[:3]))):
        return decoding
    for place, word in enumerate(said[:3]):
        if words(word) == behind:
            first = reading.text.split()[len(called)]  # as it is written behind a name
            text = " ".join([f"{reading.called},", first, *said[place + 1 :]])
            return replace(decoding, text=text, compression_ratio=compression_ratio(text))
    return decoding


def _decoding(found: list[_Try], bias: Bias, voice: Voice, decode_s: float) -> Decoding:
    kept = [
        one
        for one in found
        if not one.no_speech
        and not recites(one.text, bias.hotwords, average_log_probability=one.piece.average_log_probability)
    ]
    spoken: list[Word] = [word for one in kept for word in one.piece.words]
    doubted = tuple(dict.fromkeys(doubt for one in found if one in kept or one.is_lost for doubt in one.doubts))
    text = " ".join(one.text for one in kept)
    parts = [one.piece for one in found]
    weights = [max(1, piece.tokens) for piece in parts]
    return Decoding(
        text=text,
        average_log_probability=_mean([piece.average_log_probability for piece in parts], weights, 0.0),
        no_speech_probability=_mean([piece.no_speech_probability for piece in parts], weights, 1.0),
        compression_ratio=compression_ratio(text),
        language=parts[0].language if parts else bias.language or "",
        words=tuple(spoken),
        voiced_s=voice.voiced_s,
        encode_window_s=max((one.window_s for one in found), default=0.0),
        decode_s=decode_s,
        doubtful=bool(doubted),
        doubts=doubted,
        tries=max((one.tries for one in found), default=0),
    )


def _mean(values: list[float], weights: list[int], empty: float) -> float:
    return float(np.average(values, weights=weights)) if values else empty
