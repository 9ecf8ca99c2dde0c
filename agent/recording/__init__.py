"""The episode folder: tracks, captions, the event log and session.yml; sealed, or salvaged after a crash.

While live, every file is only appended to, by whole units: a cluster of 0.2 s, a caption, a line. A round of the writer
(0.1 s) later they are with the operating system, which is what a killed process can lose. `fdatasync` follows every
5 s, in a thread of its own since it may take long; that is what a power cut can lose. At the end, and in a salvage,
finished files are written beside the live ones, synced, and take their names; nothing is transcoded.

    frame ─► placement ─► webm ─► appending ─► disk        seal ─► seekable tracks, ordered captions, checksums
             (the clock)  (Opus)  (whole units)            salvage: the same, for a recorder that has died
"""

from agent.recording.recorder import EpisodeRecorder
from agent.recording.salvage import salvage
from agent.recording.seal import Sealed
from agent.recording.track import Track

__all__ = ["EpisodeRecorder", "Sealed", "Track", "salvage"]
