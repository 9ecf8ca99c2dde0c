"""Barge-in: duck, hold, judge. What an interruption stops, and what a backchannel does not."""

from __future__ import annotations

import pytest

from agent.floor import actions as act
from agent.floor.events import Evidence
from agent.floor.rules import Rules
from tests.conversations.conversation import Conversation

FUGUE = "A fugue is a piece in several voices, each of which enters with the same theme, one after the other."


@pytest.fixture
def talk() -> Conversation:
    """Claude explains what a fugue is, from 2.7 s to 9.0 s. The AIs do not follow up."""
    talk = Conversation("Sam, Anna", "Claude, Nova", rules=Rules(follow_up=False, interject=False))
    talk["Claude"].will_say(FUGUE)
    talk.says("Sam", "Claude, what is a fugue?", at=0.5)
    return talk


def everything_was_said(talk: Conversation) -> bool:
    return talk.transcript()[:2] == ["Sam: Claude, what is a fugue?", f"Claude: {FUGUE}"]


def test_a_cough_ducks_the_voice_and_does_not_take_the_floor(talk: Conversation) -> None:
    talk.says("Sam", "", at=5.0, seconds=0.1)
    talk.ends()
    assert talk.when(act.Duck) == [5.06]
    assert not talk.actions(act.Hold)
    assert talk.when(act.Unduck) == [5.35], "0.15 s after the voice was gone"
    assert talk.transcript() == ["Sam: Claude, what is a fugue?", f"Claude: {FUGUE}"]


def test_an_mm_hm_holds_the_voice_for_a_moment_and_no_word_is_lost(talk: Conversation) -> None:
    talk.says("Sam", "Mm-hm.", at=5.0, seconds=0.7)
    talk.ends()
    assert talk.when(act.Hold) == [5.21]
    assert talk.when(act.Resume) == [6.16], "0.46 s after the mm-hm: as soon as nobody goes on behind it"
    assert talk.transcript() == ["Sam: Claude, what is a fugue?", f"Claude: {FUGUE}"]


@pytest.mark.parametrize("said", ["Right.", "Yeah, yeah.", "Oh, I see.", "Wow!", "Exactly.", "Really?", "Ha ha ha."])
def test_a_word_of_agreement_lets_the_voice_go_on(talk: Conversation, said: str) -> None:
    talk.says("Sam", said, at=5.0, seconds=0.6)
    talk.ends()
    assert everything_was_said(talk)
    assert len(talk.actions(act.Think)) == 1, "and nobody answers it"


def test_a_hum_that_the_recogniser_takes_for_a_word_lets_the_voice_go_on(talk: Conversation) -> None:
    hum = Evidence(speech_s=0.7, level_dbfs=-25, average_log_probability=-1.4, no_speech_probability=0.5)
    talk.says("Sam", "In a mom", at=5.0, seconds=0.7, evidence=hum)
    talk.ends()
    assert everything_was_said(talk)


def test_thank_you_that_was_a_cough_lets_the_voice_go_on(talk: Conversation) -> None:
    cough = Evidence(speech_s=0.5, level_dbfs=-25, average_log_probability=-0.6, no_speech_probability=0.5)
    talk.says("Sam", "Thank you.", at=5.0, seconds=0.5, evidence=cough)
    talk.ends()
    assert everything_was_said(talk)


@pytest.mark.parametrize(
    "said", ["Right, but what about a canon?", "Yeah, no, that is a canon.", "Oh, but who wrote them?", "No, wrong."]
)
def test_an_interruption_that_begins_like_a_backchannel_takes_the_floor(talk: Conversation, said: str) -> None:
    talk.says("Sam", said, at=5.0, interim=True)
    talk["Claude"].will_say("That is another matter.")
    talk["Nova"].will_say("<pass/>")
    talk.ends()
    assert talk.transcript() == [
        "Sam: Claude, what is a fugue?",
        "Claude: A fugue is a piece in several --",
        f"Sam: {said}",
        "Claude: That is another matter.",
    ]


