"""What was measured of a voice, kept between runs: measuring takes 1.5 s of a processor, and always finds the same."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from .tempo import TEMPO_SCALES
from .version import __version__
from .voices import VoiceFiles

logger = logging.getLogger("livekit.plugins.piper.measured")

_PROCEDURE = 1  # to be raised when what is measured, or how, changes


@dataclass(frozen=True, slots=True)
class Measured:
    gain: float  # to the level that all voices have
    piecewise: bool  # sound in pieces is the same as in one run
    lengths: tuple[int, ...]  # frames of the sentence at each of `TEMPO_SCALES`; empty where it cannot be told


def default_cache_dir() -> Path:
    """`livekit-plugins-piper` below the user's cache folder (XDG_CACHE_HOME, else ~/.cache)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "livekit-plugins-piper"


class Notebook:
    """Measurements of one voice, as its files are now. Where no folder can be written, it is measured each time."""

    def __init__(self, files: VoiceFiles, folder: Path | None = None) -> None:
        state = files.model.stat()
        about = (_PROCEDURE, __version__, str(files.model.resolve()), state.st_size, state.st_mtime_ns)
        name = hashlib.sha256(repr(about).encode() + files.config.read_bytes()).hexdigest()[:32]
        self._file = (folder or default_cache_dir()) / f"{files.name}-{name}.json"

    def read(self) -> Measured | None:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            measured = Measured(float(found["gain"]), bool(found["piecewise"]), tuple(map(int, found["lengths"])))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        sound = 0 < measured.gain < math.inf and len(measured.lengths) in (0, len(TEMPO_SCALES))
        return measured if sound and all(length > 0 for length in measured.lengths) else None

    def write(self, measured: Measured) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._file.parent, suffix=".part", delete=False) as out:
                json.dump(asdict(measured), out)
            Path(out.name).replace(self._file)  # another process may be reading
        except OSError as error:
            logger.debug("the voice's measurements are not kept: %s", error)
