"""What reaches the track, and when, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import numpy as np
import pytest
from livekit import rtc

from agent.speaking.audio import RATE_HZ, Int16
from agent.speaking.clauses import Clause
from agent.speaking.passage import Passage, Place
from agent.speaking.playout import DUCKED, LEAD_LIMIT_S, Playout, _Lead
from tests.speaking.fakes import FakeSink, hum, until
from tests.support.virtual_time import VirtualClock, run_virtual

LOUD = 8000
TEXTS = ("Some words are said here,", "and then some more of them follow.", "The end.")


class Listener:
    def __init__(self) -> None:
        self.started: list[float] = []
        self.reached: list[tuple[float, Place]] = []
        self.ended: list[tuple[float, Place, bool]] = []

    def playback_started(self, at: float) -> None:
        self.started.append(at)

    def playback_reached(self, at: float, place: Place) -> None:
        self.reached.append((at, place))

    def playback_ended(self, at: float, place: Place, *, interrupted: bool) -> None:
        self.ended.append((at, place, interrupted))


class Stage:
    def __init__(self, sink: FakeSink | None = None) -> None:
        self.clock = VirtualClock()
        self.sink = sink or FakeSink(self.clock)
        self.sink.clock = self.clock
        self.tapped: list[tuple[float, Int16]] = []
        self.playout = Playout(self.sink, tap=lambda at, pcm: self.tapped.append((at, pcm)), clock=self.clock)
        self.listener = Listener()
        self.passage = Passage()

    def add(self, *texts: str) -> None:
        for text in texts:
            clip = self.passage.open(Clause(text, "sentence" if text.endswith(".") else "comma"))
            clip.push(hum(text))
            clip.finish()

    async def play(self, *texts: str) -> None:
        self.add(*texts)
        self.passage.close()
        self.playout.play(self.passage, self.listener)
        await until(lambda: bool(self.listener.started))

    async def end(self) -> None:
        await until(lambda: bool(self.listener.ended))
        await asyncio.sleep(0.1)


def on_stage(scene: Callable[[Stage], Awaitable[None]], sink: Callable[[], FakeSink] | None = None) -> None:
    async def main() -> None:
        stage = Stage(sink() if sink else None)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(stage.playout.run())
            await asyncio.sleep(0.3)
            await scene(stage)
            running.cancel()

    run_virtual(main())


def roughest(pcm: Int16) -> int:
    """The largest step from a sample to the next: a click is one far above the voice's own."""
    return int(np.abs(np.diff(pcm.astype(int))).max())


OWN_STEP = roughest(hum(" ".join(TEXTS)))


def test_a_voice_starts_at_once_though_silence_is_being_sent() -> None:
    async def scene(stage: Stage) -> None:
        asked = stage.clock.now()
        await stage.play(*TEXTS)
        assert stage.listener.started[0] - asked < 0.002
        await stage.end()

    on_stage(scene)


def test_everything_is_played_once_at_the_right_pace() -> None:
    async def scene(stage: Stage) -> None:
        stage.add(*TEXTS)
        length_s = stage.passage.ready / RATE_HZ
        await stage.play()
        await stage.end()
        ended, place, interrupted = stage.listener.ended[0]
        assert ended - stage.listener.started[0] == pytest.approx(length_s, abs=0.001)
        assert (place.clip, interrupted) == (3, False)
        assert stage.playout.counts.late_wakeups == stage.playout.counts.starved_frames == 0

    on_stage(scene)


def test_minutes_of_frames_do_not_drift() -> None:
    async def scene(stage: Stage) -> None:
        await asyncio.sleep(30)
        (first, _), (last, _) = stage.sink.frames[5], stage.sink.frames[-1]
        sent = sum(len(pcm) for _, pcm in stage.sink.frames[5:-1])
        assert last - first == pytest.approx(sent / RATE_HZ, abs=0.001)

    on_stage(scene)


def test_at_most_two_or_three_frames_are_queued() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(*TEXTS)
        for _ in range(200):
            assert stage.sink.queued_duration <= 0.031
            await asyncio.sleep(0.003)

    on_stage(scene)


def test_held_it_is_silent_within_40_ms_and_clicks_nowhere() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(*TEXTS)
        for pause_s in (0.33, 0.41, 0.57, 0.18, 0.77):
            await asyncio.sleep(pause_s)
            stage.playout.hold()
            held = stage.clock.now()
            await asyncio.sleep(0.3)
            assert stage.sink.level(held + 0.04, held + 0.3) == 0
            stage.playout.resume()
            await asyncio.sleep(0.05)
            assert stage.sink.level(held + 0.3, held + 0.35) > 0.1
        await stage.end()
        assert roughest(stage.sink.audio()) < OWN_STEP * 1.5
        assert not stage.listener.ended[0][2]

    on_stage(scene)


def test_stopped_it_is_over_within_40_ms_and_what_was_heard_is_known_to_the_sample() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(*TEXTS)
        await asyncio.sleep(1.0)
        at = stage.clock.now()
        stage.playout.stop()
        await stage.end()
        ended, place, interrupted = stage.listener.ended[0]
        assert interrupted
        assert ended - at < 0.045
        assert stage.sink.level(at + 0.04, at + 2) == 0
        heard_s = (place.offset + sum(clip._voice for clip in stage.passage.clips[: place.clip])) / RATE_HZ
        assert heard_s == pytest.approx(ended - stage.listener.started[0] - 0.01, abs=0.1)  # the fade is not counted
        assert roughest(stage.sink.audio()) < OWN_STEP * 1.5
        assert not stage.playout.busy

    on_stage(scene)


