"""The model, on onnxruntime: audio to tokens, each with its probability. Synchronous; keeps nothing between uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]

from agent.hearing.moonshine.files import DECODER, ENCODER
from agent.hearing.moonshine.tokens import BEGIN, END

RATE_HZ = 16_000
TOKENS_PER_S = 6.5
_HEADS, _HEAD_WIDTH = 8, 36

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """An audio as the decoder sees it."""

    states: Float32  # (1, positions, width)
    samples: int

    @property
    def length_s(self) -> float:
        return self.samples / RATE_HZ


@dataclass(frozen=True, slots=True)
class Greedy:
    """The likeliest tokens, one by one, without the end's."""

    tokens: tuple[int, ...]
    log_probabilities: tuple[float, ...]  # one more than tokens where it ended by itself: the end's
    cut_off: bool  # the bound was reached
    watched: tuple[tuple[float, ...], ...] = ()  # log-probabilities of the watched tokens, at each step of the model


class _Decoding:
    """Tokens as they come."""

    def __init__(self, watch: list[int]) -> None:
        self._watch = watch
        self._probabilities: list[float] = []
        self._watched: list[tuple[float, ...]] = []
        self.tokens: list[int] = []
        self.ended = False

    def take(self, scores: Float32, expected: Sequence[int]) -> int:
        """Take what is likeliest at each place for as long as it is what was expected, and one token more.

        Args:
            scores: (places, vocabulary), of the token behind each place.
            expected: the tokens at the places behind the first.

        Returns:
            How many places were used.
        """
        for place, row in enumerate(scores):
            best = int(row.argmax())
            probability = float(-np.log(np.exp(row - row[best]).sum()))
            self._probabilities.append(probability)
            self._watched.append(tuple(float(score) for score in row[self._watch] - row[best] + probability))
            if best == END:
                self.ended = True
                return place + 1
            self.tokens.append(best)
            if place >= len(expected) or expected[place] != best:
                return place + 1
        return len(scores)

    def result(self) -> Greedy:
        return Greedy(
            tuple(self.tokens), tuple(self._probabilities), cut_off=not self.ended, watched=tuple(self._watched)
        )


class Model:
    """Encoder and decoder, a core each use: a second one made it slower (8.0 for 4.7 ms a token)."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._encoder: Any = onnxruntime.InferenceSession(folder / ENCODER, options, ["CPUExecutionProvider"])
        self._decoder: Any = onnxruntime.InferenceSession(folder / DECODER, options, ["CPUExecutionProvider"])
        self._outputs: list[str] = [output.name for output in self._decoder.get_outputs()]
        self._past: list[str] = [one.name for one in self._decoder.get_inputs() if one.name.startswith("past")]

    def encode(self, speech: Float32) -> Encoded:
        """Args:
        speech: (samples,), 16 kHz mono, -1..1; 0.1 s at least.
        """
        audio = {"input_values": _value(speech[None]), "attention_mask": _ones(1, len(speech))}
        return Encoded(self._encoder.run_with_ort_values(None, audio)[0].numpy(), len(speech))

    def greedy(
        self,
        encoded: Encoded,
        *,
        draft: Sequence[int] = (),
        watch: Sequence[int] = (),
        step: Callable[[], None] = lambda: None,
    ) -> Greedy:
        """The text.

        Args:
            draft: what it probably begins with, such as the text of the same speech a moment ago. As much of it as the
                model agrees with is taken in one use of the model instead of one a token (speculative decoding:
                Leviathan et al. 2023, arXiv:2211.17192). The text stays what it was but where two tokens are as likely
                as each other: the model's integers are scaled by all tokens of one use.
            watch: tokens whose probabilities are wanted as well, likely or not.
            step: called before each use; raises to stop here.
        """
        decoding = _Decoding(list(watch))
        most = int(encoded.length_s * TOKENS_PER_S) + 4  # the authors' own bound for loops
        given = [BEGIN, *draft[: most - 1]]
        # The decoder takes the mask of the audio, not of the states, and keeps one in 384 of it
        states, mask = _value(encoded.states), _ones(1, encoded.samples)
        past: dict[str, Any] = dict.fromkeys(self._past, self._nothing(1))
        again = False
        while True:
            step()
            logits, *present = self._decoder.run_with_ort_values(
                self._outputs,
                {
                    "input_ids": _value(np.array([given], np.int64)),
                    "encoder_hidden_states": states,
                    "encoder_attention_mask": mask,
                    "use_cache_branch": _value(np.array([again])),
                    **past,
                },
            )
            taken = decoding.take(logits.numpy()[0], given[1:])
            if decoding.ended or len(decoding.tokens) >= most:
                return decoding.result()
            for name, value in zip(self._outputs[1:], present, strict=True):
                if ".encoder." in name:
                    if again:  # what the encoder gave stays what it was
                        continue
                elif taken < len(given):  # what the model did not agree with is forgotten
                    value = _value(value.numpy()[:, :, :taken])
                past[name.replace("present", "past_key_values")] = value
            given, again = [decoding.tokens[-1]], True

    def heard(self, encoded: Encoded, tokens: Sequence[int], watch: Sequence[int]) -> tuple[list[float], list[float]]:
        """The log-probability of each of these tokens behind those before it, and of the watched ones behind all."""
        logits = self._logits(encoded, np.array([[BEGIN, *tokens]], np.int64))[0]
        likely = _log_softmax(logits)
        own = [float(likely[place, token]) for place, token in enumerate(tokens)]
        return own, [float(score) for score in likely[-1, list(watch)]]

    def log_probabilities(self, encoded: Encoded, beginnings: Sequence[Sequence[int]]) -> list[float]:
        """How likely it is that the text begins with these tokens: the log-probability of each, all at once."""
        count, longest = len(beginnings), max(len(tokens) for tokens in beginnings)
        given = np.full((count, longest + 1), END, np.int64)
        given[:, 0] = BEGIN
        for row, tokens in zip(given, beginnings, strict=True):
            row[1 : 1 + len(tokens)] = tokens
        logits = self._logits(encoded, given)
        return [
            float(sum(row[place, token] for place, token in enumerate(tokens)))
            for row, tokens in zip(_log_softmax(logits), beginnings, strict=True)
        ]

    def _logits(self, encoded: Encoded, given: npt.NDArray[np.int64]) -> Float32:
        """Scores, (texts, places, vocabulary), of the token behind each one given, (texts, places), in one use."""
        count = len(given)
        logits: Float32 = self._decoder.run_with_ort_values(
            self._outputs[:1],
            {
                "input_ids": _value(given),
                "encoder_hidden_states": _value(np.repeat(encoded.states, count, axis=0)),
                "encoder_attention_mask": _ones(count, encoded.samples),
                "use_cache_branch": _value(np.array([False])),
                **dict.fromkeys(self._past, self._nothing(count)),
            },
        )[0].numpy()
        return logits

    def _nothing(self, count: int) -> Any:
        return _value(np.zeros((count, _HEADS, 0, _HEAD_WIDTH), np.float32))


def _log_softmax(scores: Float32) -> Float32:
    normal: Float32 = scores - scores.max(-1, keepdims=True)
    normal -= np.log(np.exp(normal).sum(-1, keepdims=True))
    return normal


def _value(array: npt.NDArray[Any]) -> Any:
    return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def _ones(*shape: int) -> Any:
    return _value(np.ones(shape, np.int64))
