"""Personas as data: `personas/ID.md`, YAML frontmatter and a character below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from agent.errors import StudioError
from agent.frontmatter import FrontmatterError, parse
from agent.settings.choices import Minds

COHOST = "claude"
"""The co-host's id: the job's own participant, and the one that runs the show."""

# The page's palette (web/src/palette.ts) without the colours of people.
PALETTE = ("#c084fc", "#2dd4bf", "#f472b6", "#facc15", "#a3e635", "#fb7185", "#22d3ee", "#e879f9")

DARKEST, BRIGHTEST = 0.85, 1.2
"""Piper's timbres that make another person and stay intelligible: the plugin's README."""

_AGENT = Path(__file__).parents[1]
_SHIPPED = (_AGENT / "personas", _AGENT.parent / "personas")  # in the package, or beside it in a clone

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class PersonaFileError(StudioError):
    """A persona that cannot be used. One line of `str` a fault, each with file and line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults), fix="")
        self.faults = tuple(faults)


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


def _unwrapped(value: object) -> object:
    """Paragraphs in a line each: how a file is wrapped is no part of a prompt."""
    if not isinstance(value, str):
        return value
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", value.strip()))


def _listed(value: object) -> object:
    """`groq, local`, or the same as a YAML list."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value


Line = Annotated[str, Field(min_length=1, max_length=80), BeforeValidator(_one_line)]


class PersonaFile(BaseModel, frozen=True, extra="forbid"):
    """One AI, as its file describes it; the settings of the environment go before.

    Attributes:
        file: its name in the personas' folder.
        provider: mind and fallbacks, as in `GUEST=groq,local`; empty: that of the setting.
        model: of the first provider, where that names none.
        voice: of the TTS; None for the engine's own.
        timbre: Piper, factor on pitch and formants; None: one that nobody else at the table has.
        budget_usd: what its mind and voice may cost in an episode, US dollars; then it leaves the talk to the others.
        character: who it is, as its prompt says it.
    """

    file: str
    name: Annotated[str, Field(min_length=1, max_length=40), BeforeValidator(_one_line)]
    colour: str | None = Field(None, pattern=r"^#[0-9a-fA-F]{6}$")
    provider: Annotated[Minds, BeforeValidator(_listed)] = ()
    model: Line | None = None
    voice: Line | None = None
    timbre: float | None = Field(None, ge=DARKEST, le=BRIGHTEST)
    temperature: float = Field(0.8, ge=0, le=2)
    aliases: tuple[Line, ...] = ()
    budget_usd: float | None = Field(None, gt=0)
    character: Annotated[str, Field(min_length=1, max_length=4000), BeforeValidator(_unwrapped)]

    @property
    def slug(self) -> str:
        """Its speaker id and participant identity."""
        return Path(self.file).stem


def parse_persona(text: str, file: Path) -> PersonaFile:
    """
    Raises:
        PersonaFileError: all that is wrong in it, with lines.
    """
    faults = []
    if not _SLUG.fullmatch(file.stem):
        faults.append(f"{file}:1: {file.stem!r} is no id; use small letters, digits and hyphens: sceptic.md")
    try:
        persona = parse(text, file, PersonaFile, kind="persona", body="character")
    except FrontmatterError as error:
        raise PersonaFileError([*faults, *error.faults]) from error
    if faults:
        raise PersonaFileError(faults)
    return persona


def load_persona(file: Path) -> PersonaFile:
    """
    Raises:
        PersonaFileError: it cannot be read, or all that is wrong in it.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PersonaFileError([f"{file}: cannot be read: {error}"]) from error
    return parse_persona(text, file)


def list_personas(folder: Path) -> Iterator[PersonaFile | PersonaFileError]:
    """Every `*.md` in the folder by name, those that do not parse as their errors; then the shipped personas that the
    folder has no file of."""
    own = sorted(folder.glob("*.md"))
    shipped = next((sorted(files.glob("*.md")) for files in _SHIPPED if files.is_dir()), [])
    names = {file.name for file in own}
    for file in (*own, *(file for file in shipped if file.name not in names)):
        try:
            yield load_persona(file)
        except PersonaFileError as error:
            yield error
