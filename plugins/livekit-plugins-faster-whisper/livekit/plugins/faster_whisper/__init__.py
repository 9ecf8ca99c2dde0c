"""faster-whisper plugin for LiveKit Agents

Speech to text on the own machine with [faster-whisper](https://github.com/SYSTRAN/faster-whisper), with a short encoder
window for live turns and a full one for the record.
"""

from livekit.agents import Plugin

from .decoding import Decoding, Mode, Word
from .errors import (
    DecodingFailed,
    ModelMissing,
    RecognizerClosed,
    RecognizerError,
    RecognizerOverloaded,
    Superseded,
)
from .log import logger
from .model_files import model_path
from .models import WhisperModels
from .quick import Ending, QuickReader, Reading
from .recognizer import Recognizer, Statistics
from .stream import SpeechStream
from .stt import STT
from .version import __version__

__all__ = [
    "STT",
    "Decoding",
    "DecodingFailed",
    "Ending",
    "Mode",
    "ModelMissing",
    "QuickReader",
    "Reading",
    "Recognizer",
    "RecognizerClosed",
    "RecognizerError",
    "RecognizerOverloaded",
    "SpeechStream",
    "Statistics",
    "Superseded",
    "WhisperModels",
    "Word",
    "__version__",
    "model_path",
]


class FasterWhisperPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)

    def download_files(self) -> None:
        """Join the bundled model, so that the first job finds it ready."""
        model_path()


Plugin.register_plugin(FasterWhisperPlugin())
