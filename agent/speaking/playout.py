"""The last metre: a passage's samples, in real time and 10 ms frames, into the track.

At most `lead_s` is queued behind it, so that a voice can be turned down, held or stopped within a few frames. What is
queued when a voice is held or stopped is still heard, and is counted as heard; it is never cut off, since that would
click.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from livekit import rtc

from agent.clock import EpisodeClock
from agent.speaking.audio import FRAME, FRAME_S, RATE_HZ, Int16, faded_in, faded_out, ramped, samples
from agent.speaking.passage import Passage, Place

log = logging.getLogger(__name__)

LEAD_S = 0.02
# Each time the queue has run dry the lead grows, since a crackling voice is worse than one that stops 10 ms later; a
# quiet while later it shrinks again.
LEAD_STEP_S = 0.01
LEAD_LIMIT_S = 0.06
CALM_S = 20.0

REBUFFER = samples(0.1)  # a clause whose synthesis fell behind goes on when so much is there

DUCKED = 10 ** (-12 / 20)
# A voice is ducked as a compressor does it: most at once, the rest within 50 ms; half its amplitude is gone after 10 ms
# instead of the 33 ms of a straight line. It comes back along a straight one, since nobody waits for that.
DUCK_ATTACK = 0.33  # what each frame leaves of the way down
DUCK_RELEASE_S = 0.05
_RELEASE_STEP = (1 - DUCKED) * FRAME_S / DUCK_RELEASE_S
_DUCKED_ENOUGH = 0.005

_LOUD_FRAMES = round(LEAD_LIMIT_S / FRAME_S) + 1  # so many frames after a voice nothing of it is queued any more
# Silence between the turns goes out in longer frames: each frame costs the event loop 1 ms in the SDK, and an idle
# voice can wait, since a voice that begins does not queue behind silence.
SILENT_FRAMES = 5


class AudioSink(Protocol):
    """What `rtc.AudioSource` is to the playout."""

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """May wait while the sink's own queue is full, for as long as that takes to play."""

    def clear_queue(self) -> None: ...
    @property
    def queued_duration(self) -> float: ...


class PlayoutListener(Protocol):
    """Told on the playout's own task, so it must not wait. Times are episode seconds."""

    def playback_started(self, at: float) -> None: ...
    def playback_reached(self, at: float, place: Place) -> None:
        """Everything before `place` has been heard."""

    def playback_ended(self, at: float, place: Place, *, interrupted: bool) -> None: ...


@dataclass(slots=True)
class PlayoutCounts:
    late_wakeups: int = 0  # the queue ran dry while a voice was playing: a gap that was heard
    late_s: float = 0.0
    starved_frames: int = 0  # synthesis was behind
    sink_errors: int = 0


_Due = tuple[float, Literal["started", "reached", "ended", "cut"], Place]


