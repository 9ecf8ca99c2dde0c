"""What `/health` and `/ready` tell: server and worker, and what the supervisor knows beside."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.services.supervisor import Supervisor
from agent.settings import Settings
from agent.web.status import PolledStatus, StudioStatus


class UpStatus(StudioStatus):
    """The status of a studio that `studio up` runs."""

    def __init__(
        self, polled: PolledStatus, supervisor: Supervisor, settings: Settings, closing: asyncio.Event
    ) -> None:
        self._polled = polled
        self._supervisor = supervisor
        self._recording = settings.recording
        self._closing = closing

    @property
    def server_reachable(self) -> bool:
        return self._polled.server_reachable

    @property
    def worker_connected(self) -> bool:
        return self._polled.worker_connected

    @property
    def adapters(self) -> Mapping[str, str]:
        return self._polled.adapters

    @property
    def reasons(self) -> Sequence[str]:
        reasons = ["the studio is closing"] if self._closing.is_set() else []
        reasons += [*self._polled.reasons, *self._supervisor.troubles]
        free_gb = free_disk_gb(self._recording.folder)
        if free_gb < self._recording.min_free_gb:
            reasons.append(f"only {free_gb:.1f} GB are free where recordings are kept; make room")
        return reasons


def adapters(settings: Settings) -> dict[str, str]:
    """Engines in use, for `/health`."""
    return {
        "stt": ", ".join(map(str, settings.providers.stt)),
        "tts": ", ".join(map(str, settings.providers.tts)),
        **{one.slug: ", ".join(map(str, one.mind)) for one in settings.cast()},
    }


def free_disk_gb(folder: Path) -> float:
    """Where the folder is, or would be."""
    here = folder.resolve()
    while not here.exists():
        here = here.parent
    return shutil.disk_usage(here).free / 1e9
