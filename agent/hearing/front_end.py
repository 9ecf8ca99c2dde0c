"""From microphone frames to the detector's windows and the recogniser's tape, without echo and without gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from livekit.local_inference import VAD

from agent.hearing.echo import BLOCK, EchoGuard, EchoState
from agent.hearing.intake import LONGEST_FILL_S, RATE_HZ, RATE_IN_HZ, Resampler, Tape, Timeline
from agent.hearing.levels import level_dbfs
from agent.hearing.reference import Reference
from agent.hearing.segmenter import WINDOW
from agent.hearing.transcriber import Int16
from agent.hearing.voicing import periodicity

_REWRITTEN_S = 1.5  # of the tape, when an echo is found: longer than the pre-roll and the proof together
_NOTHING = np.zeros(0, np.int16)
# Into the detector's window: other detectors' windows end there. A voice that sets in over an AI is seen some 20 ms
# sooner than by one detector, since it need not wait for a window to end.
_BETWEEN = 171, 341
_WARM_UP = 12  # windows: what a detector must have heard before to judge the next like one that was never off
_LINE = 4 * RATE_HZ  # samples; what is kept is moved to the front when as many came in


@dataclass(frozen=True, slots=True)
class Window:
    """32 ms as the voice detector hears them."""

    probability: float  # of a human's voice
    level_dbfs: float
    echo: bool  # an AI's voice may have come back in it
    periodicity: float  # of a pitch, 0 to 1; looked at where an AI may be heard, and does not come back


@dataclass(frozen=True, slots=True)
class Glance:
    """32 ms that end between two windows. Only while an AI may be heard, and does not come back."""

    ahead: int  # samples behind the last window's end
    probability: float
    level_dbfs: float
    periodicity: float


class FrontEnd:
    """One ear's line of samples. 16 kHz sample numbers count from its start, missing audio included.

    Args:
        played: what the AIs say, which a loudspeaker may bring back.
    """

    def __init__(self, played: Reference) -> None:
        self.tape = Tape()
        self.timeline = Timeline()
        self.echo = EchoGuard(played)
        self._resampler = Resampler()
        self._samples_in = 0  # 48 kHz
        self._raw = _Line()  # for the detector
        self._cleaned = _Line()  # the same samples, without echo
        self._clean = _NOTHING  # the recogniser's new samples
        self._detectors = VAD(), VAD()  # of the raw line and of the cleaned one
        self._between = [(ahead, VAD()) for ahead in _BETWEEN]
        self._heard = 0  # samples that the detector has had
        self._glanced = 0  # detectors of `_between` that have looked since
        self._cold = set(_BETWEEN)  # those that have not heard what came before

    @property
    def next_at(self) -> float | None:
        """Episode time of the next sample, if nothing is missing before it. None before there was any."""
        return self.timeline.at(self._samples_in // 3) if self._samples_in else None

    def push(self, at: float, pcm: Int16) -> None:
        """A frame: 48 kHz mono; `at` is the episode time of its first sample, as far as its arrival tells."""
        self.timeline.stamp(self._samples_in // 3, at)
        self._resample(pcm)

    def miss(self, seconds: float) -> None:
        """Audio is missing before the next frame."""
        at = self.timeline.at(self._samples_in // 3) + seconds
        self.silence(min(seconds, LONGEST_FILL_S))
        self.timeline.jump(self._samples_in // 3, at)

    def silence(self, seconds: float) -> None:
        """Audio that is missing."""
        self._resample(np.zeros(round(seconds * RATE_IN_HZ), np.int16))

    def windows(self) -> Iterator[Window | Glance]:
        """Whole windows that came in since, and glances between them."""
        while True:
            yield from self._glances()
            if self._cleaned.end - self._heard < WINDOW:
                break
            start, self._heard, self._glanced = self._heard, self._heard + WINDOW, 0
            raw, cleaned = self._raw.cut(start, self._heard), self._cleaned.cut(start, self._heard)
            at = self.timeline.at(self._heard)
            probability = self._detectors[0].predict(raw)
            active = self.echo.active(at)
            if active:
                probability = self._judged(probability, raw, cleaned, at)
            else:
                self.echo.idle()
            present = self.echo.state is EchoState.PRESENT
            echo = active and self.echo.state is not EchoState.ABSENT
            level = level_dbfs(cleaned if present else raw)
            yield Window(probability, level, echo, periodicity(raw) if active and not echo else 0.0)
        self._raw.forget(self._heard - 2 * RATE_HZ)
        self._cleaned.forget(self._heard - 2 * RATE_HZ)

    def _glances(self) -> Iterator[Glance]:
        while self._glanced < len(self._between):
            ahead, detector = self._between[self._glanced]
            end = self._heard + ahead
            if self._raw.end < end:
                return
            self._glanced += 1
            if end < WINDOW:
                continue
            if self.echo.state is not EchoState.ABSENT or not self.echo.active(self.timeline.at(end)):
                self._cold.add(ahead)
                continue
            if ahead in self._cold:
                self._warm_up(detector, end)
                self._cold.discard(ahead)
            raw = self._raw.cut(end - WINDOW, end)
            yield Glance(ahead, detector.predict(raw), level_dbfs(raw), periodicity(raw))

    def _warm_up(self, detector: VAD, end: int) -> None:
        """A detector remembers what it heard before: let this one hear the last of it."""
        detector.reset()
        for window in range(min(_WARM_UP, end // WINDOW - 1), 0, -1):
            start = end - (window + 1) * WINDOW
            detector.predict(self._raw.cut(start, start + WINDOW))

    def take_clean(self) -> tuple[float, Int16]:
        """The recogniser's audio since the last call, and the time of its first sample."""
        clean, self._clean = self._clean, _NOTHING
        return self.timeline.at(self.tape.end - len(clean)), clean

    def _judged(self, probability: float, raw: Int16, cleaned: Int16, at: float) -> float:
        def latest(count: int) -> Int16:
            return self._raw.cut(self._heard - count, self._heard)

        before, left, removed_db = self.echo.state, probability, 0.0
        if not self.echo.rests:
            left, removed_db = self._detectors[1].predict(cleaned), level_dbfs(raw) - level_dbfs(cleaned)
        probability = self.echo.judge(probability, left, removed_db, at, latest)
        if before is not EchoState.PRESENT and self.echo.state is EchoState.PRESENT:
            self._clean_again()
        return probability

    def _clean_again(self) -> None:
        """An echo is proved: take it out of what was heard just now, which may be the pre-roll of a human's voice."""
        start = max(0, self.tape.end - round(_REWRITTEN_S * RATE_HZ))
        self._cleaned.cut_off(start)
        self._cancel()
        self.tape.rewrite(start, self._cleaned.cut(start, self.tape.end))

    def _resample(self, pcm: Int16) -> None:
        quick, clean = self._resampler.push(pcm)
        self._samples_in += len(pcm)
        self._raw.push(quick)
        self._cancel()
        start = self.tape.end
        if self.echo.state is EchoState.PRESENT and self.echo.active(self.timeline.at(start)):
            # The canceller may be a block behind; what it has not done yet stays as it came.
            done = self._cleaned.cut(start, start + len(clean))
            clean = np.concatenate([done, clean[len(done) :]])
        self.tape.push(clean)
        self._clean = np.concatenate([self._clean, clean])

    def _cancel(self) -> None:
        """Bring the cleaned line up to the raw one: whole blocks through the canceller, or all as it is."""
        while (waiting := self._raw.end - self._cleaned.end) > 0:
            start = self._cleaned.end
            at = self.timeline.at(start)
            if not self.echo.cancels(at):
                self._cleaned.push(self._raw.cut(start, self._raw.end))
            elif waiting >= BLOCK:
                self._cleaned.push(self.echo.clean(at, self._raw.cut(start, start + BLOCK)))
            else:
                return


class _Line:
    """The last seconds of samples, by number. What is cut is good until the next push."""

    def __init__(self) -> None:
        self._buffer = np.zeros(_LINE, np.int16)
        self._start = 0  # number of the buffer's first sample
        self._kept = 0  # and of the first that may still be asked for
        self.end = 0

    def push(self, pcm: Int16) -> None:
        if self.end + len(pcm) - self._start > len(self._buffer):
            room = np.zeros(max(_LINE, len(pcm)), np.int16)
            self._buffer = np.concatenate([self.cut(self._kept, self.end), room])
            self._start = self._kept
        self._buffer[self.end - self._start :][: len(pcm)] = pcm
        self.end += len(pcm)

    def cut(self, start: int, end: int) -> Int16:
        return self._buffer[max(0, start - self._start) : max(0, min(end, self.end) - self._start)]

    def cut_off(self, end: int) -> None:
        """Samples from number `end` on."""
        self.end = min(self.end, max(end, self._start))

    def forget(self, before: int) -> None:
        """Samples before number `before`."""
        self._kept = max(self._kept, before)
