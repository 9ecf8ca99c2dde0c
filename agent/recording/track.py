"""A speaker's track, as the episode sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

from agent.recording.audio import RATE_HZ, Int16
from agent.recording.placement import SyncReport
from agent.recording.track_writer import TrackWriter

Role: TypeAlias = Literal["human", "ai"]
Submit: TypeAlias = Callable[[TrackWriter, float, Int16], None]

FALLEN_BEHIND_S = 2.0  # `behind_s` above this is shown to the host, who then knows within 3 s
_STRAGGLERS_S = 0.5  # frames that were under way when the speaker muted do not mean that more will come
_NORMAL_WAIT_S = 1.0  # clusters wait for the writer's next round, and a moment longer on a busy disk


class Track:
    """Frames go in here. Nothing blocks: placing, encoding and writing happen in the writer's thread.

    Attributes:
        who: the speaker's slug. name: as people write it. role: human or AI.
        file_name: of the track, without its extension.
    """

    def __init__(self, who: str, name: str, role: Role, file_name: str, writer: TrackWriter, submit: Submit) -> None:
        self.who = who
        self.name = name
        self.role = role
        self.file_name = file_name
        self.writer = writer
        self._submit = submit
        self._came_until: float | None = None  # None: nothing is expected
        self._came_since_rest_s = _STRAGGLERS_S

    def write(self, at: float, pcm: Int16) -> None:
        """One frame: int16, (samples,), 48 kHz mono; `at` is the episode time of its first sample.

        The samples are copied. A human's track is expected to go on from here until `rest`.
        """
        self._expect(at + len(pcm) / RATE_HZ, len(pcm) / RATE_HZ)
        self._submit(self.writer, at, np.array(pcm, dtype=np.int16, copy=True))

    def rest(self) -> None:
        """The speaker has muted, unpublished or left: no frames are expected until half a second of them has come."""
        self._came_until = None
        self._came_since_rest_s = 0.0

    def level_dbfs(self) -> float:
        """RMS level of the last half second that really reached the file, dB of full scale.

        -120 for silence, and also when nothing has reached the disk for 1.5 s.
        """
        return self.writer.level_dbfs()

    def behind_s(self, now: float) -> float:
        """How far the track is behind the wall clock `now` (episode seconds): show trouble above FALLEN_BEHIND_S.

        The larger of: the time since a human's last frame ended, unless it rests; the time that finished clusters
        have been waiting for the disk, beyond what is normal.
        """
        late_s = 0.0 if self._came_until is None else now - self._came_until
        waiting_s = self.writer.waiting_s()
        return max(0.0, late_s, waiting_s if waiting_s > _NORMAL_WAIT_S else 0.0)

    def _expect(self, until: float, length_s: float) -> None:
        self._came_since_rest_s += length_s
        if self.role == "human" and self._came_since_rest_s > _STRAGGLERS_S:
            self._came_until = until

    def sync(self) -> SyncReport:
        """What it took so far to keep the track on the clock."""
        return self.writer.report()
