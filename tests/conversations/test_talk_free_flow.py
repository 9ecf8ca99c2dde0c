"""Nobody in particular is asked: who speaks first, who follows, and when the floor is the humans' again."""

from __future__ import annotations

import pytest

from agent.floor import actions as act
from agent.floor import events as ev
from agent.floor.rules import Rules
from tests.conversations.conversation import DRAFT_S, PAUSE_SEEN_S, Conversation

CALM = Rules(interject=False)


def test_the_first_who_is_ready_takes_the_floor_and_the_other_is_let_go() -> None:
    talk = Conversation(rules=Rules(follow_up=False))
    talk["Claude"].will_say("From the Latin.", after=0.9)
    talk["Nova"].will_say("From the Italian.", after=0.4)
    talk.says("Sam", "Where does the word come from?", at=1.0)
    talk.ends()
    assert talk.transcript() == ["Sam: Where does the word come from?", "Nova: From the Italian."]
    assert [what.who for _, what in talk.log if isinstance(what, act.Drop)] == ["claude"]


def test_the_other_hears_it_and_follows_up_then_the_floor_is_the_humans() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("From the Latin.", "And from the Greek.", "And so on.", after=0.3)
    talk["Nova"].will_say("By way of the Italian.", "And the French.", after=0.6)
    talk.says("Sam", "Where does the word come from?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: From the Latin.", "Nova: By way of the Italian."]
    reasons = [what.reason for _, what in talk.log if isinstance(what, act.Think)]
    assert reasons == ["answer", "answer", "follow_up"]


def test_three_in_a_row_if_the_show_wants_that() -> None:
    talk = Conversation(rules=Rules(interject=False, max_ai_turns=3))
    talk["Claude"].will_say("One.", "Three.", "Five.", after=0.3)
    talk["Nova"].will_say("Two.", "Four.", after=0.6)
    talk.says("Sam", "Count, would you?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: One.", "Nova: Two.", "Claude: Three."]


def test_the_other_may_have_nothing_to_add() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("From the Latin.", after=0.3)
    talk["Nova"].will_say("<pass/>", "<pass/>")
    talk.says("Sam", "Where does the word come from?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: From the Latin."]


def test_a_faster_provider_does_not_own_the_show() -> None:
    talk = Conversation(rules=Rules(follow_up=False))
    talk["Claude"].ready_s, talk["Nova"].ready_s = 0.3, 0.7
    for number in range(12):
        talk.says("Sam", f"And what happened in year {number}?", at=1.0 + 8 * number)
    talk.ends()
    firsts = [heard.who for heard in talk.heard if heard.who != "Sam"]
    assert len(firsts) == 12
    assert 2 <= firsts.count("Nova") < 6, "sometimes, though it is never the first to be ready"


def test_who_is_ready_alone_does_not_wait() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    for number in range(3):
        talk.says("Sam", f"And what happened in year {number}?", at=1.0 + 8 * number)
    talk.ends()
    ready, speak = talk.when(act.Speak), [round(at, 3) for at, what in talk.log if type(what).__name__ == "ReplyReady"]
    assert ready == speak


def test_nobody_wants_to_say_anything() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<pass/>")
    talk["Nova"].will_say("<pass/>")
    talk.says("Sam", "Well, that was that.", at=1.0)
    talk.ends()
    assert talk.transcript() == ["Sam: Well, that was that."]


def test_nobody_is_answered_while_another_human_speaks() -> None:
    talk = Conversation("Sam, Anna", rules=Rules(follow_up=False))
    talk.says("Sam", "Where does the word come from?", at=1.0)
    end = talk.says("Anna", "I always thought that it came from the Latin, as most of them do, in one way.", at=2.0)
    talk.ends()
    assert talk.transcript()[:2] == [
        "Sam: Where does the word come from?",
        "Anna: I always thought that it came from the Latin, as most of them do, in one way.",
    ]
    assert len(talk.transcript()) == 3, "one answer to both"
    assert talk.when(act.Speak)[0] > end


