"""What happens at the table, into the episode's folder: events, actions and captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import JsonValue

from agent.cost.budget import Stage
from agent.cost.meter import Meter
from agent.floor.actions import Action, ShowThinking
from agent.floor.events import (
    Event,
    InterimHeard,
    SpeakerJoined,
    SpeakerLeft,
    SpeechPaused,
    SpeechStarted,
    UtteranceEnded,
)
from agent.floor.replay import log_line
from agent.floor.rules import Rules
from agent.hearing.transcriber import TextOfRecord
from agent.recording import EpisodeRecorder
from agent.speaking.coverage import Point
from agent.speaking.logbook import Heard, LogEntry


class Journal:
    """Translates the stages' words into the recorder's. Each of the floor's events and actions is kept whole, so that
    the episode can be replayed; what people look for in a log has an entry of its own beside it.
    """

    def __init__(self, recorder: EpisodeRecorder, meter: Meter) -> None:
        self._recorder = recorder
        self._meter = meter

    def rules(self, at: float, rules: Rules) -> None:
        """The floor's rules, once, before its first event."""
        self._replayable(at, rules)

    def event(self, event: Event) -> None:
        """Something that the floor was told."""
        record = self._recorder.event
        self._replayable(event.at, event)
        match event:
            case SpeakerJoined(at=at, who=who, name=name, role=role):
                record(at, "participant.joined", who=who, name=name, role=role)
            case SpeakerLeft(at=at, who=who):
                record(at, "participant.left", who=who)
            case SpeechStarted(at=at, who=who, utterance=utterance):
                record(at, "vad.start", who=who, utterance=utterance)
            case SpeechPaused(at=at, who=who, utterance=utterance, speech_s=speech_s):
                record(at, "vad.end", who=who, utterance=utterance, speech_s=speech_s)
            case InterimHeard(at=at, who=who, utterance=utterance, text=text):
                record(at, "stt.interim", who=who, utterance=utterance, text=text)
            case UtteranceEnded(at=at, who=who, utterance=utterance, text=text):
                record(at, "stt.final", who=who, utterance=utterance, text=text)

    def action(self, at: float, action: Action) -> None:
        """Something that the floor asked for."""
        self._replayable(at, action)
        if isinstance(action, ShowThinking):
            self._recorder.event(at, "thinking", who=action.who, until=action.until)

    def entry(self, entry: LogEntry) -> None:
        """Something that a mouth did."""
        self._meter.logged(entry)
        fields = entry.fields
        if entry.kind == "error":
            fields["message"] = fields.pop("reason", "")
        self._recorder.event(entry.at, entry.kind, **fields)

    def error(self, at: float, service: str, message: str) -> None:
        """A part of the studio failed."""
        self._recorder.event(at, "error", service=service, message=message)

    def cost(self, at: float, usd: float, sums: Mapping[str, object]) -> None:
        """What the show has cost so far; kept in session.yml, too."""
        self._recorder.event(at, "cost", usd=round(usd, 6), sums=cast("dict[str, JsonValue]", sums))
        self._recorder.note(cost_estimate=round(usd, 4), cost=dict(sums))

    def points(self, points: Sequence[Point]) -> None:
        """The briefing's points, open and covered, for session.yml."""
        told = [{"point": one.text, "covered_at_s": one.covered_at, "judged_by": one.by} for one in points]
        self._recorder.note(must_cover=told)

    def covered(self, place: int, point: Point) -> None:
        """The talk has covered a point of the briefing."""
        at = point.covered_at or 0.0
        self._recorder.event(at, "covered", place=place, point=point.text, by=point.by or "words")

    def budget(self, at: float, stage: Stage, *, usd: float, budget_usd: float, who: str = "") -> None:
        """A stage of a budget was reached."""
        self._recorder.event(at, "budget", stage=stage.name.lower(), usd=round(usd, 6), budget_usd=budget_usd, who=who)

    def back(self, at: float, service: str) -> None:
        """A part that had failed works again."""
        self._recorder.event(at, "service.back", service=service)

    def text_of_record(self, at: float, record: TextOfRecord) -> None:
        """What a human said, as it is kept."""
        self._recorder.event(
            at,
            "stt.record",
            who=record.who,
            utterance=record.utterance,
            text=record.text,
            start=record.start,
            end=record.end,
        )
        if record.text:
            self._recorder.caption(record.who, record.start, record.end, record.text)

    def heard(self, heard: Heard) -> None:
        """What an AI was heard to say, clause by clause."""
        if heard.final and heard.text:
            self._recorder.caption(heard.who, heard.start, heard.end, heard.text)

    def _replayable(self, at: float, what: Event | Action | Rules) -> None:
        kind, fields = log_line(what)
        self._recorder.event(at, kind, **fields)
