"""The tree as a flat list of variables: names, defaults, what they accept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from agent.settings.tree import Settings

PREFIX = "STUDIO_"


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting.

    Attributes:
        name: the environment variable.
        path: where the setting lies in the tree.
        default: the value without the variable; None where there is none.
        description: one sentence without a full stop; may be empty.
        accepts: what values it takes, in words.
    """

    name: str
    path: tuple[str, ...]
    default: object
    description: str
    accepts: str
    secret: bool

    @property
    def section(self) -> str:
        """The slice of the tree it belongs to; empty at the root."""
        return self.path[0] if len(self.path) > 1 else ""

    @property
    def default_text(self) -> str:
        """As it would be written in `.env`."""
        return text_of(self.default)


@cache
def variables() -> tuple[Variable, ...]:
    """Every setting, in the tree's order."""
    return tuple(_walk(Settings, ()))


def text_of(value: object) -> str:
    """A value as it is written in `.env`; nothing for None. A secret is written as stars."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "**********"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list, set, frozenset)):
        return ",".join(text_of(item) for item in value)
    if isinstance(value, Enum):
        return str(value.value)
    return str(value)


def _walk(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[Variable]:
    for name, field in model.model_fields.items():
        if field.exclude:
            continue  # no setting: load() fills it
        here = (*path, name)
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _walk(inner, here)
            continue
        extra = field.json_schema_extra
        plain = extra.get("variable") if isinstance(extra, dict) else None
        yield Variable(
            name=str(plain) if plain else PREFIX + "__".join(here).upper(),
            path=here,
            default=field.get_default(call_default_factory=True, validated_data={}),
            description=field.description or "",
            accepts=_accepts(field),
            secret=SecretStr in _types(field.annotation),
        )


def _types(annotation: Any) -> set[Any]:
    """The types that an annotation allows, unions taken apart."""
    if get_origin(annotation) in (Union, UnionType):
        return set().union(*(_types(part) for part in get_args(annotation)))
    return _types(annotation.__origin__) if hasattr(annotation, "__metadata__") else {annotation}


def _accepts(field: FieldInfo) -> str:
    types = _types(field.annotation)
    for kind in types:
        if get_origin(kind) is Literal:
            return f"one of {', '.join(text_of(value) for value in get_args(kind))}"
    if bool in types:
        return "true or false"
    if int in types or float in types:
        return ("a whole number" if float not in types else "a number") + _range(field)
    return "a path" if Path in types else "text"


def _range(field: FieldInfo) -> str:
    low: object = None
    high: object = None
    words = []
    for limit in field.metadata:
        match limit:
            case annotated_types.Ge(ge=low):
                words.append(f"{low} or more")
            case annotated_types.Gt(gt=value):
                words.append(f"more than {value}")
            case annotated_types.Le(le=high):
                words.append(f"{high} or less")
            case annotated_types.Lt(lt=value):
                words.append(f"less than {value}")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    return f", {' and '.join(words)}" if words else ""
