"""Captions that can be read, in any script, by any player."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
import webvtt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.recording import cues
from agent.recording.cues import Cue, cut_into_cues, merge, parse_vtt, tidy, to_vtt

TEXTS = st.text(max_size=400) | st.sampled_from(
    [
        "a --> b & <c> </v> &amp; &lt;",
        "WEBVTT\n\nNOTE not a note\n\n00:00.000 --> 00:01.000",
        "これは句読点のない長い日本語の文章で、どこにも空白がありませんが、それでも字幕は二行に収まらなければなりません。"
        * 3,
        "مرحبا بكم في هذا البرنامج، نتحدث اليوم عن الذكاء الاصطناعي",
        "नमस्ते और कार्यक्रम में आपका स्वागत है",
        "👩‍👩‍👧‍👦" * 30,
        "x" * 300,
    ]
)
TIMES = st.floats(0, 10_000, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(start=TIMES, length=st.floats(-1, 120), text=TEXTS)
@example(start=0.0, length=0.0, text="word " * 200)
@example(start=3.0, length=60.0, text="two words")
def test_any_utterance_becomes_cues_within_the_rules(start: float, length: float, text: str) -> None:
    made = cut_into_cues(start, start + length, text)
    for cue in made:
        lines = cue.text.split("\n")
        assert len(lines) <= 2
        assert all(0 < len(line) <= 42 for line in lines)
        assert 0 < cue.end - cue.start <= 7.0 + 1e-6
    for cue, following in pairwise(made):
        assert cue.end <= following.start + 1e-6
    said = "".join("".join(cue.text.split()) for cue in made)
    assert said == "".join(cues._one_line(text).split())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(TIMES, st.floats(0.01, 30), TEXTS), max_size=6),
    st.text(max_size=60) | st.sampled_from(["Anna <A> & Co", "-->", "名前", "a\nb", "</v>", ""]),
)
def test_what_is_written_is_read_back_by_us_and_by_a_parser(
    utterances: list[tuple[float, float, str]], name: str
) -> None:
    made = [
        Cue(c.start, c.end, c.text, name)
        for start, length, text in utterances
        for c in cut_into_cues(start, start + length, text)
    ]
    content = cues.HEADER + "".join(map(to_vtt, made))
    ours = parse_vtt(content)
    assert [(c.text, c.voice) for c in ours] == [(c.text, cues._one_line(name)) for c in made]
    assert all(a.start == pytest.approx(b.start, abs=0.0006) for a, b in zip(ours, made, strict=True))
    theirs = webvtt.from_buffer(io.BytesIO(content.encode())).captions
    assert len(theirs) == len(made)
    assert content.count("-->") == len(made)  # none in any text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0.01, 20), TEXTS), max_size=8))
def test_tidied_cues_are_in_order_positive_and_never_overlap(utterances: list[tuple[float, float, str]]) -> None:
    made = [c for start, length, text in utterances for c in cut_into_cues(start, start + length, text)]
    tidied = tidy(made)
    assert len(tidied) == len(made)
    for cue in tidied:
        assert cues._timestamp(cue.start) < cues._timestamp(cue.end)
        assert cue.end - cue.start <= 7.0 + 1e-6
    for cue, following in pairwise(tidied):
        assert cue.end <= following.start + 1e-9
    assert tidy(tidied) == tidied


def test_reading_speed_is_kept_where_the_speech_allows() -> None:
    text = "We talked about this for quite a while, and then we came to another conclusion than before. " * 3
    for cue in tidy(cut_into_cues(0.0, 20.0, text)):
        assert len(cue.text) / (cue.end - cue.start) <= 20.0


def test_a_quick_last_word_stays_long_enough_to_be_read() -> None:
    (cue,) = cut_into_cues(5.0, 5.2, "That is what I meant to say.")
    assert cue.end - cue.start == pytest.approx(1.4)  # 28 characters at 20 a second


def test_a_word_that_lasts_long_is_shown_for_seven_seconds() -> None:
    (cue,) = cut_into_cues(0.0, 30.0, "Hmmmm.")
    assert cue.end == 7.0


def test_a_cue_makes_room_for_another_voice_when_it_can_be_read_in_less_time() -> None:
    anna, ben = Cue(0.0, 6.0, "Well.", "Anna"), Cue(2.0, 3.0, "Yes?", "Ben")
    assert merge([[anna], [ben]]) == [Cue(0.0, 2.0, "Well.", "Anna"), ben]


def test_a_cue_that_needs_its_time_keeps_it() -> None:
    long = Cue(0.0, 4.0, "x" * 40 + "\n" + "y" * 40, "Anna")
    assert merge([[long], [Cue(1.0, 2.0, "Yes?", "Ben")]])[0].end == 4.0


def test_words_that_begin_at_once_are_shown_by_who_came_first() -> None:
    assert [cue.voice for cue in merge([[Cue(1.0, 2.0, "a", "A")], [Cue(0.5, 2.0, "b", "B")]])] == ["B", "A"]


def test_a_torn_last_cue_is_left_out() -> None:
    whole = cues.HEADER + to_vtt(Cue(0.0, 1.0, "one")) + to_vtt(Cue(1.0, 2.0, "two"))
    for cut in range(len(cues.HEADER), len(whole)):
        texts = [cue.text for cue in parse_vtt(whole[:cut])]
        assert texts in ([], ["one"[: max(1, cut - 38)]], ["one"], ["one", "t"], ["one", "tw"], ["one", "two"])


def test_characters_are_never_cut_apart() -> None:
    family = "👩‍👩‍👧‍👦"
    for cue in cut_into_cues(0.0, 10.0, family * 20):
        for line in cue.text.split("\n"):
            assert not line.startswith("\u200d")
            assert not line.endswith("\u200d")
