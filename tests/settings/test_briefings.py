"""Briefings: a show as a Markdown file; what is wrong with one is told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.briefings import Briefing, BriefingError, Source, find_briefing, list_briefings, parse_briefing

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("briefings/show.md")

GOOD = """---
title: Tea or coffee?
guest:
  name: Mira
  persona: You sell tea.
must_cover:
  - Which wakes you up
  - Which tastes
sources:
  - Aunt Rosa
  - title: A study
    url: https://example.org/study
    says: caffeine wakes
terms:
  - {term: caffeine, means: what wakes you}
segments:
  - {name: outro, seconds: 15}
---

It is morning.
"""


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(BriefingError) as caught:
        parse_briefing(text, FILE)
    return caught.value.faults


def test_a_briefing_is_a_show() -> None:
    briefing = parse_briefing(GOOD, FILE)
    assert briefing.title == "Tea or coffee?"
    assert briefing.guest.name == "Mira"
    assert briefing.sources[0] == Source(title="Aunt Rosa")
    assert briefing.segments[0].seconds == 15
    assert briefing.background == "It is morning."
    assert briefing.file == "show.md"


def test_the_guests_prompt_is_the_guests() -> None:
    briefing = parse_briefing(GOOD, FILE)
    guest = briefing.prompt("guest", "You sell tea.", [])
    claude = briefing.prompt("co-host", "You ask.", ["Mira"])
    assert guest.startswith("You sell tea.")
    assert claude.startswith("You ask.")
    assert "guest is Mira" in claude
    for part in ("Tea or coffee?", "Which wakes you up", "It is morning.", "A study: caffeine wakes", "what wakes you"):
        assert part in guest
        assert part in claude
    assert len(briefing.short_prompt("guest", "You sell tea.")) < 100


def test_a_title_alone_is_enough() -> None:
    briefing = parse_briefing("---\ntitle: Tea\n---\n", FILE)
    assert "must" not in briefing.prompt("co-host", "You ask.", [])
    assert briefing.guest.name is None


def test_several_guests_are_told_of_each_other() -> None:
    briefing = parse_briefing(GOOD.replace("guest:\n", "guests: [guest, sceptic]\nguest:\n"), FILE)
    assert briefing.guests == ("guest", "sceptic")
    assert "guests are Mira and Vera" in briefing.prompt("co-host", "You ask.", ["Mira", "Vera"])
    assert "With you at the table: Vera." in briefing.prompt("guest", "You sell tea.", ["Vera"])


def test_every_fault_is_told_with_its_line() -> None:
    found = faults(
        GOOD.replace("title: Tea or coffee?", "titel: Tea or coffee?")
        .replace("seconds: 15", "seconds: -1")
        .replace("url: https", "url: ftp")
    )
    assert [fault.split(": ")[0] for fault in found] == [
        "briefings/show.md:2",
        "briefings/show.md:12",
        "briefings/show.md:17",
        "briefings/show.md:2",
    ]
    assert "'title' is missing" in found[0]
    assert "greater than 0" in found[2]
    assert "'titel' is no field" in found[3]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Just text.\n", 1, "begins with '---'"),
        ("---\ntitle: x\n", 1, "not closed"),
        ("---\n\n\ntitle: x\nterms: [\n---\n", 6, ""),
        ("---\ntitle: x\n  tone: y\n---\n", 3, "mapping values are not allowed"),
        ("---\n- a\n- b\n---\n", 2, "no mapping"),
        ("---\ntitle: x\ntone: a\ntitle: y\n---\n", 4, "'title' is there twice"),
        ("---\ntitle: x\nguest:\n  nam: y\n---\n", 4, "'guest.nam' is no field"),
        ("---\ntitle: ' '\n---\n", 2, "at least 1 character"),
        ("---\ntitle: x\nmust_cover: all of it\n---\n", 3, "must_cover"),
    ],
)
def test_a_fault_has_its_line(text: str, line: int, words: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith(f"briefings/show.md:{line}: ")
    assert words in fault


def test_a_briefing_is_found_by_name_and_never_outside_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "briefings"
    folder.mkdir()
    (folder / "tea.md").write_text(GOOD)
    (tmp_path / "secret.md").write_text(GOOD)
    assert find_briefing(folder, "tea") == find_briefing(folder, "tea.md")
    for name in ("../secret.md", "", "..", "/etc/passwd", "coffee"):
        with pytest.raises(BriefingError, match="studio briefings"):
            find_briefing(folder, name)


def test_one_bad_briefing_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("no frontmatter")
    (tmp_path / "b.md").write_text(GOOD)
    bad, good = list_briefings(tmp_path)
    assert isinstance(bad, BriefingError)
    assert isinstance(good, Briefing)


def test_the_shipped_briefings_are_good() -> None:
    shipped = list(list_briefings(ROOT / "briefings"))
    assert len(shipped) >= 2
    for briefing in shipped:
        assert isinstance(briefing, Briefing), briefing
        assert len(briefing.must_cover) >= 3
        assert briefing.sources
        assert briefing.background
        assert (
            len(briefing.prompt("co-host", "", ["Ada"])) < 6000
        )  # a small part of any context, and quick to read for a local model
