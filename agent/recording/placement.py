"""Where a speaker's samples belong on the episode's time line."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from agent.recording.arrivals import ArrivalClock, lateness
from agent.recording.audio import RATE_HZ, Int16, samples
from agent.recording.stretching import Stretcher

Stretch: TypeAlias = Int16 | int  # samples, or a count of silent ones

HOLD_S = 0.3  # how long a late frame may wait for a punctual one that shows that it was only late
GONE_S = 4.0  # a stream that is silent for longer has ended; until then a burst may still bring all of it
IDLE_LAG_S = 1.0  # the silence of an absent speaker is written this far behind the clock
_GAP_S = 0.004  # the least lateness of all frames in a hold that is a hole, not jitter
_OVERLAP_S = 0.008  # the least earliness that is cut off at once; less is slewed
_QUANTISED_GAP_S = 0.5  # shorter holes are lost packets, so whole frames, where jitter hides their exact length
_SLACK_S = 0.002  # how far off the estimate of the stream's place may be
_EVIDENCE = 40.0  # delay that is exponential with median m makes n arrivals all later than t with odds of 2 ** (-n t/m)
_ENGAGE_S = 0.0008  # misplacement at which the stream is stretched
_RELEASE_S = 0.0003
_STEADY_PPM = 15.0
_SLEW_TIME_S = 3.0
_MAX_SKEW = 2e-3  # 3.5 cents: below what is heard in speech
_QUIET_PEAK = 33  # -60 dBFS: samples may be put in or left out unheard
_QUIET_STEP_S = 0.001


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What it took to keep a track on the clock.

    Attributes:
        drift_ppm: of the stream's clock against ours at the end; > 0 when it ran fast.
        jitter_ms: how far a typical frame arrived behind the most punctual ones.
        gaps: holes filled with silence within streams; joining, leaving and pauses of more than 4 s are `streams`.
        streams: stretches between absences.
        inserted_ms: silence put into gaps and quiet places.
        dropped_ms: overlaps, and quiet samples left out.
        stretched_ms: net length added (or, negative, taken away) by resampling.
        late_frames: frames whose place had been written already.
        refused_frames: frames without a usable time.
    """

    drift_ppm: float
    jitter_ms: float
    gaps: int
    streams: int
    inserted_ms: float
    dropped_ms: float
    stretched_ms: float
    late_frames: int
    refused_frames: int


@dataclass(slots=True)
class _Frame:
    at: float
    pcm: Int16
    offset: float  # arrival less the samples counted before it, in samples


@dataclass(slots=True)
class _Counts:
    gaps: int = 0
    streams: int = 0
    inserted: float = 0.0  # samples, as all below but the last two
    dropped: float = 0.0
    stretched: float = 0.0
    late_frames: int = 0
    refused_frames: int = 0


