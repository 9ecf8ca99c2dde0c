"""Peer: a stock pipecat 1.14 bot on its LiveKit transport, default turn strategies, the same local models. One voice.

Joins the room named in argv[1] by itself: pipecat knows no dispatch by agent name. WHISPER_MODEL and PIPER_VOICE are
paths of the models.
"""
# mypy: ignore-errors

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from livekit import api
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.livekit.transport import LiveKitParams, LiveKitTransport

PROMPT = "You are Claude, a witty podcast co-host. Answer in two or three spoken sentences."


async def main() -> None:
    room = sys.argv[1]
    token = (
        api.AccessToken(os.environ["LIVEKIT_API_KEY"], os.environ["LIVEKIT_API_SECRET"])
        .with_identity("pipecat")
        .with_grants(api.VideoGrants(room_join=True, room=room))
        .to_jwt()
    )
    parameters = LiveKitParams(audio_in_enabled=True, audio_out_enabled=True)
    transport = LiveKitTransport(os.environ["LIVEKIT_URL"], token, room, parameters)
    whisper = WhisperSTTService.Settings(model=os.environ["WHISPER_MODEL"])
    stt = WhisperSTTService(device="cpu", compute_type="int8", settings=whisper)
    voice = Path(os.environ["PIPER_VOICE"])
    tts = PiperTTSService(download_dir=voice.parent, settings=PiperTTSService.Settings(voice=voice.stem))
    mind = OpenAILLMService.Settings(model="local")
    llm = OpenAILLMService(api_key="none", base_url=os.environ["PEER_LLM_URL"], settings=mind)
    user, assistant = LLMContextAggregatorPair(
        LLMContext([{"role": "system", "content": PROMPT}]),
        user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer()),
    )
    pipeline = Pipeline([transport.input(), stt, user, llm, tts, transport.output(), assistant])
    rates = PipelineParams(audio_in_sample_rate=16000, audio_out_sample_rate=24000)
    await PipelineRunner(handle_sigint=False).run(PipelineTask(pipeline, params=rates))


asyncio.run(main())