def test_the_voice_falls_silent_soon_after_the_onset_and_is_not_heard_again(talk: Conversation) -> None:
    talk.says("Sam", "But who was the first one to write them down like that?", at=5.0)
    talk.run(9.0)
    assert talk.when(act.Duck) == [5.06]
    assert talk.when(act.Hold) == [5.21]
    assert talk.when(act.Stop) == [6.31], "1.25 s of speech are a turn before a word of it is known"
    assert not talk.actions(act.Resume)


def test_right_then_a_pause_then_but_takes_the_floor(talk: Conversation) -> None:
    talk.says("Sam", "Right. ... But what about a canon?", at=5.0)
    talk["Nova"].will_say("<pass/>")
    talk.ends()
    assert talk.transcript()[2] == "Sam: Right. But what about a canon?"
    assert talk.heard[1].cut


def test_a_right_that_was_taken_for_the_whole_of_it_does_not_let_the_voice_in_before_the_but(
    talk: Conversation,
) -> None:
    paused = talk.says("Sam", "Right.", at=5.0, seconds=0.35)
    talk.says("Sam", "But what about a canon?", at=paused + 0.38)  # one in four pauses for so long
    talk["Nova"].will_say("<pass/>")
    talk.ends()
    assert not talk.actions(act.Resume), "not for the blink of an eye"
    assert talk.heard[1].cut


def test_a_long_laugh_stops_the_voice_and_it_goes_on_where_it_was(talk: Conversation) -> None:
    talk.says("Sam", "[laughter]", at=5.0, seconds=2.0)
    talk.ends()
    assert talk.transcript() == [
        "Sam: Claude, what is a fugue?",
        "Claude: A fugue is a piece in several --",
        "Claude: voices, each of which enters with the same theme, one after the other.",
    ]


def test_after_a_long_right_right_right_the_voice_goes_on_before_the_utterance_has_ended(talk: Conversation) -> None:
    paused = talk.says("Sam", "Right, right, right,", at=5.0, seconds=1.8, never_ends=True)
    talk.ends()
    assert talk.heard[1].cut, "it might have been a turn"
    (continued,) = talk.when(act.Continue)
    assert paused + 0.3 < continued < paused + 0.6, "a comma waits for more words, the voice does not"


def test_after_a_long_right_right_right_a_but_is_not_talked_over(talk: Conversation) -> None:
    paused = talk.says("Sam", "Right, right, right,", at=5.0, seconds=1.8)
    talk.says("Sam", "but what about a canon?", at=paused + 0.6)
    talk["Nova"].will_say("<pass/>")
    talk.ends()
    assert talk.transcript()[-2] == "Sam: but what about a canon?"


def test_wait_takes_the_floor_and_nobody_answers_it(talk: Conversation) -> None:
    talk.says("Sam", "Wait.", at=5.0, seconds=0.4)
    talk.ends()
    assert talk.heard[1].cut
    assert talk.transcript()[-1] == "Sam: Wait."
    assert len(talk.actions(act.Think)) == 1


def test_stop_is_obeyed_though_it_is_addressed(talk: Conversation) -> None:
    talk.says("Sam", "Claude, stop.", at=5.0)
    talk.ends()
    assert talk.transcript()[-1] == "Sam: Claude, stop."
    assert len(talk.actions(act.Think)) == 1


def test_hm_wait_takes_the_floor_at_its_last_word(talk: Conversation) -> None:
    talk.says("Sam", "Hm, wait.", at=5.0, seconds=0.6)
    talk.says("Sam", "Who wrote the first one?", at=7.5)
    talk["Claude"].will_say("Nobody knows.")
    talk["Nova"].will_say("<pass/>")
    talk.ends()
    assert talk.transcript()[2:] == ["Sam: Hm, wait.", "Sam: Who wrote the first one?", "Claude: Nobody knows."]


def test_go_on_resumes_what_was_not_heard(talk: Conversation) -> None:
    talk.says("Sam", "Wait, wait.", at=5.0)
    talk.says("Sam", "Go on.", at=8.0)
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: A fugue is a piece in several --",
        "Sam: Wait, wait.",
        "Sam: Go on.",
        "Claude: voices, each of which enters with the same theme, one after the other.",
    ]
    assert talk.when(act.Continue)[0] == pytest.approx(9.05, abs=0.01), "at the endpoint, with nothing to think of"


