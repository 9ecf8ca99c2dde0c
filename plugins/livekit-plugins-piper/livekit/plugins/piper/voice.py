"""One loaded voice: text in, words and sound out. Used in the server's process only; Piper is GPL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from piper import PiperVoice
from piper.config import PhonemeType, PiperConfig
from piper.const import BOS, PAD

from .measured import Measured, Notebook
from .model import Abort, Model
from .speech import Float32, Int16, Resampler, Trimmer, speech_level_dbfs
from .tempo import TEMPO_SCALES, Tempo
from .text import pieces, with_hums
from .voices import VoiceFiles
from .word_timing import Word, estimate, spans

MAX_PHONEMES = 220
"""Of one run, about 11 s of speech; cut at a comma or between words. Training sentences were hardly ever longer."""

TARGET_DBFS = -20.0
"""Level of speech, the same for every clause. (Piper's own way, the peak of each clause at full scale, makes
a short "Hm." louder than a sentence.)"""

MAX_GAIN = 8.0

CALIBRATION = "The quick brown fox jumps over the lazy dog."


class UnknownSpeaker(ValueError):
    """The voice has no speaker of that number."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is said.

    `timbre` k moves pitch and formants by the factor k at unchanged tempo: speech is made k times slower and its
    samples are taken as k times the rate. 0.85 to 1.2 sounds like another person and stays as intelligible.
    """

    sample_rate_hz: int
    timbre: float = 1.0
    speed: float = 1.0
    speaker_id: int | None = None
    noise_scale: float | None = None  # None: the voice's own
    noise_w_scale: float | None = None
    lead_in_s: float = 0.01
    tail_s: float = 0.06


class Voice:
    """
    Args:
        threads, spinning: see `Model`.
        notes: what was measured of the voice before.
    Loading takes about a second, the very first time two more: the voice is measured.
    """

    def __init__(
        self, files: VoiceFiles, *, threads: int = 0, spinning: bool = False, notes: Notebook | None = None
    ) -> None:
        self.name = files.name
        config = json.loads(files.config.read_text(encoding="utf-8"))
        self._config = PiperConfig.from_dict(config)
        self.sample_rate_hz: int = self._config.sample_rate
        self._model = Model(files.model, hop_length=self._config.hop_length, threads=threads, spinning=spinning)
        # Piper's front end alone: it never sees the network, which runs here in three parts.
        self._piper = PiperVoice(session=None, config=self._config)
        self._alone = lru_cache(maxsize=8192)(self._sound_of)
        self._gain, self._tempo = 1.0, Tempo((1.0,), (1.0,))
        self._calibrate(notes or Notebook(files))

    @property
    def streams(self) -> bool:
        return self._model.streams

    @property
    def speakers(self) -> int:
        return int(self._config.num_speakers)

    def say(self, text: str, style: Style, abort: Abort) -> Iterator[list[Word] | Int16]:
        """The words of a sentence with their times, then its sound in chunks; sentence after sentence.

        Times count from the first sample. Nothing comes for a text without anything to say ("...").

        Raises:
            Aborted: between any two values, once `abort` is set.
            UnknownSpeaker: at once.
        """
        if style.speaker_id is not None and not 0 <= style.speaker_id < self.speakers:
            raise UnknownSpeaker(f"voice {self.name} has speakers 0 to {self.speakers - 1}, not {style.speaker_id}")
        taken_hz = self.sample_rate_hz * style.timbre
        trimmer = Trimmer(taken_hz, lead_in_s=style.lead_in_s, tail_s=style.tail_s)
        resampler = Resampler(taken_hz, style.sample_rate_hz)
        before = 0  # native samples of the sentences that are done
        for sentence in self._sentences(text, abort):
            untold: list[Word] = []
            length = 0
            for words, samples in self._sound(sentence, style, abort):
                untold += words
                audible = trimmer.push(samples * self._gain)
                if untold and trimmer.offset is not None:
                    yield [_later(word, before - trimmer.offset, taken_hz) for word in untold]
                    untold = []
                if (ready := resampler.push(audible)).size:
                    yield ready
                length += samples.size
            before += length
        if (rest := resampler.push(trimmer.finish(), last=True)).size:
            yield rest

    def _sentences(self, text: str, abort: Abort) -> Iterator[_Sentence]:
        for piece in pieces(text):
            abort.check()
            words = piece.split()
            parts = [part for sentence in self._phonemes(piece) for part in _shortened(sentence)]
            found = spans([self._alone(word) for word in words], [symbol for part in parts for symbol in [*part, " "]])
            start, taken = 0, 0
            for number, part in enumerate(parts):
                end = start + len(part) + 1
                last = number == len(parts) - 1
                count = len(words) - taken if last else sum(first < end for first, _ in found[taken:])
                mine = slice(taken, taken + count)
                bounds = [tuple(min(edge - start, len(part)) for edge in span) for span in found[mine]]
                yield _Sentence(part, words[mine], bounds)
                start, taken = end, taken + count

    def _sound(self, sentence: _Sentence, style: Style, abort: Abort) -> Iterator[tuple[list[Word], Float32]]:
        """Samples at the native rate; the words, in native samples, come with the first of them."""
        ids = self._piper.phonemes_to_ids(sentence.phonemes)
        speaker = (style.speaker_id or self._config.default_speaker_id) if self.speakers > 1 else None
        sound = self._model.say(ids, self._scales(style), speaker, abort)
        edges = self._edges(sentence.phonemes, ids, sound.frames)
        words: list[Word] | None = None
        if edges is not None:
            words = [
                Word(text, float(edges[first]), float(edges[end] if end > first else edges[first]))
                for text, (first, end) in zip(sentence.words, sentence.spans, strict=True)
            ]
        for samples in sound.pieces:
            if words is None:  # the model does not tell; then the sentence comes whole
                words = estimate(samples, 1, sentence.words)
            yield words, samples
            words = []

    def _scales(self, style: Style) -> list[float]:
        config = self._config
        return [
            config.noise_scale if style.noise_scale is None else style.noise_scale,
            config.length_scale * self._tempo.scale(style.timbre / style.speed),
            config.noise_w_scale if style.noise_w_scale is None else style.noise_w_scale,
        ]

    def _edges(
        self, phonemes: Sequence[str], ids: Sequence[int], frames: npt.NDArray[np.int64] | None
    ) -> npt.NDArray[np.int64] | None:
        """Where each phoneme starts, and the last one ends, in native samples; None when it cannot be told."""
        table = self._config.phoneme_id_map
        pad = len(table[PAD])
        counts = [len(table[symbol]) + pad if symbol in table else 0 for symbol in phonemes]
        head = len(table[BOS]) + pad
        if frames is None or len(frames) != len(ids) or not head + sum(counts) < len(ids):
            return None
        edges: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(frames)]) * self._config.hop_length
        return edges[list(accumulate(counts, initial=head))]

    def _phonemes(self, text: str) -> list[list[str]]:
        spelt = with_hums(text) if self._config.phoneme_type is PhonemeType.ESPEAK else text
        return [sentence for sentence in self._piper.phonemize(spelt) if sentence]

    def _sound_of(self, word: str) -> str:
        return "".join(symbol for sentence in self._phonemes(word) for symbol in sentence)

    def _calibrate(self, notes: Notebook) -> None:
        """Level and tempo of the voice, as noted or as measured now; and the network's first run, which is slow."""
        sentence = next(self._sentences(CALIBRATION, Abort()), None)
        if sentence is None:
            return  # a voice that cannot say it keeps the model's own level and tempo
        measured = notes.read()
        if measured is None:
            measured = self._measure(sentence)
            notes.write(measured)
        else:
            self._model.piecewise = measured.piecewise
            next(self._sound(sentence, Style(sample_rate_hz=self.sample_rate_hz), Abort()), None)
        self._gain = measured.gain
        if measured.lengths:
            self._tempo = Tempo(TEMPO_SCALES, measured.lengths)

    def _measure(self, sentence: _Sentence) -> Measured:
        """Says one sentence: what the voice's level is, and how its tempo follows the length scale."""
        style = Style(sample_rate_hz=self.sample_rate_hz)
        noise, usual, noise_w = self._scales(style)
        ids = self._piper.phonemes_to_ids(sentence.phonemes)
        speaker = self._config.default_speaker_id if self.speakers > 1 else None
        self._model.check(ids, [noise, usual, noise_w])
        said = np.concatenate([samples for _, samples in self._sound(sentence, style, Abort())])
        level = speech_level_dbfs(said, self.sample_rate_hz)
        gain = float(min(MAX_GAIN, 10 ** ((TARGET_DBFS - level) / 20)))
        lengths: tuple[int, ...] = ()
        if self._model.streams:  # else durations cost a whole synthesis each
            without_chance = [
                self._model.say(ids, [noise, usual * scale, 0.0], speaker, Abort()).frames for scale in TEMPO_SCALES
            ]
            lengths = tuple(int(frames.sum()) for frames in without_chance if frames is not None)
        return Measured(gain, self._model.piecewise, lengths)


@dataclass(frozen=True, slots=True)
class _Sentence:
    phonemes: list[str]
    words: list[str]
    spans: Sequence[tuple[int, ...]]  # (first, end) of each word, into `phonemes`


def _later(word: Word, samples: int, rate_hz: float) -> Word:
    """A word in samples, moved and in seconds; never before the sound begins."""
    return Word(word.text, max(0.0, word.start_s + samples) / rate_hz, max(0.0, word.end_s + samples) / rate_hz)


def _shortened(phonemes: list[str]) -> Iterator[list[str]]:
    while len(phonemes) > MAX_PHONEMES:
        window = phonemes[:MAX_PHONEMES]
        commas = [i for i in range(MAX_PHONEMES // 3, MAX_PHONEMES - 1) if window[i] in ",;:" and window[i + 1] == " "]
        spaces = [i for i, symbol in enumerate(window) if symbol == " " and i > 0]
        length = commas[-1] + 1 if commas else spaces[-1] if spaces else MAX_PHONEMES
        yield phonemes[:length]
        phonemes = phonemes[length:]
    yield phonemes
