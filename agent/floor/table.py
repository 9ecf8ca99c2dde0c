"""The whole of what the floor knows, and the few changes that several of its manners share."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.floor.actions import (
    Action,
    Apologise,
    Drop,
    Line,
    Remember,
    ShowThinking,
    Stop,
    StopCause,
    Think,
    ThinkReason,
    Unduck,
)
from agent.floor.addressing import Address, address, is_thanks_alone
from agent.floor.agenda import Agenda, Guess, Invited, Open, Owed, Reply, Round, Tally, Thinking
from agent.floor.events import ReplyId, SpeakerId, UtteranceId
from agent.floor.names import ANY_GUEST, Seat, guests_among
from agent.floor.rules import Rules
from agent.floor.speech import Speech
from agent.floor.voice import Audible, Nobody, Starting, Stopping, Turn, Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A reply that was stopped and may be continued."""

    turn: Turn
    at: float
    by: UtteranceId | None


@dataclass(frozen=True, slots=True)
class Thanks:
    """A human's last utterance, when it was thanks and no more."""

    text: str
    at: float


@dataclass(slots=True)
class Seats:
    """Who is at the table, who has been, and how many replies they were asked for."""

    here: dict[SpeakerId, Seat] = field(default_factory=dict)
    gone: set[SpeakerId] = field(default_factory=set)
    issued: int = 0

    all: tuple[Seat, ...] = ()
    personas: tuple[SpeakerId, ...] = ()
    humans: tuple[SpeakerId, ...] = ()

    def join(self, seat: Seat) -> None:
        self.here[seat.who] = seat
        self.gone.discard(seat.who)
        self._count()

    def leave(self, who: SpeakerId) -> Seat | None:
        """None: they were not here."""
        seat = self.here.pop(who, None)
        if seat is not None:
            self.gone.add(who)
            self._count()
        return seat

    def _count(self) -> None:
        self.all = tuple(self.here.values())
        self.personas = tuple(seat.who for seat in self.all if seat.role == "ai")
        self.humans = tuple(seat.who for seat in self.all if seat.role == "human")

    def next_reply(self) -> ReplyId:
        self.issued += 1
        return f"r{self.issued}"

    def was_issued(self, reply: ReplyId) -> bool:
        return reply[:1] == "r" and reply[1:].isdecimal() and 1 <= int(reply[1:]) <= self.issued


