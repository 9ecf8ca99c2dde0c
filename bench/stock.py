"""AgentSession's own hearing on the same clips: default VAD, STT and turn handling, in real time, without a room."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, StopResponse, inference, llm
from livekit.agents.voice import io

from bench import corpus
from bench.corpus import RATE_HZ, Clip
from bench.hearing import LEAD_S, TAIL_S, Heard
from bench.peers.agent_session import WhisperSTT


class _Sound(io.AudioInput):
    """A clip with silence around it, a frame every 10 ms."""

    def __init__(self) -> None:
        super().__init__(label="clip")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()

    def push(self, pcm: corpus.Int16) -> None:
        self._frames.put_nowait(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm)))


class _Noter(Agent):
    """Notes when a user's turn is complete, and says nothing."""

    def __init__(self, turns: list[tuple[float, str]]) -> None:
        super().__init__(instructions="")
        self._turns = turns

    async def on_user_turn_completed(self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:
        self._turns.append((asyncio.get_running_loop().time(), new_message.text_content or ""))
        raise StopResponse


def hear_stock(clips: Sequence[Clip]) -> list[Heard]:
    return asyncio.run(_hear_all(clips))


async def _hear_all(clips: Sequence[Clip]) -> list[Heard]:
    turns: list[tuple[float, str]] = []
    onsets: list[float] = []
    loop = asyncio.get_running_loop()
    session: AgentSession[Any] = AgentSession(vad=inference.VAD(), stt=WhisperSTT())
    sound = _Sound()
    session.input.audio = sound

    def state_changed(event: Any) -> None:
        if event.new_state == "speaking":
            onsets.append(loop.time())

    session.on("user_state_changed", state_changed)
    await session.start(_Noter(turns))
    heard = []
    try:
        for clip in clips:
            turns.clear()
            onsets.clear()
            pcm = np.concatenate([corpus.hush(LEAD_S, 1), clip.pcm, corpus.hush(TAIL_S + 2.0, 2)])
            begun = loop.time()
            for start in range(0, len(pcm) - 479, 480):
                await asyncio.sleep(max(0.0, begun + (start + 480) / RATE_HZ - loop.time()))
                sound.push(pcm[start : start + 480])
            zero = begun + LEAD_S
            heard.append(
                Heard(
                    clip,
                    onset_s=onsets[0] - zero if onsets else None,
                    end_s=turns[-1][0] - zero if turns else None,
                    early=any(at - zero < clip.end_s - 0.1 for at, _ in turns),
                    text=" ".join(text for _, text in turns),
                    ends=[text for _, text in turns],
                )
            )
    finally:
        await session.aclose()
    return heard
