"""One studio for the shows of this folder: the local default, real models, no key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.studio import RunningStudio, studio_up


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Open for all tests of a module; those that break one open their own."""
    folder: Path = tmp_path_factory.mktemp("show")
    with studio_up(folder) as running:
        yield running