@pytest.mark.parametrize("said", ["Sorry, carry on.", "Continue, please.", "Okay, go ahead.", "Claude, please go on."])
def test_carry_on_in_other_words(talk: Conversation, said: str) -> None:
    talk.says("Sam", "Excuse me, what time is it now?", at=5.0)
    talk["Claude"].will_say("Nearly nine.")
    talk["Nova"].will_say("<pass/>")
    talk.says("Sam", said, at=11.0)
    talk.ends()
    last = talk.transcript()[-1]
    if talk.transcript()[3] == "Claude: Nearly nine.":
        assert last.startswith("Claude:"), "it has spoken since: it says more"
    else:
        assert last == "Claude: voices, each of which enters with the same theme, one after the other."


def test_another_persona_answers_the_interruption_and_the_first_carries_on(talk: Conversation) -> None:
    talk.says("Sam", "Nova, is that right?", at=5.0)
    talk["Nova"].will_say("Quite right.")
    talk.says("Sam", "Sorry, Claude, carry on.", at=10.0)
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: A fugue is a piece in several --",
        "Sam: Nova, is that right?",
        "Nova: Quite right.",
        "Sam: Sorry, Claude, carry on.",
        "Claude: voices, each of which enters with the same theme, one after the other.",
    ]


def test_go_on_while_it_speaks_is_encouragement(talk: Conversation) -> None:
    talk.says("Sam", "Go on.", at=5.0)
    talk.ends()
    assert everything_was_said(talk)


def test_two_people_hum_at_once(talk: Conversation) -> None:
    talk.says("Sam", "Mm-hm.", at=5.0, seconds=0.6)
    talk.says("Anna", "Yeah.", at=5.3, seconds=0.5)
    talk.ends()
    assert everything_was_said(talk)
    assert len(talk.actions(act.Resume)) == 1, "the voice waits for both"


def test_one_laughs_while_the_other_interrupts(talk: Conversation) -> None:
    talk.says("Anna", "Ha ha ha.", at=5.0, seconds=0.9)
    talk.says("Sam", "But that is a canon, isn't it?", at=5.2)
    talk["Nova"].will_say("<pass/>")
    talk["Claude"].will_say("It is.")
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: A fugue is a piece in several --",
        "Sam: But that is a canon, isn't it?",
        "Claude: It is.",
    ]


def test_a_cough_as_the_voice_is_about_to_begin_keeps_it_back(talk: Conversation) -> None:
    talk.run(2.42)  # the reply is ready at 2.43
    talk.says("Anna", "", at=2.38, seconds=0.1)
    talk.ends()
    assert everything_was_said(talk)


def test_a_human_who_goes_on_as_the_voice_begins_is_answered_once(talk: Conversation) -> None:
    talk.says("Sam", "In music, I mean.", at=2.8)
    talk["Claude"].will_say("In music, it is a piece in several voices.")
    talk.ends()
    heard = [line for line in talk.transcript() if not line.endswith(" --")]
    assert heard[-2:] == ["Sam: In music, I mean.", f"Claude: {FUGUE}"] or heard[-1].startswith("Claude: In music")


def test_the_one_who_was_interrupted_is_the_first_to_answer(talk: Conversation) -> None:
    talk.says("Sam", "But what about the cost of all that?", at=5.0)
    talk["Claude"].will_say("It costs nothing.", after=0.6)
    talk["Nova"].will_say("It costs a lot.", after=0.3)
    talk.ends()
    assert talk.transcript()[-1] == "Claude: It costs nothing.", "Nova was ready 0.3 s sooner"
    thought = [what.who for at, what in talk.log if isinstance(what, act.Think) and at > 5.0]
    assert thought[:2] == ["claude", "nova"], "and is synthesised first"


def test_a_recording_of_the_same_hour_gives_the_same_actions(talk: Conversation) -> None:
    talk.says("Sam", "Right, but what about a canon?", at=5.0, interim=True)
    talk.ends()
    again = Conversation("", "", rules=talk.rules).floor
    events = [what for _, what in talk.log if not isinstance(what, act.Action)]
    assert [action for event in events for action in again.handle(event)] == [
        what for _, what in talk.log if isinstance(what, act.Action)
    ]
