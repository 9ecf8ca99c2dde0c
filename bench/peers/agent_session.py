"""Peer: stock AgentSession of livekit-agents, default turn handling, on the local models. One voice, one human."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from faster_whisper import WhisperModel  # type: ignore[import-untyped]
from livekit import rtc
from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    JobContext,
    JobExecutorType,
    JobProcess,
    cli,
    inference,
    stt,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN
from livekit.plugins import openai, piper
from livekit.plugins.faster_whisper.model_files import model_path

MODELS: dict[str, Any] = {}


class WhisperSTT(stt.STT[Any]):
    """faster-whisper as the frameworks use it: the whole turn, padded to 30 s, after its end."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._model = WhisperModel(str(model_path()), device="cpu", compute_type="int8", cpu_threads=2)
        self._thread = ThreadPoolExecutor(1)

    async def _recognize_impl(
        self, buffer: Any, *, language: Any = NOT_GIVEN, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS
    ) -> stt.SpeechEvent:
        frame = rtc.combine_audio_frames(buffer)
        resampler = rtc.AudioResampler(frame.sample_rate, 16_000, num_channels=frame.num_channels)
        frames = [*resampler.push(frame), *resampler.flush()] if frame.sample_rate != 16_000 else [frame]
        pcm = np.concatenate([np.frombuffer(f.data, np.int16) for f in frames]).astype(np.float32) / 32768

        def run() -> str:
            segments, _ = self._model.transcribe(
                pcm, language="en", beam_size=1, without_timestamps=True, condition_on_previous_text=False
            )
            return " ".join(segment.text.strip() for segment in segments)

        text = await asyncio.get_running_loop().run_in_executor(self._thread, run)
        alternative = stt.SpeechData(language="en", text=text)  # type: ignore[arg-type]
        return stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[alternative])


def prewarm(_: JobProcess) -> None:
    MODELS.setdefault("stt", WhisperSTT())
    MODELS.setdefault("vad", inference.VAD())
    if "tts" not in MODELS:
        MODELS["tts"] = piper.TTS()
        MODELS["tts"].prewarm()


server = AgentServer(
    setup_fnc=prewarm,
    job_executor_type=JobExecutorType.THREAD,
    num_idle_processes=1,
    load_threshold=float("inf"),
    host="127.0.0.1",
    port=0,
)


@server.rtc_session(agent_name="peer")
async def entry(ctx: JobContext) -> None:
    options: dict[str, Any] = {}
    if os.environ.get("PEER_TUNED"):
        options["turn_handling"] = {
            "endpointing": {"min_delay": 0.2},
            "interruption": {"min_duration": 0.2},
            "preemptive_generation": {"preemptive_tts": True},
        }
    mind = openai.LLM(model="local", base_url=os.environ["PEER_LLM_URL"], api_key="none")
    session: AgentSession[None] = AgentSession(
        vad=MODELS["vad"], stt=MODELS["stt"], tts=MODELS["tts"], llm=mind, **options
    )
    instructions = "You are Claude, a witty podcast co-host. Answer in two or three spoken sentences."
    await session.start(room=ctx.room, agent=Agent(instructions=instructions))


if __name__ == "__main__":
    cli.run_app(server)
