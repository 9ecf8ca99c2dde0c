"""Where text is cut for synthesis."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.speaking.clauses import Clause, ClauseSplitter


def clauses(text: str) -> list[str]:
    splitter = ClauseSplitter()
    return [clause.text for clause in splitter.feed(text, 0.0) + splitter.end()]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (
            "That is a fair question, and I have a clear view on it. Running it costs money.",
            ["That is a fair question,", "and I have a clear view on it.", "Running it costs money."],
        ),
        ("Well, I think that is so, really.", ["Well, I think that is so,", "really."]),
        ("Yes. I do.", ["Yes.", "I do."]),
        ("It is 3.5 percent, e.g. of Dr. Smith's $1,000.", ["It is 3.5 percent,", "e.g. of Dr. Smith's $1,000."]),
        ("We met at 5 p.m. sharp. Then 6 p.m. We left.", ["We met at 5 p.m. sharp.", "Then 6 p.m.", "We left."]),
        ("The answer is no. But see No. 5 of J. S. Bach.", ["The answer is no.", "But see No. 5 of J. S. Bach."]),
        ("“Really?” she asked. “Yes.”", ["“Really?”", "she asked.", "“Yes.”"]),
        ("Wait... what?! Oh.", ["Wait...", "what?!", "Oh."]),
        ("I came—as you know—to stay.", ["I came—", "as you know—to stay."]),
        ("First we do this, then that, and after all of it we do the other thing, of course.",
         ["First we do this,", "then that, and after all of it we do the other thing,", "of course."]),
        ("no mark at all", ["no mark at all"]),
        ("...", ["..."]),
        ("", []),
    ],
)  # fmt: skip
def test_cuts(text: str, cut: list[str]) -> None:
    assert clauses(text) == cut


def test_the_first_clause_is_out_with_the_character_after_its_mark() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("That is a fair question", 0.0) == []
    assert splitter.feed(",", 0.1) == []
    assert splitter.feed(" ", 0.2) == [Clause("That is a fair question,", "comma")]


def test_after_600_ms_without_text_what_is_complete_is_spoken() -> None:
    splitter = ClauseSplitter()
    splitter.feed("I would like to inter", 1.0)
    assert splitter.deadline == pytest.approx(1.6)
    assert splitter.expire(1.5) == []
    assert splitter.expire(1.6) == [Clause("I would like to", "none")]
    assert splitter.deadline is None
    assert splitter.rest == "inter"


def test_a_slow_model_is_cut_at_a_conjunction() -> None:
    def first(seconds_a_word: float) -> str:
        splitter = ClauseSplitter()
        words = ["I", "would", "start", "with", "one", "task", "and", "measure", "it", "for", "a", "week."]
        for index, word in enumerate(words):
            for clause in splitter.feed(word + " ", index * seconds_a_word):
                return clause.text
        return splitter.end()[0].text

    assert first(0.01) == "I would start with one task and measure it for a week."
    assert first(0.07) == "I would start with one task"


def test_a_text_without_any_mark_is_cut_all_the_same() -> None:
    parts = clauses("and on we go " * 100)
    assert max(map(len, parts)) <= 240
    assert " ".join(parts) == ("and on we go " * 100).strip()


WORDS = st.sampled_from(
    [
        "I",
        "we",
        "Dr.",
        "e.g.",
        "3.5",
        "1,000",
        "p.m.",
        "no.",
        "No.",
        "yes,",
        "so;",
        "and",
        "but",
        "because",
        "end.",
        "why?",
        "—",
        "what!",
        "“quoted.”",
        "(so)",
        "No",
        "Mr.",
        "etc.",
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, max_size=80).map(" ".join), st.lists(st.integers(0, 1000), max_size=10))
def test_no_word_is_lost_and_the_chunks_do_not_matter(text: str, places: list[int]) -> None:
    expected = clauses(text)
    assert " ".join(expected) == text.strip()
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    for chunks in ([text[start:end] for start, end in pairwise(edges)], list(text)):
        splitter = ClauseSplitter()
        got = [clause for chunk in chunks for clause in splitter.feed(chunk, 0.0)] + splitter.end()
        assert [clause.text for clause in got] == expected
