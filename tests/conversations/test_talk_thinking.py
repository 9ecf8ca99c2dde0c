"""Thinking mode, and breaking in on one another."""

from __future__ import annotations

from agent.floor import actions as act
from agent.floor import events as ev
from agent.floor.rules import Rules
from tests.conversations.conversation import Conversation

CALM = Rules(interject=False, follow_up=False)
QUESTION = "Claude, is there a largest prime?"


def shown(talk: Conversation) -> list[tuple[float, str, float | None]]:
    return [
        (round(at, 2), what.who, None if what.until is None else round(what.until, 2))
        for at, what in talk.log
        if isinstance(what, act.ShowThinking)
    ]


def test_it_thinks_for_half_a_minute_and_then_says_what_it_thought() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<think/> No, and there is a proof.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: (let me think)", "Claude: No, and there is a proof."]
    (begun, who, until), (over, _, none) = shown(talk)
    assert (who, until, none) == ("claude", round(begun + 30.0, 2), None)
    assert over == until
    assert talk.when(act.Speak)[0] == over, "spoken at once: it lay ready"
    assert len(talk.actions(act.Think)) == 1


def test_it_says_so_in_its_own_words() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<think/> Let me think about that.")
    talk["Claude"].will_say("No, and there is a proof.")
    talk["Nova"].will_say("Yes.", after=0.3)
    talk.says("Sam", "Is there a largest prime?", at=1.0)
    # The wish to think comes with the first clause, while it is being said
    talk["Claude"].script[0] = ("Let me think about that.", 0.1)
    talk.run(2.9)
    talk.told(ev.ThinkingAsked(at=3.0, who="claude", reply="r1"))
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: Let me think about that.", "Claude: No, and there is a proof."]
    assert [what.reason for _, what in talk.log if isinstance(what, act.Think)] == ["answer", "answer", "think"]


def test_a_human_ends_it_by_asking() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<think/> No, and there is a proof.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.says("Sam", "So, what have you got?", at=12.0)
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: (let me think)",
        "Sam: So, what have you got?",
        "Claude: No, and there is a proof.",
    ]
    assert talk.when(act.Speak)[0] < 15.0


def test_go_ahead_ends_it() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<think/> No, and there is a proof.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.says("Sam", "Okay, go ahead.", at=12.0)
    talk.ends()
    assert talk.transcript()[-1] == "Claude: No, and there is a proof."
    assert talk.when(act.Speak)[0] < 15.0


def test_a_button_ends_it() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<think/> No, and there is a proof.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.presses("Sam", "end_thinking", at=12.0)
    talk.ends()
    assert talk.when(act.Speak) == [12.0]


def test_a_hum_does_not_end_it() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<think/> No, and there is a proof.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.says("Sam", "Hm.", at=12.0, seconds=0.5)
    talk.ends()
    assert talk.when(act.Speak)[0] > 30.0


def test_it_does_not_begin_over_a_human_when_the_time_is_up() -> None:
    talk = Conversation("Sam, Anna", rules=CALM)
    talk["Claude"].will_say("<think/> No, and there is a proof.")
    talk["Nova"].will_say("Very.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.says("Anna", "Nova, while we wait for that, is it going to be a fine day in your opinion?", at=33.0)
    talk.ends()
    assert talk.transcript()[2:] == [
        "Anna: Nova, while we wait for that, is it going to be a fine day in your opinion?",
        "Nova: Very.",
        "Claude: No, and there is a proof.",
    ]


def test_the_others_rest_but_answer_when_they_are_asked() -> None:
    talk = Conversation(rules=Rules(interject=False))
    talk["Claude"].will_say("<think/> No, and there is a proof.")
    talk["Nova"].will_say("It is half past nine.")
    talk.says("Sam", QUESTION, at=1.0)
    talk.says("Sam", "Nova, what time is it?", at=12.0)
    talk.ends()
    assert talk.transcript()[2:4] == ["Sam: Nova, what time is it?", "Nova: It is half past nine."]
    assert talk.when(act.Speak)[-1] > 30.0 or talk.transcript()[-1].startswith("Claude")


def test_a_thought_that_fails_is_owned_up_to() -> None:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say("<think/> It")
    talk.says("Sam", QUESTION, at=1.0)
    talk.run(5.0)
    talk.told(ev.ReplyFailed(at=6.0, who="claude", reply="r1", reason="the model is away"))
    talk.ends()
    last = talk.transcript()[-1]
    assert last == "Claude: (lost thread)"
    assert shown(talk)[-1][2] is None


def test_an_answer_that_is_not_ready_when_the_time_is_up_is_waited_for() -> None:
    talk = Conversation(ais="Claude", rules=CALM)
    talk["Claude"].will_say("No, and there is a proof.", after=32.0)
    talk.presses("Sam", "think", "claude", at=1.0)
    talk.ends()
    assert talk.transcript() == ["Claude: (let me think)", "Claude: No, and there is a proof."]


def test_a_listener_breaks_in_at_the_end_of_a_clause() -> None:
    talk = Conversation(rules=Rules(listen_after_s=1.0))
    talk["Claude"].will_say("First there was the Latin, then there was the French, and at last there was English.")
    talk["Nova"].will_say("<interject/> That is not quite right.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: First there was the Latin, then there was the French, --",
        "Nova: That is not quite right.",
    ]
    stop = talk.actions(act.Stop)[0][1]
    assert (stop.cause, stop.by) == ("interjection", "nova")  # type: ignore[attr-defined]


def test_the_one_who_was_broken_in_on_goes_on_when_it_is_told_to() -> None:
    talk = Conversation(rules=Rules(listen_after_s=1.0))
    talk["Claude"].will_say("First there was the Latin, then there was the French, and at last there was English.")
    talk["Nova"].will_say("<interject/> That is not quite right.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.says("Sam", "Go on, Claude.", at=14.0)
    talk.ends()
    assert talk.transcript()[-1] == "Claude: and at last there was English."


def test_nobody_is_broken_in_on_twice_in_a_while() -> None:
    long = "First there was this, then there was that, then came another, then came the next, then came the last."
    talk = Conversation(rules=Rules(listen_after_s=0.5, listen_every_s=1.0, follow_up=False))
    for _ in range(3):
        talk["Claude"].will_say(long)
        talk["Nova"].will_say("<interject/> No.")
    for number in range(3):
        talk.says("Sam", "Claude, where is it from?", at=1.0 + 14 * number)
    talk.ends()
    assert len([stop for _, stop in talk.actions(act.Stop) if stop.cause == "interjection"]) == 2, (  # type: ignore[attr-defined]
        "at 4 s and after 34 s, and not at 18 s"
    )


def test_nobody_breaks_in_when_the_humans_are_next() -> None:
    talk = Conversation(rules=Rules(listen_after_s=0.5, max_ai_turns=1))
    talk["Claude"].will_say("First there was the Latin, then there was the French, and at last there was English.")
    talk["Nova"].will_say("<interject/> No.")
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.ends()
    assert len(talk.transcript()) == 2


def test_who_wanted_to_break_in_and_came_too_late_speaks_next() -> None:
    talk = Conversation(rules=Rules(listen_after_s=0.5))
    talk["Claude"].will_say("First there was the Latin, and then there was the French.")
    talk["Nova"].will_say("<interject/> Not quite.", after=1.0)
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    talk.ends()
    assert talk.heard[1].text == "First there was the Latin, and then there was the French."
    assert talk.transcript()[-1] == "Nova: Not quite."
