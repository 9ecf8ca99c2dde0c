"""The environment that child processes get: ours with changes, and without the secrets that are not theirs."""

from __future__ import annotations

import os
from collections.abc import Mapping

from agent.settings.variables import variables


def child_environment(changes: Mapping[str, str] | None = None, *, secrets: bool = False) -> dict[str, str]:
    """
    Args:
        changes: variables to set.
        secrets: whether the child may see keys. Only those that talk to providers may.
    """
    inherited = dict(os.environ)
    if not secrets:
        for variable in variables():
            if variable.secret:
                inherited.pop(variable.name, None)
    return {**inherited, **(changes or {})}


def export(changes: Mapping[str, str]) -> None:
    """Set variables for this process's own children, such as the job processes of a worker that runs in it."""
    os.environ.update(changes)
