"""What a show is to be, from its request, its briefing and the settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.plan import Plan, make_plan
from agent.settings import load

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SHOW = "---\ntitle: Tea\n{more}---\nIt is morning.\n"


@pytest.fixture
def briefings(tmp_path: Path) -> Path:
    (tmp_path / "a-tea.md").write_text(SHOW.format(more="guest:\n  name: Mira\n  persona: You sell tea.\n"))
    (tmp_path / "two.md").write_text(SHOW.format(more="guests: [sceptic, guest, nobody]\n"))
    return tmp_path


def plan(briefings: Path, request: dict[str, object] | None = None, **environ: str) -> Plan:
    settings = load({"STUDIO_BRIEFINGS__FOLDER": str(briefings), **environ}, env_file=None).settings
    return make_plan(json.dumps(request or {}), room_name="room", settings=settings, now=NOW)


def names(made: Plan) -> dict[str, str]:
    return {persona.slug: persona.name for persona in made.personas}


def test_the_briefing_names_the_guest_and_the_environment_goes_before(briefings: Path) -> None:
    made = plan(briefings)
    assert names(made) == {"claude": "Claude", "guest": "Mira"}
    assert made.personas[1].prompt == "You sell tea. Today's topic: Tea."
    assert names(plan(briefings, STUDIO_PERSONAS__GUEST__NAME="Ann"))["guest"] == "Ann"


def test_guests_come_from_the_request_the_briefing_or_the_settings(briefings: Path) -> None:
    assert list(names(plan(briefings, GUESTS="guest,sceptic"))) == ["claude", "guest", "sceptic"]
    by_briefing = plan(briefings, {"briefing": "two"})
    assert list(names(by_briefing)) == ["claude", "sceptic", "guest"]
    assert "no personas/nobody.md" in by_briefing.faults[0]
    assert names(by_briefing)["guest"] == "Guest"
    assert list(names(plan(briefings, {"briefing": "two", "guests": ["sceptic.md"]}))) == ["claude", "sceptic"]
    assert list(names(plan(briefings, {"guests": []}))) == ["claude"]


def test_who_lacks_a_key_stays_away_and_the_host_is_told(briefings: Path, tmp_path: Path) -> None:
    personas = tmp_path / "personas"
    personas.mkdir()
    for name in ("claude", "guest"):
        (personas / f"{name}.md").write_text(Path(f"personas/{name}.md").read_text())
    (personas / "ada.md").write_text("---\nname: Ada\nprovider: xai\n---\nYou argue.\n")
    made = plan(briefings, {"guests": ["ada", "guest"]}, STUDIO_PERSONAS__FOLDER=str(personas))
    assert list(names(made)) == ["claude", "guest"]
    assert "ada cannot come to the table" in made.faults[0]
    assert "XAI_API_KEY" in made.faults[0]


def test_a_mind_of_the_cloud_is_told_who_sits_with_it(briefings: Path) -> None:
    key = {"ANTHROPIC_API_KEY": "sk-ant-0123456789", "GUEST": "groq", "GROQ_API_KEY": "gsk_0123456789"}
    claude, mira, vera = plan(briefings, None, GUESTS="guest,sceptic", **key).personas
    assert "Today's guests are Mira and Vera." in claude.prompt
    assert claude.prompt.startswith("You are the co-host: curious")
    assert mira.prompt.startswith("You sell tea.")
    assert "With you at the table: Mira." in vera.prompt
    assert [persona.style for persona in (claude, mira, vera)] == ["tagged"] * 3
