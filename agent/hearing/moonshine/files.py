"""Where the model lies: in the PyPI package `moonshine-voice`, of which nothing but the files is used."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from agent.errors import StudioError

ENCODER = "encoder_model.ort"
DECODER = "decoder_model_merged.ort"
TOKENIZER = "tokenizer.bin"
# Of version 0.1.0, the last that carries a model.
_SHA256 = {
    ENCODER: "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
    DECODER: "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
    TOKENIZER: "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
}


class MoonshineMissing(StudioError):
    """The model's files are not there, or are not what they should be."""


def model_folder(*, check: bool = False) -> Path:
    """The folder with the model's three files.

    Args:
        check: also compare their checksums (0.1 s).

    Raises:
        MoonshineMissing: see its message.
    """
    spec = importlib.util.find_spec("moonshine_voice")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "assets" / "tiny-en"
        missing = [name for name in _SHA256 if not (folder / name).is_file()]
        if missing:
            raise MoonshineMissing(f"{folder} lacks {', '.join(missing)}", fix="run 'make setup', which installs 0.1.0")
        damaged = [name for name in _SHA256 if check and _checksum(folder / name) != _SHA256[name]]
        if damaged:
            raise MoonshineMissing(
                f"{', '.join(damaged)} of moonshine-voice is damaged",
                fix="run 'uv pip install --reinstall moonshine-voice==0.1.0'",
            )
        return folder
    raise MoonshineMissing("the package moonshine-voice is not installed", fix="run 'make setup'")


def _checksum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
