"""Personas as files: what they say, what the environment says before them, and who sits at the table."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli import main
from agent.settings import MindChoice, Problem, Settings, SettingsError, load
from agent.settings.persona_files import PersonaFile, PersonaFileError, parse_persona
from agent.settings.personas import timbre_apart

FILE = Path("personas/ada.md")
GOOD = """---
name: Ada
colour: "#FF00aa"
provider: groq, local
model: llama-3.1-8b-instant
timbre: 1.1
temperature: 0.5
aliases: [the engineer]
budget_usd: 0.25
---
You are Ada,
an engineer.

You argue from what you tried.
"""
KEY = "gsk_1234567890"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("claude", "guest", "sceptic"):
        (tmp_path / f"{name}.md").write_text(Path(f"personas/{name}.md").read_text())
    return tmp_path


def settings(folder: Path, **environ: str) -> Settings:
    return load({"STUDIO_PERSONAS__FOLDER": str(folder), **environ}, env_file=None).settings


def problems(folder: Path, **environ: str) -> dict[str, Problem]:
    with pytest.raises(SettingsError) as caught:
        settings(folder, **environ)
    return {problem.variable: problem for problem in caught.value.problems}


def test_a_persona_is_its_file() -> None:
    ada = parse_persona(GOOD, FILE)
    assert ada.slug == "ada"
    assert ada.provider == (MindChoice("groq"), MindChoice("local"))
    assert ada.character == "You are Ada, an engineer.\n\nYou argue from what you tried."


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("name: Ada\n", ""), 2, "'name' is missing"),
        (("colour: ", "color: "), 3, "'color' is no field of a persona; see README, 'Personas'"),
        (("#FF00aa", "red"), 3, "pattern"),
        (("groq, local", "grok"), 4, "did you mean xai?"),
        (("timbre: 1.1", "timbre: 2"), 6, "less than or equal to 1.2"),
        (("temperature: 0.5", "temperature: hot"), 7, "valid number"),
        (("budget_usd: 0.25", "budget_usd: 0"), 9, "greater than 0"),
        (("\nYou are Ada,\nan engineer.\n\nYou argue from what you tried.", ""), 2, "character"),
    ],
)
def test_a_fault_has_its_line_and_remedy(change: tuple[str, str], line: int, words: str) -> None:
    with pytest.raises(PersonaFileError) as caught:
        parse_persona(GOOD.replace(*change), FILE)
    (fault,) = caught.value.faults
    assert fault.startswith(f"personas/ada.md:{line}: ")
    assert words in fault


def test_a_file_name_that_is_no_id_is_told() -> None:
    with pytest.raises(PersonaFileError, match="use small letters"):
        parse_persona(GOOD, Path("personas/Ada Lovelace.md"))


def test_nothing_set_seats_claude_and_the_guest_as_they_always_were(folder: Path) -> None:
    claude, guest = settings(folder).cast()
    assert (claude.slug, claude.name, claude.colour, claude.timbre) == ("claude", "Claude", "#3b82f6", 1.0)
    assert (guest.slug, guest.name, guest.colour, guest.timbre) == ("guest", "Guest", "#f59e0b", 0.87)
    assert claude.mind == guest.mind == (MindChoice("local"),)
    assert guest.character.startswith("You are the guest: you hold a clear position")


def test_the_environment_goes_before_the_file(folder: Path) -> None:
    (folder / "guest.md").write_text(GOOD)
    everything = settings(folder, GROQ_API_KEY=KEY)
    guest = everything.persona("guest")
    assert guest.mind == (MindChoice("groq", "llama-3.1-8b-instant"), MindChoice("local"))
    assert (guest.name, guest.renamed, guest.timbre, guest.budget_usd) == ("Ada", False, 1.1, 0.25)
    chosen = settings(
        folder, GUEST="local", STUDIO_PERSONAS__GUEST__NAME="Mira", STUDIO_PERSONAS__GUEST__TEMPERATURE="0"
    ).persona("guest")
    assert chosen.mind == (MindChoice("local"),)
    assert (chosen.name, chosen.renamed, chosen.temperature) == ("Mira", True, 0.0)


def test_a_guest_whose_file_names_no_mind_has_the_guests(folder: Path) -> None:
    everything = settings(folder, GUEST="groq", GROQ_API_KEY=KEY, GUESTS="sceptic")
    assert everything.minds("sceptic") == (MindChoice("groq"),)


def test_a_key_is_asked_for_by_those_who_sit_and_by_nobody_else(folder: Path) -> None:
    (folder / "ada.md").write_text(GOOD)
    assert settings(folder).minds("ada")[0].provider == "groq"
    missing = problems(folder, GUESTS="guest,ada")["GROQ_API_KEY"]
    assert "ada.md asks for groq" in missing.wrong
    assert "write 'provider: local'" in missing.fix


def test_guests_are_chosen_from_those_there_are(folder: Path) -> None:
    assert [one.slug for one in settings(folder, GUESTS="guest, sceptic").cast()] == ["claude", "guest", "sceptic"]
    assert "guest, sceptic" in problems(folder, GUESTS="guest,nobody")["GUESTS"].fix
    assert "co-host" in problems(folder, GUESTS="claude")["GUESTS"].wrong


def test_every_fault_of_every_file_is_told_at_the_start(folder: Path) -> None:
    (folder / "guest.md").write_text(GOOD.replace("timbre: 1.1", "timbre: 9").replace("#FF00aa", "red"))
    (folder / "bad.md").write_text("no frontmatter")
    found = problems(folder, PORT="http")
    assert {Path(where).name for where in found} == {"guest.md:3", "guest.md:6", "bad.md:1", "PORT"}


def test_the_shipped_ones_stand_in_for_those_that_a_folder_lacks(tmp_path: Path) -> None:
    (tmp_path / "guest.md").write_text(GOOD.replace("provider: groq, local\nmodel: llama-3.1-8b-instant\n", ""))
    claude, ada = settings(tmp_path).cast()
    assert (claude.name, ada.name) == ("Claude", "Ada")
    assert set(settings(tmp_path / "nowhere").personas.slugs) >= {"claude", "guest", "sceptic"}


def test_no_two_at_a_table_look_or_sound_alike(folder: Path) -> None:
    for name in ("one", "two", "three"):
        (folder / f"{name}.md").write_text(f'---\nname: {name}\ncolour: "#f59e0b"\n---\nYou talk.\n')
    cast = settings(folder, GUESTS="guest,one,two,three").cast()
    assert cast[1].colour == "#f59e0b"
    assert len({one.colour for one in cast}) == 5
    timbres = sorted(one.timbre for one in cast)
    assert all(0.85 <= timbre <= 1.2 for timbre in timbres)
    assert all(after / before > 1.04 for before, after in pairwise(timbres))


def test_another_voice_needs_no_other_timbre(folder: Path) -> None:
    (folder / "sceptic.md").write_text("---\nname: Vera\nvoice: en-GB-Neural2-A\n---\nYou doubt.\n")
    assert settings(folder, GUESTS="guest,sceptic").cast()[2].timbre == 1.0


def test_a_timbre_apart_is_the_farthest_by_ear() -> None:
    assert timbre_apart([1.0, 0.87]) == 1.2
    assert timbre_apart([1.0, 0.87, 1.2]) == pytest.approx(1.1, abs=0.011)


def test_the_shipped_personas_are_good() -> None:
    shipped = {file.slug: file for file in load({}, env_file=None).settings.personas.files}
    assert {"claude", "guest", "sceptic"} <= set(shipped)
    assert all(isinstance(file, PersonaFile) and file.colour for file in shipped.values())
    assert len({file.colour for file in shipped.values()}) == len(shipped)


def test_studio_personas_lists_who_sits_and_what_the_others_lack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "ada.md").write_text(GOOD)
    monkeypatch.setenv("STUDIO_PERSONAS__FOLDER", str(folder))
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    lines = CliRunner().invoke(main, ["personas"]).output.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["claude", "guest", "ada"]
    assert "at the table" in lines[1]
    assert "GROQ_API_KEY" in lines[3]
