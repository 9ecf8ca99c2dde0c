"""Who is asked, and who answers."""

from __future__ import annotations

import pytest

from agent.floor import actions as act
from agent.floor.rules import Rules
from tests.conversations.conversation import Conversation

QUIET = Rules(follow_up=False, interject=False)


def table(people: str = "Sam, Anna", ais: str = "Claude, Nova", rules: Rules = QUIET) -> Conversation:
    talk = Conversation(people, ais, rules=rules)
    for name in talk.mouths:
        talk.mouths[name].otherwise = f"{talk.names[name]} says so."
    return talk


def asked(talk: Conversation) -> list[str]:
    """Who was made to think; once each, since a guess may have been in vain."""
    return list(dict.fromkeys(what.who for _, what in talk.log if isinstance(what, act.Think)))


def test_the_one_who_is_named_is_the_only_one_who_thinks() -> None:
    talk = table()
    talk.says("Sam", "Nova, what do you think?", at=1.0)
    talk.ends()
    assert asked(talk) == ["nova"]
    assert talk.transcript() == ["Sam: Nova, what do you think?", "Nova: Nova says so."]


def test_the_slower_one_answers_when_it_is_named() -> None:
    talk = table()
    talk["Claude"].will_say("Slowly, then.", after=2.0)
    talk.says("Sam", "What do you think, Claude?", at=1.0)
    talk.ends()
    assert talk.transcript()[-1] == "Claude: Slowly, then."


@pytest.mark.parametrize("name", ["Clyde", "Cloud", "Clod", "Claud"])
def test_claude_is_known_by_its_sound(name: str) -> None:
    talk = table()
    talk.says("Sam", f"{name}, can you explain that?", at=1.0)
    talk.ends()
    assert asked(talk) == ["claude"]


def test_a_cloud_is_a_cloud() -> None:
    talk = table()
    talk.says("Sam", "And all of it runs in the cloud.", at=1.0)
    talk.ends()
    assert asked(talk) == ["claude", "nova"]


def test_both_of_you_are_heard_one_after_the_other() -> None:
    talk = table()
    talk.says("Sam", "What do both of you think?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: Claude says so.", "Nova: Nova says so."]


