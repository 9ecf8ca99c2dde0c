"""The model itself: one encoder window or a long audio to text. Synchronous; one thread at a time."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .decoding import Word
from .doubt import compression_ratio
from .errors import ModelMissing

RATE_HZ = 16_000
FRAMES_PER_S = 100  # of the mel spectrogram
POSITIONS_PER_S = 50  # of the encoder's output
FULL_WINDOW_S = 30.0
CONTEXT_S = 15.0  # what the decoder sees at least: 10 s brought loops, 30 s no better texts but slower tokens
_SILENT_MEL = -0.6  # a usual floor: Whisper's features end 2 below their loudest, which is near 1.4 in speech
_LANGUAGE_SURE = 0.8
# More than anyone speaks: a bound for loops, which cost their time before they are found out. Fast English is 5 words,
# 7 tokens a second; other scripts take more tokens for a word.
TOKENS_PER_S = 12.0
TOKENS_PER_S_ENGLISH = 8.0
TOKENS_AT_LEAST = 14
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # faster-whisper's own

Float32 = npt.NDArray[np.float32]


class _Tokenizer(Protocol):
    sot: int
    sot_prev: int
    eot: int
    no_timestamps: int
    sot_sequence: list[int]

    def encode(self, text: str) -> list[int]: ...
    def decode(self, tokens: list[int]) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """What helps the model: the language, words before the audio, words to expect."""

    language: str | None
    """ISO 639-1; None to detect it."""
    usual: str | None = None
    """The language that this speaker spoke so far: a detection must be sure to go against it."""
    prompt: str | None = None
    hotwords: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The text of one window, or of one segment of a long audio."""

    text: str
    average_log_probability: float
    no_speech_probability: float
    compression_ratio: float
    language: str
    tokens: int
    cut_off: bool = False
    """The decoder ran into its limit of tokens."""
    words: tuple[Word, ...] = ()
    start_s: float = 0.0
    end_s: float = 0.0
    """Of a segment: seconds from the start of the audio."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoder's output, and how much of the audio lies in it."""

    output: Any  # a ctranslate2.StorageView, float32, shape (1, positions, width), 50 positions a second
    window_s: float
    speech_s: float


