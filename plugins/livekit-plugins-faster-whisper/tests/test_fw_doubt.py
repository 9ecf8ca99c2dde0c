import pytest
from livekit.plugins.faster_whisper.doubt import (
    compression_ratio,
    doubts,
    first_round,
    leaves_out,
    letters,
    repeats,
    words,
)


@pytest.mark.parametrize(
    "text",
    [
        "Try again. Fail again. Fail better. Fail better. Try again. Fail again. Fail better. Fail better.",
        "the end of the day the end of the day",
        "is it true is it true that octopuses have three hearts",
        "no no no no no",
        "you know you know you know",
        "and so on and so forth and we went and so on and so forth but then and so on and so forth",
    ],
)
def test_going_in_circles_is_noticed(text: str):
    assert repeats(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No, no, no.",
        "That is very, very good.",
        "Ever tried, ever failed. No matter. Try again. Fail again. Fail better.",
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
        "We had everything before us, we had nothing before us.",
        "Bye bye!",
    ],
)
def test_people_who_repeat_themselves_are_believed(text: str):
    assert not repeats(text)


def test_three_words_for_four_seconds_of_voice_are_too_few():
    assert doubts("I think so.", voiced_s=4.0) == ("too few words",)


def test_a_paragraph_for_one_second_of_voice_is_too_much():
    text = "The committee decided, after a long debate, to postpone the vote until next spring."
    assert doubts(text, voiced_s=1.2) == ("too many words",)
    assert doubts(text, voiced_s=4.5) == ()


def test_a_short_audio_has_no_rate():
    assert doubts("Yes.", voiced_s=0.4) == ()


def test_a_decoder_that_ran_into_its_limit_is_doubted():
    assert doubts("Something that went on", voiced_s=2.0, cut_off=True) == ("cut off",)


def test_dense_scripts_are_counted_by_sign():
    assert letters("今日は天気") == 15
    assert doubts("今日はいい天気ですね", voiced_s=2.0) == ()
    assert words("今日は Tokyo") == ["今", "日", "は", "tokyo"]


def test_compression_ratio_is_that_of_openai():
    assert compression_ratio("") == 0.0
    assert compression_ratio("fail better " * 40) > 2.4
    assert compression_ratio("What do you think of that?") < 1.5


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("Who never heard of it? Who never heard of it? Who never hea", "Who never heard of it?"),
        ("Go on, go on then. Go on, go on then.", "Go on, go on then."),
        ("Who never heard of it? Who never", None),
        ("No, no, no.", None),
        ("One thing, and then another thing.", None),
        ("", None),
    ],
)
def test_a_loop_is_told_from_a_text_by_its_rounds(text: str, once: str | None) -> None:
    assert first_round(text) == once


@pytest.mark.parametrize(
    "text",
    ["What do you think?", "what do you, think", "Anna.", "Anna, what do", "Anna, you think", "Anna, do you think?"],
)
def test_a_clause_that_is_missing_is_noticed_wherever_it_stood(text: str):
    assert leaves_out(text, "Anna, what do you think?")


@pytest.mark.parametrize(
    "text",
    ["", "Anna, what do you think?", "Anna, what do you think of it?", "Nova.", "Anna, do think?", "What can you do?"],
)
def test_other_words_than_those_are_another_text(text: str):
    assert not leaves_out(text, "Anna, what do you think?")
