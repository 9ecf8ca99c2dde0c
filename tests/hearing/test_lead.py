"""What stands behind words that are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hearing.lead import behind

_WORD = st.text(alphabet="abcdefghij", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("lead", "whole", "rest"),
    [
        ("Is there anything you would change?", "Is there anything you would change, Ada?", "Ada?"),
        ("Is there anything you would change", "Is there anything you would change then?", "then?"),
        ("What will you send?", "What do you think, Claude, is it worth it?", "Claude, is it worth it?"),
        ("Is there anything you obtain?", "Is there anything you would change, right?", "right?"),
        ("Is now anything you want to change,", "Is now anything you would change, then?", "then?"),
        ("and why is that?", "and why is Nat Priya?", "Priya?"),
        ("What would you say to that?", "What would you say to that?' \"'Okay.", "Okay."),
        ("Ada?", "Ada? Is it worth it?", "Is it worth it?"),
        ("I - I think so.", "I think so - or not.", "or not."),
    ],
)
def test_the_rest_is_found_though_the_words_before_it_were_read_differently(lead: str, whole: str, rest: str) -> None:
    assert behind(whole, lead) == rest


@pytest.mark.parametrize(
    ("lead", "whole"),
    [
        ("What would you say to that?", "What would you say to that?"),
        ("Do you agree?", "Buu-buri Kai"),
        ("Do you agree?", ""),
        ("", "Do you agree?"),
        ("...", "Do you agree?"),
    ],
)
def test_nothing_stands_behind_the_same_words_or_behind_quite_other_ones(lead: str, whole: str) -> None:
    assert behind(whole, lead) == ""


@given(st.lists(_WORD, min_size=1, max_size=8), st.lists(_WORD, min_size=1, max_size=8))
def test_words_that_were_read_alike_leave_exactly_the_rest(lead: list[str], rest: list[str]) -> None:
    assert behind(" ".join([*lead, *rest]), " ".join(lead)) == " ".join(rest)
