"""Buttons, arrivals and departures."""

from __future__ import annotations

from agent.floor import actions as act
from agent.floor import events as ev
from agent.floor.rules import Rules
from tests.conversations.conversation import Conversation

CALM = Rules(interject=False, follow_up=False)
LONG = "First there was the Latin, then there was the French, and at last there was English."


def test_stop_means_silence() -> None:
    talk = Conversation(rules=Rules(interject=False))
    talk["Claude"].will_say(LONG)
    talk["Nova"].will_say("And more.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.presses("Sam", "stop", at=5.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: First there was the Latin, --"]


def test_stop_before_anybody_has_begun() -> None:
    talk = Conversation(rules=CALM)
    talk.says("Sam", "Where is it from?", at=1.0)
    talk.presses("Sam", "stop", at=2.9)
    talk.ends()
    assert talk.transcript() == ["Sam: Where is it from?"]


def test_skip_gives_the_turn_to_the_other() -> None:
    talk = Conversation(rules=Rules(interject=False))
    talk["Claude"].will_say(LONG)
    talk["Nova"].will_say("In short, from the Latin.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.presses("Sam", "skip", at=5.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: First there was the Latin, --", "Nova: In short, from the Latin."]


def test_ask_makes_a_persona_speak() -> None:
    talk = Conversation(rules=CALM)
    talk["Nova"].will_say("With pleasure.")
    talk.presses("Sam", "ask", "nova", at=1.0)
    talk.ends()
    assert talk.transcript() == ["Nova: With pleasure."]
    assert [what.reason for _, what in talk.log if isinstance(what, act.Think)] == ["command"]


def test_ask_while_another_speaks_is_for_afterwards() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say(LONG)
    talk["Nova"].will_say("My turn.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.presses("Sam", "ask", "nova", at=5.0)
    talk.ends()
    assert talk.transcript()[1:] == [f"Claude: {LONG}", "Nova: My turn."]


def test_go_on_by_button() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say(LONG)
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.presses("Sam", "stop", at=5.0)
    talk.presses("Sam", "go_on", at=8.0)
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: First there was the Latin, --",
        "Claude: then there was the French, and at last there was English.",
    ]


def test_go_on_with_nothing_left_asks_for_more() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("From the Latin.", "And before that from the Greek.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.presses("Sam", "go_on", at=8.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: From the Latin.", "Claude: And before that from the Greek."]
    assert [what.reason for _, what in talk.log if isinstance(what, act.Think)] == ["answer", "go_on"]


def test_think_by_button() -> None:
    talk = Conversation(rules=CALM)
    talk["Nova"].will_say("I thought about it.")
    talk.presses("Sam", "think", "nova", at=1.0)
    talk.ends()
    assert talk.when(act.Speak) == [31.0]


def test_a_human_who_leaves_in_mid_speech_gives_the_floor_back() -> None:
    talk = Conversation("Sam, Anna", rules=CALM)
    talk["Claude"].will_say(LONG)
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.told(ev.SpeechStarted(at=5.0, who="anna", utterance="cut off"))
    talk.leaves("Anna", at=5.6)
    talk.ends()
    assert talk.transcript()[1:] == [f"Claude: {LONG}"]


def test_a_human_who_interrupts_and_leaves_is_not_waited_for() -> None:
    talk = Conversation("Sam, Anna", rules=CALM)
    talk["Claude"].will_say(LONG)
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.told(ev.SpeechStarted(at=5.0, who="anna", utterance="cut off"))
    talk.leaves("Anna", at=9.0)
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: First there was the Latin, --",
        "Claude: then there was the French, and at last there was English.",
    ]


def test_an_ai_that_leaves_in_mid_reply_is_followed_by_the_next() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say(LONG)
    talk["Nova"].will_say("As Claude was saying.")
    talk.says("Sam", "What do both of you think?", at=1.0)
    talk.leaves("Claude", at=5.0)
    talk.ends()
    assert talk.transcript() == ["Sam: What do both of you think?", "Nova: As Claude was saying."]


def test_an_ai_that_leaves_before_it_answers_is_stood_in_for() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("Too late.", after=3.0)
    talk["Nova"].will_say("I can say that, too.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.leaves("Claude", at=3.5)
    talk.ends()
    assert talk.transcript()[1:] == ["Nova: I can say that, too."]


def test_who_comes_back_is_at_the_table_again() -> None:
    talk = Conversation("Sam, Anna", rules=CALM)
    talk.leaves("Anna", at=1.0)
    talk.leaves("Nova", at=1.0)
    talk.joins("Anna", at=2.0)
    talk.joins("Nova", role="ai", at=2.0)
    talk.says("Anna", "Nova, are you back, too?", at=3.0)
    talk.ends()
    assert talk.transcript() == ["Anna: Nova, are you back, too?", "Nova: Nova has an answer to that."]


def test_when_the_last_human_has_left_nobody_goes_on() -> None:
    talk = Conversation(rules=Rules(interject=False))
    talk["Claude"].will_say(LONG)
    talk["Nova"].will_say("And I would add this.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.leaves("Sam", at=5.0)
    talk.ends()
    assert talk.transcript()[1:] == [f"Claude: {LONG}"]


def test_a_table_without_ais_is_just_heard() -> None:
    talk = Conversation("Sam, Anna", "", rules=CALM)
    talk.says("Sam", "Hello, Anna.", at=1.0)
    talk.says("Anna", "Hello, Sam. How are you?", at=3.0)
    talk.ends()
    assert talk.transcript() == ["Sam: Hello, Anna.", "Anna: Hello, Sam. How are you?"]
    assert talk.when(act.Report) == []


def test_an_hour_of_talk_never_has_two_ais_at_once() -> None:
    talk = Conversation("Sam, Anna", "Claude, Nova")
    lines = [
        "Where is it from?",
        "Claude, why?",
        "Mm-hm.",
        "Right, but what about the cost?",
        "Both of you, briefly.",
        "Go on.",
    ]
    talk["Claude"].ready_s, talk["Nova"].ready_s = 0.4, 0.6
    at = 1.0
    for number in range(600):
        who = ("Sam", "Anna")[number % 3 == 0]
        at = talk.says(who, lines[(number * 7) % len(lines)], at=at) + (0.9, 2.7, 4.1, 6.5, 12.0)[(number * 3) % 5]
    talk.ends(at + 60)
    assert at > 3600
    assert len(talk.transcript()) > 600
