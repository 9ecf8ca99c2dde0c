"""The recorder of one episode."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from agent.clock import EpisodeClock
from agent.recording.captions import MERGED, CaptionFile
from agent.recording.closing import close_and_seal
from agent.recording.disk import Disk
from agent.recording.folder import Shelf
from agent.recording.minutes import Minutes
from agent.recording.names import file_name
from agent.recording.seal import Sealed
from agent.recording.track import Role, Track
from agent.recording.track_writer import TrackWriter
from agent.recording.trouble import OnTrouble, Severity, Troubles
from agent.recording.writer import WriterThread

_HEARTBEAT_S = 0.25
_LATE_S = 0.2  # a later heartbeat means that the loop stalled: frames may have come that were not submitted yet
_TRACK_LIMIT_BYTES = 16 << 20  # clusters that may wait for the disk: 23 minutes at 96 kbit/s
_CAPTION_LIMIT_BYTES = 4 << 20


def _nobody(severity: Severity, text: str) -> None:
    """Trouble is in the log and in events.jsonl all the same."""


class EpisodeRecorder:
    """Records every voice on a track of its own, with captions and the event log, in one folder.

    `track`, `caption`, `event` and `note` never block and never fail because of a disk: what goes wrong is told through
    `on_trouble` in the event loop, logged, and kept in events.jsonl as soon as that can be written.
    """

    def __init__(self, shelf: Shelf, *, clock: EpisodeClock, minutes: Minutes, on_trouble: OnTrouble) -> None:
        """Use `open`."""
        self._shelf = shelf
        self._clock = clock
        self._minutes = minutes
        self._on_trouble = on_trouble
        self._loop = asyncio.get_running_loop()
        self._writer = WriterThread(troubles=Troubles(self._tell), shelf=shelf, save_session=minutes.save)
        self._writer.add_file(minutes.file)
        self._tracks: dict[str, Track] = {}
        self._captions: dict[str, CaptionFile] = {}
        self._merged = self._caption_file(MERGED)
        self._heartbeat: asyncio.TimerHandle | None = None
        self._sealing: asyncio.Future[Sealed] | None = None

    @classmethod
    async def open(
        cls,
        root: Path,
        slug: str,
        *,
        clock: EpisodeClock,
        title: str,
        about: Mapping[str, object],
        on_trouble: OnTrouble = _nobody,
        disk: Disk | None = None,
    ) -> EpisodeRecorder:
        """Begin to record.

        When `root` cannot be written, that is told through `on_trouble`, recording begins in memory, and the folder is
        made as soon as the disk allows.

        Args:
            root: the recordings' folder; made when it is missing.
            slug: the episode's, any text: the folder is called after it, and never one that exists.
            clock: all tracks begin at its t = 0.
            title: any text; kept whole.
            about: more for session.yml: models, voices, ...
            on_trouble: called in the event loop, with a severity and a sentence for the host.
            disk: the disk calls; tests put a bad one here.
        """
        shelf = Shelf(root, slug, disk or Disk())
        minutes = Minutes(shelf, slug=slug, title=title, started_at=clock.started_at, about=about)
        recorder = cls(shelf, clock=clock, minutes=minutes, on_trouble=on_trouble)
        await asyncio.to_thread(recorder._writer.start)
        recorder._beat(recorder._loop.time())
        return recorder

    @property
    def folder(self) -> Path:
        """The episode's folder. While the disk does not let it be made, the one that will be tried first."""
        return self._shelf.folder

    def size_bytes(self) -> int:
        """Of the episode's files on the disk. Asks the disk."""
        with suppress(OSError):  # a folder that cannot be made yet, or read any more, is told of elsewhere
            return sum(file.stat().st_size for file in self.folder.iterdir())
        return 0

    def track(self, who: str, *, name: str, role: Role) -> Track:
        """The speaker's track, the same one when asked again; silent until its first `write`."""
        if track := self._tracks.get(who):
            return track
        file = file_name(who, {track.file_name for track in self._tracks.values()})
        writer = TrackWriter(
            f"{file}.webm",
            self._shelf,
            limit_bytes=_TRACK_LIMIT_BYTES,
            exact=role == "ai",  # what is played is timed by the episode clock itself
            now=self._clock.now,
        )
        track = Track(who, name, role, file, writer, self._writer.submit)
        self._tracks[who] = track
        self._captions[who] = self._caption_file(f"{file}.vtt")
        self._minutes.add_speaker(who, name=name, role=role, file=file)
        self.event(self._clock.now(), "recording.track", who=who, name=name, role=role, file=f"{file}.webm")
        self._writer.add_track(writer)
        return track

    def caption(self, who: str, start: float, end: float, text: str) -> None:
        """What `who` said from `start` to `end`: any text. Speakers are known by their track.

        Raises:
            KeyError: `who` has no track.
        """
        self._captions[who].add(start, end, text)
        self._merged.add(start, end, text, voice=self._tracks[who].name)

    def event(self, at: float, kind: str, **fields: JsonValue) -> None:
        """One line of events.jsonl; `agent.recording.log` has the kinds. What does not fit is kept as `unknown`."""
        self._minutes.event(at, kind, fields)

    def note(self, **about: object) -> None:
        """Put more into session.yml: mappings are merged key by key, everything else is replaced."""
        self._minutes.note(about)

    async def seal(self, *, reason: str) -> Sealed:
        """End the recording and finish the folder. Idempotent; a cancelled caller does not stop it.

        Never raises because of a disk: see `Sealed.status` and `Sealed.problems`.
        """
        if self._sealing is None:
            if self._heartbeat is not None:
                self._heartbeat.cancel()
            end_s = self._clock.now()
            self._sealing = self._loop.run_in_executor(None, self._close, end_s, reason)
        return await asyncio.shield(self._sealing)

    def _close(self, end_s: float, reason: str) -> Sealed:
        return close_and_seal(
            self._shelf,
            writer=self._writer,
            tracks=list(self._tracks.values()),
            minutes=self._minutes,
            end_s=end_s,
            ended_at=datetime.now(UTC),
            reason=reason,
        )

    def _caption_file(self, name: str) -> CaptionFile:
        captions = CaptionFile(name, self._shelf, limit_bytes=_CAPTION_LIMIT_BYTES)
        self._writer.add_file(captions.file)
        return captions

    def _beat(self, due: float) -> None:
        """Tell the writer how far every frame has been submitted."""
        now = self._loop.time()
        if now - due <= _LATE_S:
            self._writer.horizon = self._clock.now()
        self._writer.watch()
        self._minutes.keep_sync(self._clock.now(), self._tracks.values())
        self._heartbeat = self._loop.call_at(now + _HEARTBEAT_S, self._beat, now + _HEARTBEAT_S)

    def _tell(self, severity: Severity, text: str) -> None:
        """From any thread."""
        self._minutes.event(self._clock.now(), "recording.trouble", {"severity": severity, "text": text})
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._on_trouble, severity, text)
