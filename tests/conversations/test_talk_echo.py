"""A human without headphones: the AI's voice comes back through their microphone, late and a little garbled."""

from __future__ import annotations

from agent.floor import actions as act
from agent.floor.rules import Rules
from tests.conversations.conversation import Conversation

CALM = Rules(interject=False, follow_up=False)
LONG = "First there was the Latin, then there was the French, and at last there was English, as we know it now."


def loud_talk() -> Conversation:
    talk = Conversation(rules=CALM)
    talk["Claude"].will_say(LONG)
    talk.says("Sam", "Claude, where is it from?", at=1.0)
    return talk


def test_an_echo_is_not_answered_and_not_a_turn() -> None:
    talk = loud_talk()
    talk.says("Sam", "then there was the French", at=6.0, seconds=0.5)
    talk.ends()
    assert talk.transcript() == ["Sam: Claude, where is it from?", f"Claude: {LONG}"]


def test_a_voice_that_was_stopped_by_its_own_echo_goes_on() -> None:
    talk = loud_talk()
    talk.says("Sam", "first there was the Latin then there was the trench", at=5.0, seconds=1.8)
    talk.ends()
    assert " ".join(heard.text for heard in talk.heard[1:]) == LONG


def test_a_microphone_that_echoes_stops_nobody_by_sound_after_the_second_time() -> None:
    talk = loud_talk()
    for at in (4.6, 6.1, 7.6):
        talk.says("Sam", "first there was the Latin", at=at, seconds=0.5)
    talk.ends()
    assert len(talk.actions(act.Hold)) == 2
    assert talk.transcript() == ["Sam: Claude, where is it from?", f"Claude: {LONG}"]


def test_through_an_echo_words_of_ones_own_still_take_the_floor() -> None:
    talk = loud_talk()
    for at in (4.6, 6.1):
        talk.says("Sam", "first there was the Latin", at=at, seconds=0.5)
    talk.says("Sam", "Hold on, who says so, and when was that?", at=7.6, interim=True)
    talk["Nova"].will_say("<pass/>")
    talk["Claude"].will_say("The books do.")
    talk.ends()
    assert talk.heard[1].cut
    assert talk.transcript()[-1] == "Claude: The books do."


def test_the_same_words_in_a_silence_are_a_humans() -> None:
    talk = loud_talk()
    talk.says("Sam", "And at last there was English?", at=14.0)
    talk.ends()
    assert "Sam: And at last there was English?" in talk.transcript()
