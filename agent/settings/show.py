"""Settings for people: what is in force, and the commented example file."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from agent.settings.load import Loaded, Origin
from agent.settings.variables import Variable, text_of, variables

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")

_SECTIONS = {
    "": "This installation",
    "livekit": "LiveKit: without LIVEKIT_URL a server is started here, with keys of its own",
    "web": "The page",
    "worker": "The worker, which runs the shows",
    "providers": "Ears, voices and the providers of minds. A comma adds a fallback: GUEST=groq,local",
    "personas": "The AIs at the table; each has a file in personas/, and what is set here goes before it",
    "services": "Local engines",
    "briefings": "Briefings",
    "recording": "Recording",
    "hearing": "Hearing",
    "floor": "The floor: who speaks, when",
    "speaking": "Speaking",
    "cost": "Cost",
}

_EXAMPLE_HEAD = """\
# Settings of the studio, all optional: copy this file to .env and uncomment what you want to change.
# The environment comes before .env. 'studio config' shows what is in force and where it came from.
# Made by 'studio config --example'.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting in force; a secret's value is hidden."""

    variable: Variable
    value: str
    origin: Origin


def effective(loaded: Loaded) -> tuple[Row, ...]:
    """Every setting in force, in the tree's order."""
    rows = []
    for variable in variables():
        value: object = loaded.settings
        for step in variable.path:
            value = getattr(value, step)
        rows.append(Row(variable, _CREDENTIALS.sub("***", text_of(value)), loaded.origins[variable.name]))
    return tuple(rows)


def example() -> str:
    """The text of `.env.example`."""
    return _EXAMPLE_HEAD + "".join(f"{line}\n" for line in _example_lines())


def _example_lines() -> Iterator[str]:
    for section, members in groupby(variables(), key=lambda variable: variable.section):
        yield ""
        yield from textwrap.wrap(f"--- {_SECTIONS[section]}", 110, initial_indent="# ", subsequent_indent="# ")
        for variable in members:
            about = variable.description
            if variable.accepts != "text":
                about = f"{about} ({variable.accepts})" if about else variable.accepts
            yield from textwrap.wrap(about, 110, initial_indent="# ", subsequent_indent="# ")
            yield f"#{variable.name}={variable.default_text}"
