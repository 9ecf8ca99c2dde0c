"""One speaker's voice to utterances: what is decoded when, and what the floor is told.

Everything happens on the event loop, in the order of the audio. Decodings run beside it; an answer that came too late
finds that its part has a newer decoding and says nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.floor.events import (
    Event,
    InterimHeard,
    SpeakerId,
    SpeechPaused,
    SpeechStarted,
    UtteranceDrafted,
    UtteranceEnded,
    UtteranceGuessed,
)
from agent.hearing.completeness import of_readings
from agent.hearing.end_of_turn import SAMPLES, EndOfTurn
from agent.hearing.endpointing import Endpointer
from agent.hearing.intake import RATE_HZ, Tape, Timeline
from agent.hearing.interims import Interims
from agent.hearing.scribe import Finished, Scribe
from agent.hearing.segmenter import Mark, VoiceBack, VoiceDip, VoiceOff, VoiceOn
from agent.hearing.settings import HearingSettings
from agent.hearing.transcriber import Ending, Lead, Line, Speech, Tell, TranscriberFailed, Transcript
from agent.hearing.utterance import Part, Said, Utterance, join

logger = logging.getLogger(__name__)

_SIGNS = ".,;:?!…\"'”’)"
_LEAD_WORDS = 2  # fewer tell nothing of what comes, and get lost when they are read with more
FAST_LIMIT_S = 8.0  # a decoding that takes longer has hung: the floor waits that long for an endpoint at most


@dataclass(slots=True, eq=False)
class _Pause:
    """Silence within an utterance."""

    end: int  # number of the first silent sample
    endpointer: Endpointer
    asking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a hearer works with."""

    who: SpeakerId
    line: Line
    scribe: Scribe
    tape: Tape
    timeline: Timeline
    end_of_turn: EndOfTurn
    tasks: asyncio.TaskGroup
    emit: Callable[[Event], None]
    names: Callable[[], frozenset[str]]
    trouble: Tell


