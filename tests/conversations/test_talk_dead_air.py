"""An answer is owed and something is away: a model, a voice, an ear. There is never silence without a word."""

from __future__ import annotations

import pytest

from agent.floor import actions as act
from agent.floor import events as ev
from agent.floor.rules import Rules
from tests.conversations.conversation import Conversation

CALM = Rules(interject=False, follow_up=False)
QUESTION = "Claude, where does the word come from?"


def silences(talk: Conversation, until: float) -> float:
    """The longest stretch without a voice from the first human word on, in seconds."""
    voiced = [at for at, what in talk.log if isinstance(what, ev.SpeechStarted | ev.PlaybackStarted)]
    quiet = [at for at, what in talk.log if isinstance(what, ev.SpeechPaused | ev.PlaybackEnded)]
    gaps = [min((v for v in voiced if v >= q), default=until) - q for q in quiet if q < until]
    return max(gaps, default=0.0)


def test_the_other_steps_in_when_the_one_who_was_asked_is_away() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<fail/>")
    talk["Nova"].will_say("From the Latin, I think.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.ends()
    assert talk.transcript() == [f"Sam: {QUESTION}", "Nova: From the Latin, I think."]


def test_when_all_are_away_one_says_so() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<fail/>", "It is from the Latin.")
    talk["Nova"].will_say("<fail/>")
    talk.says("Sam", QUESTION, at=1.0)
    talk.says("Sam", QUESTION, at=10.0)
    talk.ends()
    assert talk.transcript() == [
        f"Sam: {QUESTION}",
        "Claude: (lost thread)",
        f"Sam: {QUESTION}",
        "Claude: It is from the Latin.",
    ]


def test_the_other_answers_when_the_one_who_was_asked_has_nothing_to_say() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<pass/>")
    talk["Nova"].will_say("From the Latin.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.ends()
    assert talk.transcript()[-1] == "Nova: From the Latin."


def test_a_late_answer_is_announced_and_then_given() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("From the Latin.", after=5.5)
    end = talk.says("Sam", QUESTION, at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: (one moment)", "Claude: From the Latin."]
    assert talk.when(ev.PlaybackStarted)[0] - end < 4.0
    assert silences(talk, 12.0) < 4.0


def test_three_that_fail_slowly_one_after_the_other_leave_no_long_silence() -> None:
    talk = Conversation(ais="Claude, Nova, Ada", rules=CALM)
    for who in ("Claude", "Nova", "Ada"):
        talk[who].will_say("<fail/>", after=4.0)
    talk.says("Sam", QUESTION, at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: (one moment)", "Nova: (still thinking)", "Claude: (lost thread)"]
    assert silences(talk, 12.0) < 4.0


def test_an_answer_that_does_not_come_is_given_by_the_other() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<silent/>")
    talk["Nova"].will_say("Let me try: from the Latin.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: (one moment)", "Nova: Let me try: from the Latin."]


def test_an_answer_that_nobody_gives_is_given_up_with_an_apology() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<silent/>")
    talk["Nova"].will_say("<silent/>")
    talk.says("Sam", QUESTION, at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: (one moment)", "Claude: (still thinking)", "Claude: (lost thread)"]
    assert silences(talk, 15.0) < 4.0
    assert talk.showing("claude") == "listening"


def test_a_reply_that_breaks_off_ends_with_an_apology() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk["Claude"].will_say("<breaks/> It is from the Latin, and the Latin is from,")
    talk.says("Sam", QUESTION, at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: It is from the Latin, and the Latin is from,",
        "Claude: (lost thread)",
    ]


def test_a_reply_that_broke_off_before_it_began_gives_the_other_the_chance() -> None:
    talk = Conversation("Sam, Anna", rules=CALM)
    talk["Claude"].will_say("<breaks/> It is,", after=0.2)
    talk["Nova"].will_say("From the Latin.", after=0.7)
    talk.says("Sam", "Where does the word come from?", at=1.0)
    talk.says("Anna", "Ha ha.", at=3.0, seconds=0.9)  # nobody begins over her
    talk.ends()
    assert talk.transcript()[-1] == "Nova: From the Latin."


def test_a_mouth_that_does_not_begin_is_replaced() -> None:
    talk = Conversation(rules=CALM)
    talk["Nova"].will_say("From the Latin.")
    talk.says("Sam", QUESTION, at=1.0)
    talk["Claude"].dead = True
    talk.ends()
    assert talk.transcript()[-1] == "Nova: From the Latin."


def test_an_ear_that_dies_in_mid_speech_does_not_hold_the_table_for_ever() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("A fugue is a piece in several voices, each of which enters with the same theme.")
    talk.says("Sam", "Claude, what is a fugue?", at=1.0)
    talk.told(ev.SpeechStarted(at=5.0, who="sam", utterance="broken"))
    talk.run(49.0)
    talk.speaking.clear()
    talk.run(120.0)
    assert talk.floor.deadline is None
    talk.says("Sam", "Are you still there?", at=121.0)
    talk.ends()
    assert talk.transcript()[-2] == "Sam: Are you still there?"


@pytest.mark.parametrize(("guess", "answered"), [("Where is it from?", True), ("", False)])
def test_an_utterance_that_never_ends_is_answered_by_its_guess(guess: str, answered: bool) -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk.says("Sam", "Where is it from?", at=1.0, guess=guess, never_ends=True)
    talk.ends()
    assert len(talk.transcript()) == (2 if answered else 0)


def test_an_end_that_comes_after_all_is_not_answered_twice() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk.says("Sam", "Where is it from?", at=1.0, never_ends=True)
    sound = ev.Evidence(speech_s=1.2, level_dbfs=-24, average_log_probability=-0.3, no_speech_probability=0.1)
    talk.told(ev.UtteranceEnded(at=30.0, who="sam", utterance="u1", text="Where is it from?", evidence=sound))
    talk.ends()
    assert len(talk.transcript()) == 2


def test_a_human_who_speaks_during_the_apology_is_heard() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<fail/>", "All right then.")
    talk["Nova"].will_say("<fail/>")
    talk.says("Sam", QUESTION, at=1.0)
    talk.says("Sam", "Claude, forget it and say anything.", at=5.0)
    talk.ends()
    assert talk.transcript()[-1] == "Claude: All right then."


def test_an_event_out_of_order_is_reported_and_the_floor_goes_on() -> None:
    from agent.floor.machine import Floor

    floor = Floor(Rules())
    floor.handle(ev.SpeakerJoined(at=0.0, who="sam", name="Sam", role="human"))
    actions = floor.handle(ev.SpeechPaused(at=1.0, who="sam", utterance="u1", speech_s=1.0))
    assert [type(action) for action in actions] == [act.Report]
    assert floor.handle(ev.SpeechStarted(at=2.0, who="sam", utterance="u1")) == ()
