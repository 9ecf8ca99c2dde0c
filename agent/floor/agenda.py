"""What the table waits for when no AI speaks, and the attempt that is being made at it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.floor.actions import ThinkReason
from agent.floor.events import ReplyId, SpeakerId, UtteranceId
from agent.floor.rules import Rules


@dataclass(frozen=True, slots=True)
class Open:
    """The floor is the humans', and nobody owes anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An AI owes an answer. It stays owed until a voice is heard."""

    since: float
    to: tuple[SpeakerId, ...] = ()  # who was asked, in order; empty: whoever is first
    reason: ThinkReason = "answer"
    tried: frozenset[SpeakerId] = frozenset()  # asked for this answer, and failed or passed
    prefer: SpeakerId | None = None  # not asked by name, but it was this one who was interrupted
    excuses: int = 0  # how often somebody has said "One moment." and the like
    courtesy: bool = False  # they were thanked, and nobody was asked anything
    failed: SpeakerId | None = None  # the first of them whose reply failed: the one to apologise


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An AI has spoken; the others may follow up, or pass."""

    since: float
    after: SpeakerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Resuming:
    """A reply that was cut goes on as soon as the floor is free."""

    who: SpeakerId
    reply: ReplyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorry:
    """An answer will not come, and the persona is to say so as soon as the floor is free."""

    who: SpeakerId
    then: tuple[SpeakerId, ...] = ()


Agenda = Open | Owed | Invited | Resuming | Sorry


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The text, not final, that replies are being prepared on."""

    utterance: UtteranceId
    who: SpeakerId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A generation that is under way and has not been spoken."""

    who: SpeakerId
    reply: ReplyId
    reason: ThinkReason
    ready: bool = False
    bid_at: float | None = None  # since when it asks for the floor: ready to speak, or wishing to think
    to: SpeakerId | None = None
    text: str = ""  # its first clause
    broken: bool = False  # it begins, and the rest will not come
    think: bool = False  # wants to think in silence first
    interject: bool = False  # wants to break in


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One attempt to have somebody speak: who was asked, and what became of it so far."""

    since: float
    reason: ThinkReason
    addressed: bool  # by name: nobody else is asked unless this fails
    replies: tuple[ReplyId, ...]
    guess: Guess | None = None
    passed: tuple[SpeakerId, ...] = ()
    failed: tuple[SpeakerId, ...] = ()
    widened: bool = False  # the others were asked as well, since it took too long


@dataclass(slots=True)
class Tally:
    """What the fairness and the limits remember of the show so far."""

    ai_turns: int = 0  # in a row, since a human last had the floor
    turns: int = 0  # AI turns in all
    last_turn: dict[SpeakerId, int] = field(default_factory=dict)
    winner: SpeakerId | None = None  # of the last free round in which several were asked
    won_in_a_row: int = 0
    quiet_since: float = 0.0  # nobody has been voiced since
    clause: str = ""  # the last thing an AI said
    ai_quiet_since: float = 0.0  # no AI has been voiced since
    interjected_at: float | None = None
    listened_at: dict[SpeakerId, float] = field(default_factory=dict)

    @property
    def asked(self) -> bool:
        """The last thing an AI said was a question."""
        return self.clause.rstrip(" \"'”’").endswith("?")

    def spoke(self, who: SpeakerId) -> None:
        self.turns += 1
        self.ai_turns += 1
        self.last_turn[who] = self.turns

    def won(self, who: SpeakerId) -> None:
        self.won_in_a_row = self.won_in_a_row + 1 if who == self.winner else 1
        self.winner = who


def choose(
    replies: Iterable[Reply],
    tally: Tally,
    at: float,
    rules: Rules,
    *,
    prefer: SpeakerId | None = None,
) -> tuple[Reply | None, float | None]:
    """Who speaks, or None and when to ask again.

    Whoever is ready speaks at once, save when a rival that is still generating has the better claim: it was the one
    interrupted, or spoke less recently while the ready one has won the last rounds. Then the ready one waits a little,
    longer with each round won in a row, so that the faster provider does not own the show. A reply that broke off
    after its beginning gives everybody else that time.
    """
    asked = list(replies)

    def claim(reply: Reply) -> tuple[bool, bool, int]:
        return (reply.broken, reply.who != prefer, tally.last_turn.get(reply.who, 0))

    ready = [reply for reply in asked if reply.bid_at is not None]
    if not ready:
        return None, None
    best = min(ready, key=claim)
    rivals = [reply for reply in asked if reply.bid_at is None and claim(reply) < claim(best)]
    if not rivals:
        return best, None
    if best.broken or any(rival.who == prefer for rival in rivals):
        head_start_s = rules.head_start_limit_s
    elif best.who == tally.winner:
        head_start_s = min(rules.head_start_s * tally.won_in_a_row, rules.head_start_limit_s)
    else:
        head_start_s = 0.0
    waits_until = (best.bid_at or 0.0) + head_start_s
    return (best, None) if at >= waits_until else (None, waits_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """Thinking mode: a persona generates in silence until `until`, and the others rest."""

    who: SpeakerId
    reply: ReplyId
    until: float
    then: tuple[SpeakerId, ...] = ()
