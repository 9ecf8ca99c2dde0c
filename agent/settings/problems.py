"""What can be wrong with settings: all of it at once, each with variable, fault and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import StudioError


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Attributes:
        variable: as it is written in `.env`.
        wrong: what is wrong with it. Never holds the value of a secret.
        fix: what to do.
    """

    variable: str
    wrong: str
    fix: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.wrong}; {self.fix}"


class SettingsError(StudioError):
    """The settings cannot be used. `str` has one line a problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems), fix="")
        self.problems = tuple(problems)


class Wrong(ValueError):
    """Raised by validators of the tree: a fault together with its remedy."""

    def __init__(self, wrong: str, fix: str) -> None:
        super().__init__(wrong)
        self.fix = fix
