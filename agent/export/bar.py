"""How far an export is: a bar in a terminal, nothing through a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from agent.export.mixing import Step


@contextmanager
def bar(console: Console) -> Iterator[Step]:
    """A bar that begins anew with every step, and is gone at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=1.0)
        current = ""

        def step(what: str, done: float) -> None:
            nonlocal current
            if what != current:
                current = what
                progress.reset(task, total=1.0, description=escape(what))
            progress.update(task, completed=done)

        yield step
