"""What belongs to one speaker of a show: a human's ear or an AI's mouth, with its track and its captions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
from livekit import rtc

from agent.clock import EpisodeClock
from agent.cost.meter import Meter
from agent.engines import Engines
from agent.floor.events import Event, InterimHeard, PlaybackEnded, UtteranceEnded, UtteranceGuessed
from agent.hearing.ear import Ear
from agent.hearing.reference import Reference
from agent.hearing.transcriber import TextOfRecord, Transcriber
from agent.hearing.vocabulary import Vocabulary
from agent.journal import Journal
from agent.providers.outages import Outages
from agent.recording import Track
from agent.room.captions import LiveCaptions
from agent.room.people import Person
from agent.room.seat import Seat
from agent.settings import Settings
from agent.speaking.conversation import Conversation
from agent.speaking.logbook import Heard
from agent.speaking.mouth import Mouth, MouthAction
from agent.speaking.persona import Persona
from agent.speaking.playout import Playout
from agent.speaking.precedence import Precedence

Int16 = npt.NDArray[np.int16]
Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Table:
    """What all speakers of one show share."""

    clock: EpisodeClock
    conversation: Conversation
    vocabulary: Vocabulary
    transcriber: Transcriber
    journal: Journal
    meter: Meter
    emit: Emit
    trouble: Callable[..., None]  # service, text, recovered=False
    outages: Outages
    settings: Settings
    precedence: Precedence = field(default_factory=Precedence)
    played: Reference = field(default_factory=Reference)


class HumanSpeaker:
    """A person: microphone to track and ear, words to captions. Stays when the person leaves, for their return."""

    def __init__(self, person: Person, room: rtc.Room, track: Track, table: Table, track_sid: Callable[[], str | None]):
        self.person = person
        self.track = track
        self._table = table
        self._captions = LiveCaptions(room, identity=person.identity, track_sid=track_sid)
        self._ear = Ear(
            person.who,
            transcriber=table.transcriber,
            settings=table.settings.hearing,
            vocabulary=table.vocabulary,
            emit=self._emit,
            on_record=self._record,
            played=table.played,
            on_trouble=partial(table.trouble, "hearing"),
        )
        table.conversation.introduce(person.who, person.name)
        table.vocabulary.expect_name(person.name)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ear.run(), name=f"ear:{self.person.who}")
            tasks.create_task(self._captions.run(), name=f"captions:{self.person.who}")

    def push(self, at: float, pcm: Int16) -> None:
        """A frame of the microphone: int16, (samples,), 48 kHz mono; `at` is the episode time of its first sample."""
        self.track.write(at, pcm)
        self._ear.push(at, pcm)

    def rest(self) -> None:
        """The microphone is muted or gone: no frames are to be expected, until one comes."""
        self.track.rest()
        self._ear.rest()

    def _emit(self, event: Event) -> None:
        match event:
            case InterimHeard() | UtteranceGuessed():
                self._show(event.utterance, event.text, final=False)
            case UtteranceEnded():
                self._show(event.utterance, event.text, final=True)
        self._table.emit(event)

    def _record(self, record: TextOfRecord) -> None:
        if self._table.settings.providers.stt[0].provider == "faster-whisper":
            self._table.meter.heard(record.end - record.start)
        self._table.journal.text_of_record(self._table.clock.now(), record)
        if record.fast:
            self._table.conversation.correct(record.utterance, record.fast, record.text)
        else:  # too late to be answered, not to be known
            self._table.conversation.remember(record.who, self.person.name, record.text, utterance=record.utterance)
        self._show(record.utterance, record.whole, final=True)

    def _show(self, utterance: str, text: str, *, final: bool) -> None:
        if text:
            self._captions.show(utterance, text, final=final)


class AiSpeaker:
    """A persona at its seat: the floor's actions to sound, sound to track and captions."""

    def __init__(self, persona: Persona, seat: Seat, track: Track, table: Table, engines: Engines) -> None:
        self.persona = persona
        self.seat = seat
        self.track = track
        self._table = table
        self._playings = 0  # a reply that goes on after an interruption is a caption of its own
        self._shown = ""
        mind = engines.mind(persona, outages=table.outages)
        voice = engines.voice(persona, breakers=table.outages.breakers)
        table.meter.follow(mind, persona.slug, first=engines.mind_name(persona))
        table.meter.follow(voice, persona.slug, google_voice=engines.google_voice(persona))
        self._mouth = Mouth(
            persona,
            llm=mind,
            tts=voice,
            playout=Playout(seat.source, tap=self._play, clock=table.clock),
            conversation=table.conversation,
            clock=table.clock,
            emit=self._emit,
            log=table.journal.entry,
            on_heard=self._heard,
            settings=engines.speaking(persona.slug),
            precedence=table.precedence,
        )
        table.vocabulary.expect_name(persona.name)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.seat.run(), name=f"seat:{self.persona.slug}")
            tasks.create_task(self._mouth.run(), name=f"mouth:{self.persona.slug}")

    @property
    def busy(self) -> bool:
        """A reply is being generated, waits, or is played."""
        return self._mouth.busy

    def _play(self, at: float, pcm: Int16) -> None:
        self.track.write(at, pcm)
        self._table.played.play(self.persona.slug, at, pcm)

    def start(self, action: MouthAction) -> None:
        """Do what the floor asks for; never waits."""
        self._mouth.start(action)

    def _emit(self, event: Event) -> None:
        if isinstance(event, PlaybackEnded):
            if self._shown:
                self.seat.captions.show(self._segment, self._shown, final=True)
            self._playings += 1
            self._shown = ""
        self._table.emit(event)

    def _heard(self, heard: Heard) -> None:
        self._table.journal.heard(heard)
        if heard.so_far:
            self._shown = heard.so_far
            self.seat.captions.show(self._segment, heard.so_far, final=False)

    @property
    def _segment(self) -> str:
        return f"{self.persona.slug}-{self._playings}"
