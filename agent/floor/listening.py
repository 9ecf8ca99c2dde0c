"""Humans' utterances as hearing tells of them, and what each comes to when it has ended."""

from __future__ import annotations

from dataclasses import replace

from agent.floor.addressing import Address
from agent.floor.agenda import Guess, Invited, Open, Owed, Resuming
from agent.floor.echo import is_echo
from agent.floor.events import (
    Evidence,
    InterimHeard,
    SpeakerId,
    SpeechPaused,
    SpeechStarted,
    UtteranceDrafted,
    UtteranceEnded,
    UtteranceGuessed,
    UtteranceId,
)
from agent.floor.judgement import Setting, Verdict, judge, same_words, spoken
from agent.floor.speech import Lull, Utterance
from agent.floor.table import Cut, Table
from agent.floor.unexpected import UnexpectedEvent
from agent.floor.voice import Audible, Nobody, Stopping

HearingEvent = SpeechStarted | SpeechPaused | InterimHeard | UtteranceDrafted | UtteranceGuessed | UtteranceEnded


def hear(table: Table, event: HearingEvent) -> None:
    seat = table.seats.here.get(event.who)
    if seat is None and event.who in table.seats.gone:
        return  # words of somebody who has left were still on their way
    if seat is None or seat.role != "human":
        raise UnexpectedEvent(event, f"{event.who} is no human at the table")
    speech = table.speech
    match event:
        case SpeechStarted(at=at, who=who, utterance=utterance):
            if speech.get(utterance) is None:
                table.forget_thanks(who, at)
            speech.started(at, who, utterance, over=_is_over(table, who))
            if _prepared_on(table, utterance) is not None:
                table.drop_round()  # the human goes on: the guess was too short
        case SpeechPaused(at=at, who=who, utterance=utterance):
            speech.paused(at, who, utterance)
            table.tally.quiet_since = table.now
        case InterimHeard(at=at, who=who, utterance=utterance, text=text):
            verdict, _ = _judged(table, who, speech.get(utterance), text, None, final=False)
            speech.interim(at, who, utterance, text, verdict)
        case UtteranceDrafted(at=at, who=who, utterance=utterance, text=text):
            verdict, _ = _judged(table, who, speech.get(utterance), text, None, final=True)
            speech.drafted(at, who, utterance, text if verdict is Verdict.TURN else "")
        case UtteranceGuessed(at=at, who=who, utterance=utterance, text=text, evidence=evidence):
            heard = speech.get(utterance)
            verdict, _ = _judged(table, who, heard, text, evidence, final=isinstance(heard, Lull))
            speech.guessed(at, who, utterance, text, verdict)
            guess = _prepared_on(table, utterance)
            if guess is not None and not (verdict is Verdict.TURN and same_words(guess.text, text)):
                table.drop_round()  # the first reading was another
        case UtteranceEnded(who=who, utterance=utterance, text=text, evidence=evidence):
            acted_on = speech.closed_with(utterance)
            heard = speech.ended(who, utterance)
            if heard is None and same_words(acted_on, text):
                return  # it had been given up, and its guess was answered
            conclude(table, who, utterance, text, evidence, heard)


def give_up_lost(table: Table) -> None:
    """An utterance of which hearing says nothing more ends with the words that are known of it."""
    for heard in table.speech.lost(table.now):
        conclude(table, heard.who, heard.utterance, heard.text, None, heard)


def give_back_early(table: Table) -> None:
    """A long "right, right, right" has stopped a voice: it goes on when the words are there, and need not wait until
    nothing more can come. Should more come, it is stopped again at once.
    """
    for lull in table.speech.no_turns():
        breath_until = lull.since + table.rules.breath_s
        if table.now >= breath_until:
            _give_back(table, lull.utterance)
        elif (cut := table.last_cut()) is not None and cut.by == lull.utterance:
            table.memory.wakes.append(breath_until)


def leave(table: Table, who: SpeakerId) -> None:
    """A human left in mid-speech: what they had claimed is given back, and their words are nobody's to answer."""
    for heard in table.speech.left(who):
        _give_back(table, heard.utterance)


def conclude(
    table: Table,
    who: SpeakerId,
    utterance: UtteranceId,
    text: str,
    evidence: Evidence | None,
    heard: Utterance | None,
) -> None:
    """What an ended utterance comes to."""
    verdict, addressed = _judged(table, who, heard, text, evidence, final=True)
    table.speech.acted_on(utterance, text)
    table.thanked(who, text)
    match verdict:
        case Verdict.TURN:
            _take_turn(table, who, utterance, text, addressed)
        case Verdict.HALT:
            table.drop_all()
            table.stop("barge_in", by=who, utterance=utterance)
            table.agenda = Open()
            table.remember(who, utterance, text)
        case Verdict.GO_ON:
            go_on(table, who, utterance, text, addressed)
        case Verdict.BACKCHANNEL | Verdict.NOISE | Verdict.ECHO:
            _give_back(table, utterance)
        case Verdict.UNDECIDED:
            raise UnexpectedEvent(verdict, f"utterance {utterance} has ended")


