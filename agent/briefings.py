"""Briefings: what a show is about, as a Markdown file with YAML frontmatter, and the prompts made from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from frontmatter.default_handlers import YAMLHandler
from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from agent.errors import StudioError

Role = Literal["claude", "guest"]


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
    """The guest AI of this show."""

    name: Annotated[str, Field(min_length=1, max_length=40), BeforeValidator(_one_line)] = "Guest"
    persona: Line = "You hold a clear position and argue it with examples, and you concede a good point gladly."


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
        background: the Markdown text below the frontmatter.
    """

    file: str
    title: Line
    guest: GuestBrief = GuestBrief()
    tone: Line = "curious, warm and plain"
    must_cover: tuple[Line, ...] = ()
    sources: tuple[Annotated[Source, BeforeValidator(_source)], ...] = ()
    terms: tuple[Term, ...] = ()
    segments: tuple[Segment, ...] = ()
    background: str = ""

    def prompt(self, role: Role) -> str:
        """What a persona is told of the show: who it is there, tone, points, facts with their sources, terms."""
        return "\n\n".join(self._paragraphs(role))

    def short_prompt(self, role: Role) -> str:
        """The same in two sentences, for models too small to use more."""
        if role == "claude":
            return f"You are the co-host. Today's topic: {self.title}."
        return f"{self.guest.persona} Today's topic: {self.title}."

    def _paragraphs(self, role: Role) -> Iterator[str]:
        if role == "claude":
            yield (
                f"You are the co-host. Today's guest is {self.guest.name}. You draw people out, you are curious and "
                "precise, you have a dry sense of humour, and you disagree when you do."
            )
        else:
            yield f"You are today's guest. {self.guest.persona}"
        yield f"The show: {self.title}. Tone: {self.tone}."
        if self.must_cover:
            steer = "Steer the talk so that" if role == "claude" else "Help so that"
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
    if not YAMLHandler().detect(text):
        raise BriefingError([f"{file}:1: a briefing begins with '---', its frontmatter, and '---' again"])
    try:
        front, background = YAMLHandler().split(text)
    except ValueError as error:
        raise BriefingError([f"{file}:1: the frontmatter is not closed; end it with a line '---'"]) from error
    first_line = 1 + text[: text.index(front, 3)].count("\n")
    try:
        root = yaml.compose(front, yaml.SafeLoader)
        data = yaml.safe_load(front)
    except yaml.MarkedYAMLError as error:
        line = first_line + (error.problem_mark.line if error.problem_mark else 0)
        raise BriefingError([f"{file}:{line}: {error.problem or 'not valid YAML'}"]) from error
    if not isinstance(data, dict) or not isinstance(root, yaml.MappingNode):
        line = first_line + (root.start_mark.line if root else 0)
        raise BriefingError([f"{file}:{line}: the frontmatter is no mapping; write lines such as 'title: ...'"])
    faults = [f"{file}:{first_line + line}: {name!r} is there twice; remove one" for name, line in _twice(root)]
    try:
        briefing = Briefing.model_validate({**data, "file": file.name, "background": background.strip()})
    except ValidationError as error:
        faults += [_fault(file, first_line, root, detail) for detail in error.errors()]
    if faults:
        raise BriefingError(faults)
    return briefing


def list_briefings(folder: Path) -> Iterator[Briefing | BriefingError]:
    """Every `*.md` in the folder by name; those that do not parse as their errors."""
    for file in sorted(folder.glob("*.md")):
        try:
            yield load_briefing(file)
        except BriefingError as error:
            yield error


def _fault(file: Path, first_line: int, root: yaml.MappingNode, detail: ErrorDetails) -> str:
    line = first_line + _line_of(root, detail["loc"])
    where = ".".join(str(step) for step in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{file}:{line}: {where!r} is no field of a briefing; see README, 'Briefings', or remove it"
    if detail["type"] == "missing":
        return f"{file}:{line}: {where!r} is missing; add it"
    return f"{file}:{line}: {where!r}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _line_of(node: yaml.Node, loc: tuple[int | str, ...]) -> int:
    """The line of the deepest node on the way to `loc`, counted from 0."""
    line = node.start_mark.line
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line, node = found[-1][0].start_mark.line, found[-1][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return int(line)


def _twice(node: Any) -> Iterator[tuple[str, int]]:
    """Keys that stand in their mapping more than once, with their lines: YAML would keep the last in silence."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.value, key.start_mark.line
            seen.add(key.value)
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item)
