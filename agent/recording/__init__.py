"""The episode folder: tracks, captions, the event log and session.yml; sealed, or salvaged after a crash."""

from agent.recording.recorder import EpisodeRecorder
from agent.recording.salvage import salvage
from agent.recording.seal import Sealed
from agent.recording.track import Track

__all__ = ["EpisodeRecorder", "Sealed", "Track", "salvage"]
