"""Which phonemes a word is made of, and when it is heard."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from livekit.plugins.piper.word_timing import estimate, spans


def said(expected: list[str], phonemes: str) -> list[str]:
    return [phonemes[first:end] for first, end in spans(expected, phonemes)]


def test_a_word_is_the_group_of_phonemes_that_sounds_like_it() -> None:
    assert said(["hˈaʊ", "ɑːɹ", "juː"], "hˈaʊ ɑːɹ juː?") == ["hˈaʊ", "ɑːɹ", "juː"]


def test_words_that_are_spoken_as_one_are_told_apart() -> None:
    assert said(["ʌv", "ðə", "pˈiːpəl"], "ʌvðə pˈiːpəl.") == ["ʌv", "ðə", "pˈiːpəl"]


def test_one_word_may_be_several_spoken_ones() -> None:
    heard = said(["pˈeɪd", "dˈɑːlɚ θɹˈiː pɔɪnt fˈaɪv zˈiəɹoʊ", "ðˈɛn"], "pˈeɪd dˈɑːlɚ θɹˈiː pɔɪnt fˈaɪv zˈiəɹoʊ ðˈɛn")
    assert heard == ["pˈeɪd", "dˈɑːlɚ θɹˈiː pɔɪnt fˈaɪv zˈiəɹoʊ", "ðˈɛn"]


def test_a_word_that_sounds_different_in_its_sentence_ends_at_the_gap() -> None:
    assert said(["ˈeɪ", "hˈaʊs"], "ɐ hˈaʊs") == ["ɐ", "hˈaʊs"]


def test_a_dash_takes_no_time() -> None:
    assert said(["jˈɛs", "", "nˈoʊ"], "jˈɛs nˈoʊ")[1] == ""


def test_where_nothing_is_said_every_word_is_empty() -> None:
    assert spans(["", ""], "") == [(0, 0), (0, 0)]
    assert spans(["a"], "...") == [(0, 0)]


symbols = st.text(alphabet="aeiˈː ,.ðəhst", max_size=30)


@given(st.lists(symbols, min_size=1, max_size=12), symbols)
def test_words_are_always_in_order_and_never_overlap(expected: list[str], phonemes: str) -> None:
    found = spans(expected, phonemes)
    assert len(found) == len(expected)
    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= len(phonemes)


def test_the_estimate_ends_a_word_where_it_is_quiet() -> None:
    rate_hz = 16_000
    tone = np.sin(np.arange(rate_hz) * 0.3).astype(np.float32)
    speech = np.concatenate([tone[:8_000], np.zeros(1_600, np.float32), tone[:6_400]])
    first, second = estimate(speech, rate_hz, ["hello", "world"])
    assert first.start_s == 0
    assert 0.5 <= first.end_s == second.start_s <= 0.6
    assert second.end_s == 1.0


@given(st.integers(0, 4_000), st.lists(st.text(max_size=9), max_size=30))
def test_the_estimate_never_goes_back(samples: int, words: list[str]) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, samples).astype(np.float32)
    made = estimate(noise, 8_000, words)
    edges = [edge for word in made for edge in (word.start_s, word.end_s)]
    assert [word.text for word in made] == words
    assert edges == sorted(edges)
    assert not edges or edges[-1] <= samples / 8_000
