"""A voice's network cut in three gives what the whole gives; one that is built differently stays whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from livekit.plugins.piper import graph
from livekit.plugins.piper.model import Abort, Aborted, Model
from onnx import TensorProto, helper, numpy_helper

CHANNELS, HOP = 2, 4


def small_voice(*, flow: str = "/flow/conv", speakers: bool = False) -> onnx.ModelProto:
    """With the inputs, names and joints of a Piper voice: two phoneme ids in, each a frame; HOP samples a frame out."""
    rng = np.random.default_rng(3)
    kernel = rng.normal(0, 0.3, (CHANNELS, CHANNELS, 5)).astype(np.float32)
    upsample = rng.normal(0, 0.3, (CHANNELS, 1, HOP)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["input"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["ids", "axis1"], ["row"]),
        helper.make_node("Ceil", ["row"], ["durations"]),
        helper.make_node("Mul", ["row", "zero"], ["none"]),
        helper.make_node("Add", ["none", "one"], ["ones"]),
        helper.make_node("Cast", ["ones"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["scales", "index0"], ["noise"]),
        helper.make_node("Mul", ["row", "noise"], ["scaled"]),
        helper.make_node("Concat", ["scaled", "row"], ["prior"], axis=1),
        helper.make_node("Conv", ["prior", "kernel"], ["mixed"], name=flow, pads=[2, 2]),
        helper.make_node("Mul", ["mixed", "mask"], ["latent"]),
        helper.make_node("ConvTranspose", ["latent", "upsample"], ["output"], name="/dec/ups", strides=[HOP]),
    ]
    if speakers:
        nodes.insert(-1, helper.make_node("Identity", ["row"], ["speaker"]))
        nodes[-1] = helper.make_node("ConvTranspose", ["both", "upsample"], ["output"], name="/dec/ups", strides=[HOP])
        nodes.insert(-1, helper.make_node("Add", ["latent", "speaker"], ["both"], name="/dec/cond"))
    constants = {
        "axis1": np.array([1], np.int64),
        "index0": np.array(0, np.int64),
        "zero": np.float32(0) * np.ones(1, np.float32),
        "one": np.ones(1, np.float32),
        "kernel": kernel,
        "upsample": upsample,
    }
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "ids"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, None])]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    made = helper.make_graph(nodes, "voice", inputs, outputs, weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def saved(voice: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "voice.onnx"
    onnx.save(voice, str(path))
    return path


def test_the_joints_are_found_by_the_names_of_the_nodes() -> None:
    parts = graph.cut(small_voice())
    assert parts is not None
    assert (parts.prior, parts.mask, parts.latent) == ("prior", "mask", "latent")
    decoder = onnx.load_from_string(parts.decoder)
    assert [node.op_type for node in decoder.graph.node] == ["ConvTranspose"]
    assert [weight.name for weight in decoder.graph.initializer] == ["upsample"]


@pytest.mark.parametrize("voice", [small_voice(flow="Conv_17"), small_voice(speakers=True)])
def test_a_voice_built_otherwise_is_not_cut_but_still_tells_its_durations(voice: onnx.ModelProto) -> None:
    assert graph.cut(voice) is None
    model, timed = graph.whole(voice)
    assert timed
    assert [output.name for output in onnx.load_from_string(model).graph.output] == ["output", "durations"]


def test_pieces_are_what_the_whole_is(tmp_path: Path) -> None:
    ids = list(range(1, 301))
    model = Model(saved(small_voice(), tmp_path), hop_length=HOP, threads=1)
    whole = Model(saved(small_voice(flow="Conv_17"), tmp_path), hop_length=HOP, threads=1)
    assert (model.streams, whole.streams) == (True, False)
    sound, expected = (each.say(ids, [0.5, 1, 1], None, Abort()) for each in (model, whole))
    pieces = list(sound.pieces)
    assert len(pieces) > 2
    np.testing.assert_allclose(np.concatenate(pieces), np.concatenate(list(expected.pieces)), rtol=1e-4)
    assert sound.frames is not None
    assert list(sound.frames) == ids


def test_once_given_up_nothing_more_is_made(tmp_path: Path) -> None:
    abort = Abort()
    sound = Model(saved(small_voice(), tmp_path), hop_length=HOP).say([1] * 300, [1, 1, 1], None, abort)
    next(sound.pieces)
    abort.set()
    with pytest.raises(Aborted):
        next(sound.pieces)
