import pytest
from livekit.plugins.faster_whisper.hallucination import is_no_speech, is_phrase, without_notes


def verdict(text: str, *, log: float = -0.3, none: float = 0.05, voiced_s: float = 1.0, peak: float = 0.99) -> bool:
    return is_no_speech(text, average_log_probability=log, no_speech_probability=none, voiced_s=voiced_s, peak=peak)


def test_what_subtitlers_note_is_not_said():
    assert without_notes("[Music]") == ""
    assert without_notes("(laughs) Well, *coughs* yes. ♪") == "Well, yes."


@pytest.mark.parametrize("text", ["", "...", "?!"])
def test_punctuation_alone_is_nothing(text: str):
    assert verdict(text)


@pytest.mark.parametrize("text", ["Thank you for watching!", "you", "Thank you. Thank you.", "So so so so"])
def test_a_film_ending_on_weak_ground_falls(text: str):
    assert is_phrase(text)
    assert verdict(text, none=0.7)
    assert verdict(text, log=-1.2)
    assert verdict(text, voiced_s=0.05)
    assert verdict(text, peak=0.6)
    assert verdict(text, log=-0.9, peak=0.8)


@pytest.mark.parametrize(
    ("text", "log", "none", "voiced_s"),  # as espeak-ng and Piper say them
    [
        ("Thank you.", -0.30, 0.28, 0.58),
        ("You", -0.89, 0.30, 0.35),
        ("Okay", -0.60, 0.41, 0.54),
        ("Oh.", -0.52, 0.46, 0.35),
    ],
)
def test_what_is_clearly_said_is_heard(text: str, log: float, none: float, voiced_s: float):
    assert not verdict(text, log=log, none=none, voiced_s=voiced_s)


def test_openais_rule_needs_both_figures():
    assert verdict("some words", none=0.7, log=-1.2)
    assert not verdict("some words", none=0.7, log=-0.5)
    assert not verdict("some words", none=0.2, log=-1.2)


def test_a_far_voice_is_heard_when_the_model_is_sure():
    assert not verdict("Thank you very much indeed.", log=-0.11, none=0.11, voiced_s=0.19, peak=0.56)


def test_words_without_any_voice_are_nobodys():
    assert verdict("They went to the market", log=-1.2, voiced_s=0.03, peak=0.4)
    assert verdict("They went to the market", none=0.8, voiced_s=0.0, peak=0.3)
    assert not verdict("They went to the market", voiced_s=1.2)


@pytest.mark.parametrize(
    ("text", "log", "none"),  # as whisper-base hears synthetic laughter
    [
        ("Fufufufufufufufufufufuf", -0.2, 0.6),
        ("Sousa Sousa Sousa", -0.3, 0.58),
        ("Sousa sa sa sa sa", -0.9, 0.55),
        ("I'm not a fan of the music.", -2.1, 0.59),
        ("Sousa", -2.1, 0.46),
        ("Ha ha ha!", -0.2, 0.36),
        ("Fufufufufufufufufufufuf", -0.1, 0.33),
        ("Sousa Sousa", -1.2, 0.45),
        ("Sousa", -1.5, 0.36),
        ("So so so so", -0.8, 0.3),
        ("Sousa, Fuss, Sousa", -0.4, 0.38),
        ("S-S-S-S-S-S-S-S-S", -0.4, 0.46),
        ("Pfff, pfff, pfff", -0.7, 0.45),
    ],
)
def test_laughter_is_no_speech(text: str, log: float, none: float):
    assert verdict(text, log=log, none=none)


@pytest.mark.parametrize("text", ["No, no, no.", "So, so.", "Very, very, very good.", "Ha, that is a good one."])
def test_who_repeats_a_word_or_laughs_with_words_is_heard(text: str):
    assert not verdict(text, log=-0.4, none=0.2)


@pytest.mark.parametrize(
    "text", ["Stop, stop, stop.", "Never, never, never, never.", "Money, money, money.", "Mm, mm, mm."]
)
def test_a_word_three_times_is_heard_though_it_sounds_like_a_laugh_to_the_model(text: str):
    assert not verdict(text, log=-0.6, none=0.58)


@pytest.mark.parametrize("text", ["Mississippi.", "Hmmm.", "Nooooo.", "Cocoa, cocoa.", "Banana."])
def test_a_word_that_goes_round_within_itself_is_a_word(text: str):
    assert not verdict(text, log=-0.6, none=0.3)


def test_words_that_nobody_could_say_in_the_time_are_nobodys():
    invented = "I'm not a fan of the game, but I'm not a fan of the game."
    assert verdict(invented, log=-1.5, none=0.38, voiced_s=0.61)
    assert not verdict(invented, log=-0.5, none=0.1, voiced_s=2.4)


def test_a_word_that_rattles_faster_than_a_mouth_is_a_laugh():
    assert verdict("Snor-snor-snor-snor-snor-snor-snor-snor-snor-snor", log=-0.38, none=0.54, voiced_s=1.09)
    assert not verdict("Go, go, go, go, go, go, go, go!", log=-0.3, none=0.2, voiced_s=1.2)
    assert not verdict("Never, never, never, never.", log=-0.3, none=0.2, voiced_s=1.1)