class Hearer:
    """The utterances of one speaker."""

    def __init__(self, means: Means, settings: HearingSettings) -> None:
        self._means = means
        self._settings = settings
        self._utterance: Utterance | None = None
        self._pause: _Pause | None = None
        self._interims = Interims(settings.interim)
        self._count = 0
        self._said: Said | None = None  # what a voice that sets in now may belong to
        self._free_from = 0  # samples before this one belong to an utterance that has ended
        self._now = 0  # samples heard

    @property
    def idle(self) -> bool:
        """No utterance is open."""
        return self._utterance is None

    def window(self, now: int, mark: Mark | None, *, voiced: bool, level_dbfs: float) -> None:
        """One more window of the voice detector.

        Args:
            now: samples heard, with this window.
            mark: what the segmenter made of it.
            voiced: the segmenter's state after it.
            level_dbfs: RMS of the window.
        """
        self._now = now
        match mark:
            case VoiceOn(start=start):
                self._voice_on(start)
            case VoiceDip(end=end):
                self._begin_fast(end)
            case VoiceBack():
                self._drop_fast()
            case VoiceOff(end=end):
                self._voice_off(end)
            case None:
                pass
        if self._utterance is None:
            kept_from = now - round(self._settings.voice.preroll_s * RATE_HZ) - RATE_HZ
            said = self._said_before(now - RATE_HZ // 2)  # an onset is seen late
            self._means.tape.forget(min(kept_from, said.start) if said is not None else kept_from)
        elif self._pause is not None:
            self._silent_window(self._utterance, self._pause)
        elif voiced:
            self._utterance.hear(level_dbfs)
            self._voiced_window(self._utterance, quiet=isinstance(mark, VoiceDip))

    def glance(self, now: int, mark: VoiceOn) -> None:
        """A voice was seen before the window that it sets in was over."""
        self._now = now
        self._voice_on(mark.start)

    # ---- the voice ----

    def _voice_on(self, start: int) -> None:
        utterance = self._utterance
        if utterance is None:
            self._count += 1
            first = max(self._free_from, start - round(self._settings.voice.preroll_s * RATE_HZ))
            utterance = Utterance(
                f"{self._means.who}-{self._count}", [Part(first, start, start)], lead=self._said_before(start)
            )
            self._utterance = utterance
            self._interims.restart(self._now)
        elif self._pause is not None:
            self._go_on(utterance, self._pause)
        self._pause = None
        self._means.emit(SpeechStarted(at=self._at, who=self._means.who, utterance=utterance.id))

    def _said_before(self, start: int) -> Said | None:
        """What a voice that sets in at `start` is read together with."""
        said = self._said
        near = said is not None and start - said.voice_end <= self._settings.lead_after_s * RATE_HZ
        return said if near else None

    def _go_on(self, utterance: Utterance, pause: _Pause) -> None:
        """The voice is back in the same utterance: a new part when this one is long enough, else the same."""
        part = utterance.part
        length_s = (pause.end - part.start) / RATE_HZ
        pause_s = (self._now - pause.end) / RATE_HZ
        if _worth_cutting(length_s, pause_s, self._settings) and (part.fast is not None or part.transcript is not None):
            self._cut(utterance, max(pause.end + 1, self._now - round(self._settings.voice.preroll_s * RATE_HZ)))
            return
        self._drop_fast()

    def _voice_off(self, end: int) -> None:
        utterance = self._utterance
        if utterance is None:
            return
        utterance.part.voice_end = end
        self._pause = _Pause(end, Endpointer(self._settings.endpoint))
        self._interims.stop()
        if utterance.part.fast is None:
            self._begin_fast(end)
        self._means.emit(
            SpeechPaused(at=self._at, who=self._means.who, utterance=utterance.id, speech_s=utterance.speech_s)
        )
        if utterance.part.transcript is not None:
            self._guess(utterance, self._pause)
        else:
            self._draft(utterance)

    def _voiced_window(self, utterance: Utterance, *, quiet: bool) -> None:
        part = utterance.part
        if (self._now - part.start) / RATE_HZ >= self._settings.longest_part_s:
            part.voice_end = self._now
            self._begin_fast(self._now)
            self._cut(utterance, self._now)
            return
        if not quiet and part.fast is None and self._interims.due(self._now, utterance.speech_s):
            speech = self._speech(utterance, part, self._now, self._now)
            self._interims.start(self._means.tasks.create_task(self._interim(utterance, part, speech)), self._now)

    def _silent_window(self, utterance: Utterance, pause: _Pause) -> None:
        silence_s = (self._now - pause.end) / RATE_HZ
        if pause.endpointer.ended(silence_s):
            self._end(utterance)
        elif not pause.asking and pause.endpointer.should_ask(silence_s):
            pause.asking = True
            speech = self._speech(utterance, utterance.part, self._now, pause.end)
            text = utterance.part.transcript.text if utterance.part.transcript is not None else ""
            task = self._ask(pause, speech, text if pause.endpointer.weighs_ending else "")
            self._means.tasks.create_task(task, name=f"end of turn:{utterance.id}")

    async def _ask(self, pause: _Pause, speech: Speech, text: str) -> None:
        """Does it sound as if it had ended? The audio model answers, and the recogniser of a text that may have."""
        probability, ending = await asyncio.gather(
            self._means.end_of_turn.probability(speech.pcm[-SAMPLES:]), self._ending(speech, text)
        )
        pause.asking = False
        pause.endpointer.sound(probability)
        if ending is not None:
            pause.endpointer.ending(ending, speech.end - speech.voice_end)
        if self._utterance is not None and self._pause is pause:
            self._end_if_over(self._utterance, pause)

    async def _ending(self, speech: Speech, text: str) -> Ending | None:
        if not text:
            return None
        ending = await self._means.line.ending(speech, text)
        if ending is not None and text.split()[-1].strip(_SIGNS).lower() in self._means.names():
            return replace(ending, last_word=0.0)  # a name is spelt as it is, and not as the model would
        return ending

    def _end_if_over(self, utterance: Utterance, pause: _Pause) -> None:
        if pause.endpointer.ended((self._now - pause.end) / RATE_HZ):
            self._end(utterance)

    # ---- decoding ----

    def _begin_fast(self, silence: int) -> None:
        """Decode the part that is being spoken, up to now; whatever was being decoded of it is out of date."""
        utterance = self._utterance
        if utterance is None:
            return
        self._drop_fast()
        self._interims.stop()
        part = utterance.part
        part.voice_end = silence
        speech = self._speech(utterance, part, self._now, silence)
        part.fast = self._means.tasks.create_task(self._fast(utterance, part, speech), name=f"fast:{utterance.id}")

    def _drop_fast(self) -> None:
        if self._utterance is None:
            return
        part = self._utterance.part
        if part.fast is not None:
            part.fast.cancel()
        part.fast, part.transcript, part.first = None, None, None

    async def _fast(self, utterance: Utterance, part: Part, speech: Speech) -> None:
        task = asyncio.current_task()

        def first(transcript: Transcript) -> None:
            if part.fast is task and part.transcript is None:
                part.first = transcript
                self._draft(utterance)

        try:
            async with asyncio.timeout(FAST_LIMIT_S):
                transcript = await self._means.line.fast(speech, first)
        except TranscriberFailed as error:
            if not error.told:
                self._means.trouble(str(error))
            transcript = _nothing(part)
        except TimeoutError:
            self._means.trouble(f"no text after {FAST_LIMIT_S:g} s; the machine or the STT service is too slow")
            transcript = _nothing(part)
        if part.fast is not task:
            return  # superseded
        part.transcript, part.draft = transcript, transcript.text
        part.stable.push(transcript.text)
        if part is not utterance.part:
            self._finish_part(utterance, part)
        if utterance is self._utterance and self._pause is not None and utterance.understood:
            self._guess(utterance, self._pause)

    async def _interim(self, utterance: Utterance, part: Part, speech: Speech) -> None:
        started = asyncio.get_running_loop().time()
        try:
            transcript = await self._means.line.interim(speech)
        except TranscriberFailed as error:
            logger.info("no interim text: %s", error)
            transcript = None
        self._interims.finished(self._now, cost_s=asyncio.get_running_loop().time() - started)
        if transcript is None or utterance is not self._utterance or part is not utterance.part:
            return
        part.draft = transcript.text
        sure = (
            not transcript.doubtful and transcript.average_log_probability > self._settings.interim.sure_log_probability
        )
        if part.stable.push(transcript.text, sure=sure) and self._pause is None:
            text = join((utterance.before, part.stable.text))
            self._means.emit(InterimHeard(at=self._at, who=self._means.who, utterance=utterance.id, text=text))

    # ---- what follows from a text ----

    def _draft(self, utterance: Utterance) -> None:
        """A text of the pause that may yet be corrected: answers may be prepared on it."""
        *before, part = utterance.parts
        if utterance is not self._utterance or self._pause is None or part.first is None or not part.first.text:
            return
        if all(one.transcript is not None for one in before):
            text = join((utterance.before, part.first.text))
            self._means.emit(UtteranceDrafted(at=self._at, who=self._means.who, utterance=utterance.id, text=text))

    def _guess(self, utterance: Utterance, pause: _Pause) -> None:
        text = utterance.text
        pause.endpointer.text(of_readings(text, utterance.other_text, self._means.names()))
        self._means.emit(
            UtteranceGuessed(
                at=self._at, who=self._means.who, utterance=utterance.id, text=text, evidence=utterance.evidence()
            )
        )
        self._end_if_over(utterance, pause)

    def _end(self, utterance: Utterance) -> None:
        self._utterance, self._pause = None, None
        self._free_from = self._now
        self._finish_part(utterance, utterance.part)
        part = utterance.part
        text = part.transcript.text if part.transcript is not None else ""
        short = part.voice_end - part.voice_start <= self._settings.lead_s * RATE_HZ
        self._said = Said(part.start, part.voice_end, text) if short and len(text.split()) >= _LEAD_WORDS else None
        self._means.emit(
            UtteranceEnded(
                at=self._at,
                who=self._means.who,
                utterance=utterance.id,
                text=utterance.text,
                evidence=utterance.evidence(),
            )
        )

    def _cut(self, utterance: Utterance, start: int) -> None:
        """The part that is being spoken is done, and another begins at sample `start`."""
        done = utterance.part
        done.cut = start
        utterance.parts.append(Part(start, start, start))
        self._interims.restart(self._now)
        if done.transcript is not None:
            self._finish_part(utterance, done)

    def _finish_part(self, utterance: Utterance, part: Part) -> None:
        """Its fast text will not change any more: on to its text of record."""
        if part.transcript is None or not (part.transcript.text or part.transcript.pending):
            return  # nothing was said
        at = self._means.timeline.at
        self._means.scribe.put(
            Finished(
                speech=self._speech(utterance, part, part.cut or self._now, part.voice_end),
                fast=part.transcript,
                voice_start=at(part.voice_start),
                voice_end=at(part.voice_end),
            )
        )
        self._means.tape.forget(utterance.part.start)

    def _speech(self, utterance: Utterance, part: Part, end: int, voice_end: int) -> Speech:
        short = voice_end - part.voice_start <= self._settings.led_s * RATE_HZ
        said = utterance.lead if short and part is utterance.parts[0] else None
        return Speech(
            who=self._means.who,
            utterance=utterance.id,
            start=self._means.timeline.at(part.start),
            voice_end=self._means.timeline.at(voice_end),
            pcm=self._means.tape.cut(part.start, end),
            before=utterance.before,
            draft=part.draft,
            lead=self._lead(said, part.start) if said is not None else None,
        )

    def _lead(self, said: Said, end: int) -> Lead:
        return Lead(
            start=self._means.timeline.at(said.start), pcm=self._means.tape.cut(said.start, end), text=said.text
        )

    @property
    def _at(self) -> float:
        return self._means.timeline.at(self._now)


def _nothing(part: Part) -> Transcript:
    """What there is without a decoding: the words that interim texts agreed on."""
    return Transcript(text=part.stable.text, doubtful=True, pending=True)


def _worth_cutting(length_s: float, pause_s: float, settings: HearingSettings) -> bool:
    """The longer a part already is, the shorter a pause is enough to cut it there."""
    return length_s >= settings.part_s and pause_s >= max(0.1, 0.6 - 0.05 * (length_s - settings.part_s))
