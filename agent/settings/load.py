"""From the environment and `.env` to the tree, or to every problem at once."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent.settings.checks import cross_check
from agent.settings.persona_files import PersonaFile, list_personas
from agent.settings.problems import Problem, SettingsError, Wrong
from agent.settings.tree import Settings
from agent.settings.variables import PREFIX, Variable, text_of, variables

Origin = Literal["option", "environment", ".env", "default"]

# What desktops put into LANGUAGE for gettext: "en_US:en". Not meant for a podcast.
_GETTEXT_LANGUAGE = re.compile(r"[A-Za-z]{2,3}_|.*:")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each variable came from."""

    settings: Settings
    origins: Mapping[str, Origin]


def load(
    environ: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = Path(".env"),
    options: Mapping[str, str] | None = None,
) -> Loaded:
    """Read and validate every setting. The environment comes before the file; an empty value counts as none.

    Args:
        environ: the environment; this process's own by default.
        env_file: read when it exists.
        options: what the command line says, by variable; comes before the environment.
    Raises:
        SettingsError: with all problems.
    """
    environ = os.environ if environ is None else environ
    known = {variable.name: variable for variable in variables()}
    from_file = _read_file(env_file)
    values: dict[str, str] = {}
    origins: dict[str, Origin] = dict.fromkeys(known, "default")
    for name in known:
        if options and name in options:
            values[name], origins[name] = options[name], "option"
        elif _is_set(name, environ):
            values[name], origins[name] = environ[name].strip(), "environment"
        elif from_file.get(name, "").strip():
            values[name], origins[name] = from_file[name].strip(), ".env"
    problems = list(_misspelt(environ, from_file, known))
    settings = _with_personas(_build(values, known, problems), problems)
    for problem in cross_check(settings):
        if problem.variable not in {told.variable for told in problems}:
            problems.append(problem)
    if problems:
        raise SettingsError(problems)
    return Loaded(settings, origins)


def _is_set(name: str, environ: Mapping[str, str]) -> bool:
    value = environ.get(name, "").strip()
    return bool(value) and not (name == "LANGUAGE" and _GETTEXT_LANGUAGE.match(value))


def _read_file(env_file: Path | None) -> dict[str, str]:
    if env_file is None or not env_file.exists():
        return {}
    try:
        return {name: value or "" for name, value in dotenv_values(env_file, interpolate=False).items()}
    except (OSError, UnicodeDecodeError) as error:
        fix = "make it a readable text file, see .env.example"
        raise SettingsError([Problem(str(env_file), f"cannot be read: {error}", fix)]) from error


def _build(values: dict[str, str], known: Mapping[str, Variable], problems: list[Problem]) -> Settings:
    """The tree; faulty values are told in `problems` and stand at their defaults, so that the rest can be checked."""
    by_path = {variable.path: variable for variable in known.values()}
    while True:
        try:
            return Settings(**_nested(values, known))
        except ValidationError as error:
            faulty = set()
            for detail in error.errors():
                variable = _variable_at(detail["loc"], by_path)
                faulty.add(variable.name)
                problems.append(_problem(variable, detail))
            values = {name: value for name, value in values.items() if name not in faulty}


def _with_personas(settings: Settings, problems: list[Problem]) -> Settings:
    """The personas' files read; what is wrong with them is told in `problems`."""
    files = []
    for found in list_personas(settings.personas.folder):
        if isinstance(found, PersonaFile):
            files.append(found)
            continue
        for fault in found.faults:
            where, _, wrong = fault.partition(": ")
            problems.append(Problem(where, wrong, "correct the file, or remove it"))
    return settings.model_copy(update={"personas": settings.personas.model_copy(update={"files": tuple(files)})})


def _nested(values: Mapping[str, str], known: Mapping[str, Variable]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *branches, leaf = known[name].path
        branch = tree
        for step in branches:
            branch = branch.setdefault(step, {})
        branch[leaf] = value
    return tree


def _variable_at(loc: tuple[int | str, ...], by_path: Mapping[tuple[str, ...], Variable]) -> Variable:
    path = tuple(str(step) for step in loc)
    while path not in by_path:  # the ends of unions and tuples lie below the setting
        path = path[:-1]
    return by_path[path]


def _problem(variable: Variable, detail: ErrorDetails) -> Problem:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Wrong):
        return Problem(variable.name, str(cause), cause.fix)
    given = "the value" if variable.secret else repr(detail["input"])
    fix = f"write {variable.accepts}"
    fix += f" (default {variable.default_text})" if variable.default_text else ""
    return Problem(variable.name, f"{given} is not valid here", f"{fix}, or remove the line")


def _misspelt(
    environ: Mapping[str, str], from_file: Mapping[str, str], known: Mapping[str, Variable]
) -> Iterator[Problem]:
    """Names with our prefix that mean nothing; in the file, which is ours, near misses of the plain names too."""
    for name in sorted({*environ, *from_file}):
        if name in known:
            continue
        ours = name.upper().startswith(PREFIX)
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.6 if ours else 0.85)
        if ours or (near and name in from_file):
            where = "" if name in environ else " in .env"
            fix = f"did you mean {near[0]}?" if near else "remove it; 'studio config' lists all settings"
            yield Problem(name, f"there is no such setting{where}", fix)


__all__ = ["Loaded", "Origin", "load", "text_of"]
