"""From frames as they come to 16 kHz on one unbroken line of time."""

from __future__ import annotations

from collections import deque

import numpy as np
import soxr  # type: ignore[import-untyped]

from agent.hearing.transcriber import Int16

RATE_IN_HZ = 48_000
RATE_HZ = 16_000
GAP_S = 0.1  # a frame so much later than the last one's end is not jitter: audio is missing
LONGEST_FILL_S = 4.0  # more than the longest endpoint: beyond, nobody can tell silence from more silence


class Backlog:
    """Frames that wait, bounded in time: the oldest are dropped, and counted."""

    def __init__(self, *, limit_s: float) -> None:
        self._frames: deque[tuple[float, Int16]] = deque()
        self._limit = round(limit_s * RATE_IN_HZ)
        self._samples = 0
        self._dropped = 0

    @property
    def waiting_s(self) -> float:
        return self._samples / RATE_IN_HZ

    @property
    def dropped_s(self) -> float:
        """Since the start."""
        return self._dropped / RATE_IN_HZ

    def late_s(self, next_at: float) -> float:
        """By how much the most punctual of the waiting frames is later than it would be if none were missing.

        Args:
            next_at: episode time at which the first of them was due.
        """
        due, least = next_at, float("inf")
        for at, pcm in self._frames:
            least = min(least, at - due)
            due += len(pcm) / RATE_IN_HZ
        return least

    def push(self, at: float, pcm: Int16) -> None:
        self._frames.append((at, pcm))
        self._samples += len(pcm)
        while self._samples > self._limit and len(self._frames) > 1:
            _, oldest = self._frames.popleft()
            self._samples -= len(oldest)
            self._dropped += len(oldest)

    def pop(self) -> tuple[float, Int16] | None:
        if not self._frames:
            return None
        at, pcm = self._frames.popleft()
        self._samples -= len(pcm)
        return at, pcm


class Timeline:
    """When each 16 kHz sample was, on the episode clock.

    Frames are stamped when they arrive, so their times jitter while their samples do not: the samples count, and the
    stamps only pull the line slowly to where they lie.
    """

    def __init__(self) -> None:
        self._origin: float | None = None  # episode time of sample 0

    def at(self, sample: int) -> float:
        """Seconds on the episode clock; of sample 0 before anything was heard: 0."""
        return (self._origin or 0.0) + sample / RATE_HZ

    def stamp(self, sample: int, at: float) -> None:
        """A frame whose first sample is number `sample` came as if it had been said at `at`."""
        if self._origin is None:
            self._origin = at - sample / RATE_HZ
        self._origin += 0.05 * min(at - self.at(sample), GAP_S)  # what is later came late: it was not said later

    def jump(self, sample: int, at: float) -> None:
        """From here on, `sample` is at `at`."""
        self._origin = at - sample / RATE_HZ


class Tape:
    """The latest audio, by sample number; 16 kHz."""

    def __init__(self) -> None:
        self._chunks: deque[Int16] = deque()
        self.kept = 0  # number of the first sample that is kept
        self.end = 0

    def push(self, pcm: Int16) -> None:
        if len(pcm):
            self._chunks.append(pcm)
            self.end += len(pcm)

    def cut(self, start: int, end: int) -> Int16:
        """Samples `start` to `end`, as far as they are kept."""
        if not self._chunks:
            return np.zeros(0, np.int16)
        pcm = np.concatenate(self._chunks)
        self._chunks = deque([pcm])  # joined once, not at each cut
        return pcm[max(0, start - self.kept) : max(0, end - self.kept)].copy()

    def rewrite(self, start: int, pcm: Int16) -> None:
        """Put other samples in place of those from `start` on, as far as they are kept."""
        if not self._chunks:
            return
        whole = np.concatenate(self._chunks)
        pcm, start = pcm[max(0, self.kept - start) :], max(start, self.kept)
        whole[start - self.kept : start - self.kept + len(pcm)] = pcm[: max(0, self.end - start)]
        self._chunks = deque([whole])

    def forget(self, before: int) -> None:
        """Let go of whole chunks before sample number `before`."""
        while self._chunks and self.kept + len(self._chunks[0]) <= before:
            self.kept += len(self._chunks.popleft())
        if self._chunks and before - self.kept > 4 * RATE_HZ:  # one long joined chunk
            self._chunks[0] = self._chunks[0][before - self.kept :].copy()
            self.kept = before


class Resampler:
    """48 kHz to 16 kHz, twice: at once for the voice detector, and clean for the recogniser.

    soxr's "QQ" (cubic interpolation) gives each sample at once but lets what lies above 8 kHz fold down, which a voice
    detector does not mind (LiveKit's own resamples for it in the same way); "LQ" does not fold and is 20 ms later. Both
    put a sound at the same sample number.
    """

    def __init__(self) -> None:
        self._quick = soxr.ResampleStream(RATE_IN_HZ, RATE_HZ, 1, dtype="int16", quality="QQ")
        self._clean = soxr.ResampleStream(RATE_IN_HZ, RATE_HZ, 1, dtype="int16", quality="LQ")

    def push(self, pcm: Int16) -> tuple[Int16, Int16]:
        """int16, (samples,), 48 kHz mono, to (quick, clean): int16, 16 kHz."""
        return self._quick.resample_chunk(pcm), self._clean.resample_chunk(pcm)
