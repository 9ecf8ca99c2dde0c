"""A Piper voice's network, cut in two so that sound comes while the rest is still being made.

VITS (https://arxiv.org/abs/2106.06103), as Piper exports it, is an encoder, which decides what is said when, and a
decoder, which turns 11.6 ms frames into samples. The decoder is most of the work and looks only a few frames to either
side, so it can run on a few frames at a time with some context and give the same samples. Both parts run as one graph
in the file; it is cut in memory at the tensor that crosses into the decoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort  # type: ignore[import-untyped]

Float32 = npt.NDArray[np.float32]

CONTEXT_FRAMES = 12
"""Frames to either side of a chunk that its samples depend on. With 12, chunks and whole differ by less than 2e-6."""

FIRST_FRAMES = 20
GROWTH = 2
MOST_FRAMES = 160
"""Chunks grow, from 0.23 s of sound to 1.9 s: the first is out early, the later ones waste less on context."""

DURATION_OP = "Ceil"
"""The encoder's one node of this kind gives each phoneme id its whole number of frames (as in piper's patch tool)."""

DECODER_PREFIX = "/dec/"


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
    chunks: Iterator[Float32]  # mono, native rate, in order; made as it is asked for


@dataclass(frozen=True, slots=True)
class Split:
    encoder: bytes
    decoder: bytes
    crossing: str  # the tensor between them, float, shape (1, channels, frames)
    durations: str


class Model:
    """
    Args:
        path: the `.onnx` file.
        hop_length: samples a frame, from the voice's description.
        threads: of onnxruntime within one run; 0 lets it choose (one a core).
        spinning: threads wait busily for work: faster by a little on an idle machine, slower for all on a busy one.
    """

    def __init__(self, path: str, *, hop_length: int, threads: int = 0, spinning: bool = False) -> None:
        self._hop_length = hop_length
        graph = onnx.load(path)
        split = cut(graph)
        self._crossing = split.crossing if split else ""
        self._durations = split.durations if split else duration_tensor(graph)
        self._decoder: ort.InferenceSession | None = None
        if split:
            self._encoder = _session(split.encoder, threads, spinning)
            self._decoder = _session(split.decoder, threads, spinning)
        else:
            if self._durations:
                graph.graph.output.append(_named(self._durations))
            self._encoder = _session(graph.SerializeToString(), threads, spinning)

    @property
    def streams(self) -> bool:
        """Whether sound comes in chunks; else each sentence comes whole."""
        return self._decoder is not None

    def say(self, ids: Sequence[int], scales: Sequence[float], speaker: int | None, abort: Abort) -> Sound:
        """
        Args:
            ids: phoneme ids of a sentence.
            scales: noise, length, noise of the durations.
        Raises:
            Aborted: here, or while the chunks are read.
        """
        feeds: dict[str, Any] = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array(scales, dtype=np.float32),
        }
        if speaker is not None:
            feeds["sid"] = np.array([speaker], dtype=np.int64)
        results = _run(self._encoder, feeds, abort)
        frames = results[1].squeeze((0, 1)).astype(np.int64) if self._durations else None
        if self._decoder is None:
            return Sound(frames, iter([np.ascontiguousarray(results[0].reshape(-1), dtype=np.float32)]))
        return Sound(frames, self._decode(self._decoder, results[0], abort))

    def _decode(self, decoder: ort.InferenceSession, latent: Float32, abort: Abort) -> Iterator[Float32]:
        total, start, size = latent.shape[2], 0, FIRST_FRAMES
        while start < total:
            end = min(total, start + size)
            if total - end < FIRST_FRAMES // 2:
                end = total  # no crumbs
            low, high = max(0, start - CONTEXT_FRAMES), min(total, end + CONTEXT_FRAMES)
            samples = _run(decoder, {self._crossing: latent[:, :, low:high]}, abort)[0].reshape(-1)
            yield samples[(start - low) * self._hop_length : (end - low) * self._hop_length]
            start, size = end, min(size * GROWTH, MOST_FRAMES)


def _session(model: bytes, threads: int, spinning: bool) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
    options.log_severity_level = 3  # it warns about every constant it folds
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _run(session: ort.InferenceSession, feeds: dict[str, Any], abort: Abort) -> list[Float32]:
    abort.check()
    try:
        results: list[Float32] = session.run(None, feeds, abort.options)
    except Exception:
        abort.check()  # onnxruntime has no exception of its own for a run that was ended
        raise
    return results


def _named(tensor: str) -> onnx.ValueInfoProto:
    info = onnx.ValueInfoProto()
    info.name = tensor
    return info


def duration_tensor(model: onnx.ModelProto) -> str:
    """Name of the tensor with each phoneme id's frames; empty when there is no telling."""
    found = {output for node in model.graph.node if node.op_type == DURATION_OP for output in node.output}
    return found.pop() if len(found) == 1 else ""


def cut(model: onnx.ModelProto) -> Split | None:
    """Encoder and decoder as models of their own; None for a voice that is built differently (several speakers)."""
    graph = model.graph
    makers = {output: node for node in graph.node for output in node.output}
    crossing = {
        tensor
        for node in graph.node
        if node.name.startswith(DECODER_PREFIX)
        for tensor in node.input
        if tensor in makers
        and not makers[tensor].name.startswith(DECODER_PREFIX)
        and makers[tensor].op_type != "Constant"
    }
    durations = duration_tensor(model)
    if len(crossing) != 1 or not durations or len(graph.output) != 1:
        return None
    (middle,) = crossing
    latent = onnx.helper.make_tensor_value_info(middle, onnx.TensorProto.FLOAT, [1, None, None])
    encoder = _part(model, list(graph.input), [_named(middle), _named(durations)])
    decoder = _part(model, [latent], list(graph.output))
    return Split(encoder.SerializeToString(), decoder.SerializeToString(), middle, durations)


def _part(
    model: onnx.ModelProto, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    """What of the graph leads from the inputs to the outputs."""
    graph = model.graph
    makers = {output: index for index, node in enumerate(graph.node) for output in node.output}
    given = {value.name for value in inputs}
    wanted, seen = [value.name for value in outputs], set[str]()
    nodes = set[int]()
    while wanted:
        tensor = wanted.pop()
        if tensor in seen or tensor in given:
            continue
        seen.add(tensor)
        if (index := makers.get(tensor)) is not None:
            nodes.add(index)
            wanted += graph.node[index].input
    weights = [weight for weight in graph.initializer if weight.name in seen]
    part = onnx.helper.make_graph([graph.node[i] for i in sorted(nodes)], graph.name, inputs, outputs, weights)
    return onnx.helper.make_model(part, opset_imports=model.opset_import, ir_version=model.ir_version)
