"""Any text becomes a name that any file system takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.recording.names import file_name, safe_name


@settings(deadline=None)
@given(st.text(max_size=400))
def test_a_name_is_short_plain_and_never_a_path(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", safe_name(text, default="episode"))
    assert len(safe_name(text, default="episode")) <= 60


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My Show", "my-show"),
        ("../../etc/passwd", "etc-passwd"),
        ("Ærø & Łódź", "r-odz"),
        ("日本語", "episode"),
        ("", "episode"),
        (".hidden", "hidden"),
        ("a" * 300, "a" * 60),
        ("Café Müller", "cafe-muller"),
    ],
)
def test_names_by_example(text: str, name: str) -> None:
    assert safe_name(text, default="episode") == name


def test_speakers_of_one_name_get_files_of_their_own() -> None:
    taken: set[str] = set()
    for _ in range(3):
        taken.add(file_name("Anna", taken))
    assert taken == {"anna", "anna-2", "anna-3"}


@pytest.mark.parametrize("name", ["episode", "CON", "nul", "com1"])
def test_names_that_mean_something_else_are_not_given(name: str) -> None:
    assert file_name(name, set()) == f"{name.lower()}-2"
