"""What the simulated host says, and its voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import tts

from agent.rehearsal.person import FRAME, RATE_HZ, VOICED_DBFS

Int16 = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that the host says.

    Attributes:
        kind: a turn is to be answered; a barge-in is said over an AI and silences it; a backchannel is said over an
            AI and must not.
        to: the speaker who must answer, when the line names one.
    """

    kind: Literal["turn", "barge_in", "backchannel"]
    text: str
    to: str | None = None


SCRIPT = (
    Line("turn", "Welcome to the show. What makes a good podcast, in your opinion?"),
    Line("turn", "And what does the guest think about that?", "guest"),
    Line("backchannel", "Mm-hm."),
    Line("turn", "Claude, how would you explain a language model to a child?", "claude"),
    Line("barge_in", "Hold on, let me stop you there for a second, because I disagree."),
    Line("turn", "Claude, what is the best argument against your own position?", "claude"),
    Line("backchannel", "Right."),
    Line("turn", "Would you run a model like that at home?"),
    Line("barge_in", "Wait, wait, before you go on, I have another question."),
)


async def record(lines: tuple[Line, ...], voice: tts.TTS[Any]) -> dict[Line, Int16]:
    """The lines as speech: int16, (samples,), 48 kHz mono, cut to the first and the last voiced 10 ms."""
    return {line: _trimmed(await _speech(voice, line.text)) for line in lines}


async def _speech(voice: tts.TTS[Any], text: str) -> Int16:
    resampler = rtc.AudioResampler(voice.sample_rate, RATE_HZ, quality=rtc.AudioResamplerQuality.HIGH)
    parts: list[Int16] = []
    async with voice.synthesize(text) as stream:
        async for audio in stream:
            parts += [np.frombuffer(frame.data, np.int16) for frame in resampler.push(audio.frame)]
    parts += [np.frombuffer(frame.data, np.int16) for frame in resampler.flush()]
    return np.concatenate(parts)


def _trimmed(pcm: Int16) -> Int16:
    frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float32)
    level = np.sqrt((frames**2).mean(axis=1))
    voiced = np.flatnonzero(level > 10 ** (VOICED_DBFS / 20) * 32768)
    return pcm[voiced[0] * FRAME : (voiced[-1] + 1) * FRAME] if len(voiced) else pcm
