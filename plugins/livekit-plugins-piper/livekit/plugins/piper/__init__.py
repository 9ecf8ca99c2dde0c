"""Piper, a local neural voice, as a LiveKit Agents TTS plugin.

`TTS` is the plugin. Piper itself runs in a process of its own, `livekit.plugins.piper.server`, which `TTS` starts on
demand and shares, or which is run separately and given to `TTS` by address.

The names are loaded on first use: the server's process imports this package too, and should not pay for livekit-agents
(seconds of start-up and 100 MB) only to speak HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .version import __version__
from .voices import VoiceFiles, VoiceMissing, find_voice

if TYPE_CHECKING:
    from .tts import TTS, ChunkedStream

__all__ = ["TTS", "ChunkedStream", "VoiceFiles", "VoiceMissing", "__version__", "find_voice"]


def __getattr__(name: str) -> Any:
    if name in ("TTS", "ChunkedStream"):
        from . import tts

        return getattr(tts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
