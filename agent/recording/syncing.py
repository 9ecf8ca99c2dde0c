"""The slow half of writing: what waits for the medium, in a thread in which waiting harms nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from agent.recording.appending import AppendFile
from agent.recording.trouble import Troubles

ROUND_S = 0.5
SYNC_S = 5.0  # a power cut costs this much and a moment; a killed process costs a cluster, whatever this is


class SyncThread:
    """Syncs the files every 5 s, and keeps session.yml up to date."""

    def __init__(self, files: list[AppendFile], *, save_session: Callable[[], None], troubles: Troubles) -> None:
        self._files = files
        self._save_session = save_session
        self._troubles = troubles
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder-sync", daemon=True)
        self._sync_at = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; blocks until what it waits for has come."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def save(self) -> None:
        """Write session.yml if it has changed; a failure is reported, and the next call tries again."""
        try:
            self._save_session()
        except OSError as error:
            if "disk" not in self._troubles:
                self._troubles.come("session", "warning", f"session.yml is not up to date: {error.strerror or error}.")
        else:
            self._troubles.go("session", "session.yml is up to date again.")

    def _run(self) -> None:
        while not self._stop.wait(ROUND_S):
            self.save()
            if time.monotonic() >= self._sync_at:
                self._sync_at = time.monotonic() + SYNC_S
                self._sync()

    def _sync(self) -> None:
        for file in list(self._files):
            try:
                file.sync()
            except OSError as error:
                text = f"{file.name} may not survive a power cut: {error.strerror or error}."
                self._troubles.come(f"sync:{file.name}", "warning", text)
