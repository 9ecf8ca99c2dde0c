"""The thread that encodes and writes: the event loop hands over frames, and never waits for a disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import av

from agent.recording.appending import AppendFile
from agent.recording.audio import RATE_HZ, Int16
from agent.recording.folder import Shelf
from agent.recording.syncing import SyncThread
from agent.recording.track_writer import TrackWriter
from agent.recording.trouble import Troubles, logger

ROUND_S = 0.1
RETRY_S = 1.0  # after the disk has refused
SLOW_S = 2.0  # a round that takes longer is worth a word
QUEUE_BYTES = 64 << 20  # raw frames that may wait for a stalled disk or processor: 2.8 minutes of four tracks


class WriterThread:
    """Rounds of ten a second: frames are placed and encoded, finished units appended.

    Attributes:
        horizon: episode time up to which every frame that came has been submitted.
        dropped_s: audio refused because the queue was full. Silence takes its place.
    """

    def __init__(self, *, troubles: Troubles, shelf: Shelf, save_session: Callable[[], None]) -> None:
        self.horizon = 0.0
        self.dropped_s = 0.0
        self._shelf = shelf
        self._troubles = troubles
        self._queue: deque[tuple[TrackWriter, float, Int16]] = deque()
        self._queued_bytes = 0
        self._guard = threading.Lock()
        self._tracks: list[TrackWriter] = []
        self._files: list[AppendFile] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._sync = SyncThread(self._files, save_session=save_session, troubles=troubles)
        self._round_began = time.monotonic()
        self._retry_at = 0.0

    def start(self) -> None:
        """Try the disk once, so that what is wrong with it is known before the show begins; then run."""
        self.write()
        self._sync.save()
        self._thread.start()
        self._sync.start()

    # The event loop's side.

    def add_track(self, track: TrackWriter) -> None:
        self._tracks.append(track)
        self._files.append(track.file)

    def add_file(self, file: AppendFile) -> None:
        self._files.append(file)

    def submit(self, track: TrackWriter, at: float, pcm: Int16) -> None:
        """Queue a frame; refused, counted and reported when 64 MB wait."""
        with self._guard:
            full = self._queued_bytes + pcm.nbytes > QUEUE_BYTES
            if not full:
                self._queue.append((track, at, pcm))
                self._queued_bytes += pcm.nbytes
        if full:
            self.dropped_s += len(pcm) / RATE_HZ
            self._troubles.come(
                "queue",
                "error",
                "The recording loses audio: the disk has not taken anything for minutes. "
                "End the show, or free the disk; what was recorded until then is safe.",
            )

    def watch(self) -> None:
        """Report a stalled round; called from the event loop now and then."""
        if time.monotonic() - self._round_began > SLOW_S:
            self._troubles.come(
                "slow",
                "warning",
                "The disk of the recordings is slow. Nothing is lost: the last seconds wait in memory.",
            )

    def stop(self) -> None:
        """End after a last round; blocks until then."""
        self._stop.set()
        self._thread.join()
        self._sync.stop()

    # The thread's side.

    def _run(self) -> None:
        while not self._stop.is_set():
            self._round_began = time.monotonic()
            busy = self.round()
            if time.monotonic() - self._round_began <= SLOW_S:
                self._troubles.go("slow", "The disk keeps up again; nothing of the recording was lost.")
            self._round_began = time.monotonic() + ROUND_S
            self._stop.wait(0.0 if busy else ROUND_S)
        self.round()

    def round(self) -> bool:
        """Take, place, encode, write; True when there is more to do at once."""
        horizon = self.horizon  # read before the queue: what was submitted by then is in it
        with self._guard:
            frames, self._queue = self._queue, deque()
            self._queued_bytes = 0
        for track, at, pcm in frames:
            track.put(at, pcm)
        busy = False
        for track in list(self._tracks):
            try:
                track.advance(horizon)
                track.encode()
                busy = busy or track.busy
            except (av.error.FFmpegError, ValueError, ArithmeticError) as error:
                logger.exception("encoding failed")
                self._troubles.come(
                    f"encode:{id(track)}",
                    "error",
                    f"The recording of {track.file.name} has a fault ({error}); the other tracks are not affected.",
                )
        self.write()
        return busy

    def write(self) -> None:
        """Append everything that waits, unless the disk refused it a moment ago."""
        if time.monotonic() < self._retry_at:
            return
        try:
            for track in list(self._tracks):
                track.flush()
            for file in list(self._files):
                file.flush()
        except OSError as error:
            self._retry_at = time.monotonic() + RETRY_S
            self._troubles.come("disk", "error", self._disk_trouble(error))
        else:
            self._retry_at = 0.0
            self._troubles.go("disk", "The recording is being written again. " + self._lost())
        if any(file.refused_units for file in self._files):
            self._troubles.come(
                "full",
                "error",
                "The recording loses audio: the disk takes nothing and the memory set aside for it is full. "
                "Free space on the disk now, or end the show.",
            )

    def retry_now(self) -> None:
        self._retry_at = 0.0

    def waiting(self) -> bool:
        """Whether anything has not reached the disk."""
        return any(file.waiting_units for file in self._files)

    def close_files(self) -> None:
        for file in self._files:
            try:
                file.sync()
            except OSError as error:
                self._troubles.say("warning", f"{file.name} may not survive a power cut: {error}")
            file.close()

    def _lost(self) -> str:
        lost_s = sum(track.lost_s for track in self._tracks)
        return f"{lost_s:.1f} s of audio were lost and are silent." if lost_s else "Nothing was lost."

    def _disk_trouble(self, error: OSError) -> str:
        return (
            f"The recording cannot be written to {self._shelf.folder}: {error.strerror or error}. The show goes on, "
            "and what follows is kept in memory for some minutes. Free space, or make the folder writable."
        )
