"""From settings to engines: LiveKit's plugins, in LiveKit's fallback adapters where settings name several."""

from __future__ import annotations

from agent.providers.ears import make_ears
from agent.providers.minds import describe_minds, make_mind
from agent.providers.voices import describe_voices, make_voice

__all__ = ["describe_minds", "describe_voices", "make_ears", "make_mind", "make_voice"]
