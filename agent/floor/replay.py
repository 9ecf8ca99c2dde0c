"""A floor's events and actions as plain values, and an episode's log put to the floor again.

In `events.jsonl` the floor has three kinds of line: `floor.rules` once, before anything else; `floor.event` for what it
was told; and right after each, in order, a `floor.action` for each thing it wanted done. Other kinds may lie between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from agent.floor import actions, events
from agent.floor.actions import Action
from agent.floor.events import Event
from agent.floor.machine import Floor
from agent.floor.rules import Rules

VERSION = 1  # of the plain form; a reader of another one says so rather than guess

Plain = dict[str, Any]


class LogUnreadable(ValueError):
    """A line that is none of this version's: `line` is its number, from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first event that the floor of today answers otherwise than the log says."""

    line: int  # of the event in the log, from 1
    event: Event
    logged: tuple[Plain, ...]
    reached: tuple[Plain, ...]

    def __str__(self) -> str:
        def listed(plain: tuple[Plain, ...]) -> str:
            return "".join(f"\n    {json.dumps(action)}" for action in plain) or "\n    nothing"

        return f"line {self.line}: {self.event}\n  logged:{listed(self.logged)}\n  reached:{listed(self.reached)}"


def log_line(what: Event | Action | Rules) -> tuple[str, Plain]:
    """The kind and the fields of a line of `events.jsonl`: `recorder.event(at, kind, **fields)`."""
    match what:
        case Event():
            return "floor.event", {"v": VERSION, "event": plain(what)}
        case Action():
            return "floor.action", {"v": VERSION, "action": plain(what)}
        case Rules():
            return "floor.rules", {"v": VERSION, "rules": what.model_dump(mode="json")}


def plain(value: Event | Action | events.Evidence) -> Plain:
    """JSON-ready: the class's name under "type", and its fields."""
    kind = type(value)
    made: Plain = {"type": kind.__name__}
    for name in _FIELDS[kind]:
        field = getattr(value, name)
        if isinstance(field, events.Evidence):
            made[name] = plain(field)
        else:
            made[name] = list(field) if isinstance(field, tuple) else field
    return made


def event_from(made: Mapping[str, Any]) -> Event:
    """The event again.

    Raises:
        ValueError: no such event, a field too many or too few, or of another type.
    """
    value = _from(made)
    if not isinstance(value, Event):
        raise ValueError(f"{made.get('type')} is no event")
    return value


def action_from(made: Mapping[str, Any]) -> Action:
    """The action again.

    Raises:
        ValueError: no such action, a field too many or too few, or of another type.
    """
    value = _from(made)
    if not isinstance(value, Action):
        raise ValueError(f"{made.get('type')} is no action")
    return value


def replay(lines: Iterable[str], rules: Rules | None = None) -> Divergence | None:
    """Put a log's events to a new floor, and compare what it wants done with what the log says was.

    Args:
        lines: of `events.jsonl`. A last line cut short, or a last event whose actions are not all there, is what a
            killed process leaves behind and no divergence.
        rules: other rules than those of the log, to see what they would change. Required when the log has none.

    Raises:
        LogUnreadable: a line is no JSON, of another version, or no event of the floor.
    """
    floor = Floor(rules) if rules is not None else None
    told: tuple[int, Event, tuple[Plain, ...]] | None = None
    logged: list[Plain] = []
    for number, kind, entry in _entries(lines):
        if kind == "floor.action":
            logged.append(entry.get("action", {}))
            continue
        if told is not None and (divergence := _compare(told, logged)) is not None:
            return divergence
        told, logged = None, []
        if kind == "floor.rules":
            floor = floor or Floor(Rules.model_validate(entry.get("rules", {})))
            continue
        if floor is None:
            raise LogUnreadable(number, "events before the rules; pass the rules that the show ran with")
        try:
            event = event_from(entry.get("event", {}))
        except ValueError as error:
            raise LogUnreadable(number, str(error)) from error
        told = (number, event, tuple(plain(action) for action in floor.handle(event)))
    if told is not None and told[2][: len(logged)] == tuple(logged):
        return None
    return _compare(told, logged) if told is not None else None


def _compare(told: tuple[int, Event, tuple[Plain, ...]], logged: list[Plain]) -> Divergence | None:
    number, event, reached = told
    return None if reached == tuple(logged) else Divergence(number, event, tuple(logged), reached)


def _entries(lines: Iterable[str]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    broken: LogUnreadable | None = None
    for number, line in enumerate(lines, start=1):
        if broken is not None:
            raise broken  # it was not the last line
        if '"floor.' not in line:
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            broken = LogUnreadable(number, f"no JSON: {error}")
            continue
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if kind not in ("floor.rules", "floor.event", "floor.action"):
            continue
        if entry.get("v") != VERSION:
            raise LogUnreadable(number, f"version {entry.get('v')}; this studio reads {VERSION}")
        yield number, kind, entry


_KINDS: dict[str, type] = {
    kind.__name__: kind
    for module in (events, actions)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Event | Action | events.Evidence) and kind not in (Event, Action)
}

_FIELDS: dict[type, tuple[str, ...]] = {kind: tuple(field.name for field in fields(kind)) for kind in _KINDS.values()}


def _from(made: Mapping[str, Any]) -> object:
    kind = _KINDS.get(str(made.get("type")))
    if kind is None:
        raise ValueError(f"no event or action is called {made.get('type')!r}")
    checks = _checks(kind)
    values = {name: value for name, value in made.items() if name != "type"}
    for name, value in values.items():
        if name not in checks:
            raise ValueError(f"{kind.__name__} has no field {name!r}")
        allowed, choices = checks[name]
        if isinstance(value, Mapping):
            values[name] = value = _from(value)
        elif isinstance(value, list):
            values[name] = value = tuple(value)
        if not isinstance(value, allowed) or (choices is not None and value is not None and value not in choices):
            raise ValueError(f"{kind.__name__}.{name} cannot be {value!r}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(str(error)) from error


@lru_cache(maxsize=128)
def _checks(kind: type) -> dict[str, tuple[tuple[type, ...], frozenset[str] | None]]:
    """For each field the types that it may have, and the words, if it is one of a few."""
    checks: dict[str, tuple[tuple[type, ...], frozenset[str] | None]] = {}
    for name, hint in get_type_hints(kind).items():
        allowed: list[type] = []
        choices: set[str] = set()
        for option in get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,):
            if get_origin(option) is Literal:
                choices.update(get_args(option))
                allowed.append(str)
            elif get_origin(option) is tuple:
                allowed.append(tuple)
            elif option is float:
                allowed.extend((float, int))
            else:
                allowed.append(option)
        checks[name] = tuple(allowed), frozenset(choices) or None
    return checks
