"""The one error that people are meant to read."""

from __future__ import annotations


class StudioError(Exception):
    """Something that the user can put right. Commands print it as one line and leave with exit code 1.

    Attributes:
        problem: what is wrong, with the name of the thing.
        fix: what to do about it.
    """

    def __init__(self, problem: str, *, fix: str) -> None:
        super().__init__(f"{problem}; {fix}" if fix else problem)
        self.problem = problem
        self.fix = fix
