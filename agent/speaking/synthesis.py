"""One clause through a TTS, into its clip."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, tts
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT

from agent.clock import EpisodeClock
from agent.errors import ServiceFailed, raise_if_cancelled
from agent.speaking.audio import RATE_HZ, Int16
from agent.speaking.passage import Clip
from agent.speaking.settings import SpeakingSettings
from agent.speaking.writer import Failure, service_name

_ATTEMPTS = 2


class SynthesisFailed(Exception):
    """A clause has no audio, or only the beginning of it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


@runtime_checkable
class TakesTurns(Protocol):
    """A TTS of several voices."""

    def turn(self) -> tts.TTS[Any]:
        """What to use within one turn of the speaker."""


class Synthesis:
    """A persona's TTS.

    Args:
        log: `log(kind, **details)`.
    """

    def __init__(
        self, engine: tts.TTS[Any], *, settings: SpeakingSettings, clock: EpisodeClock, log: Callable[..., None]
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._log = log

    @property
    def service(self) -> str:
        """As logs call it; of several voices behind each other, the one that is asked next."""
        return service_name(self._engine)

    def turn(self) -> Synthesis:
        """For one reply: a chain of voices does not change back in the middle of it."""
        if not isinstance(self._engine, TakesTurns):
            return self
        return Synthesis(self._engine.turn(), settings=self._settings, clock=self._clock, log=self._log)

    async def fill(
        self, clip: Clip, on_audio: Callable[[], None] = lambda: None, *, patience_s: float | None = None
    ) -> None:
        """Synthesise `clip`; `on_audio` is called once, when its beginning could be played.

        Args:
            patience_s: instead of the settings' `first_audio_s`, when nobody waits.
        Raises:
            SynthesisFailed: after a second attempt, if there was time for one, or in the middle of the clause, which
                then ends there.
        """
        if not any(character.isalnum() for character in clip.spoken):
            clip.finish()
            on_audio()
            return
        started = self._clock.now()
        patience_s = patience_s or self._settings.first_audio_s
        self._log("tts.start", service=self.service, text=clip.clause.text)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._stream(clip, on_audio, started, patience_s)
                break
            except Exception as error:  # plugins raise whatever their vendor's library does
                raise_if_cancelled()
                reason = f"no audio in {patience_s:g} s" if isinstance(error, TimeoutError) else str(error)
                told = isinstance(error, ServiceFailed)  # it names the service
                failure = Failure("" if told else self.service, reason or type(error).__name__)
                spent_s = self._since(started)
                self._log("error", service=self.service, reason=failure.reason, latency_s=spent_s, attempt=attempt)
                if attempt == _ATTEMPTS or clip.begun or spent_s > patience_s / 2:
                    clip.break_off()
                    raise SynthesisFailed(failure) from error
                clip.restart()
        audio_s = round(clip.length / RATE_HZ, 3)
        self._log("tts.end", service=self.service, latency_s=self._since(started), audio_s=audio_s)

    async def _stream(self, clip: Clip, on_audio: Callable[[], None], started: float, patience_s: float) -> None:
        to_mono = _Mono48()
        timed: list[tuple[str, float, float]] = []
        # An engine gets half of the time: a FallbackAdapter asks its second one in the other half.
        options = APIConnectOptions(max_retry=0, timeout=patience_s / 2)
        told = False
        async with self._engine.synthesize(clip.spoken, conn_options=options) as stream:
            while True:
                async with asyncio.timeout(patience_s):
                    audio = await anext(stream, None)
                if audio is None:
                    break
                for piece in audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT) or ():
                    if isinstance(piece.start_time, int | float) and isinstance(piece.end_time, int | float):
                        timed.append((str(piece), piece.start_time, piece.end_time))
                clip.push(to_mono.convert(audio.frame))
                if not told and clip.begun:
                    told = True
                    self._log("tts.first_audio", service=self.service, latency_s=self._since(started))
                    on_audio()
        clip.push(to_mono.flush())
        clip.finish(timed)
        if not told:
            on_audio()

    def _since(self, started: float) -> float:
        return round(self._clock.now() - started, 3)


class _Mono48:
    """Any TTS's frames to 48 kHz mono."""

    def __init__(self) -> None:
        self._resampler: rtc.AudioResampler | None = None

    def convert(self, frame: rtc.AudioFrame) -> Int16:
        pcm = np.frombuffer(frame.data, np.int16)
        if frame.num_channels > 1:
            pcm = pcm.reshape(-1, frame.num_channels).mean(axis=1).astype(np.int16)
        if frame.sample_rate == RATE_HZ:
            return pcm.copy()
        if self._resampler is None:
            self._resampler = rtc.AudioResampler(frame.sample_rate, RATE_HZ, quality=rtc.AudioResamplerQuality.HIGH)
        return _joined(self._resampler.push(bytearray(pcm.tobytes())))

    def flush(self) -> Int16:
        return _joined(self._resampler.flush()) if self._resampler else np.zeros(0, np.int16)


def _joined(frames: list[rtc.AudioFrame]) -> Int16:
    return np.concatenate([np.zeros(0, np.int16), *(np.frombuffer(frame.data, np.int16) for frame in frames)])
