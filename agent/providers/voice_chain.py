"""Voices behind each other: the first that works says the clause.

LiveKit's `tts.FallbackAdapter` waits for a voice that hangs for as long as its plugin does (30 s with OpenAI's), takes
a clause that was cut for a whole one, and goes back to the first voice in the middle of a turn. This one gives each
voice its share of the time, says that a clause was cut, and changes voices back between turns only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from livekit.agents import APIConnectOptions, APIError, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, USERDATA_TIMED_TRANSCRIPT

from agent.errors import ServiceFailed, raise_if_cancelled
from agent.providers.breaker import Attempt, Breaker
from agent.providers.failure import judge
from agent.providers.speech import SpeechService

_MOST = 1.4  # of half the time, for one voice: 3.5 s of 5 s, of which the model has had some
_SPARE = 0.05  # of the time, so that whoever waits for the chain hears its reasons
_PROBE = "Yes."
_PROBE_S = 10.0
_LASTING_S = 60.0  # a key that is refused: until somebody has seen to it
_PASSING_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One voice of a chain.

    Attributes:
        engine: does not retry.
        breaker: shared by all voices that fail together.
    """

    engine: tts.TTS[Any]
    service: SpeechService
    breaker: Breaker


class VoiceChain(tts.TTS[Any]):
    """A persona's voices. A failed voice is left alone until a short text, made beside the talk, has come through."""

    def __init__(self, voices: Sequence[Voice]) -> None:
        """Raises:
        ValueError: no voices.
        """
        if not voices:
            raise ValueError("no voice is chosen")
        first = voices[0].engine
        super().__init__(
            capabilities=tts.TTSCapabilities(
                streaming=False,
                aligned_transcript=all(voice.engine.capabilities.aligned_transcript for voice in voices),
            ),
            sample_rate=max(voice.engine.sample_rate for voice in voices),
            num_channels=first.num_channels,
        )
        self.voices = tuple(voices)
        for voice in voices:
            voice.engine.on("metrics_collected", self._on_metrics)

    def _on_metrics(self, *metrics: Any) -> None:
        """Whoever counts, counts what was paid for: in any voice, and of trials too."""
        self.emit("metrics_collected", *metrics)

    @property
    def model(self) -> str:
        return self._next.engine.model

    @property
    def provider(self) -> str:
        return self._next.engine.provider

    @property
    def _next(self) -> Voice:
        """Who is asked next, as far as is known."""
        return next((voice for voice in self.voices if voice.breaker.outage is None), self.voices[0])

    def turn(self) -> tts.TTS[Any]:
        """The chain for one turn of its speaker: who has once spoken for another goes on to its end."""
        return _Turn(self)

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return self.turn().synthesize(text, conn_options=conn_options)

    def prewarm(self) -> None:
        """The first, and the last, which may be needed at once."""
        for voice in {id(voice): voice for voice in (self.voices[0], self.voices[-1])}.values():
            voice.engine.prewarm()

    async def look_after(self) -> None:
        """Hear of the probes that have ended, whoever began them, and begin those that are due. Takes no time."""
        for voice in self.voices:
            breaker = voice.breaker
            if (probe := _PROBES.get(breaker)) is not None and probe.over:
                del _PROBES[breaker]
                await probe.judge()
            out = breaker not in _PROBES and breaker.outage is not None
            if out and (attempt := breaker.begin()) is not None:
                _PROBES[breaker] = _Probe(voice, attempt)

    async def aclose(self) -> None:
        for voice in self.voices:
            if (probe := _PROBES.pop(voice.breaker, None)) is not None:
                await probe.abandon()
            await voice.engine.aclose()


class _Turn(tts.TTS[Any]):
    """A chain of which the voices before `first` are asked last: they have failed in this turn, or were out."""

    def __init__(self, chain: VoiceChain) -> None:
        super().__init__(
            capabilities=chain.capabilities, sample_rate=chain.sample_rate, num_channels=chain.num_channels
        )
        self.chain = chain
        self.first = 0

    @property
    def model(self) -> str:
        return self._next.engine.model

    @property
    def provider(self) -> str:
        return self._next.engine.provider

    @property
    def _next(self) -> Voice:
        voice = self.chain.voices[self.first]
        return voice if voice.breaker.outage is None else self.chain._next

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _ChainStream(self, text, conn_options)


