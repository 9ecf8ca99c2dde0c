"""What a streaming recogniser is told, and small things that its line is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import stt

from agent.hearing.transcriber import Int16

RATE_HZ = 16_000
GAP_S = 0.02  # audio that is missing for longer is sent as silence, so that the service's times stay true
RESENT_S = 0.2


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error of a service means.

    Attributes:
        text: what is wrong and what to do, in one line without secrets.
        lasting: it stays until somebody has done something.
        known: the service itself has said so.
        unclear: the reason was lost on the way; the next try may tell.
    """

    text: str
    lasting: bool = False
    known: bool = False
    unclear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEar:
    """A recogniser in the cloud.

    Attributes:
        name: for people.
        make: an engine of its own for each stream, which expects the terms.
        judge: what an error means.
        renew_s: a stream is replaced at the next silence after so long: services end long ones, in mid-word.
    """

    name: str
    make: Callable[[Sequence[str]], stt.STT[Any]]
    judge: Callable[[Exception], Fault]
    renew_s: float = 3000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things are waited for. Seconds.

    Attributes:
        finalise_after_s: of silence before the service is asked to finalise: in mid-word, before a "t" or a "p", there
            is more than a tenth of a second of it, and what is finalised there comes back as two halves or not at all.
        final_s: after asking the service to finalise; then its interim words have to do.
        interim_s: the same, when its interim words reach the end of the voice already.
        record_s: for final words, when there is no hurry.
        rest_s: without any audio the microphone is off, and the stream is closed: it would cost money.
    """

    finalise_after_s: float = 0.18
    final_s: float = 0.7
    interim_s: float = 0.25
    record_s: float = 2.0
    rest_s: float = 5.0  # Google ends a stream after 10 s


class StreamClock:
    """From a stream's time to the audio's. Seconds on the episode clock."""

    def __init__(self) -> None:
        self.origin = 0.0  # of the stream's first sample
        self._sent_s = 0.0

    @property
    def running(self) -> bool:
        """Audio has been sent."""
        return self._sent_s > 0

    @property
    def now(self) -> float:
        """After the last sample that was sent."""
        return self.origin + self._sent_s

    def restart(self) -> None:
        """A new stream; `now` stays until its first audio."""
        self.origin, self._sent_s = self.now, 0.0

    def sent(self, at: float, samples: int) -> None:
        """Audio of which the first sample is of `at`; set anew each time, since clocks drift."""
        self.origin = at - self._sent_s
        self._sent_s += samples / RATE_HZ


def joined(pieces: Sequence[tuple[float, Int16]]) -> list[tuple[float, Int16]]:
    """Pieces that follow each other as one, up to `RESENT_S`: seconds of audio are sent at once, and each message
    costs time."""
    whole: list[tuple[float, Int16]] = []
    run: list[Int16] = []
    start = end = 0.0
    for at, pcm in pieces:
        if run and (at - end > GAP_S or end - start >= RESENT_S):
            whole.append((start, np.concatenate(run)))
            run = []
        if not run:
            start = at
        run.append(pcm)
        end = at + len(pcm) / RATE_HZ
    return [*whole, (start, np.concatenate(run))] if run else whole


def frame(pcm: Int16) -> rtc.AudioFrame:
    return rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm))
