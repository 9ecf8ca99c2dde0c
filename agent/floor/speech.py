"""Humans' voices: what each open utterance claims of the floor, from a duck to the turn itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TypeGuard

from agent.floor.events import SpeakerId, UtteranceId
from agent.floor.judgement import Verdict
from agent.floor.rules import Rules
from agent.floor.unexpected import UnexpectedEvent

_CLOSED_KEPT = 64  # ids of ended utterances: events of theirs may still be on the way


class Claim(IntEnum):
    """What a human's voice asks of the AIs', least to most."""

    QUIET = 0
    DUCK = 1
    HOLD = 2
    TURN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Talking:
    """The voice is heard now, since `since`."""

    who: SpeakerId
    utterance: UtteranceId
    since: float
    before_s: float = 0.0  # voice of the same utterance before its last pause: people draw breath in a sentence
    again: bool = False  # after a lull: more likely a turn, and held without waiting
    echoing: bool = False  # AIs come back through this microphone: it claims nothing until its words do
    over: bool = False  # it set in over somebody else's voice, or while an answer was being prepared
    text: str = ""
    verdict: Verdict = Verdict.UNDECIDED
    sign: float  # when hearing was last heard of


@dataclass(frozen=True, slots=True, kw_only=True)
class Lull:
    """The voice has paused and the utterance has not ended."""

    who: SpeakerId
    utterance: UtteranceId
    since: float
    spoken_s: float  # voice of the utterance so far
    held: bool  # the speech before was long enough to hold an AI's voice
    over: bool
    text: str
    guess: str | None = None  # the text at this pause, once it has come
    draft: str = ""  # a first reading of it, where that is a turn
    verdict: Verdict
    sign: float


Utterance = Talking | Lull


def claim(heard: Utterance, at: float, rules: Rules) -> tuple[Claim, float | None]:
    """The claim now, and when it will change by itself (seconds on the episode clock)."""
    match heard:
        case Talking(verdict=Verdict.TURN | Verdict.HALT) | Lull(verdict=Verdict.TURN | Verdict.HALT):
            return Claim.TURN, None
        case Talking(echoing=True) | Talking(verdict=Verdict.ECHO):
            return Claim.QUIET, None
        case Talking(since=since, again=again, before_s=before_s):
            hold_at = since if again else since + rules.hold_after_s
            turn_at = max(hold_at, since + rules.turn_after_s - before_s)
            if at >= turn_at:
                return Claim.TURN, None
            return (Claim.HOLD, turn_at) if at >= hold_at else (Claim.DUCK, hold_at)
        case Lull(verdict=Verdict.UNDECIDED, since=since, held=held):
            until = since + (rules.resume_after_s if held else rules.unduck_after_s)
            if at >= until:
                return Claim.QUIET, None
            return (Claim.HOLD if held else Claim.DUCK), until
        case Lull():
            return Claim.QUIET, None


def _is_no_turn(heard: Utterance) -> TypeGuard[Lull]:
    return isinstance(heard, Lull) and heard.verdict in (Verdict.BACKCHANNEL, Verdict.NOISE, Verdict.ECHO)


@dataclass(slots=True)
class Speech:
    """All open utterances, in the order in which they began."""

    rules: Rules
    paused_at: float = -math.inf  # when a human's voice last fell silent
    _open: dict[UtteranceId, Utterance] = field(default_factory=dict)
    _closed: dict[UtteranceId, str] = field(default_factory=dict)  # with the text that was acted upon
    _echoed: dict[SpeakerId, dict[UtteranceId, float]] = field(default_factory=dict)
    _lost: set[UtteranceId] = field(default_factory=set)  # closed without their end

    def started(self, at: float, who: SpeakerId, utterance: UtteranceId, *, over: bool) -> Utterance:
        echoing = over and self._echoes(at, who)
        match self._open.get(utterance):
            case None if utterance not in self._closed or utterance in self._lost:
                now: Utterance = Talking(who=who, utterance=utterance, since=at, echoing=echoing, over=over, sign=at)
            case Lull(who=owner, verdict=verdict) as lull if owner == who:
                kept = verdict if verdict in (Verdict.TURN, Verdict.HALT) else Verdict.UNDECIDED
                now = Talking(
                    who=who,
                    utterance=utterance,
                    since=at,
                    before_s=lull.spoken_s,
                    again=lull.held,
                    echoing=echoing,
                    over=lull.over or over,
                    text=lull.text,
                    verdict=kept,
                    sign=at,
                )
            case other:
                raise UnexpectedEvent("SpeechStarted", other or f"utterance {utterance} has ended")
        self._open[utterance] = now
        self._lost.discard(utterance)
        return now

    def paused(self, at: float, who: SpeakerId, utterance: UtteranceId) -> None:
        match self._open.get(utterance):
            case Talking(who=owner) as talking if owner == who:
                held = claim(talking, at, self.rules)[0] >= Claim.HOLD
                self.paused_at = at
                self._open[utterance] = Lull(
                    who=who,
                    utterance=utterance,
                    since=at,
                    spoken_s=talking.before_s + at - talking.since,
                    held=held,
                    over=talking.over,
                    text=talking.text,
                    verdict=talking.verdict,
                    sign=at,
                )
            case other:
                self._late("SpeechPaused", utterance, other)

    def interim(self, at: float, who: SpeakerId, utterance: UtteranceId, text: str, verdict: Verdict) -> None:
        match self._open.get(utterance):
            case (Talking(who=owner) | Lull(who=owner)) as heard if owner == who:
                kept = verdict if verdict in (Verdict.TURN, Verdict.HALT, Verdict.ECHO) else heard.verdict
                self._open[utterance] = replace(heard, text=text, verdict=kept, sign=at)
            case other:
                self._late("InterimHeard", utterance, other)

    def drafted(self, at: float, who: SpeakerId, utterance: UtteranceId, text: str) -> None:
        match self._open.get(utterance):
            case Lull(who=owner, guess=None) as lull if owner == who:
                self._open[utterance] = replace(lull, draft=text, sign=at)
            case (Lull(who=owner) | Talking(who=owner)) as heard if owner == who:
                # The better text was there before it, or the voice has gone on: a sign that hearing follows it still.
                self._open[utterance] = replace(heard, sign=at)
            case other:
                self._late("UtteranceDrafted", utterance, other)

    def guessed(self, at: float, who: SpeakerId, utterance: UtteranceId, text: str, verdict: Verdict) -> None:
        """`verdict` is final for a lull; a guess that comes when the voice has gone on is like an interim text."""
        match self._open.get(utterance):
            case Lull(who=owner) as lull if owner == who:
                self._open[utterance] = replace(lull, text=text, guess=text, verdict=verdict, sign=at)
            case Talking(who=owner) as talking if owner == who:
                settled = verdict in (Verdict.TURN, Verdict.HALT, Verdict.ECHO)
                self._open[utterance] = replace(
                    talking, text=text, verdict=verdict if settled else talking.verdict, sign=at
                )
            case other:
                self._late("UtteranceGuessed", utterance, other)

    def ended(self, who: SpeakerId, utterance: UtteranceId) -> Utterance | None:
        """The utterance as it was, or None when its end comes late: it had been given up for lost."""
        match self._open.get(utterance):
            case (Talking(who=owner) | Lull(who=owner)) as heard if owner == who:
                del self._open[utterance]
                self.acted_on(utterance, "")
                return heard
            case other:
                self._late("UtteranceEnded", utterance, other)
                return None

    def left(self, who: SpeakerId) -> tuple[Utterance, ...]:
        """Closes what somebody who is gone was saying."""
        theirs = tuple(heard for heard in self._open.values() if heard.who == who)
        for heard in theirs:
            self.ended(who, heard.utterance)
        return theirs

    def lost(self, at: float) -> tuple[Utterance, ...]:
        """Closes utterances of which hearing has said nothing for too long."""
        gone = tuple(heard for heard in self._open.values() if at >= self._lost_at(heard))
        for heard in gone:
            self.ended(heard.who, heard.utterance)
            self._lost.add(heard.utterance)
        return gone

    def settle(self, at: float) -> None:
        """Speech that has lasted long enough is a turn from here on, whatever it says."""
        for utterance, heard in self._open.items():
            if heard.verdict is Verdict.UNDECIDED and claim(heard, at, self.rules)[0] is Claim.TURN:
                self._open[utterance] = replace(heard, verdict=Verdict.TURN)

    def claim(self, at: float) -> tuple[Claim, Utterance | None]:
        """The strongest claim, and whose it is."""
        strongest: tuple[Claim, Utterance | None] = (Claim.QUIET, None)
        for heard in self._open.values():
            level = claim(heard, at, self.rules)[0]
            if level > strongest[0]:
                strongest = (level, heard)
        return strongest

    def blocking(self) -> tuple[Utterance, ...]:
        """Utterances during which nobody is answered: all but a pause after something that was no turn."""
        return tuple(heard for heard in self._open.values() if not _is_no_turn(heard))

    def no_turns(self) -> tuple[Lull, ...]:
        """Pauses after something that was no turn, as far as the words before them tell."""
        return tuple(heard for heard in self._open.values() if _is_no_turn(heard))

    def deadlines(self, at: float) -> Iterator[float]:
        for heard in self._open.values():
            changes_at = claim(heard, at, self.rules)[1]
            if changes_at is not None:
                yield changes_at
            yield self._lost_at(heard)

    def taking(self) -> tuple[Utterance, ...]:
        """Utterances that have taken the floor and have not ended."""
        return tuple(heard for heard in self._open.values() if heard.verdict in (Verdict.TURN, Verdict.HALT))

    def get(self, utterance: UtteranceId) -> Utterance | None:
        return self._open.get(utterance)

    def closed_with(self, utterance: UtteranceId) -> str:
        return self._closed.get(utterance, "")

    def _lost_at(self, heard: Utterance) -> float:
        return heard.sign + (self.rules.utterance_lost_s if isinstance(heard, Talking) else self.rules.end_lost_s)

    def _late(self, event: str, utterance: UtteranceId, heard: Utterance | None) -> None:
        if heard is not None or utterance not in self._closed:
            raise UnexpectedEvent(event, heard or f"no utterance {utterance}")

    def echoed(self, at: float, who: SpeakerId, utterance: UtteranceId) -> None:
        """That utterance was an AI's voice from a loudspeaker."""
        since = at - self.rules.echo_guard_s
        lately = {other: when for other, when in self._echoed.get(who, {}).items() if when > since}
        self._echoed[who] = lately | {utterance: at}

    def _echoes(self, at: float, who: SpeakerId) -> bool:
        """One echo may be a human who repeats what an AI said; two are a loudspeaker."""
        return sum(when > at - self.rules.echo_guard_s for when in self._echoed.get(who, {}).values()) >= 2

    def acted_on(self, utterance: UtteranceId, text: str) -> None:
        self._closed[utterance] = text
        while len(self._closed) > _CLOSED_KEPT:
            oldest = next(iter(self._closed))
            del self._closed[oldest]
            self._lost.discard(oldest)
