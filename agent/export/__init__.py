"""A sealed episode as what an editor or a host works with: tracks, a mix, captions, transcript, chapters, markers.

    episode ─► decoding ─► tracks ─► leveling ─► mixing     loudness and limiting are FFmpeg's own filters
       └─────► captions, chapters, markers                  destination: all of it or nothing, under a name of its own

Everything is read a second at a time, so a long show takes time and no memory. The episode is never written to.
"""

from agent.export.episode import Episode, open_episode
from agent.export.exporting import Exported, Options, export
from agent.export.formats import FORMATS

__all__ = ["FORMATS", "Episode", "Exported", "Options", "export", "open_episode"]