def go_on(table: Table, who: SpeakerId | None, utterance: UtteranceId | None, text: str, addressed: Address) -> None:
    """ "Go on": the reply that was cut last goes on where it was cut. With nothing cut, somebody is to say more."""
    if isinstance(table.voice, Audible):
        return  # it does
    asked = next((persona for persona in addressed.to if persona in table.seats.personas), None)
    cut = table.last_cut(asked)
    waiting = isinstance(table.agenda, Owed) and not _is_debt_of(table, cut)
    if waiting and cut is None and asked is None:
        return  # an answer is already on its way
    table.drop_all()
    if who is not None and utterance is not None:
        table.remember(who, utterance, text)
    table.tally.ai_turns = 0
    if table.thinking is not None and asked in (None, table.thinking.who):
        table.thinking = replace(table.thinking, until=table.now)
    elif cut is not None:
        table.agenda = Resuming(who=cut.turn.who, reply=cut.turn.reply)
    else:
        last = max(table.seats.personas, key=lambda persona: table.tally.last_turn.get(persona, 0), default=None)
        told = asked or (last if last in table.tally.last_turn else None)
        table.agenda = Open()
        table.owe((told,) if told else (), "go_on")


def _take_turn(table: Table, who: SpeakerId, utterance: UtteranceId, text: str, addressed: Address) -> None:
    table.stop("barge_in", by=who, utterance=utterance)
    table.drop_listening()
    personas = tuple(persona for persona in addressed.to if persona in table.seats.personas)
    thinking = table.thinking
    if thinking is not None and (not addressed.to or thinking.who in personas):
        table.drop_round()
        table.remember(who, utterance, text)
        others = tuple(persona for persona in personas if persona != thinking.who)
        table.thinking = replace(thinking, until=table.now, then=others or thinking.then)
        return
    attempt, guess = table.round, _prepared_on(table, utterance)
    if attempt is not None and guess is not None and same_words(guess.text, text):
        table.round = replace(attempt, guess=None, since=table.now)
    else:
        table.drop_round()
    if personas or not addressed.to:
        table.owe(personas, prefer=table.cut_by(utterance), courtesy=addressed.thanked)
    elif not isinstance(table.agenda, Owed):
        table.agenda = Open()  # a human was asked
    table.remember(who, utterance, text)


def _give_back(table: Table, utterance: UtteranceId) -> None:
    """It was no turn. If a voice was stopped for it all the same (a long laugh), that voice goes on."""
    if _prepared_on(table, utterance) is not None:
        table.drop_round()
    cut = table.last_cut()
    if cut is None or cut.by != utterance or not isinstance(table.voice, Nobody | Stopping):
        return
    if isinstance(table.agenda, Open) or _is_debt_of(table, cut):
        table.drop_round()
        table.agenda = Resuming(who=cut.turn.who, reply=cut.turn.reply)


def _is_debt_of(table: Table, cut: Cut | None) -> bool:
    """Whether what is owed is just what the cut reply was to pay."""
    return cut is not None and cut.turn.began is None and table.agenda == cut.turn.owed


def _judged(
    table: Table, who: SpeakerId, heard: Utterance | None, text: str, evidence: Evidence | None, *, final: bool
) -> tuple[Verdict, Address]:
    addressed = table.addressed(text, who)
    setting = Setting(
        over=heard.over if heard is not None else _is_over(table, who),
        after_question=table.tally.asked,
        name=bool(addressed.to),
    )
    played = not isinstance(table.voice, Nobody) or table.now < table.tally.ai_quiet_since + table.rules.echo_tail_s
    if setting.over and played and heard is not None and is_echo(spoken(text), table.memory.played):
        table.speech.echoed(table.now, who, heard.utterance)
        return Verdict.ECHO, addressed
    words = addressed.rest if addressed.to else text
    return judge(words, evidence, setting, table.rules, final=final), addressed


def _prepared_on(table: Table, utterance: UtteranceId) -> Guess | None:
    """What replies are being prepared on, if that is a text of this utterance."""
    guess = table.round.guess if table.round is not None else None
    return guess if guess is not None and guess.utterance == utterance else None


def _is_over(table: Table, who: SpeakerId) -> bool:
    others = any(heard.who != who for heard in table.speech.blocking())
    if others or not isinstance(table.voice, Nobody):
        return True
    if isinstance(table.agenda, Invited):
        return not table.tally.asked  # "Do you agree?", "Yes.": it answers, though the other AIs may be about to
    return not isinstance(table.agenda, Open)
