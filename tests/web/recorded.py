"""A recorded episode, by the real recorder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agent.clock import EpisodeClock
from agent.recording import EpisodeRecorder

RATE_HZ = 48_000
# who, name, role, pitch, from, to, words
TURNS = (
    ("anna", "Anna", "human", 220, 1.0, 4.0, "Claude, can a machine be curious?"),
    ("claude", "Claude", "ai", 150, 5.0, 11.0, "That depends on what it does unrewarded. A child takes clocks apart."),
    ("guest", "Ada", "ai", 110, 12.0, 17.0, "Novelty is not enough. Noise is always novel."),
    ("anna", "Anna", "human", 220, 16.0, 19.0, "Wait, that is the whole point."),
    ("claude", "Claude", "ai", 150, 20.2, 28.0, "Then curiosity is wanting a surprise that you could have learnt."),
)  # fmt: skip
LENGTH_S = 30.0  # of sound; the recorder adds silence to the last of its packets


async def record_episode(root: Path, *, slug: str = "curious", title: str = "Can a machine be curious?") -> Path:
    """Thirty seconds with Anna, Claude and Ada; a chapter, an interruption and two response times. The folder."""
    recorder = await EpisodeRecorder.open(
        root, slug, clock=EpisodeClock(), title=title, about={"stand_in": "no key was set", "cost_estimate": 0.04}
    )
    for who, name, role in (("anna", "Anna", "human"), ("claude", "Claude", "ai"), ("guest", "Ada", "ai")):
        track = recorder.track(who, name=name, role="human" if role == "human" else "ai")
        sound = _voice(who)
        for first in range(0, len(sound), 480):
            track.write(first / RATE_HZ, sound[first : first + 480])
    for who, _, _, _, start, end, text in TURNS:
        recorder.caption(who, start, end, text)
    recorder.event(5.0, "playback.start", who="claude", reply="r1", latency_s=1.0)
    recorder.event(12.0, "playback.start", who="guest", reply="r2", latency_s=0.8)
    recorder.event(16.5, "playback.interrupted", who="guest", reply="r2", heard="Novelty is not enough.")
    recorder.event(19.5, "chapter", by="anna", text="Surprise")
    recorder.event(20.2, "playback.start", who="claude", reply="r3", latency_s=1.2)
    sealed = await recorder.seal(reason="the host ended the show")
    assert sealed.problems == ()
    return sealed.folder


def _voice(who: str) -> npt.NDArray[np.int16]:
    time_s = np.arange(int(LENGTH_S * RATE_HZ)) / RATE_HZ
    sound: npt.NDArray[np.float64] = np.zeros_like(time_s)
    for speaker, _, _, hz, start, end, _ in TURNS:
        if speaker == who:
            gate = (time_s >= start) & (time_s < end)
            syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 3.3 * time_s) * np.sin(2 * np.pi * 0.6 * time_s + hz)
            sound = sound + gate * syllables * (np.sin(2 * np.pi * hz * time_s) + 0.4 * np.sin(6 * np.pi * hz * time_s))
    return (sound * 12_000).astype(np.int16)


if __name__ == "__main__":
    import sys

    print(asyncio.run(record_episode(Path(sys.argv[1]))))
