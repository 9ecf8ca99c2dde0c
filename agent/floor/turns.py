"""Who speaks next. When no AI is voiced: remember what was said, ask for replies, and give one the floor."""

from __future__ import annotations

from dataclasses import replace

from agent.floor import thinking
from agent.floor.actions import Continue, Line, Speak, ThinkReason
from agent.floor.agenda import Guess, Invited, Open, Owed, Reply, Resuming, Round, Sorry, choose
from agent.floor.events import SpeakerId
from agent.floor.judgement import Verdict, spoken
from agent.floor.speech import Lull
from agent.floor.table import Table
from agent.floor.voice import Nobody, Starting, Turn

_EXCUSES: tuple[Line, ...] = ("one_moment", "still_thinking", "one_moment")


def settle(table: Table) -> None:
    if not isinstance(table.voice, Nobody):
        return
    _remember(table)
    thinking.settle(table)
    free = not table.speech.blocking()
    match table.agenda:
        case Resuming(who=who, reply=reply):
            if free:
                _continue(table, who, reply)
            return
        case Sorry(who=who, then=then):
            if free:
                table.owe_rest(then)
                table.say(who, "lost_thread")
            return
        case Open() | Owed() | Invited():
            pass  # what an attempt can be made at
    if table.round is None:
        _attempt(table)
    attempt = table.round
    if attempt is not None and attempt.guess is None:
        _proceed(table, attempt, free=free)


def let_go(table: Table) -> None:
    """Nobody is left to hear an answer."""
    table.drop_all()
    if table.thinking is not None:
        reply = table.thinking.reply
        table.end_thinking()
        table.drop((reply,))
    table.agenda = Open()


def _remember(table: Table) -> None:
    for said in table.memory.unsaid:
        if said.who in table.seats.here:
            table.do(said)
    table.memory.unsaid.clear()


def _continue(table: Table, who: SpeakerId, reply: str) -> None:
    cut = table.memory.cuts.pop(who, None)
    table.agenda = Open()
    if cut is None or cut.turn.reply != reply:
        return
    table.do(Continue(who=who, reply=reply))
    # Not heard before, it is still a turn to be counted and a debt to be paid
    turn = replace(cut.turn, continued=cut.turn.began is not None, began=None)
    table.voice = Starting(turn=turn, since=table.now)


def _attempt(table: Table) -> None:
    """Ask for replies, if there is something to reply to and nobody would be talked over by thinking of it."""
    guess = _guess(table)
    agenda = table.agenda
    if guess is not None:
        addressed = table.addressed(guess.text, guess.who).to
        to = table.asked_with(tuple(who for who in addressed if who in table.seats.personas))
        if not addressed or to:
            _ask(table, to, "answer", guess=guess)
        return
    waiting = table.speech.taking() or (table.rules.eager == "off" and table.speech.blocking())
    if waiting:
        return
    match agenda:
        case Owed(to=to, reason=reason, tried=tried) as owed:
            here = tuple(who for who in to if who in table.seats.personas)  # who has left is not to be asked
            table.agenda = owed if here == to else replace(owed, to=here)
            _ask(table, here, reason, without=tried)
        case Invited(after=after):
            _ask(table, (), "follow_up", without=frozenset({after}))
        case Open() | Resuming() | Sorry():
            pass  # nobody is to speak


def _guess(table: Table) -> Guess | None:
    """The text at a pause that reads like a turn, when nobody else is speaking."""
    speaking = table.speech.blocking()
    if not speaking or table.rules.eager != "guess" or len(speaking) != 1:
        return None
    match speaking[0]:
        case Lull(guess=str(text), verdict=Verdict.TURN) as lull:
            pass
        case Lull(guess=None, draft=text) as lull if text:
            pass
        case _unready:
            return None
    return None if table.thinking is not None else Guess(utterance=lull.utterance, who=lull.who, text=text)


def _ask(
    table: Table,
    to: tuple[SpeakerId, ...],
    reason: ThinkReason,
    *,
    guess: Guess | None = None,
    without: frozenset[SpeakerId] = frozenset(),
) -> None:
    thinker = table.thinking.who if table.thinking is not None else None
    asked = to[:1] or tuple(who for who in table.seats.personas if who not in without and who != thinker)
    if not to:  # the first one goes first where several are ready at once (agent/speaking/precedence.py)
        prefer = table.agenda.prefer if isinstance(table.agenda, Owed) else None
        if guess is not None:
            prefer = table.cut_by(guess.utterance) or prefer
        asked = tuple(sorted(asked, key=lambda who: (who != prefer, table.tally.last_turn.get(who, 0))))
        if reason == "answer" and not table.rules.race:
            asked = asked[:1]
    if not asked:
        table.agenda = table.agenda if guess is not None else Open()
        return
    replies = tuple(table.think(who, reason, guess).reply for who in asked)
    table.round = Round(since=table.now, reason=reason, addressed=bool(to), replies=replies, guess=guess)


