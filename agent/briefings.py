"""Briefings: what a show is about, as a Markdown file with YAML frontmatter, and the prompts made from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from agent.errors import StudioError
from agent.frontmatter import FrontmatterError, parse

Role = Literal["co-host", "guest"]


class BriefingError(StudioError):
    """A briefing that cannot be used. One line of `str` a fault, each with file and line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults), fix="")
        self.faults = tuple(faults)


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


def _source(value: object) -> object:
    return {"title": value} if isinstance(value, str) else value


Line = Annotated[str, Field(min_length=1), BeforeValidator(_one_line)]


class GuestBrief(BaseModel, frozen=True, extra="forbid"):
    """Who the persona `guest` is in this show, in place of what its file says."""

    name: Annotated[str | None, Field(min_length=1, max_length=40), BeforeValidator(_one_line)] = None
    persona: Line | None = None


class Source(BaseModel, frozen=True, extra="forbid"):
    """What claims may rest on."""

    title: Line
    url: str | None = Field(None, pattern=r"^https?://\S+$")
    says: Line | None = None


class Term(BaseModel, frozen=True, extra="forbid"):
    """A word that listeners may not know, or that a recogniser may mishear."""

    term: Line
    means: Line


class Segment(BaseModel, frozen=True, extra="forbid"):
    """A part of the show with its time budget."""

    name: Line
    seconds: float = Field(gt=0, le=4 * 3600)
    cue: Line | None = None


class Briefing(BaseModel, frozen=True, extra="forbid"):
    """One show.

    Attributes:
        file: name in the briefings' folder.
        guests: ids of the personas that sit beside the co-host; None: those of the settings.
        background: the Markdown text below the frontmatter.
    """

    file: str
    title: Line
    guest: GuestBrief = GuestBrief()
    guests: tuple[Line, ...] | None = None
    tone: Line = "curious, warm and plain"
    must_cover: tuple[Line, ...] = ()
    sources: tuple[Annotated[Source, BeforeValidator(_source)], ...] = ()
    terms: tuple[Term, ...] = ()
    segments: tuple[Segment, ...] = ()
    background: str = ""

    def prompt(self, role: Role, character: str, others: Sequence[str]) -> str:
        """What a persona is told of the show: who it is there, tone, points, facts with their sources, terms.

        Args:
            character: who it is, in its file's words or this briefing's.
            others: names of the other AIs at the table.
        """
        return "\n\n".join(self._paragraphs(role, character, others))

    def short_prompt(self, role: Role, character: str) -> str:
        """The same in two sentences, for models too small to use more."""
        if role == "co-host":
            return f"You are the co-host. Today's topic: {self.title}."
        return f"{character} Today's topic: {self.title}."

    def _paragraphs(self, role: Role, character: str, others: Sequence[str]) -> Iterator[str]:
        yield character
        if role == "co-host" and others:
            yield f"Today's {'guest is' if len(others) == 1 else 'guests are'} {' and '.join(others)}."
        elif role == "guest":
            yield "You are today's guest." if len(others) < 2 else "You are one of today's guests."
            if others:
                yield f"With you at the table: {' and '.join(others)}."
        yield f"The show: {self.title}. Tone: {self.tone}."
        if self.must_cover:
            steer = "Steer the talk so that" if role == "co-host" else "Help so that"
            points = "\n".join(f"- {point}" for point in self.must_cover)
            yield f"{steer} these points come up, each in its own time, never as a list:\n{points}"
        if self.background:
            yield f"Background:\n{self.background}"
        if self.sources:
            listed = "\n".join(
                f"- {source.title}{f': {source.says}' if source.says else ''}" for source in self.sources
            )
            yield f"Facts come from the background and these sources; of others say that you are not sure:\n{listed}"
        if self.terms:
            yield "Terms:\n" + "\n".join(f"- {term.term}: {term.means}" for term in self.terms)


def load_briefing(file: Path) -> Briefing:
    """
    Raises:
        BriefingError: no such file, or all that is wrong in it, with lines.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BriefingError([f"{file}: there is no such briefing; 'studio briefings' lists those there are"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BriefingError([f"{file}: cannot be read: {error}"]) from error
    return parse_briefing(text, file)


def find_briefing(folder: Path, name: str) -> Briefing:
    """The briefing called `name` in the folder, with or without `.md`. A name that leads out of the folder is none.

    Raises:
        BriefingError: no such briefing, or it does not parse.
    """
    bare = name.removesuffix(".md")
    if not bare or bare != Path(bare).name:
        raise BriefingError([f"{name!r} is no name of a briefing; 'studio briefings' lists those there are"])
    return load_briefing(folder / f"{bare}.md")


def parse_briefing(text: str, file: Path) -> Briefing:
    """
    Args:
        text: the file's content.
        file: its path, for messages.
    Raises:
        BriefingError: all that is wrong, with lines.
    """
    try:
        return parse(text, file, Briefing, kind="briefing", body="background")
    except FrontmatterError as error:
        raise BriefingError(list(error.faults)) from error


def list_briefings(folder: Path) -> Iterator[Briefing | BriefingError]:
    """Every `*.md` in the folder by name; those that do not parse as their errors."""
    for file in sorted(folder.glob("*.md")):
        try:
            yield load_briefing(file)
        except BriefingError as error:
            yield error
