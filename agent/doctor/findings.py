"""What the doctor finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agent.errors import StudioError

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Attributes:
        about: what was tried.
        state: "fault" where no show could be held, "warning" where it could suffer.
        seen: what was found.
        fix: what to do; empty when all is well.
    """

    about: str
    state: State
    seen: str
    fix: str = ""


Check: TypeAlias = Callable[[], Awaitable[list[Finding]]]


def ok(about: str, seen: str) -> Finding:
    return Finding(about, "ok", seen)


def warning(about: str, seen: str, fix: str) -> Finding:
    return Finding(about, "warning", seen, fix)


def fault(about: str, seen: str, fix: str) -> Finding:
    return Finding(about, "fault", seen, fix)


def of_error(about: str, error: StudioError) -> Finding:
    return Finding(about, "fault", error.problem, error.fix)
