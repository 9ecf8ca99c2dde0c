"""Measures whoever answers in a room, at the ear and mouth of a simulated host, over real WebRTC.

Knows nothing of the agent: it publishes a microphone and listens to every other voice, so transport and jitter buffers
are in each figure, as a person feels them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise

import numpy as np

from agent.rehearsal.person import Person
from agent.rehearsal.script import Int16

ANSWER_LIMIT_S = 15.0
EAR_FRAME_S = 0.01
OVERLAP_S = 0.05  # of two voices at once that is none yet: one ends and the other begins
HOLE_FRAMES = 2  # within an overlap: two tracks' frames are stamped as they come


@dataclass(slots=True)
class Figures:
    """Seconds, one entry an occasion.

    Attributes:
        response: last sample of the host's turn to the first voiced 10 ms of an AI.
        text: last sample of the host's turn to its final text at the host's page; of what sends one as LiveKit does.
        early: turns in which an AI began before the host had ended.
        unanswered: turns that nobody answered.
        silence: first sample of an interruption to the last voiced 10 ms of every AI.
        duck: first sample of an interruption to the last 10 ms within 6 dB of the AI's level before it.
        backchannel_gap: longest silence from a backchannel's onset to 4 s after its end.
        overlap: in which two AIs were voiced at once, for more than `OVERLAP_S` on end.
    """

    turns: int = 0
    response: list[float] = field(default_factory=list)
    text: list[float] = field(default_factory=list)
    early: int = 0
    unanswered: int = 0
    silence: list[float] = field(default_factory=list)
    duck: list[float] = field(default_factory=list)
    backchannel_gap: list[float] = field(default_factory=list)
    overlap: float = 0.0

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


async def measure(
    hosts: Sequence[Person], *, turns: list[Int16], interruptions: list[Int16], backchannels: list[Int16], rounds: int
) -> Figures:
    """Say each turn `rounds` times; over the answers, an interruption and a backchannel in turn. Each turn, and what is
    said over its answer, is the next host's. They hear only the AIs."""
    figures = Figures()
    for number in range(rounds * len(turns)):
        host = hosts[number % len(hosts)]
        await host.wait_for_quiet(1.5, limit_s=90)
        figures.turns += 1
        begun, ended = await host.say(turns[number % len(turns)])
        answer = await host.wait_for_voice(ended - 0.02, limit_s=ANSWER_LIMIT_S)
        figures.early += bool(host.voices(begun + 0.25, ended - 0.02))
        if answer is None:
            figures.unanswered += 1
            continue
        figures.response.append(answer[0] - ended)
        figures.text += [at - ended for at in host.understood.values() if at > ended - 0.02][:1]
        await asyncio.sleep(1.2)
        if not await mid_speech(host):
            continue
        if number % 2:
            await _backchannel(host, backchannels[number // 2 % len(backchannels)], figures)
        else:
            await _interrupt(host, interruptions[number // 2 % len(interruptions)], figures)
    figures.overlap = overlap_s(hosts[0])
    return figures


async def mid_speech(host: Person, limit_s: float = 3.0) -> bool:
    """Wait until an AI has been voiced for 200 ms, so that no natural pause flatters a figure."""
    end = host.clock.now() + limit_s
    while host.clock.now() < end:
        if len(host.voices(host.clock.now() - 0.2)) >= 17:
            return True
        await asyncio.sleep(0.01)
    return False


async def _interrupt(host: Person, speech: Int16, figures: Figures) -> None:
    before = level_now(host)
    onset, ended = await host.say(speech)
    await asyncio.sleep(0.5)
    duck, silence = gave_way_s(host, onset, ended, before)
    figures.duck.append(duck)
    figures.silence.append(silence)


def gave_way_s(host: Person, onset: float, ended: float, before: float) -> tuple[float, float]:
    """How long after an interruption's onset the AIs were 6 dB below their level `before`, and how long after it they
    were silent. Half a second after its end, at the earliest."""
    stop = onset
    for at, _ in host.voices(onset - 0.3, ended + 0.5):
        if at - stop > 0.8:
            break
        stop = max(stop, at)
    loud = [at for ear in host.ears.values() for at, rms in ear.levels(onset, stop + 0.001) if rms > before / 2]
    return max(loud, default=onset) - onset, stop - onset


async def _backchannel(host: Person, speech: Int16, figures: Figures) -> None:
    onset, ended = await host.say(speech)
    await asyncio.sleep(4.0)
    heard = [onset, *(at for at, _ in host.voices(onset, ended + 4.0)), ended + 4.0]
    figures.backchannel_gap.append(max(b - a for a, b in pairwise(heard)))


def level_now(host: Person) -> float:
    """The 90th percentile of the loudest voice's level in the last 1.5 s: RMS of int16 samples, 1 at least."""
    now = host.clock.now()
    levels = [[rms for _, rms in ear.levels(now - 1.5, now)] for ear in host.ears.values()]
    return max((float(np.percentile(voice, 90)) for voice in levels if voice), default=1.0)


def loudest_db(host: Person, since: float, until: float) -> float:
    """The level of the loudest syllables, in dB of the RMS of int16 samples: half a sentence may be soft."""
    levels = [[rms for _, rms in ear.levels(since, until)] for ear in host.ears.values()]
    loud = max((float(np.percentile(voice, 97)) for voice in levels if voice), default=1.0)
    return 20 * float(np.log10(max(loud, 1.0)))


def overlap_s(host: Person) -> float:
    """Seconds in which more than one AI was voiced, where it was for more than `OVERLAP_S` on end."""
    frames: dict[int, set[str]] = {}
    for at, who in host.voices(0.0):
        frames.setdefault(round(at / EAR_FRAME_S), set()).add(who)
    both = sorted(frame for frame, who in frames.items() if len(who) > 1)
    runs: list[list[int]] = []
    for frame in both:
        if not runs or frame - runs[-1][-1] > HOLE_FRAMES:
            runs.append([])
        runs[-1].append(frame)
    lengths = [(run[-1] - run[0] + 1) * EAR_FRAME_S for run in runs]
    return sum(length_s for length_s in lengths if length_s > OVERLAP_S + EAR_FRAME_S / 2)
