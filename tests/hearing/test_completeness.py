"""Which words look like the end of a turn."""

from __future__ import annotations

import pytest

from agent.hearing.completeness import Completeness, completeness, of_readings

NAMES = frozenset({"claude", "guest", "anna"})


@pytest.mark.parametrize(
    "text",
    [
        "What do you think about that?",
        "So tell me, who is going to pay for it?",
        "Where do they come from?",
        "Is that what you are looking for?",
        "Why did you leave when things were going so well?",
        "He sold it. When did he do that?",
    ],
)
def test_a_question(text: str) -> None:
    assert completeness(text, NAMES) is Completeness.QUESTION


@pytest.mark.parametrize(
    "text",
    [
        "Claude?",
        "Hey, Claude?",
        "Stop.",
        "No, wait, please.",
        "Hold on a second.",
        "Yeah.",
        "Right, exactly.",
        "Mm-hm.",
        "I don't know.",
        "Thank you very much.",
    ],
)
def test_nothing_follows(text: str) -> None:
    assert completeness(text, NAMES) is Completeness.CLOSED


@pytest.mark.parametrize(
    "text",
    [
        "I read the report last night.",
        "We had the same problem!",
        "Yes, I do.",
        "It is what it is, my friend.",
        "When I was a student, we had no computers.",
        "After the first year we moved to where I live now.",
        "I didn't know that.",
        "Come in, my friend, and sit down.",
        "I don't agree with that one.",
        "Hold on, let me stop you there for a second because I disagree.",
        "But I object because of the price.",
        "They meander, and we dawdle.",
        "Everybody knows that story, or at least they think they do.",
        "I don't know who they are.",
        "She is a better driver than I am.",
        "Welcome back to the show, everybody.",
        "It works on a normal laptop as long as it is plugged in.",
        "I sent you the pictures of the house we looked at.",
        "There was a problem with the sound.",
        "There is no reason.",
        "He plays it very well.",
        "I have got used to it.",
        "That is what we listened to there.",
    ],
)
def test_a_whole_sentence(text: str) -> None:
    assert completeness(text, NAMES) >= Completeness.SENTENCE


@pytest.mark.parametrize(
    "text",
    [
        "I think the point is",
        "Let me ask you something because I",
        "Let me ask you something because I really",
        "I think the point is.",
        "The reason I ask is...",
        "And because",
        "We went to the.",
        "On the one hand,",
        "I think.",
        "I mean",
        "Well,",
        "Um.",
        "So.",
        "My question is about.",
        "If you look at it like that and",
        "That is true. But the thing is.",
        "I'm not sure whether-",
        "He said that after the war, and then",
        "He said that after the war.",
        "When I was a student.",
        "So if you look at the numbers.",
        "The best part of the book.",
        "The people who built this.",
        "And then we decided.",
        "Two things.",
        "I would like to know.",
        "Do you think that?",
        "In the end.",
        "There was a time.",
        "There is one man.",
        "That is true. Because the.",
        "I was there. When the war was over, I",
        "And that, well.",
        "I think,",
        "You have to be able to it.",
        "I would like to you.",
        "Are you able to that?",
    ],
)
def test_more_is_to_come(text: str) -> None:
    assert completeness(text, NAMES) is Completeness.GOES_ON


@pytest.mark.parametrize("text", ["The food was great,", "What do you think about it,", "Claude,"])
def test_a_comma_behind_what_could_be_all(text: str) -> None:
    assert completeness(text, NAMES) is Completeness.COMMA


@pytest.mark.parametrize(
    "text",
    [
        "Claude.",
        "Hey Claude",
        "A hundred dollars.",
        "My neighbour",
        "Small models.",
        "Interesting numbers",
        "It costs two hundred dollars. If you buy it in advance.",
        "Have you been to the coast? Since they closed the road.",
    ],
)
def test_it_may_be_all_or_not(text: str) -> None:
    assert completeness(text, NAMES) is Completeness.OPEN


@pytest.mark.parametrize("text", ["", "..."])
def test_a_sound_without_words_may_be_a_name_that_was_not_understood(text: str) -> None:
    assert completeness(text, NAMES) is Completeness.SENTENCE


@pytest.mark.parametrize(
    ("text", "other", "looks"),
    [
        ("To decide which of my projects gets the money,", "Who decides which of them gets it?", Completeness.QUESTION),
        ("As the guests have another opinion here,", "Do the guests have another opinion here?", Completeness.QUESTION),
        ("She told me that her story over dinner", "She tells me a whole story over dinner.", Completeness.SENTENCE),
        # What is half a sentence in both readings, or in the likelier one and a scrap in the other, goes on
        ("She told us that during the winter", "Tito does that during the winter,", Completeness.GOES_ON),
        ("She told us that during the winter", "Winter", Completeness.GOES_ON),
        ("And then he said that the", "", Completeness.GOES_ON),
        # And a whole one is not made less by another reading
        ("Do you still live there?", "Do you still need the", Completeness.QUESTION),
        ("Stop.", "The top.", Completeness.CLOSED),
    ],
)
def test_of_two_readings_a_whole_sentence_is_hardly_made_up(text: str, other: str, looks: Completeness) -> None:
    assert of_readings(text, other) is looks
