"""A Piper voice's network at work, so that sound comes while the rest of the sentence is still being made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort  # type: ignore[import-untyped]

from . import graph

Float32 = npt.NDArray[np.float32]

FLOW_CONTEXT = 24
DECODER_CONTEXT = 12
"""Frames to either side that a frame's sound depends on, found by trying: with these, pieces and whole differ by less
than 1e-5 of full scale, with a third less by 1e-3. `Model.check` makes sure for each voice."""

TOLERANCE = 1e-3

FIRST_FRAMES = 20
GROWTH = 2
MOST_FRAMES = 160
"""Pieces grow, from 0.23 s of sound to 1.9 s: the first is out early, the later ones waste less on context."""


class Aborted(Exception):
    """The request was given up; the run has been ended between two nodes of the network."""


class Abort:
    """Ends a running synthesis from another thread, within milliseconds."""

    def __init__(self) -> None:
        self.options = ort.RunOptions()

    def set(self) -> None:
        self.options.terminate = True

    def check(self) -> None:
        if self.options.terminate:
            raise Aborted


@dataclass(frozen=True, slots=True)
class Sound:
    """One run of the network. `frames` is None when the model does not tell how long each phoneme lasts."""

    frames: npt.NDArray[np.int64] | None  # shape (phoneme ids,)
    pieces: Iterator[Float32]  # mono, native rate, in order; made as it is asked for


class Model:
    """
    Args:
        path: the `.onnx` file.
        hop_length: samples a frame, from the voice's description.
        threads: of onnxruntime within one run; 0 lets it choose (one a core).
        spinning: threads wait busily for work: faster by a little on an idle machine, slower for all on a busy one.
    """

    def __init__(self, path: Path, *, hop_length: int, threads: int = 0, spinning: bool = False) -> None:
        def session(model: bytes) -> ort.InferenceSession:
            options = ort.SessionOptions()
            options.intra_op_num_threads = threads
            options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
            options.log_severity_level = 3  # it warns about every constant it folds
            return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])

        voice = onnx.load(path)
        parts = graph.cut(voice)
        if parts:
            self._timed = True
            self._encoder = session(parts.encoder)
            self._renderer: _Renderer | None = _Renderer(parts, session(parts.flow), session(parts.decoder), hop_length)
        else:
            model, self._timed = graph.whole(voice)
            self._encoder, self._renderer = session(model), None

    @property
    def streams(self) -> bool:
        """Whether sound comes in pieces; else each sentence comes whole."""
        return self.piecewise

    @property
    def piecewise(self) -> bool:
        """Pieces sound as one run does, as far as is known; see `check`."""
        return self._renderer is not None and self._renderer.piecewise

    @piecewise.setter
    def piecewise(self, known: bool) -> None:
        if self._renderer is not None:
            self._renderer.piecewise = known

    def say(self, ids: Sequence[int], scales: Sequence[float], speaker: int | None, abort: Abort) -> Sound:
        """
        Args:
            ids: phoneme ids of a sentence.
            scales: noise, length, noise of the durations.
        Raises:
            Aborted: here, or while the pieces are read.
        """
        feeds: dict[str, Any] = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array(scales, dtype=np.float32),
        }
        if speaker is not None:
            feeds["sid"] = np.array([speaker], dtype=np.int64)
        results = _run(self._encoder, feeds, abort)
        frames = results[1].reshape(-1).astype(np.int64) if self._timed else None
        if self._renderer is None:
            return Sound(frames, iter([results[0].reshape(-1)]))
        return Sound(frames, self._renderer.pieces(results[0], abort))

    def check(self, ids: Sequence[int], scales: Sequence[float]) -> None:
        """Says a sentence both ways; where the sound differs (a voice that looks farther), it will come whole."""
        if self._renderer is None:
            return
        feeds = {"input": np.array([ids], np.int64), "input_lengths": np.array([len(ids)], np.int64)}
        prior = _run(self._encoder, {**feeds, "scales": np.array(scales, np.float32)}, Abort())[0]
        by_pieces, at_once = (
            np.concatenate(list(self._renderer.pieces(prior, Abort(), first=first))) for first in (None, prior.shape[2])
        )
        same_length = by_pieces.shape == at_once.shape
        self._renderer.piecewise = same_length and bool(np.abs(by_pieces - at_once).max() < TOLERANCE)


class _Renderer:
    """Flow and decoder, piece by piece."""

    def __init__(
        self, parts: graph.Parts, flow: ort.InferenceSession, decoder: ort.InferenceSession, hop_length: int
    ) -> None:
        self._parts, self._flow, self._decoder, self._hop_length = parts, flow, decoder, hop_length
        self.piecewise = True

    def pieces(self, prior: Float32, abort: Abort, *, first: int | None = None) -> Iterator[Float32]:
        """
        Args:
            prior: the encoder's, shape (1, channels, frames).
            first: frames of the first piece; None: FIRST_FRAMES, or all for a voice that cannot be had in pieces.
        """
        total = prior.shape[2]
        size = first or (FIRST_FRAMES if self.piecewise else total)
        latent = prior[:, :, :0]
        start = 0
        while start < total:
            end = _end(start, size, total)
            low, high = max(0, start - DECODER_CONTEXT), min(total, end + DECODER_CONTEXT)
            if latent.shape[2] < high:
                # The first time no more than is needed now; then in larger strides than the decoder's, for the flow's
                # context is the wider one.
                until = high if start == 0 else min(total, high + MOST_FRAMES)
                latent = np.concatenate([latent, self._latent(prior, latent.shape[2], until, abort)], axis=2)
            samples = _run(self._decoder, {self._parts.latent: latent[:, :, low:high]}, abort)[0].reshape(-1)
            yield samples[(start - low) * self._hop_length : (end - low) * self._hop_length]
            start, size = end, min(size * GROWTH, MOST_FRAMES)

    def _latent(self, prior: Float32, start: int, end: int, abort: Abort) -> Float32:
        low, high = max(0, start - FLOW_CONTEXT), min(prior.shape[2], end + FLOW_CONTEXT)
        ones = np.ones((1, 1, high - low), np.float32)
        (latent,) = _run(self._flow, {self._parts.prior: prior[:, :, low:high], self._parts.mask: ones}, abort)
        return latent[:, :, start - low : end - low]


def _end(start: int, size: int, total: int) -> int:
    """Of a piece; what would be left as a crumb joins it."""
    end = start + size
    return end if total - end >= FIRST_FRAMES // 2 else total


def _run(session: ort.InferenceSession, feeds: dict[str, Any], abort: Abort) -> list[Float32]:
    abort.check()
    try:
        results: list[Float32] = session.run(None, feeds, abort.options)
    except Exception:
        abort.check()  # onnxruntime has no exception of its own for a run that was ended
        raise
    return results
