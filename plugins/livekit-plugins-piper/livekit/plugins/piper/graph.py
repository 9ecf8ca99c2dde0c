"""Cuts a Piper voice's network into three, in memory. Pure.

VITS (https://arxiv.org/abs/2106.06103), as Piper exports it, is an encoder, which decides what is said when; a flow,
which shapes it; and a decoder, which turns frames of 256 samples into sound. In the file they are one graph. Flow and
decoder are convolutions and look only a few frames to either side, so they can work on a few frames at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import onnx

DURATION_OP = "Ceil"
"""The one node of this kind gives each phoneme id its whole number of frames (as in piper's own patch tool)."""

FLOW_PREFIX, DECODER_PREFIX = "/flow/", "/dec/"


@dataclass(frozen=True, slots=True)
class Parts:
    """Three models, serialised, and the tensors by which they are joined; each float, shape (1, channels, frames)."""

    encoder: bytes  # a voice's inputs -> prior, durations (1, 1, phoneme ids)
    flow: bytes  # prior, mask -> latent
    decoder: bytes  # latent -> sound
    prior: str
    mask: str  # one channel of ones, where frames are sound and not padding
    latent: str


def whole(model: onnx.ModelProto) -> tuple[bytes, bool]:
    """The voice as it is, and whether it gives durations as a second output (made visible here where it has them)."""
    if durations := _durations(model):
        model.graph.output.append(_named(durations))
    return model.SerializeToString(), bool(durations)


def cut(model: onnx.ModelProto) -> Parts | None:
    """None for a voice that is built differently: several speakers, or nodes without the names sought here."""
    graph = model.graph
    makers = {output: node for node in graph.node for output in node.output}
    durations = _durations(model)

    def entering(inside: Callable[[onnx.NodeProto], bool]) -> list[str]:
        found = {
            tensor: makers[tensor].op_type
            for node in graph.node
            if inside(node)
            for tensor in node.input
            if tensor in makers and not inside(makers[tensor])
        }
        return [tensor for tensor, maker in found.items() if maker != "Constant"]

    after_flow = _descendants(graph.node, (n for n in graph.node if n.name.startswith(FLOW_PREFIX)))
    into_decoder = entering(lambda node: node.name.startswith(DECODER_PREFIX))
    into_flow = entering(lambda node: id(node) in after_flow)
    masks = [tensor for tensor in into_flow if makers[tensor].op_type == "Cast"]
    priors = [tensor for tensor in into_flow if makers[tensor].op_type != "Cast"]
    if not durations or len(graph.output) != 1 or not len(into_decoder) == len(masks) == len(priors) == 1:
        return None
    (latent,), (mask,), (prior,) = into_decoder, masks, priors
    return Parts(
        encoder=_part(model, list(graph.input), [_named(prior), _named(durations)]),
        flow=_part(model, [_floats(prior), _floats(mask)], [_named(latent)]),
        decoder=_part(model, [_floats(latent)], list(graph.output)),
        prior=prior,
        mask=mask,
        latent=latent,
    )


def _durations(model: onnx.ModelProto) -> str:
    found = {output for node in model.graph.node if node.op_type == DURATION_OP for output in node.output}
    return found.pop() if len(found) == 1 else ""


def _descendants(nodes: Iterable[onnx.NodeProto], roots: Iterable[onnx.NodeProto]) -> set[int]:
    found = {id(node) for node in roots}
    reached = set[str]()
    for node in nodes:  # ONNX keeps them in an order in which each comes after what it needs
        if id(node) in found or not reached.isdisjoint(node.input):
            found.add(id(node))
            reached.update(node.output)
    return found


def _named(tensor: str) -> onnx.ValueInfoProto:
    info = onnx.ValueInfoProto()
    info.name = tensor
    return info


def _floats(tensor: str) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, [1, None, None])


def _part(model: onnx.ModelProto, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> bytes:
    """What of the graph leads from the inputs to the outputs, as a model of its own."""
    graph = model.graph
    makers = {output: index for index, node in enumerate(graph.node) for output in node.output}
    given = {value.name for value in inputs}
    wanted, seen, nodes = [value.name for value in outputs], set[str](), set[int]()
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
    made = onnx.helper.make_model(part, opset_imports=model.opset_import, ir_version=model.ir_version)
    return bytes(made.SerializeToString())