def _proceed(table: Table, attempt: Round, *, free: bool) -> None:
    asked = [table.replies[reply] for reply in attempt.replies if reply in table.replies]
    if not asked:
        _came_to_nothing(table, attempt)
        return
    if isinstance(table.agenda, Owed) and table.agenda.courtesy:
        since = max(table.agenda.since, table.tally.quiet_since)
        if table.now < since + table.rules.courtesy_s:
            table.memory.wakes.append(since + table.rules.courtesy_s)
            return
    if free:
        prefer = table.agenda.prefer if isinstance(table.agenda, Owed) else None
        winner, ask_again_at = choose(asked, table.tally, table.now, table.rules, prefer=prefer)
        if winner is not None:
            _grant(table, attempt, winner)
            return
        if ask_again_at is not None:
            table.memory.wakes.append(ask_again_at)
            return
    match table.agenda:
        case Owed() as owed:
            _wait(table, attempt, owed, asked, free=free)
        case Invited():
            limit_at = attempt.since + table.rules.follow_up_limit_s
            table.memory.wakes.append(limit_at)
            if table.now >= limit_at and not any(reply.bid_at is not None for reply in asked):
                table.drop_round()
                table.agenda = Open()
        case Open() | Resuming() | Sorry():
            table.drop_round()  # nobody is to speak any more


def _wait(table: Table, attempt: Round, owed: Owed, asked: list[Reply], *, free: bool) -> None:
    """Nobody is ready. Silence is explained, then others are asked as well, then it is given up."""
    rules = table.rules
    if any(reply.bid_at is not None for reply in asked):
        return  # ready, and waiting for a human to finish
    after_s = rules.still_thinking_after_s if owed.excuses else rules.one_moment_after_s
    explain_at = max(owed.since, table.tally.quiet_since) + after_s
    widen_at = attempt.since + rules.answer_limit_s
    give_up_at = attempt.since + rules.give_up_after_s
    table.memory.wakes.extend((explain_at, widen_at, give_up_at))
    if table.now >= give_up_at:
        table.drop_round()
        table.agenda = Sorry(who=asked[0].who, then=owed.to[1:])
    elif table.now >= widen_at and not attempt.widened:
        members = {reply.who for reply in asked} | set(attempt.failed) | set(attempt.passed) | owed.tried
        thinker = table.thinking.who if table.thinking is not None else None
        others = [who for who in table.seats.personas if who not in members and who != thinker]
        more = tuple(table.think(who, "answer").reply for who in others)
        table.round = replace(attempt, replies=(*attempt.replies, *more), widened=True)
    elif table.now >= explain_at and free and owed.excuses < len(_EXCUSES):
        table.agenda = replace(owed, excuses=owed.excuses + 1)
        table.say(asked[0].who, _EXCUSES[owed.excuses])


def _came_to_nothing(table: Table, attempt: Round) -> None:
    """All have passed or failed."""
    table.round = None
    match table.agenda:
        case Owed(to=to, tried=tried) as owed:
            tried |= {*attempt.passed, *attempt.failed}
            thinker = table.thinking.who if table.thinking is not None else None
            untried = [who for who in table.seats.personas if who not in tried and who != thinker]
            failed = (owed.failed, *(who for who in to[:1] if who in attempt.failed), *attempt.failed)
            apologising = next((who for who in failed if who in table.seats.personas), None)
            if (attempt.addressed or not table.rules.race) and untried:
                # The next, or anybody, steps in
                table.agenda = replace(owed, to=to[1:], tried=tried, failed=apologising)
            elif apologising is not None:
                table.agenda = Sorry(who=apologising, then=to[1:])
            else:
                table.owe_rest(to[1:])
        case Open() | Invited() | Resuming() | Sorry():
            table.agenda = Open()


def _grant(table: Table, attempt: Round, reply: Reply) -> None:
    owed = table.agenda if isinstance(table.agenda, Owed) else None
    then = tuple(who for who in (owed.to[1:] if owed is not None else ()) if who != reply.who)
    if not attempt.addressed and len(attempt.replies) > 1:
        table.tally.won(reply.who)
    del table.replies[reply.reply]
    table.drop_round()
    table.agenda = Open()
    if reply.think:
        thinking.enter(table, reply.who, reply, then=then, said=False)
        return
    table.memory.cuts.pop(reply.who, None)
    table.memory.played.append(spoken(reply.text))
    table.do(Speak(who=reply.who, reply=reply.reply))
    turn = Turn(who=reply.who, reply=reply.reply, owed=owed, then=then, to=reply.to, broken=reply.broken)
    table.voice = Starting(turn=turn, since=table.now)
