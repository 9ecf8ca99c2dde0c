"""What is being played, as one line of samples on the episode clock."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

from agent.hearing.transcriber import Int16

RATE_HZ = 16_000
KEPT_S = 4.0
AHEAD_S = 0.5  # frames are handed over when they are queued for playing, a little before they sound
JITTER_S = 0.04  # stamps closer than this to the last frame's end are the same stream going on


class Source:
    """One voice: its frames put one behind the other."""

    def __init__(self) -> None:
        self._resampler = soxr.ResampleStream(48_000, RATE_HZ, 1, dtype="float32", quality="QQ")
        self._next: int | None = None

    def place(self, at: float, pcm: Int16) -> tuple[int, npt.NDArray[np.float32]]:
        """The frame at 16 kHz, and the sample number on the episode clock where it belongs."""
        samples = self._resampler.resample_chunk(pcm.astype(np.float32))
        stamped = round(at * RATE_HZ)
        if self._next is None or abs(stamped - self._next) > JITTER_S * RATE_HZ:
            self._next = stamped
        start, self._next = self._next, self._next + len(samples)
        return start, samples


class Reference:
    """All AI voices mixed, the last seconds of them. One for a show: every ear may hear the same loudspeakers."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._ring = np.zeros(round((KEPT_S + AHEAD_S) * RATE_HZ), np.float32)
        self._end = 0  # samples before this one are in the ring, as far as it reaches
        self._sounded_to = -(10**9)

    def play(self, who: str, at: float, pcm: Int16) -> None:
        """What an AI's track plays. Never blocks.

        Args:
            who: whose.
            at: seconds on the episode clock, of the first sample.
            pcm: int16, (samples,), 48 kHz mono, at the level at which it is played.
        """
        self.add(*self._sources.setdefault(who, Source()).place(at, pcm))

    def add(self, start: int, samples: npt.NDArray[np.float32]) -> None:
        """Mix in; `start` counts in samples on the episode clock."""
        if not len(samples):
            return
        self._reach(start + len(samples))
        behind = max(0, self._end - len(self._ring) - start)
        samples, start = samples[behind:], start + behind
        for place, part in self._parts(start, start + len(samples)):
            self._ring[place] += samples[part]
        if np.abs(samples).max(initial=0.0) > 30.0:  # -60 dBFS
            self._sounded_to = max(self._sounded_to, start + len(samples))

    def silent_s(self, time: float) -> float:
        """How long nothing has sounded, at `time`; negative while something does."""
        return time - self._sounded_to / RATE_HZ

    def cut(self, start: int, end: int) -> npt.NDArray[np.float32]:
        """Samples `start` to `end`; what is not there is silence."""
        self._reach(end)
        samples = np.zeros(end - start, np.float32)
        forgotten = max(0, self._end - len(self._ring) - start)
        for place, part in self._parts(start + forgotten, end):
            samples[forgotten:][part] = self._ring[place]
        return samples

    def _reach(self, end: int) -> None:
        """Move the ring on, with silence where nothing came."""
        if end <= self._end:
            return
        for place, _ in self._parts(max(self._end, end - len(self._ring)), end):
            self._ring[place] = 0.0
        self._end = end

    def _parts(self, start: int, end: int) -> Iterator[tuple[slice, slice]]:
        """Where samples `start` to `end` lie in the ring, and which of them lie there: in one piece or in two."""
        done = 0
        while done < end - start:
            first = (start + done) % len(self._ring)
            count = min(end - start - done, len(self._ring) - first)
            yield slice(first, first + count), slice(done, done + count)
            done += count