class _ChainStream(tts.ChunkedStream):
    """Frames come at the rate of the voice that serves.

    `conn_options.timeout` is half of the time that there is to the first sound, as for LiveKit's FallbackAdapter.
    """

    def __init__(self, turn: _Turn, text: str, conn_options: APIConnectOptions) -> None:
        once = APIConnectOptions(max_retry=0, timeout=conn_options.timeout)
        self._turn = turn
        self._emitted = False
        super().__init__(tts=turn, input_text=text, conn_options=once)

    async def _metrics_monitor_task(self, event_aiter: Any) -> None:
        """The voice that serves counts for itself."""
        async for _ in event_aiter:
            pass

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        chain = self._turn.chain
        await chain.look_after()
        loop = asyncio.get_running_loop()
        share_s = self._conn_options.timeout
        deadline = loop.time() + 2 * share_s * (1 - _SPARE)
        reasons: list[str] = []
        order = [*range(self._turn.first, len(chain.voices)), *range(self._turn.first)]
        for place, index in enumerate(order):
            voice = chain.voices[index]
            attempt = voice.breaker.begin() if voice.breaker.outage is None else None
            if attempt is None:
                if voice.breaker.outage is not None:
                    reasons.append(voice.breaker.outage.text)
                continue
            patience_s = min((deadline - loop.time()) / (len(order) - place), _MOST * share_s)
            try:
                await self._say(voice, output_emitter, patience_s)
                attempt.succeeded()
            except Exception as error:  # plugins raise whatever their vendor's library does
                raise_if_cancelled()
                reasons.append(_failed(attempt, voice, error))
                if self._emitted:  # what has been heard is not said again in another voice
                    raise ServiceFailed(reasons[-1]) from None
                continue
            finally:
                attempt.abandoned()  # unless it has been told what became of it
            self._turn.first = index
            await chain.look_after()
            return
        raise ServiceFailed("; ".join(dict.fromkeys(reasons)) or "no voice is left")

    async def _say(self, voice: Voice, output_emitter: tts.AudioEmitter, patience_s: float) -> None:
        """The clause in one voice.

        Raises:
            TimeoutError: no sound in `patience_s`, or none for as long in the middle.
        """
        options = APIConnectOptions(max_retry=0, timeout=patience_s)
        stream = voice.engine.synthesize(self._input_text, conn_options=options)
        try:
            while True:
                async with asyncio.timeout(patience_s):
                    audio = await anext(stream, None)
                if audio is None:
                    break
                if not self._emitted:
                    self._emitted = True
                    output_emitter.initialize(
                        request_id=utils.shortuuid("chain_"),
                        sample_rate=audio.frame.sample_rate,
                        num_channels=audio.frame.num_channels,
                        mime_type="audio/pcm",
                    )
                if texts := audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT):
                    output_emitter.push_timed_transcript(texts)
                output_emitter.push_frame(audio.frame)
        finally:
            await stream.aclose()
        if not self._emitted:
            raise APIError("no audio")


class _Probe:
    """A short text for a voice that was out, said to nobody. LiveKit's streams run by themselves."""

    def __init__(self, voice: Voice, attempt: Attempt) -> None:
        self._voice = voice
        self._attempt = attempt
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + _PROBE_S
        self._stream = voice.engine.synthesize(_PROBE, conn_options=APIConnectOptions(max_retry=0, timeout=_PROBE_S))

    @property
    def over(self) -> bool:
        return self._stream.done or self._loop.time() > self._until

    async def judge(self) -> None:
        """Tell the breaker what came of it."""
        error: BaseException | None = TimeoutError()
        if self._stream.done:
            error = self._stream.exception
        await self._stream.aclose()
        if error is None:
            self._attempt.succeeded()
        else:
            _failed(self._attempt, self._voice, error)

    async def abandon(self) -> None:
        self._attempt.abandoned()
        await self._stream.aclose()


def _failed(attempt: Attempt, voice: Voice, error: BaseException) -> str:
    """Tell the breaker; returns what is wrong, for people."""
    failure = judge(error)
    text = voice.service.explain(failure)
    attempt.failed(text, kind=failure.kind, lasts_s=_LASTING_S if failure.lasting else _PASSING_S)
    return text


# Of each breaker: all voices that share it share the trial, and whoever speaks next hears how it went.
_PROBES: WeakKeyDictionary[Breaker, _Probe] = WeakKeyDictionary()
