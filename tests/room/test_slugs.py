"""Speakers' ids are safe wherever they end up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.room.slugs import slugify, unique_slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Anna", "anna"),
        ("Zoë Müller", "zoe-muller"),
        ("  --  ", "guest"),
        ("王", "guest"),
        ("../../etc/passwd", "etc-passwd"),
        ("identity-x7__2", "identity-x7-2"),
    ],
)
def test_a_name_becomes_letters_digits_and_hyphens(name: str, slug: str) -> None:
    assert slugify(name) == slug


@given(st.text(max_size=400))
def test_any_name_is_safe_as_a_file_name(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slugify(name))
    assert len(slugify(name)) <= 60


def test_a_long_title_is_cut_at_a_word() -> None:
    slug = slugify("Who should run the machine that answers you, and who should pay for what it says?")
    assert slug == "who-should-run-the-machine-that-answers-you-and-who-should"


def test_two_annas_are_two_speakers() -> None:
    taken = {"claude", "guest"}
    for expected in ("anna", "anna-2", "anna-3"):
        slug = unique_slug("Anna", taken)
        taken.add(slug)
        assert slug == expected


def test_nobody_becomes_claude() -> None:
    assert unique_slug("Claude", {"claude", "guest"}) == "claude-2"
