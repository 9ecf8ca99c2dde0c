"""Small models' habits that show in clauses: circles, repetitions, the wrapper read aloud, nothing at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.floor.actions import Speak, Think
from agent.floor.events import PlaybackEnded, ReplyPassed
from agent.speaking.habits import Habits
from agent.speaking.reply import WRAPPER
from tests.speaking.fakes import ScriptedLLM
from tests.speaking.studio import Studio, running
from tests.support.personas import CLAUDE
from tests.support.virtual_time import run_virtual

TINY = replace(CLAUDE, style="plain")


def said(*clauses: str, habits: Habits | None = None) -> list[str]:
    habits = habits or Habits(told=WRAPPER)
    heard = []
    for clause in clauses:
        ruling = habits.rule(clause)
        if ruling == "end":
            break
        if ruling == "say":
            heard.append(clause)
    return heard


@pytest.mark.parametrize(
    ("clauses", "heard"),
    [
        (["I like it.", "It is good.", "It is good.", "It is good."], 2),
        (["It is good,", "and I like it.", "It is good,", "and I like it.", "It is good,"], 4),
        (["and the and the and the and the"], 0),
        (["We can see that we can see that we can see that we can see that we can"], 0),
        (["No, no, no.", "That is not so."], 2),
        (["Yes.", "Yes.", "Yes.", "I agree with that."], 4),
        (["I have a dream today.", "I have another one.", "I have a dream today."], 3),
    ],
)
def test_circles_end_a_reply(clauses: list[str], heard: int) -> None:
    assert said(*clauses) == clauses[:heard]


def test_the_wrapper_is_not_read_aloud() -> None:
    assert said("Nobody has spoken since.", "It is your turn.", "Well, I would say so.") == ["Well, I would say so."]
    assert said("Please go on.", "What do you say?") == ["Please go on.", "What do you say?"]


def test_a_small_model_does_not_say_again_what_it_said_before() -> None:
    before = ["The night sky is darker in the country, I would say."]
    habits = Habits(before=before, rounds=1)
    assert said("The night sky is darker in the country.", "I like it there.", habits=habits) == ["I like it there."]


def test_what_has_no_words_is_not_said() -> None:
    assert said("...", "—", "Yes.") == ["Yes."]


@pytest.mark.parametrize("reply", ["...", "", "Claude:", "Sam: And you?", "<pass/>", "Nobody has spoken since."])
def test_a_reply_of_nothing_passes_and_does_not_take_the_floor(reply: str) -> None:
    async def main() -> None:
        async with running(Studio(ScriptedLLM(reply))) as studio:
            studio.mouth.start(Think(who="claude", reply="r1", reason="answer"))
            await studio.next(ReplyPassed)

    run_virtual(main())


def test_a_tiny_model_that_goes_in_circles_is_ended_and_its_last_answer_is_not_heard_twice() -> None:
    async def main() -> None:
        circle = "I think so too. It is a good thing. It is a good thing. It is a good thing."
        again = "I think so too, I really do. It is a good thing. And there is more to it."
        async with running(Studio(ScriptedLLM(circle, again), persona=TINY)) as studio:
            for number in (1, 2):
                studio.mouth.start(Think(who="claude", reply=f"r{number}", reason="answer"))
                studio.mouth.start(Speak(who="claude", reply=f"r{number}"))
                await studio.next(PlaybackEnded, count=number)
            first, second = (event.heard for event in studio.of(PlaybackEnded))
            assert first == "I think so too. It is a good thing."
            assert second == "I think so too, I really do. And there is more to it."

    run_virtual(main())
