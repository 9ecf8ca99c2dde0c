"""faster-whisper as LiveKit's speech to text."""

from __future__ import annotations

import asyncio
import math
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from livekit.agents import APIConnectOptions, stt, vad
from livekit.agents.language import LanguageCode
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from livekit.agents.utils import AudioBuffer, is_given

from .api_errors import api_error
from .audio import mono16k
from .decoding import Mode
from .models import WhisperModels
from .options import Options, iso
from .recognizer import Recognizer
from .segment import SegmentRules
from .stream import SpeechStream
from .whisper import RATE_HZ

_FAST_UP_TO_S = 20.0  # longer audio is no turn that somebody waits for: take the better text


class STT(stt.STT[str]):
    """Local, streaming speech to text for any LiveKit agent, without a VAD or StreamAdapter around it."""

    def __init__(
        self,
        *,
        model: WhisperModels | str | Path | None = None,
        language: NotGivenOr[str | None] = NOT_GIVEN,
        prompt: str | None = None,
        keyterms: Sequence[str] = (),
        interim_results: bool = True,
        min_silence_duration: float = 0.35,
        vad: vad.VAD | None = None,
        device: str = "cpu",
        compute_type: str = "int8",
        cpu_threads: int = 0,
        cache_dir: Path | None = None,
        recognizer: Recognizer | None = None,
    ) -> None:
        """
        Args:
            model: see `model_path`; None for the bundled Whisper base.
            language: any form that LiveKit knows ("en", "en-US", "english"), English when not given; None to detect it.
            prompt: text in the style that is wanted.
            keyterms: names and terms to expect.
            interim_results: stable words while somebody speaks; costs up to 0.3 of the time on the model's threads.
            min_silence_duration: seconds of silence that end a segment and make its text final.
            vad: whose probabilities tell speech from silence; None for livekit-agents' own, which is cheap.
            device: "cpu", "cuda" or "auto".
            compute_type: CTranslate2's.
            cpu_threads: see `Recognizer`.
            cache_dir: see `Recognizer`.
            recognizer: one to share; the arguments about the model are then unused, and `aclose` leaves it open.
        """
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=interim_results,
                offline_recognize=True,
                keyterms=True,
                manual_flush=True,
            )
        )
        self._owns_recognizer = recognizer is None
        self._recognizer = recognizer or Recognizer(
            model, device=device, compute_type=compute_type, cpu_threads=cpu_threads, cache_dir=cache_dir
        )
        self._vad = vad
        self._options = Options(
            language=iso(language) if is_given(language) else "en",
            prompt=prompt,
            hotwords=tuple(keyterms),
            interim_results=interim_results,
            rules=SegmentRules(silence_s=min_silence_duration),
        )
        self._streams: weakref.WeakSet[SpeechStream] = weakref.WeakSet()

    @property
    def model(self) -> str:
        return self._recognizer.model

    @property
    def provider(self) -> str:
        return "faster-whisper"

    @property
    def recognizer(self) -> Recognizer:
        """Of all streams of this STT; may be shared with others."""
        return self._recognizer

    def prewarm(self) -> None:
        """Load the model now; see `Recognizer.load`."""
        self._recognizer.load()

    def update_options(
        self,
        *,
        language: NotGivenOr[str | None] = NOT_GIVEN,
        prompt: NotGivenOr[str | None] = NOT_GIVEN,
        keyterms: NotGivenOr[Sequence[str]] = NOT_GIVEN,
        interim_results: NotGivenOr[bool] = NOT_GIVEN,
    ) -> None:
        """Change what is given, for all streams, from the next decoding on."""
        self._options = self._options.changed(
            language=language, prompt=prompt, keyterms=keyterms, interim_results=interim_results
        )
        for stream in self._streams:
            stream.update_options(language=language, prompt=prompt, keyterms=keyterms, interim_results=interim_results)

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> SpeechStream:
        """A stream for one speaker."""
        options = replace(self._options, language=iso(language)) if is_given(language) else self._options
        stream = SpeechStream(
            stt=self, recognizer=self._recognizer, options=options, conn_options=conn_options, vad=self._vad
        )
        self._streams.add(stream)
        return stream

    async def aclose(self) -> None:
        """Close all streams, and the recogniser when it is this STT's own."""
        for stream in list(self._streams):
            await stream.aclose()
        if self._owns_recognizer:
            await self._recognizer.aclose()

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        pcm = mono16k(buffer)
        mode = Mode.FAST if len(pcm) <= _FAST_UP_TO_S * RATE_HZ else Mode.RECORD
        request_id = uuid4().hex
        try:
            async with asyncio.timeout(conn_options.timeout if mode is Mode.FAST else None):
                decoding = await self._recognizer.decode(
                    pcm,
                    mode=mode,
                    caller=f"recognize-{request_id}",
                    language=iso(language) if is_given(language) else self._options.language,
                    prompt=self._options.prompt,
                    hotwords=self._options.hotword_text,
                )
        except Exception as error:
            raise api_error(error) from error
        return stt.SpeechEvent(
            type=stt.SpeechEventType.FINAL_TRANSCRIPT,
            request_id=request_id,
            alternatives=[
                stt.SpeechData(
                    language=LanguageCode(decoding.language),
                    text=decoding.text,
                    end_time=len(pcm) / RATE_HZ,
                    confidence=min(1.0, math.exp(decoding.average_log_probability)) if decoding.text else 0.0,
                )
            ],
        )

    def _update_session_keyterms(self, keyterms: list[str]) -> None:
        """LiveKit's hook for the terms of an AgentSession."""
        self._options = replace(self._options, session_hotwords=tuple(keyterms))
        for stream in self._streams:
            stream.take_session_keyterms(tuple(keyterms))
