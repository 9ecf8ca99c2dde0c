"""Markdown with YAML frontmatter as a model of pydantic: whatever is wrong is told with file and line, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from frontmatter.default_handlers import YAMLHandler
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)


class FrontmatterError(Exception):
    """A file that cannot be used: a fault a line, each with file and line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def parse(text: str, file: Path, model: type[M], *, kind: str, body: str) -> M:
    """
    Args:
        text: the file's content.
        file: its path, for messages; its name becomes the model's field `file`.
        kind: what such a file is called: "briefing". The README has a section of that name.
        body: the model's field for the text below the frontmatter.
    Raises:
        FrontmatterError: all that is wrong.
    """
    if not YAMLHandler().detect(text):
        raise FrontmatterError([f"{file}:1: a {kind} begins with '---', its frontmatter, and '---' again"])
    try:
        front, below = YAMLHandler().split(text)
    except ValueError as error:
        raise FrontmatterError([f"{file}:1: the frontmatter is not closed; end it with a line '---'"]) from error
    first_line = 1 + text[: text.index(front, 3)].count("\n")
    try:
        root = yaml.compose(front, yaml.SafeLoader)
        data = yaml.safe_load(front)
    except yaml.MarkedYAMLError as error:
        line = first_line + (error.problem_mark.line if error.problem_mark else 0)
        raise FrontmatterError([f"{file}:{line}: {error.problem or 'not valid YAML'}"]) from error
    if not isinstance(data, dict) or not isinstance(root, yaml.MappingNode):
        line = first_line + (root.start_mark.line if root else 0)
        raise FrontmatterError([f"{file}:{line}: the frontmatter is no mapping; write lines such as 'title: ...'"])
    faults = [f"{file}:{first_line + line}: {name!r} is there twice; remove one" for name, line in _twice(root)]
    try:
        made = model.model_validate({**data, "file": file.name, body: below.strip()})
    except ValidationError as error:
        faults += [_fault(file, first_line, root, detail, kind) for detail in error.errors()]
    if faults:
        raise FrontmatterError(faults)
    return made


def _fault(file: Path, first_line: int, root: yaml.MappingNode, detail: ErrorDetails, kind: str) -> str:
    line = first_line + _line_of(root, detail["loc"])
    where = ".".join(str(step) for step in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{file}:{line}: {where!r} is no field of a {kind}; see README, '{kind.capitalize()}s', or remove it"
    if detail["type"] == "missing":
        return f"{file}:{line}: {where!r} is missing; add it"
    cause = detail.get("ctx", {}).get("error")
    fix = getattr(cause, "fix", "")
    told = f"{cause}; {fix}" if fix else f"{detail['msg'][0].lower()}{detail['msg'][1:]}"
    return f"{file}:{line}: {where!r}: {told}"


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
