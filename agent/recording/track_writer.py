"""One track in the writer's thread: placed, encoded, appended."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np

from agent.recording.appending import AppendFile
from agent.recording.audio import FRAME_SAMPLES, RATE_HZ, SILENT_DBFS, Int16, dbfs
from agent.recording.folder import Shelf
from agent.recording.placement import Placer, Stretch, SyncReport
from agent.recording.webm import Cluster, LiveWebm

_SILENCE_A_ROUND = 120 * RATE_HZ  # encoding it takes about 20 ms: other tracks wait for that long at most
_SAMPLES_AT_ONCE = RATE_HZ // 2
_LEVEL_CLUSTERS = 3  # about half a second
_LEVEL_AGE_S = 1.5  # an older level says nothing about now


class TrackWriter:
    """Frames in, clusters on disk. Everything here happens in the writer's thread, but for reading the figures.

    Attributes:
        file: what has reached the disk, and what waits for it.
        lost_s: how much a full buffer has cost.
    """

    def __init__(self, name: str, shelf: Shelf, *, limit_bytes: int, exact: bool, now: Callable[[], float]) -> None:
        """`exact`: see `Placer`. `now`: the episode clock."""
        self.file = AppendFile(name, shelf, limit_bytes=limit_bytes)
        self.lost_s = 0.0
        self._now = now
        self._placer = Placer(exact=exact)
        self._webm = LiveWebm()
        self._placed: deque[Stretch] = deque()
        self._clusters: deque[Cluster] = deque()  # appended, not yet known to be on disk
        self._written: deque[Cluster] = deque(maxlen=_LEVEL_CLUSTERS)
        self._written_at = -math.inf
        self._waiting_since: float | None = None

    @property
    def end(self) -> int:
        """Samples placed so far."""
        return self._placer.end

    @property
    def busy(self) -> bool:
        """Whether there is more to encode than one round took."""
        return bool(self._placed)

    def put(self, at: float, pcm: Int16) -> None:
        self._placer.put(at, pcm)

    def advance(self, now: float) -> None:
        self._placer.advance(now)

    def encode(self) -> None:
        """Encode what has been placed: all samples, and two minutes of silence at most."""
        self._placed.extend(self._placer.take())
        silence = 0
        while self._placed and silence < _SILENCE_A_ROUND:
            stretch = self._placed.popleft()
            if isinstance(stretch, int):
                now, later = min(stretch, _SILENCE_A_ROUND), max(0, stretch - _SILENCE_A_ROUND)
                silence += now
                if later:
                    self._placed.appendleft(later)
                self._append(self._webm.add_silence(now))
            else:
                self._append(self._webm.add(self._joined(stretch)))

    def flush(self) -> None:
        """Write the finished clusters. Raises `OSError` when the disk does not take them."""
        try:
            self.file.flush()
        finally:
            while len(self._clusters) > self.file.waiting_units:
                self._written.append(self._clusters.popleft())
                self._written_at = self._now()
            if not self._clusters:
                self._waiting_since = None

    def finish(self) -> None:
        """Place what waits; `end` is then final but for `close`."""
        self._placer.finish()

    def close(self, end: int) -> int:
        """Silence up to sample `end`, rounded up to a whole packet; then the last cluster. How many packets it has."""
        self._placer.pad(-(-end // FRAME_SAMPLES) * FRAME_SAMPLES)
        self.encode()
        while self.busy:
            self.encode()
        self._append(self._webm.close())
        return self._webm.packets

    def report(self) -> SyncReport:
        return self._placer.report()

    def level_dbfs(self) -> float:
        """RMS level of the last half second that reached the disk; `SILENT_DBFS` when nothing has for 1.5 s."""
        if self._now() - self._written_at > _LEVEL_AGE_S:
            return SILENT_DBFS
        written = list(self._written)
        return dbfs(sum(c.sum_of_squares for c in written), sum(c.samples for c in written))

    def waiting_s(self) -> float:
        """For how long the oldest cluster has waited for the disk."""
        since = self._waiting_since
        return 0.0 if since is None else max(0.0, self._now() - since)

    def _joined(self, pcm: Int16) -> Int16:
        """`pcm` and the samples that follow it, up to half a second at once."""
        parts, size = [pcm], len(pcm)
        while self._placed and size < _SAMPLES_AT_ONCE and not isinstance(following := self._placed[0], int):
            parts.append(following)
            size += len(following)
            self._placed.popleft()
        return np.concatenate(parts) if len(parts) > 1 else pcm

    def _append(self, clusters: list[Cluster]) -> None:
        for cluster in clusters:
            if self.file.append(cluster.data):
                self._clusters.append(cluster)
                if self._waiting_since is None:
                    self._waiting_since = self._now()
            else:
                self.lost_s += cluster.samples / RATE_HZ
