"""Names of models."""

from typing import Literal

WhisperModels = Literal[
    "whisper-base",
    "tiny",
    "tiny.en",
    "base",
    "base.en",
    "small",
    "small.en",
    "distil-small.en",
    "medium",
    "medium.en",
    "distil-medium.en",
    "large-v1",
    "large-v2",
    "large-v3",
    "distil-large-v2",
    "distil-large-v3",
    "distil-large-v3.5",
    "large-v3-turbo",
]
"""The bundled one first; the others are faster-whisper's, which it downloads from Hugging Face."""