def test_a_cough_of_somebody_else_delays_the_answer_only_as_long_as_it_lasts() -> None:
    talk = Conversation("Sam, Anna", rules=Rules(follow_up=False))
    talk.says("Sam", "Claude, where does the word come from?", at=1.0)
    talk.says("Anna", "", at=3.3, seconds=0.3)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: Claude has an answer to that."]
    assert len(talk.actions(act.Think)) == 1, "what was prepared is still right"


def test_a_hum_in_the_silence_after_a_statement_is_nothing() -> None:
    talk = Conversation(rules=Rules(follow_up=False))
    talk["Claude"].will_say("It is from the Latin.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.says("Sam", "Mm-hm.", at=7.0, seconds=0.6)
    talk.ends()
    assert len(talk.transcript()) == 2


def test_a_hum_after_a_question_is_an_answer() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk["Claude"].will_say("Shall I go on?", "Well, then.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.says("Sam", "Mm-hm.", at=7.0, seconds=0.6)
    talk.ends()
    assert talk.transcript()[2:] == ["Sam: Mm-hm.", "Claude: Well, then."]


def test_yes_answers_a_question_though_the_other_is_about_to_follow_up() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("Shall I tell you the rest?", "It was in spring.")
    talk["Nova"].will_say("He always asks that.", after=3.0)
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.says("Sam", "Yes.", at=5.6, seconds=0.4)
    talk.ends()
    assert talk.transcript()[2] == "Sam: Yes."


def test_right_while_a_follow_up_is_being_prepared_lets_it_come() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("From the Latin.")
    talk["Nova"].will_say("By way of the French.", after=1.5)
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.says("Sam", "Right.", at=4.3, seconds=0.4)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: From the Latin.", "Nova: By way of the French."]


def test_a_human_who_speaks_before_the_follow_up_has_the_floor() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("From the Latin.", "A long one.")
    talk["Nova"].will_say("By way of the French.", after=1.5)
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.says("Sam", "Claude, is that a long way for a word?", at=4.3)
    talk.ends()
    assert talk.transcript()[2:4] == ["Sam: Claude, is that a long way for a word?", "Claude: A long one."]


@pytest.mark.parametrize("eager", ["guess", "off"])
def test_an_answer_comes_sooner_when_it_was_prepared_on_the_guess(eager: str) -> None:
    talk = Conversation(ais="Claude", rules=Rules(eager=eager))
    end = talk.says("Sam", "Where does the word come from?", at=1.0)
    talk.ends()
    response_s = talk.when(act.Speak)[0] - end
    assert response_s == pytest.approx({"guess": 0.83, "off": 0.96}[eager], abs=0.01)


def test_a_guess_that_was_wrong_is_thrown_away() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk["Claude"].will_say("From the Latin.")
    talk.says("Sam", "Where does the word come from?", at=1.0, guess="Where does the sword come from?")
    talk.ends()
    guesses = [what.guess for _, what in talk.log if isinstance(what, act.Think)]
    assert guesses == ["Where does the sword come from?", ""]
    assert talk.transcript() == ["Sam: Where does the word come from?", "Claude: From the Latin."]


def test_a_guess_with_other_commas_is_kept() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk.says("Sam", "So, where does it come from?", at=1.0, guess="so where does it come from")
    talk.ends()
    assert len(talk.actions(act.Think)) == 1


def test_an_answer_is_prepared_on_a_first_reading_that_the_better_one_confirms() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    end = talk.says("Sam", "Where does it come from?", at=1.0, draft="where does it come from")
    talk.ends()
    (thought,) = talk.when(act.Think)
    assert thought - end == pytest.approx(PAUSE_SEEN_S + DRAFT_S)
    assert talk.transcript() == ["Sam: Where does it come from?", "Claude: Claude has an answer to that."]


def test_a_first_reading_that_was_wrong_is_thrown_away_when_the_better_one_comes() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk.says("Sam", "Where does the word come from?", at=1.0, draft="Where does the sword come from?")
    talk.ends()
    guesses = [what.guess for _, what in talk.log if isinstance(what, act.Think)]
    assert guesses == ["Where does the sword come from?", "Where does the word come from?"]
    assert len(talk.actions(act.Drop)) == 1
    assert talk.transcript()[0] == "Sam: Where does the word come from?"


@pytest.mark.parametrize("draft", ["Mm-hm.", "Thanks for watching."])
def test_a_first_reading_decides_nothing(draft: str) -> None:
    """Nor does one that sounds like no turn hold back the better one that is."""
    talk = Conversation(ais="Claude", rules=CALM)
    talk.says("Sam", "Where does it come from?", at=1.0, draft=draft)
    talk.ends()
    assert talk.transcript()[-1] == "Claude: Claude has an answer to that."


def test_a_first_reading_stops_no_voice() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk["Claude"].will_say("It is an old word, and nobody knows where it was first said, or by whom, or why.")
    talk.says("Sam", "Where does it come from?", at=1.0)
    talk.run(4.5)
    talk.says("Sam", "Mm-hm.", at=4.5, draft="Michael is gone.", seconds=0.5)
    talk.ends()
    assert not talk.actions(act.Stop)
    assert talk.transcript()[-1].endswith("or by whom, or why.")


def test_who_goes_on_after_a_first_reading_is_not_answered_in_the_middle() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk.says("Sam", "Where does it come from?", at=1.0, draft="Where does it come", never_ends=True)
    talk.told(ev.SpeechStarted(at=3.0, who="sam", utterance="u1"))
    talk.run(3.1)
    assert len(talk.actions(act.Drop)) == len(talk.actions(act.Think))


def test_who_goes_on_after_a_pause_is_not_answered_in_the_middle() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk.says("Sam", "Where does the word come from, ... and what did it mean, ... back then?", at=1.0)
    talk.ends()
    assert talk.transcript() == [
        "Sam: Where does the word come from, and what did it mean, back then?",
        "Claude: Claude has an answer to that.",
    ]


def test_the_tiles_show_who_thinks_and_who_speaks() -> None:
    talk = Conversation(rules=Rules(follow_up=False))
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    assert talk.run(3.0).showing("claude") == "thinking"
    assert talk.showing("nova") == "listening"
    assert talk.run(3.5).showing("claude") == "speaking"
    assert talk.ends().showing("claude") == "listening"


def test_minds_that_share_one_machine_are_asked_one_after_the_other_and_take_turns() -> None:
    talk = Conversation(rules=Rules(follow_up=False, interject=False, race=False))
    for number in range(4):
        talk.says("Sam", f"And what happened in year {number}?", at=1.0 + 8 * number)
    talk.ends()
    assert [heard.who for heard in talk.heard if heard.who != "Sam"] == ["Claude", "Nova", "Claude", "Nova"]
    assert len(talk.when(act.Think)) == 4


def test_who_was_not_asked_first_is_asked_when_the_other_has_nothing_to_say() -> None:
    talk = Conversation(rules=Rules(follow_up=False, interject=False, race=False))
    talk["Claude"].will_say("<pass/>")
    talk["Nova"].will_say("From the Italian.")
    talk.says("Sam", "Where does the word come from?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Nova: From the Italian."]


def test_once_money_runs_short_one_reply_is_made_for_a_turn_and_none_on_a_guess() -> None:
    talk = Conversation(rules=Rules(follow_up=False))
    talk.floor.handle(ev.SavingBegun(at=0.0))
    talk.says("Sam", "So why is that?", at=1.0)
    talk.says("Sam", "And why is this?", at=10.0)
    talk.ends()
    asked = [what for _, what in talk.log if isinstance(what, act.Think)]
    assert [think.who for think in asked] == ["claude", "nova"]
    assert all(think.guess_of is None for think in asked)
