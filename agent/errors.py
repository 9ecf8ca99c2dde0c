"""Errors that people are meant to read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


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


class ServiceFailed(Exception):
    """A service that the show asked did not do its work. The text is for the host: it names the service, what is wrong
    and the remedy, and never a key.

    Attributes:
        empty: it worked, and had nothing to say.
    """

    def __init__(self, text: str, *, empty: bool = False) -> None:
        super().__init__(text)
        self.empty = empty


@contextmanager
def ungrouped(*kinds: type[Exception]) -> Iterator[None]:
    """An error of these kinds leaves its task groups as itself; by default a StudioError."""
    try:
        yield
    except BaseExceptionGroup as group:
        for kind in kinds or (StudioError,):
            found: BaseException | None = group.subgroup(kind)
            while isinstance(found, BaseExceptionGroup):
                found = found.exceptions[0]
            if found is not None:
                raise found from None
        raise


def raise_if_cancelled() -> None:
    """After catching another error: a cancellation of the same instant is not to be swallowed (cpython #116720)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
