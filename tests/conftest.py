"""Fixtures for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.livekit import LiveKit, running_server


@pytest.fixture(scope="session")
def livekit() -> Iterator[LiveKit]:
    """A real LiveKit server, one for the whole run: use a room name of your own, and never stop it."""
    with running_server() as server:
        yield server