def test_the_order_is_the_speakers() -> None:
    talk = table()
    talk.says("Sam", "Nova and Claude, one after the other.", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Nova: Nova says so.", "Claude: Claude says so."]


def test_all_three_are_heard_though_two_in_a_row_are_the_rule() -> None:
    talk = table(ais="Claude, Nova, Sage")
    talk.says("Sam", "All of you, in one sentence.", at=1.0)
    talk.ends()
    assert [line.split(":")[0] for line in talk.transcript()[1:]] == ["Claude", "Nova", "Sage"]


def test_the_second_of_both_is_not_asked_when_a_human_takes_the_floor() -> None:
    talk = table()
    talk["Claude"].will_say("It is a long story, and it begins with a very old book about music.")
    talk.says("Sam", "What do both of you think?", at=1.0)
    talk.says("Anna", "Wait.", at=4.5, seconds=0.4)
    talk.ends()
    assert talk.transcript()[-1] == "Anna: Wait."


def test_a_mention_is_no_address() -> None:
    talk = table()
    talk.says("Sam", "As Claude said, it takes ten years.", at=1.0)
    talk.ends()
    assert asked(talk) == ["claude", "nova"]


def test_a_human_who_is_asked_is_answered_by_no_ai() -> None:
    talk = table()
    talk.says("Sam", "Anna, what do you think?", at=1.0)
    talk.ends()
    assert asked(talk) == []
    assert talk.transcript() == ["Sam: Anna, what do you think?"]


def test_the_answer_of_a_human_who_was_asked_is_a_turn_like_any_other() -> None:
    talk = table()
    talk.says("Sam", "Anna, what do you think?", at=1.0)
    talk.says("Anna", "I think Claude should explain it.", at=5.0)
    talk.ends()
    assert talk.transcript()[-1] == "Claude: Claude says so."


def test_what_was_asked_of_claude_is_answered_by_claude_whoever_speaks_last() -> None:
    talk = table()
    talk.says("Sam", "Claude, how old is it?", at=1.0)
    talk.says("Anna", "And who built it?", at=2.4)
    talk.ends()
    assert talk.transcript() == ["Sam: Claude, how old is it?", "Anna: And who built it?", "Claude: Claude says so."]


def test_two_people_ask_two_ais_and_both_answer() -> None:
    talk = table()
    talk.says("Sam", "Claude, how old is it?", at=1.0)
    talk.says("Anna", "Nova, who built it?", at=2.0)
    talk.ends()
    assert talk.transcript()[2:] == ["Claude: Claude says so.", "Nova: Nova says so."]


def test_a_name_and_then_the_question() -> None:
    talk = table()
    talk.says("Sam", "Claude. ... What do you think?", at=1.0)
    talk.ends()
    assert talk.transcript()[-1] == "Claude: Claude says so."
    assert asked(talk)[-1] == "claude"


def test_a_call_alone_is_answered() -> None:
    talk = table()
    talk["Nova"].will_say("Yes?")
    talk.says("Sam", "Nova?", at=1.0)
    talk.ends()
    assert talk.transcript() == ["Sam: Nova?", "Nova: Yes?"]


def test_the_guest_by_its_role() -> None:
    talk = table()
    talk.says("Sam", "What does our guest think about that?", at=1.0)
    talk.ends()
    assert asked(talk) == ["nova"]


def test_an_ai_passes_the_floor_to_the_other() -> None:
    talk = table()
    talk["Claude"].will_say("<to nova> Nova knows more about that.")
    talk["Nova"].will_say("I do.")
    talk.says("Sam", "Claude, what is a canon?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: Nova knows more about that.", "Nova: I do."]


def test_two_ais_do_not_pass_the_floor_to_and_fro() -> None:
    talk = table()
    talk["Claude"].will_say(*["<to nova> What do you say?"] * 5)
    talk["Nova"].will_say(*["<to claude> And what do you say?"] * 5)
    talk.says("Sam", "Claude, what is a canon?", at=1.0)
    talk.ends()
    assert len(talk.transcript()) == 3, "two turns, and the floor is the humans'"


def test_an_ai_that_asks_a_human_is_followed_by_no_ai() -> None:
    talk = table(rules=Rules(interject=False))
    talk["Claude"].will_say("<to sam> Why do you ask, Sam?")
    talk["Nova"].will_say("Because he is curious.")
    talk.says("Sam", "Claude, what is a canon?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: Why do you ask, Sam?"]


def test_an_ai_that_names_somebody_who_is_not_there_is_as_if_it_had_not() -> None:
    talk = table()
    talk["Claude"].will_say("<to bob> Bob knows.")
    talk.says("Sam", "Claude, what is a canon?", at=1.0)
    talk.ends()
    assert talk.transcript()[1:] == ["Claude: Bob knows."]


def test_the_guest_at_a_table_with_several_is_the_one_who_spoke_least_recently() -> None:
    talk = table(ais="Claude, Nova, Vera")
    talk.says("Sam", "What does the guest think about that?", at=1.0)
    talk.says("Sam", "And what does the guest think now?", at=12.0)
    talk.says("Sam", "And once more, what does the guest think?", at=24.0)
    talk.ends()
    assert [line.partition(":")[0] for line in talk.transcript()] == ["Sam", "Nova", "Sam", "Vera", "Sam", "Nova"]


def test_all_guests_are_asked_one_after_the_other() -> None:
    talk = table(ais="Claude, Nova, Vera")
    talk.says("Sam", "What do our guests think about that?", at=1.0)
    talk.ends()
    assert [line.partition(":")[0] for line in talk.transcript()] == ["Sam", "Nova", "Vera"]


@pytest.mark.parametrize(
    ("thanks", "behind", "who"),
    [
        ("Thank you.", "Claude, Nova, what would you add?", "nova"),
        ("Thanks,", "Nova. Claude, your turn.", "claude"),
        ("Good point.", "Claude, what do you say to that?", "claude"),
        ("Thanks, Nova.", "Claude, your turn.", "claude"),
        ("Thanks, Nova, Claude.", "Your turn.", "claude"),
    ],
)
def test_who_is_thanked_with_a_breath_before_the_name_is_not_asked(thanks: str, behind: str, who: str) -> None:
    talk = table()
    end = talk.says("Sam", thanks, at=1.0)
    talk.says("Sam", behind, at=end + 0.6)
    talk.ends()
    assert talk.transcript()[-2:] == [f"Sam: {behind}", f"{talk.names[who]}: {talk.names[who]} says so."]


def test_thanks_that_nothing_follows_are_answered_and_not_at_once() -> None:
    def waits_s(text: str) -> float:
        talk = table()
        end = talk.says("Sam", text, at=1.0)
        talk.ends()
        (begin,) = talk.when(act.Speak, "nova")
        return begin - end

    at_once_s = waits_s("Hello, Nova.")
    assert waits_s("Thanks, Nova. What do you think?") == pytest.approx(at_once_s)
    assert waits_s("Thanks, Nova.") > at_once_s + 0.3


def test_behind_thanks_those_who_are_asked_together_both_answer() -> None:
    talk = table()
    end = talk.says("Sam", "Thank you.", at=1.0)
    talk.says("Sam", "Both, please, what would you add?", at=end + 0.6)
    talk.ends()
    assert talk.transcript()[-2:] == ["Claude: Claude says so.", "Nova: Nova says so."]


def test_thanks_of_long_ago_or_of_somebody_else_change_nothing() -> None:
    talk = table()
    end = talk.says("Sam", "Thank you.", at=1.0)
    talk.says("Anna", "Claude, Nova, what would you add?", at=end + 0.6)
    talk.ends()
    of_another = talk.transcript()[-2:]
    talk = table()
    end = talk.says("Sam", "Thank you.", at=1.0)
    talk.says("Sam", "Claude, Nova, what would you add?", at=end + 30.0)
    talk.ends()
    assert talk.transcript()[-2:] == of_another == ["Claude: Claude says so.", "Nova: Nova says so."]