class Playout:
    """One voice's track.

    Silence is sent while nobody speaks. A track that falls silent by sending nothing makes its receivers' jitter
    buffers run dry, and the first words after it pay for that.

    Args:
        sink: where frames go; 48 kHz mono.
        tap: `tap(at, pcm)`, called for each frame of voice: int16, (samples,), at full level; `at` is the episode
            time of its
            first sample. Contiguous while the voice plays, unless it was really heard with a gap.
        clock: the episode's.
        lead_s: how much is queued ahead of what is heard, on a machine that keeps time.
    """

    def __init__(
        self, sink: AudioSink, *, tap: Callable[[float, Int16], None], clock: EpisodeClock, lead_s: float = LEAD_S
    ) -> None:
        self._sink = sink
        self._tap = tap
        self._clock = clock
        self._lead = _Lead(lead_s)
        self._line = _Line()
        self._voice: _Voice | None = None
        self._next: _Voice | None = None  # waits for the voice before it to fall silent
        self._due: deque[tuple[_Due, PlayoutListener]] = deque()  # bounded by lead_s: a few entries a frame
        self._gain = self._target = 1.0
        self._wake: asyncio.Future[None] | None = None
        self.counts = PlayoutCounts()

    @property
    def busy(self) -> bool:
        """A passage is being played or held."""
        return self._voice is not None

    def play(self, passage: Passage, listener: PlayoutListener) -> None:
        """Start a passage now. One that is being played is stopped first; its listener is told."""
        voice = _Voice(passage, listener)
        if self._voice is not None:
            self.stop()
            self._next = voice
            return
        self._voice = voice
        if passage.ready:
            self._flush_silence()

    def hold(self) -> None:
        """Fall silent with the next frame and keep the place. Nothing happens when nothing plays."""
        voice = self._next or self._voice
        if voice and voice.state == "playing":
            voice.state = "holding"

    def resume(self) -> None:
        """Go on from the boundary of the word that hold() cut."""
        voice = self._next or self._voice
        if voice and voice.state in ("held", "holding"):
            if voice.state == "held":
                voice.passage.rewind()
                voice.fade_in = True
                self._flush_silence()
            voice.state = "playing"

    def stop(self) -> None:
        """Fall silent with the next frame; playback_ended(interrupted=True) follows when the queue has been heard."""
        if self._next:
            self._when(self._line.end, "cut", self._next)
            self._next = None
        if self._voice and self._voice.state != "stopping":
            self._voice.was_silent = self._voice.state == "held" or not self._voice.begun
            self._voice.state = "stopping"
            self._rouse()

    def duck(self) -> None:
        self._target = DUCKED

    def unduck(self) -> None:
        self._target = 1.0

    async def run(self) -> None:
        """Until cancelled."""
        self._line.restart(self._clock.now())
        while True:
            now = self._clock.now()
            self._report(now)
            if self._line.end < now:
                self._too_late(now)
            ahead_s = self._line.end - self._lead.at(now) - now
            if ahead_s < 0.0005:  # a timer may fire a hair early
                await self._send(self._next_frame())
            else:
                await self._sleep(max(ahead_s, 0.001))

    def _too_late(self, now: float) -> None:
        """The queue has run dry: what comes next is heard from now on."""
        if self._line.loud:
            self.counts.late_wakeups += 1
            self.counts.late_s += now - self._line.end
            self._lead.grow(now)
        self._line.restart(now)

    def _next_frame(self) -> Int16:
        at = self._line.end
        pcm = self._voice_frame(at)
        if pcm is None:
            self._gain = self._target  # nobody hears a fade of silence
            idle = not self._line.loud and (self._voice is None or self._voice.state == "held")
            frames = SILENT_FRAMES if idle else 1
            self._line.advance(loud=False, frames=frames)
            return np.zeros(frames * FRAME, np.int16)
        self._line.advance(loud=True)
        self._tap(at, pcm)
        before, self._gain = self._gain, _nearer(self._gain, self._target)
        return ramped(pcm, before, self._gain)

    def _voice_frame(self, at: float) -> Int16 | None:
        """What the voice says in the frame that is heard `at`; None when it is silent."""
        voice = self._voice
        if voice is None or voice.state == "held":
            return None
        if voice.state in ("holding", "stopping"):
            fading = None
            if voice.begun and not voice.was_silent and not voice.starved:
                fading = _full_frame(faded_out(voice.passage.take(FRAME, advance=False), FRAME))
            if voice.state == "holding":
                voice.state = "held"
            else:
                self._voice, self._next = self._next, None
                self._when(at + FRAME_S, "cut", voice)
            return fading
        if voice.starved and voice.passage.unfinished and voice.passage.ready < REBUFFER:
            self.counts.starved_frames += voice.begun
            return None
        pcm = voice.passage.take(FRAME)
        if len(pcm):
            if not voice.begun:
                voice.begun = True
                self._when(at, "started", voice)
            if voice.fade_in or voice.starved:
                pcm = faded_in(pcm)
            voice.fade_in = voice.starved = False
        over = voice.passage.over
        if not over and voice.passage.ready == 0:
            voice.starved = True
            pcm = faded_out(pcm)
        if len(pcm):
            self._when(at + len(pcm) / RATE_HZ, "reached", voice)
        if over:
            self._voice, self._next = self._next, None
            self._when(at + len(pcm) / RATE_HZ, "ended", voice)
        return _full_frame(pcm) if len(pcm) else None

    def _when(self, at: float, what: Literal["started", "reached", "ended", "cut"], voice: _Voice) -> None:
        self._due.append(((at, what, voice.passage.place), voice.listener))

    def _report(self, now: float) -> None:
        while self._due and self._due[0][0][0] <= now:
            (at, what, place), listener = self._due.popleft()
            if what == "started":
                listener.playback_started(at)
            elif what == "reached":
                listener.playback_reached(at, place)
            else:
                listener.playback_ended(at, place, interrupted=what == "cut")

    async def _send(self, pcm: Int16) -> None:
        try:
            await self._sink.capture_frame(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm)))
        except Exception:  # rtc raises bare Exception; the show's time goes on without this track
            self.counts.sink_errors += 1
            if self.counts.sink_errors == 1:
                log.exception("the track takes no audio; it is not heard until it does")

    def _flush_silence(self) -> None:
        """Voice need not queue behind silence."""
        if not self._line.loud:
            self._sink.clear_queue()
            self._line.restart(self._clock.now())
            self._rouse()

    def _rouse(self) -> None:
        if self._wake and not self._wake.done():
            self._wake.set_result(None)

    async def _sleep(self, seconds: float) -> None:
        """Until the next frame is due, or until a command comes."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        timer = loop.call_later(seconds, self._rouse)
        try:
            await self._wake
        finally:
            timer.cancel()
            self._wake = None


class _Voice:
    """A passage being played."""

    def __init__(self, passage: Passage, listener: PlayoutListener) -> None:
        self.passage = passage
        self.listener = listener
        self.state: Literal["playing", "holding", "held", "stopping"] = "playing"
        self.begun = False
        self.was_silent = False  # when it was stopped
        self.starved = True  # nothing to say yet, or not any more
        self.fade_in = False


class _Lead:
    """How much to queue: as little as the machine allows."""

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self._now_s = least_s
        self._changed_at = 0.0

    def grow(self, at: float) -> None:
        self._now_s = max(self._least_s, min(LEAD_LIMIT_S, self._now_s + LEAD_STEP_S))
        self._changed_at = at

    def at(self, at: float) -> float:
        if self._now_s > self._least_s and at - self._changed_at > CALM_S:
            self._now_s = max(self._least_s, self._now_s - LEAD_STEP_S)
            self._changed_at = at
        return self._now_s


class _Line:
    """The frames sent, and so when the next one will be heard. Counted in frames, so that it does not drift."""

    def __init__(self) -> None:
        self._origin = 0.0
        self._frames = 0
        self._loud_frames = 0

    @property
    def end(self) -> float:
        return self._origin + self._frames * FRAME_S

    @property
    def loud(self) -> bool:
        """Voice may still be queued."""
        return self._loud_frames > 0

    def restart(self, at: float) -> None:
        self._origin, self._frames, self._loud_frames = at, 0, 0

    def advance(self, *, loud: bool, frames: int = 1) -> None:
        self._frames += frames
        self._loud_frames = _LOUD_FRAMES if loud else max(0, self._loud_frames - 1)


def _full_frame(pcm: Int16) -> Int16:
    return pcm if len(pcm) == FRAME else np.concatenate([pcm, np.zeros(FRAME - len(pcm), np.int16)])


def _nearer(gain: float, target: float) -> float:
    """The gain a frame later."""
    if target > gain:
        return min(target, gain + _RELEASE_STEP)
    left = (gain - target) * DUCK_ATTACK
    return target + left if left > _DUCKED_ENOUGH else target