class Whisper:
    """One `faster_whisper.WhisperModel`, for `workers` threads.

    A short encoder window is not in faster-whisper's interface, which pads each audio to 30 s; so this goes one level
    deeper, to its feature extractor, tokenizer and CTranslate2 model. Pinned by tests against faster-whisper's own
    full-window text.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str,
        compute_type: str,
        cpu_threads: int,
        local_files_only: bool,
        workers: int = 1,
    ) -> None:
        """Loads the model, 0.3 to 1 s for Whisper base.

        Args:
            cpu_threads: of one use of the model.
            workers: uses at the same moment, from as many threads; they share the weights.

        Raises:
            ModelMissing: it cannot be opened or downloaded.
        """
        faster_whisper: Any = importlib.import_module("faster_whisper")  # untyped, and slow to import: 1 s
        self._ctranslate2: Any = importlib.import_module("ctranslate2")
        try:
            self._model: Any = faster_whisper.WhisperModel(
                model,
                device=device,
                compute_type=compute_type,
                cpu_threads=cpu_threads,
                num_workers=workers,
                local_files_only=local_files_only,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelMissing(
                f"the Whisper model {model!r} cannot be opened ({error})",
                fix="check the name or folder, the network at a first download, and that compute_type suits the device",
            ) from error
        self._tokenizers: dict[str, _Tokenizer] = {}

    @property
    def languages(self) -> Sequence[str]:
        """ISO 639-1 codes that the model knows; ("en",) for an English-only one."""
        return tuple(self._model.supported_languages)

    def warm_up(self) -> None:
        """Compute now what the first `encode` needs: about 1 s."""
        _ = self._silence

    def encode(self, speech: Float32, window_s: float) -> Encoded:
        """Run the encoder over a short window, and put silence behind its output, up to `CONTEXT_S`.

        The decoder knows 30 s only: given a short encoding, it repeats itself or leaves a clause out. The encoding of
        silence is always about the same, so it is computed once and appended: the decoder then sees speech with silence
        after it, as in its training, and the encoder's time is still that of the short window. Word errors on 132 clips
        of synthetic and recorded speech of 1 to 9 s: full window 8.2 to 8.9 %, window of speech + 2 s with silence
        behind it 8.1 %, without 26 % (loops), window of speech + 4 s without 8.9 % for twice the encoder's time.

        Args:
            speech: float32 in -1..1, shape (samples,), 16 kHz; cut at `window_s`.
            window_s: what the encoder sees, 1 to 30 s; what the speech does not fill is digital silence.
        """
        window_s = min(window_s, FULL_WINDOW_S)
        frames = round(window_s * FRAMES_PER_S)
        padded = np.zeros(frames * RATE_HZ // FRAMES_PER_S, np.float32)
        speech = speech[: len(padded)]
        padded[: len(speech)] = speech
        output = self._encode(self._model.feature_extractor(padded, padding=0)[:, :frames])
        behind = self._silence[:, output.shape[1] :]
        if behind.shape[1]:
            output = np.concatenate([output, behind], axis=1)
        storage = self._ctranslate2.StorageView.from_array(np.ascontiguousarray(output))
        return Encoded(storage, window_s, len(speech) / RATE_HZ)

    @cached_property
    def _silence(self) -> Float32:
        """The encoding of silence, shape (1, positions of `CONTEXT_S`, width), as it stands in a full window."""
        bands = self._model.model.n_mels
        full = self._encode(np.full((bands, round(FULL_WINDOW_S * FRAMES_PER_S)), _SILENT_MEL, np.float32))
        return full[:, : round(CONTEXT_S * POSITIONS_PER_S)]

    def _encode(self, features: Float32) -> Float32:
        """Log-mel features of shape (bands, frames) to the encoder's output, shape (1, positions, width)."""
        storage = self._ctranslate2.StorageView.from_array(np.ascontiguousarray(features[np.newaxis]))
        encoded = self._model.model.encode(storage, to_cpu=True)
        output: Float32 = np.array(encoded.to(self._ctranslate2.DataType.float32))
        return output

    def language_of(self, encoded: Encoded, usual: str | None = None) -> str:
        """The most probable language, ISO 639-1; `usual` unless another one is sure, since a "yes" sounds like many."""
        if not self._model.model.is_multilingual:
            return "en"
        (token, probability), *_ = self._model.model.detect_language(encoded.output)[0]
        return usual if usual and probability < _LANGUAGE_SURE else str(token).strip("<|>")

    def decode(self, encoded: Encoded, bias: Bias, *, prefix: str | None = None) -> Piece:
        """Greedy text of one window.

        Args:
            prefix: words that the text begins with, for sure. CTranslate2 feeds them one by one, so they save no time.
        """
        language = bias.language or self.language_of(encoded, bias.usual)
        tokenizer = self._tokenizer(language)
        known = tokenizer.encode(" " + prefix.strip()) if prefix and prefix.strip() else []
        start = self._start(tokenizer, bias)
        per_s = TOKENS_PER_S_ENGLISH if language == "en" else TOKENS_PER_S
        limit = TOKENS_AT_LEAST + round(per_s * encoded.speech_s)
        prompt = [*start, *known]
        # CTranslate2 takes the least of max_length / 2 and max_length - prompt as the number of tokens it may add.
        max_length = min(self._model.max_length, max(2 * limit, limit + len(prompt)))
        result = self._model.model.generate(
            encoded.output,
            [prompt],
            beam_size=1,
            max_length=max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=not known,  # else the text could not end after the prefix
        )[0]
        tokens = list(result.sequences_ids[0])  # the prefix's among them
        text = tokenizer.decode(tokens).strip()
        return Piece(
            text=text,
            average_log_probability=float(result.scores[0]) * len(tokens) / (len(tokens) + 1) if tokens else 0.0,
            no_speech_probability=float(result.no_speech_prob),
            compression_ratio=compression_ratio(text),
            language=language,
            tokens=len(tokens),
            cut_off=len(tokens) - len(known) >= limit - 1,
        )

    def transcribe(self, speech: Float32, bias: Bias, *, again: bool = True) -> Iterator[Piece]:
        """Text of an audio of any length: full windows, beam search, word times, as stock faster-whisper does.

        `again`: a window in doubt is decoded up to five times more, each time more freely.

        Yields lazily: the work for the next window starts when the next piece is asked for.
        """
        segments, info = self._model.transcribe(
            speech,
            language=bias.language or bias.usual,
            initial_prompt=bias.prompt,
            hotwords=bias.hotwords,
            condition_on_previous_text=False,  # else one bad window spoils all that follow
            word_timestamps=True,
            temperature=_TEMPERATURES if again else _TEMPERATURES[:1],
        )
        for segment in segments:
            yield Piece(
                text=segment.text.strip(),
                average_log_probability=float(segment.avg_logprob),
                no_speech_probability=float(segment.no_speech_prob),
                compression_ratio=float(segment.compression_ratio),
                language=str(info.language),
                tokens=len(segment.tokens),
                start_s=float(segment.start),
                end_s=float(segment.end),
                words=tuple(
                    Word(word=word.word.strip(), start_s=float(word.start), end_s=float(word.end))
                    for word in segment.words or ()
                ),
            )

    def _tokenizer(self, language: str) -> _Tokenizer:
        if language not in self._tokenizers:
            module: Any = importlib.import_module("faster_whisper.tokenizer")
            self._tokenizers[language] = module.Tokenizer(
                self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    def _start(self, tokenizer: _Tokenizer, bias: Bias) -> list[int]:
        """Prompt tokens before the text: <|startofprev|> hotwords prompt <|startoftranscript|> language task."""
        room = self._model.max_length // 2 - 1
        before: list[int] = []
        if bias.hotwords and bias.hotwords.strip():
            before += tokenizer.encode(" " + bias.hotwords.strip())[: room // 2]
        if bias.prompt and bias.prompt.strip():
            before += tokenizer.encode(" " + bias.prompt.strip())[-(room - len(before)) :]
        head = [tokenizer.sot_prev, *before] if before else []
        return [*head, *tokenizer.sot_sequence, tokenizer.no_timestamps]


def window_for(speech_s: float, *, padding_s: float, shortest_s: float) -> float:
    """The encoder window for an audio: its length and the padding, in steps of half a second, up to 30 s."""
    wanted = math.ceil((speech_s + padding_s) * 2) / 2
    return min(FULL_WINDOW_S, max(shortest_s, wanted))