class Placer:
    """Frames with jittery times in; one gapless time line from t = 0 out. Pure: it is told the time.

    A stream stays contiguous while its frames are only late. When every frame of a hold (0.3 s) is late by more than
    jitter explains, samples are missing, and silence takes their place. When frames come before their place, the
    overlap is cut. Slow drift is followed by resampling (at most 0.2 %), or at once wherever the speaker is quiet.
    """

    def __init__(self, *, exact: bool = False) -> None:
        """`exact`: the stream's clock is the episode's, so nothing is ever resampled."""
        self.end = 0  # samples given out
        self._exact = exact
        self._out: list[Stretch] = []
        self._held: deque[_Frame] = deque()
        self._came = 0.0  # samples counted, of all frames that came (and of holes filled, less overlaps cut)
        self._accepted = 0.0  # likewise, of those that have left the hold
        self._clock: ArrivalClock | None = None  # None: no stream
        self._last_clock = ArrivalClock()
        self._error_s = 0.0  # how much later than now the stream should lie, as last estimated
        self._stretcher = Stretcher()
        self._counts = _Counts()

    def put(self, at: float, pcm: Int16) -> None:
        """One frame: int16, (samples,), 48 kHz mono; `at` is when its first sample belongs, late by jitter at most."""
        if not math.isfinite(at):
            self._counts.refused_frames += 1
            return
        if not len(pcm):
            return
        self._held.append(_Frame(at, pcm, at * RATE_HZ - self._came))
        self._came += len(pcm)
        self._decide()

    def advance(self, now: float) -> None:
        """Nothing came before `now` (episode seconds) that has not been put: decide what waits, write silence."""
        if self._held and now - self._held[-1].at >= HOLD_S + len(self._held[-1].pcm) / RATE_HZ:
            self._decide(force=True)
        if self._held:
            return
        if self._clock is not None and now - self._head / RATE_HZ > GONE_S:
            self._end_stream()
        if self._clock is None:
            self._silence(samples(now - IDLE_LAG_S) - self.end)

    def finish(self) -> None:
        """Give out all that waits."""
        self._decide(force=True)
        self._end_stream()

    def pad(self, end: int) -> None:
        """Silence up to sample `end` of the time line, after `finish`."""
        self._silence(end - self.end)

    def take(self) -> list[Stretch]:
        """What is new on the time line, in order."""
        out, self._out = self._out, []
        return out

    def report(self) -> SyncReport:
        clock, counts = self._clock or self._last_clock, self._counts
        return SyncReport(
            drift_ppm=round(clock.drift_ppm, 1),
            jitter_ms=round(1e3 * clock.jitter_s, 2),
            gaps=counts.gaps,
            streams=counts.streams,
            inserted_ms=round(1e3 * counts.inserted / RATE_HZ, 2),
            dropped_ms=round(1e3 * counts.dropped / RATE_HZ, 2),
            stretched_ms=round(1e3 * counts.stretched / RATE_HZ, 2),
            late_frames=counts.late_frames,
            refused_frames=counts.refused_frames,
        )

    @property
    def _head(self) -> float:
        """Where the next accepted sample will lie."""
        return self.end + self._stretcher.pending

    def _decide(self, *, force: bool = False) -> None:
        while self._held:
            patient = not force and self._held[-1].at - self._held[0].at < HOLD_S
            earliest = min(frame.offset for frame in self._held)
            if self._clock is None:
                if patient:
                    return
                self._begin_stream(earliest)
            late_s = (earliest - (self._head - self._accepted)) / RATE_HZ
            if late_s >= self._gap_s:
                if patient:
                    return
                if late_s >= GONE_S:
                    self._end_stream()
                    continue
                self._fill(self._hole_s(late_s))
            if self._cut_overlap():
                self._accept(self._held.popleft())

    @property
    def _gap_s(self) -> float:
        assert self._clock is not None
        return max(_GAP_S, 1.2 * self._clock.jitter_s)

    def _hole_s(self, late_s: float) -> float:
        """How much is missing, when all held frames are late by `late_s` at least.

        Whole frames, unless there is evidence for another length: jitter makes `late_s` a little too much, never too
        little, and summed over thousands of lost packets that would look like drift.
        """
        assert self._clock is not None
        frame_s = len(self._held[0].pcm) / RATE_HZ
        jitter_s = self._clock.jitter_s
        if late_s >= _QUANTISED_GAP_S:
            return late_s
        held = list(self._held)
        if _arrivals(held) * late_s < _EVIDENCE * jitter_s:
            return 0.0
        whole = frame_s * int((late_s + _SLACK_S) / frame_s)
        rest = late_s - whole
        next_hole = self._head - self._accepted + (whole + frame_s - _SLACK_S) * RATE_HZ
        before_it = _arrivals([frame for frame in held if frame.offset < next_hole])
        is_exact = rest > _GAP_S / 2 and before_it * rest >= _EVIDENCE * jitter_s
        return late_s if is_exact else whole

    def _begin_stream(self, earliest: float) -> None:
        self._clock = ArrivalClock(assumed_jitter_s=lateness(frame.offset for frame in self._held) / RATE_HZ)
        self._error_s = 0.0
        self._counts.streams += 1
        self._silence(round(earliest + self._accepted - self._head))

    def _end_stream(self) -> None:
        self._drain()
        self._stretcher.skew = 0.0
        if self._clock is not None:
            self._last_clock, self._clock = self._clock, None

    def _fill(self, hole_s: float) -> None:
        count = samples(hole_s)
        if count <= 0:
            return
        self._drain()
        self._silence(count)
        self._came += count  # as if the missing samples had come
        self._accepted += count
        for frame in self._held:
            frame.offset -= count
        self._counts.gaps += 1
        self._counts.inserted += count

    def _cut_overlap(self) -> bool:
        """Cut what lies before its place off the first frame; False when nothing is left of it."""
        first = self._held[0]
        early = self._head - self._accepted - first.offset
        if early < _OVERLAP_S * RATE_HZ:
            return True
        count = min(round(early), len(first.pcm))
        self._counts.dropped += count
        self._came -= count
        for frame in self._held:  # what is left of it, and all after it, have fewer samples before them now
            frame.offset += count
        first.pcm = first.pcm[count:]
        if len(first.pcm):
            return True
        self._counts.late_frames += 1
        self._held.popleft()
        return False

    def _accept(self, frame: _Frame) -> None:
        assert self._clock is not None
        if self._clock.add(frame.at, frame.offset / RATE_HZ):
            self._steer(frame.at)
        pcm = frame.pcm
        if abs(self._error_s) > _QUIET_STEP_S and int(np.abs(pcm).max()) <= _QUIET_PEAK:
            pcm = self._step(pcm)
        before = self._head
        self._accepted += len(frame.pcm)
        out = self._stretcher.feed(pcm)
        if len(out):
            self._out.append(out)
            self.end += len(out)
        gained = self._head - before - len(pcm)
        self._counts.stretched += gained
        self._error_s -= gained / RATE_HZ

    def _steer(self, at: float) -> None:
        """A second is over: set the stretching to what the arrivals say."""
        clock, stretcher = self._clock, self._stretcher
        assert clock is not None
        self._error_s = error_s = clock.offset_s(at) - (self._head - self._accepted) / RATE_HZ
        steady = abs(clock.drift_ppm) < _STEADY_PPM
        if self._exact or (stretcher.skew == 0.0 and abs(error_s) < _ENGAGE_S):
            return
        if steady and abs(error_s) < _RELEASE_S:
            stretcher.skew = 0.0
            return
        stretcher.skew = float(np.clip(clock.drift + error_s / _SLEW_TIME_S, -_MAX_SKEW, _MAX_SKEW))

    def _step(self, pcm: Int16) -> Int16:
        """Put the whole error right within a quiet frame."""
        count = round(self._error_s * RATE_HZ)
        if count > 0:
            self._drain()
            self._silence(count)
            self._counts.inserted += count
        else:
            count = -min(-count, len(pcm))
            pcm = pcm[-count:]
            self._counts.dropped -= count
        self._error_s -= count / RATE_HZ
        return pcm

    def _drain(self) -> None:
        rest = self._stretcher.drain()
        if len(rest):
            self._out.append(rest)
            self.end += len(rest)

    def _silence(self, count: int) -> None:
        if count > 0:
            self._out.append(count)
            self.end += count


def _arrivals(frames: list[_Frame]) -> int:
    """How often something came: frames of one burst tell as much as one of them."""
    return 1 + sum(later.at - frame.at > 0.001 for frame, later in pairwise(frames)) if frames else 0