@dataclass(slots=True)
class Table:
    rules: Rules
    speech: Speech
    now: float = 0.0
    seats: Seats = field(default_factory=Seats)
    voice: Voice = field(default_factory=Nobody)
    ducked: bool = False
    agenda: Agenda = field(default_factory=Open)
    round: Round | None = None
    replies: dict[ReplyId, Reply] = field(default_factory=dict)
    thinking: Thinking | None = None
    tally: Tally = field(default_factory=Tally)
    memory: Memory = field(default_factory=lambda: Memory())

    # -- generations ------------------------------------------------------------------------------------------------

    def think(self, who: SpeakerId, reason: ThinkReason, guess: Guess | None = None) -> Reply:
        reply = Reply(who=who, reply=self.seats.next_reply(), reason=reason)
        self.replies[reply.reply] = reply
        self.do(
            Think(
                who=who,
                reply=reply.reply,
                reason=reason,
                guess_of=guess.utterance if guess else None,
                guess_by=guess.who if guess else None,
                guess=guess.text if guess else "",
            )
        )
        return reply

    def drop(self, replies: Iterable[ReplyId]) -> None:
        for reply in tuple(replies):
            gone = self.replies.pop(reply, None)
            if gone is not None and gone.who in self.seats.here:
                self.do(Drop(who=gone.who, reply=reply))

    def drop_round(self) -> None:
        if self.round is not None:
            self.drop(self.round.replies)
            self.round = None

    def drop_listening(self) -> None:
        self.drop(reply.reply for reply in tuple(self.replies.values()) if reply.reason == "listen")

    def drop_all(self) -> None:
        """Everything that is being generated, save the thinker's answer."""
        self.drop_round()
        self.drop_listening()

    # -- the voice --------------------------------------------------------------------------------------------------

    def stop(self, cause: StopCause, *, by: SpeakerId | None = None, utterance: UtteranceId | None = None) -> None:
        """End the voice that is on. A debt that it had not paid yet is owed again."""
        if isinstance(self.voice, Audible):
            turn = self.voice.turn
            self.do(Stop(who=turn.who, reply=turn.reply, cause=cause, by=by))
            self.voice = Stopping(turn=turn, since=self.now, cause=cause, by=utterance)
            if turn.line is None:
                self.memory.cuts[turn.who] = Cut(turn=turn, at=self.now, by=utterance)
            if turn.owed is not None and turn.began is None:
                self.agenda = turn.owed

    def say(self, who: SpeakerId, line: Line) -> None:
        reply = self.seats.next_reply()
        self.do(Apologise(who=who, reply=reply, line=line))
        self.voice = Starting(turn=Turn(who=who, reply=reply, line=line), since=self.now)

    def unduck(self) -> None:
        if self.ducked:
            self.ducked = False
            self.do(Unduck())

    def last_cut(self, who: SpeakerId | None = None) -> Cut | None:
        """The most recent reply that can still be continued, of one persona or of any."""
        cuts = [
            cut
            for cut in self.memory.cuts.values()
            if who in (None, cut.turn.who) and self.now - cut.at < self.rules.remainder_s
        ]
        return max(cuts, key=lambda cut: cut.at, default=None)

    def cut_by(self, utterance: UtteranceId) -> SpeakerId | None:
        """Who was interrupted by it, and is the first to answer it."""
        cut = self.last_cut()
        return cut.turn.who if cut is not None and cut.by == utterance else None

    # -- what is owed -----------------------------------------------------------------------------------------------

    def owe(
        self,
        to: tuple[SpeakerId, ...],
        reason: ThinkReason = "answer",
        *,
        prefer: SpeakerId | None = None,
        courtesy: bool = False,
    ) -> None:
        """An answer is owed, together with the one that already was."""
        personas = self.seats.personas
        courtesy = courtesy and not (isinstance(self.agenda, Owed) and self.agenda.to)
        to = self.asked_with(to)
        if isinstance(self.agenda, Owed):
            prefer = prefer or self.agenda.prefer
        owed = Owed(since=self.now, to=to, reason=reason, prefer=prefer, courtesy=courtesy)
        self.agenda = owed if personas else Open()

    def asked_with(self, to: tuple[SpeakerId, ...]) -> tuple[SpeakerId, ...]:
        """Who is to answer when `to` are asked now: those who were asked before them answer first. Of those who were
        only thanked the last one named ("Thanks, Ada, Claude." [a breath] "Your turn."), if nobody else is asked.
        """
        owed = self.agenda if isinstance(self.agenda, Owed) else Owed(since=self.now)
        before = owed.to if not owed.courtesy else () if to else owed.to[-1:]
        return tuple(who for who in dict.fromkeys((*before, *to)) if who in self.seats.personas)

    def owe_rest(self, then: tuple[SpeakerId, ...]) -> None:
        """The next of those who were asked together, or nobody."""
        left = tuple(who for who in then if who in self.seats.personas)
        self.agenda = Owed(since=self.now, to=left) if left else Open()

    def invite(self, after: SpeakerId) -> None:
        """The other personas may follow up, as far as the manners allow."""
        others = [who for who in self.seats.personas if who != after]
        free = self.rules.follow_up and self.tally.ai_turns < self.rules.max_ai_turns
        wanted = free and others and self.thinking is None and self.seats.humans
        self.agenda = Invited(since=self.now, after=after) if wanted else Open()

    def addressed(self, text: str, by: SpeakerId) -> Address:
        """Who an utterance asks. "The guest" at a table with several is the one who spoke least recently."""
        asked = address(text, self.seats.all, by=by)
        if thanks := self.memory.thanks.get(by):
            whole = address(f"{thanks.text.rstrip('.,! ')}, {text}", self.seats.all, by=by)
            if whole.to and set(whole.to) < set(asked.to):
                asked = replace(asked, to=whole.to)
        if ANY_GUEST not in asked.to:
            return asked
        free = [seat.who for seat in guests_among(self.seats.all) if seat.who not in asked.to]
        fair = sorted(free, key=lambda who: self.tally.last_turn.get(who, 0))[:1]
        chosen = tuple(one for who in asked.to for one in (fair if who == ANY_GUEST else [who]))
        return replace(asked, to=chosen)

    def thanked(self, who: SpeakerId, text: str) -> None:
        """An utterance has ended: should it be thanks alone, the next one may name who was thanked."""
        self.memory.thanks.pop(who, None)
        if is_thanks_alone(text):
            self.memory.thanks[who] = Thanks(text=text, at=self.now)

    def forget_thanks(self, who: SpeakerId, at: float) -> None:
        """Speech sets in, and does not belong to thanks that were said long before."""
        if (thanks := self.memory.thanks.get(who)) and at - thanks.at > self.rules.thanks_s:
            del self.memory.thanks[who]

    def remember(self, who: SpeakerId, utterance: UtteranceId, text: str) -> None:
        self.tally.ai_turns = 0
        self.memory.unsaid.append(Remember(who=who, utterance=utterance, text=text))

    def save(self) -> None:
        """From now on one reply is generated for a turn, once it has ended."""
        self.rules = self.rules.model_copy(update={"eager": "off", "race": False, "interject": False})
        self.drop_listening()
        if self.round is not None and self.round.guess is not None:
            self.drop_round()

    def end_thinking(self) -> None:
        if self.thinking is not None:
            self.do(ShowThinking(who=self.thinking.who, until=None))
            self.thinking = None

    def do(self, action: Action) -> None:
        self.memory.out.append(action)


@dataclass(slots=True)
class Memory:
    """What is on its way out, and what can still be taken up again."""

    out: list[Action] = field(default_factory=list)
    unsaid: list[Remember] = field(default_factory=list)  # waits until a stopped voice has said what was heard of it
    cuts: dict[SpeakerId, Cut] = field(default_factory=dict)
    thanks: dict[SpeakerId, Thanks] = field(default_factory=dict)
    played: deque[tuple[str, ...]] = field(default_factory=lambda: deque(maxlen=6))  # the last clauses, as words
    wakes: list[float] = field(default_factory=list)