def test_stopped_while_held_it_ends_in_silence() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(*TEXTS)
        await asyncio.sleep(0.5)
        stage.playout.hold()
        await asyncio.sleep(0.2)
        at = stage.clock.now()
        stage.playout.stop()
        await stage.end()
        assert stage.listener.ended[0][2]
        assert stage.sink.level(at, at + 1) == 0

    on_stage(scene)


def test_ducked_within_50_ms_and_back_without_a_click() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(" ".join(TEXTS))
        await asyncio.sleep(0.2)
        at = stage.clock.now()
        stage.playout.duck()
        await asyncio.sleep(0.5)
        assert stage.sink.level(at + 0.045, at + 0.5) * 32767 <= LOUD * 0.5, "6 dB after a frame and the queue"
        assert stage.sink.level(at + 0.08, at + 0.5) * 32767 <= LOUD * DUCKED + 1
        stage.playout.unduck()
        await asyncio.sleep(0.5)
        assert stage.sink.level(at + 0.6, at + 1.0) * 32767 == pytest.approx(LOUD, rel=0.01)
        assert roughest(stage.sink.audio()) < OWN_STEP * 1.2
        assert max(np.abs(pcm).max() for start, pcm in stage.tapped if at + 0.1 < start < at + 0.5) >= LOUD - 1

    on_stage(scene)


def test_what_is_tapped_is_what_is_heard_when_it_is_heard() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(*TEXTS)
        await asyncio.sleep(0.5)
        stage.playout.hold()
        await asyncio.sleep(0.3)
        stage.playout.resume()
        await stage.end()
        heard = {round(at, 3): pcm for at, pcm in stage.sink.frames if np.abs(pcm).max() > 0}
        tapped = {round(at, 3): pcm for at, pcm in stage.tapped if np.abs(pcm).max() > 0}
        assert heard.keys() == tapped.keys()
        assert all(np.array_equal(heard[at], tapped[at]) for at in heard)

    on_stage(scene)


def test_a_synthesis_that_falls_behind_pauses_the_voice_without_a_click() -> None:
    async def scene(stage: Stage) -> None:
        text = " ".join(TEXTS)
        clip = stage.passage.open(Clause(text, "sentence"))
        stage.playout.play(stage.passage, stage.listener)
        pcm = hum(text)
        for start in range(0, len(pcm), RATE_HZ // 5):
            clip.push(pcm[start : start + RATE_HZ // 5])
            await asyncio.sleep(0.3)  # for each 0.2 s
        clip.finish()
        stage.passage.close()
        await stage.end()
        assert stage.playout.counts.starved_frames > 20
        assert roughest(stage.sink.audio()) < OWN_STEP * 1.5
        said = sum(len(pcm) for _, pcm in stage.tapped) / RATE_HZ
        assert said == pytest.approx(len(pcm) / RATE_HZ, abs=0.3)

    on_stage(scene)


class Stalling(FakeSink):
    """Takes a nap of 80 ms now and then, as a busy machine does."""

    naps = 0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if len(self.frames) % 100 == 99:
            self.naps += 1
            await asyncio.sleep(0.08)


def test_a_late_machine_leaves_gaps_that_the_recording_tells_truly() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(*TEXTS)
        await stage.end()
        counts = stage.playout.counts
        assert counts.late_wakeups >= 2
        gaps = [after - before - len(pcm) / RATE_HZ for (before, pcm), (after, _) in pairwise(stage.tapped)]
        assert max(gaps) > 0.03
        for at, pcm in stage.tapped:
            heard = min(stage.sink.frames, key=lambda frame: abs(frame[0] - at))
            assert np.array_equal(heard[1], pcm)

    on_stage(scene, lambda: Stalling(None))  # type: ignore[arg-type]


def test_a_late_machine_gets_a_longer_lead_for_a_while() -> None:
    lead = _Lead(0.02)
    assert lead.at(0.0) == 0.02
    for late_at in range(1, 9):
        lead.grow(float(late_at))
    assert lead.at(9.0) == LEAD_LIMIT_S
    assert lead.at(29.0) == pytest.approx(LEAD_LIMIT_S - 0.01)
    assert [lead.at(29.0 + 21 * calm) for calm in range(6)][-1] == 0.02


class Broken(FakeSink):
    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        raise Exception("an RtcError occured: InvalidState")


def test_a_track_that_takes_nothing_does_not_stop_the_show() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(*TEXTS)
        await stage.end()
        assert not stage.listener.ended[0][2]
        assert stage.playout.counts.sink_errors > 100

    on_stage(scene, lambda: Broken(None))  # type: ignore[arg-type]


def test_two_voices_never_sound_at_once() -> None:
    async def scene(stage: Stage) -> None:
        await stage.play(*TEXTS)
        await asyncio.sleep(0.5)
        second = Stage(stage.sink)
        second.add(*TEXTS)
        second.passage.close()
        asked = stage.clock.now()
        stage.playout.play(second.passage, second.listener)
        await until(lambda: bool(second.listener.started))
        assert second.listener.started[0] - asked < 0.05
        assert stage.listener.ended[0][0] <= second.listener.started[0]
        assert stage.listener.ended[0][2]
        await until(lambda: bool(second.listener.ended))
        assert not second.listener.ended[0][2]

    on_stage(scene)
