"""An ear without a microphone: voices as windows of the detector, and a recogniser that is told what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from agent.floor.events import (
    Event,
    InterimHeard,
    SpeechPaused,
    SpeechStarted,
    UtteranceDrafted,
    UtteranceEnded,
    UtteranceGuessed,
)
from agent.hearing.hearer import Hearer, Means
from agent.hearing.intake import Tape, Timeline
from agent.hearing.scribe import Scribe
from agent.hearing.segmenter import WINDOW, Segmenter
from agent.hearing.settings import HearingSettings
from agent.hearing.transcriber import Ending, Int16, Speech, Tell, TextOfRecord, TranscriberFailed, Transcript, untold

RATE_HZ = 16_000
WINDOW_S = WINDOW / RATE_HZ
VOICE_DBFS, HUSH_DBFS = -20.0, -70.0


@dataclass
class ScriptedLine:
    """Says what `texts` says by how long the voiced part of the speech is; a voiced sample is 1000, a silent one 0."""

    script: Callable[[float], str]
    decode_s: float = 0.1
    record_s: float = 1.0
    asked: list[tuple[str, Speech]] = field(default_factory=list)
    fails: bool = False
    told: bool = False  # of its failure
    interims: bool = False
    ending_of: Callable[[float], Ending] | None = None  # by the seconds of silence behind the voice
    reads_first: Callable[[float], str] | None = None  # what it makes of the speech in half the time
    first_s: float | None = None  # not half, but this
    other: str = ""  # reading of the same
    also_read: str = ""  # and a mere guess
    late: bool = False  # no text but the one of record comes in time

    async def run(self, tell: Tell) -> None:
        """Nothing."""

    def settle(self, end: float) -> None:
        """Nothing."""

    def feed(self, at: float, pcm: Int16) -> None:
        """Nothing."""

    async def ending(self, speech: Speech, text: str) -> Ending | None:
        self.asked.append(("ending", speech))
        return self.ending_of(speech.end - speech.voice_end) if self.ending_of is not None else None

    async def interim(self, speech: Speech) -> Transcript | None:
        if not self.interims:
            return None
        return await self._decode("interim", speech, self.decode_s)

    async def fast(self, speech: Speech, first: Callable[[Transcript], None] = untold) -> Transcript:
        if self.reads_first is not None:
            asyncio.get_running_loop().call_later(
                self.first_s or self.decode_s / 2, first, Transcript(text=self.reads_first(voiced_s(speech)))
            )
        transcript = await self._decode("fast", speech, self.decode_s)
        return Transcript(text="", pending=True) if self.late else transcript

    async def record(self, speech: Speech) -> Transcript:
        return await self._decode("record", speech, self.record_s)

    async def _decode(self, kind: str, speech: Speech, seconds: float) -> Transcript:
        self.asked.append((kind, speech))
        await asyncio.sleep(seconds)
        if self.fails:
            raise TranscriberFailed("the engine is broken; mend it", told=self.told)
        return Transcript(
            text=self.script(voiced_s(speech)),
            average_log_probability=-0.3,
            other=self.other,
            also_read=self.also_read,
        )


def voiced_s(speech: Speech) -> float:
    return float(np.count_nonzero(speech.pcm)) / RATE_HZ


class ScriptedEndOfTurn:
    """LiveKit's audio model, of one opinion."""

    def __init__(self, probability: float) -> None:
        self._probability = probability

    async def probability(self, pcm: Int16) -> float:
        await asyncio.sleep(0.03)
        return self._probability


class Talk:
    """One speaker before one ear. To be used inside `run_virtual`, as `async with Talk(...) as talk`."""

    def __init__(
        self,
        script: Callable[[float], str],
        *,
        settings: HearingSettings | None = None,
        sounds_ended: float = 0.9,
        line: ScriptedLine | None = None,
        names: frozenset[str] = frozenset({"claude", "guest"}),
    ) -> None:
        self.events: list[tuple[float, Event]] = []  # with the loop's time since the start
        self.records: list[TextOfRecord] = []
        self.troubles: list[str] = []
        self.line = line or ScriptedLine(script)
        self._settings = settings or HearingSettings()
        self._end_of_turn = ScriptedEndOfTurn(sounds_ended)
        self._names = names
        self._tasks = asyncio.TaskGroup()
        self._segmenter = Segmenter(self._settings.voice)
        self.tape, self._timeline = Tape(), Timeline()

    async def __aenter__(self) -> Talk:
        await self._tasks.__aenter__()
        self._start = asyncio.get_running_loop().time()
        scribe = Scribe(self.line, backlog=self._settings.record_backlog, on_record=self.records.append)
        self._scribe = self._tasks.create_task(scribe.run())
        self._hearer = Hearer(
            Means(
                who="anna",
                line=self.line,
                scribe=scribe,
                tape=self.tape,
                timeline=self._timeline,
                end_of_turn=self._end_of_turn,  # type: ignore[arg-type]
                tasks=self._tasks,
                emit=lambda event: self.events.append((self.now, event)),
                names=lambda: self._names,
                trouble=lambda text, /, *, recovered=False: self.troubles.append(text),
            ),
            self._settings,
        )
        self._timeline.stamp(0, 0.0)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._scribe.cancel()
        await self._tasks.__aexit__(None, None, None)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time() - self._start

    async def says(self, seconds: float) -> None:
        await self._windows(seconds, 0.95, VOICE_DBFS, 1000)

    async def is_silent(self, seconds: float) -> None:
        await self._windows(seconds, 0.02, HUSH_DBFS, 0)

    async def _windows(self, seconds: float, probability: float, level_dbfs: float, sample: int) -> None:
        for _ in range(round(seconds / WINDOW_S)):
            await asyncio.sleep(WINDOW_S)
            self.tape.push(np.full(WINDOW, sample, np.int16))
            mark = self._segmenter.push(probability, level_dbfs)
            now, voiced = self._segmenter.samples, self._segmenter.voiced
            self._hearer.window(now, mark, voiced=voiced, level_dbfs=level_dbfs)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for _, event in self.events if isinstance(event, kind)]

    def when(self, kind: type[Event], number: int = -1) -> float:
        return [at for at, event in self.events if isinstance(event, kind)][number]

    @property
    def ends(self) -> list[str]:
        return [event.text for _, event in self.events if isinstance(event, UtteranceEnded)]

    @property
    def story(self) -> list[str]:
        """The events as a reader would tell them."""
        return [_told(event) for _, event in self.events]


def _told(event: Event) -> str:
    match event:
        case SpeechStarted(utterance=utterance):
            return f"{utterance} starts"
        case SpeechPaused(utterance=utterance):
            return f"{utterance} pauses"
        case InterimHeard(utterance=utterance, text=text):
            return f"{utterance} so far: {text}"
        case UtteranceDrafted(utterance=utterance, text=text):
            return f"{utterance} at first: {text}"
        case UtteranceGuessed(utterance=utterance, text=text):
            return f"{utterance} perhaps: {text}"
        case UtteranceEnded(utterance=utterance, text=text):
            return f"{utterance} said: {text}"
    return str(event)


def says(*words: tuple[float, str]) -> Callable[[float], str]:
    """A script: the text of the last entry whose voiced seconds are reached (within two windows)."""

    def script(voiced: float) -> str:
        return next((text for seconds, text in reversed(words) if voiced >= seconds - 0.07), "")

    return script


def counting(words: Sequence[str], seconds_each: float) -> Callable[[float], str]:
    """A script that hears one word for each `seconds_each` of voice."""
    return lambda voiced: " ".join(words[: round(voiced / seconds_each)])
