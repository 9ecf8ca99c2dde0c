"""From live files to finished ones: seekable tracks of one length, ordered captions, checksums.

Every step writes a new file next to the old one and then takes its name. A kill at any moment leaves each file either
as it was or finished, and the next salvage begins again with what is there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from pydantic import ValidationError

from agent.recording import captions, opus
from agent.recording.disk import Disk
from agent.recording.latencies import summary
from agent.recording.log import EVENTS, read_log
from agent.recording.opus import AudioPacket, packet_index, silent_packet, stamp
from agent.recording.session import RECORDING, Document, merged, now_iso, write_session

_PART = ".part"
_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class SealedFile:
    name: str
    bytes: int
    sha256: str
    duration_s: float | None  # of tracks


@dataclass(frozen=True, slots=True)
class Sealed:
    """A finished episode folder.

    Attributes:
        status: `sealed`; `salvaged` when its recorder had died; `recording` when the disk did not let it be finished:
            everything that reached the disk is there and can be played, and a later `salvage` finishes it.
        problems: what could not be done, in words. A folder with a file that nobody can read is `sealed` all the same.
    """

    folder: Path
    status: str
    reason: str
    duration_s: float
    files: tuple[SealedFile, ...]
    problems: tuple[str, ...] = ()


def live_end(path: Path) -> int:
    """How many 20 ms packets a track reaches to: the index of its last readable one, and one."""
    end = 0
    with _opened(path) as (_, packets):
        for index, _ in packets:
            end = max(end, index + 1)
    return end


def seal_track(path: Path, *, end: int, name: str, title: str, tick: Callable[[], None] = lambda: None) -> None:
    """Give a live track its duration and cues, fill its holes with silence, and pad it to `end` packets.

    Nothing is transcoded. A track that is longer than `end` keeps all it has.

    Args:
        tick: called now and then, for progress.
    Raises:
        OSError, av.error.FFmpegError: the file is as it was.
    """
    part = path.with_name(f".{path.name}{_PART}")
    try:
        with _opened(path) as (source, packets):
            _remux(source, packets, part, end=end, name=name, title=title, tick=tick)
        descriptor = os.open(part, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def finish(
    folder: Path,
    document: Document,
    *,
    speakers: Mapping[str, str],
    status: str,
    reason: str,
    packets: int | None,
    disk: Disk,
) -> Sealed:
    """Seal all that lies in `folder`, whose lock the caller holds; everything that is appended to is closed.

    Args:
        document: session.yml so far.
        speakers: file name without extension -> the speaker's whole name.
        packets: how long all tracks are to be; None when their files have to be asked.
    """
    work = _Work()
    tracks = [path for name in speakers if (path := folder / f"{name}.webm").exists()]
    end = packets if packets is not None else max([0, *(work.do(path.name, live_end, path) or 0 for path in tracks)])
    title = str(document.get("title", ""))
    for path in tracks:
        if path.name not in work.broken:
            work.do(path.name, partial(seal_track, end=end, name=speakers[path.stem], title=title), path)
    work.do("the captions", captions.rewrite, folder, dict(speakers), disk)
    length_s = opus.duration_s(end)
    files = work.do("the checksums", _described, folder, length_s) or ()
    finished = merged(
        document,
        {
            "status": document["status"] if work.unfinished else status,
            "ended_at": document.get("ended_at") or _ended_at(document, length_s),
            "duration_s": length_s,
            "reason": reason,
            "latencies": document.get("latencies") or work.do(EVENTS, _latencies, folder / EVENTS) or {},
            "files": [asdict(file) for file in files],
            "problems": work.problems,
        },
    )
    work.do("session.yml", write_session, folder, finished, disk)
    return Sealed(folder, RECORDING if work.unfinished else status, reason, length_s, files, tuple(work.problems))


class _Work:
    """The steps of sealing, each done as far as the disk and the files allow.

    Attributes:
        problems: what could not be done, in words.
        broken: names of files that cannot be read; trying again would not help.
        unfinished: whether trying again, with a better disk, would.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.broken: set[str] = set()
        self.unfinished = False

    def do(self, what: str, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """The step's result; None when it failed."""
        try:
            return step(*args, **kwargs)
        except (av.error.InvalidDataError, av.error.EOFError, ValidationError) as error:
            self.broken.add(what)
            self.problems.append(f"{what} cannot be read: {error}")
        except (OSError, av.error.FFmpegError) as error:
            self.unfinished = True
            self.problems.append(f"{what} could not be finished: {error}")
        return None


class _opened:
    """A track's container and its packets as (index, packet); a torn end is simply the end."""

    def __init__(self, path: Path) -> None:
        container = av.open(str(path))
        assert isinstance(container, InputContainer)
        self._container = container

    def __enter__(self) -> tuple[AudioStream, Iterator[tuple[int, AudioPacket]]]:
        return self._container.streams.audio[0], self._packets()

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def _packets(self) -> Iterator[tuple[int, AudioPacket]]:
        stream = self._container.streams.audio[0]
        assert stream.time_base is not None
        to_ms = float(stream.time_base * 1000)
        try:
            for packet in self._container.demux(stream):
                if packet.size and packet.pts is not None:
                    yield packet_index(round(packet.pts * to_ms)), packet
        except av.error.InvalidDataError:
            return


def _remux(
    source: AudioStream,
    packets: Iterator[tuple[int, AudioPacket]],
    part: Path,
    *,
    end: int,
    name: str,
    title: str,
    tick: Callable[[], None],
) -> None:
    container = av.open(str(part), "w", format="webm", options={"cues_to_front": "1"})
    assert isinstance(container, OutputContainer)
    with container:
        container.metadata.update({"title": title, "artist": name})
        stream = container.add_stream_from_template(source)
        assert isinstance(stream, AudioStream)
        stream.metadata["title"] = name
        written = 0

        def pad(until: int) -> None:
            nonlocal written
            while written < until:
                container.mux_one(silent_packet(written, stream))
                written += 1

        for index, packet in packets:
            if index < written:
                continue  # a packet that was there before: never two for one place
            pad(index)
            if packet.time_base == opus.MILLISECONDS and packet.pts == opus.packet_time_ms(index):
                packet.stream = stream  # as nearly all are: a long show has millions of them
            else:
                stamp(packet, index, stream)
            container.mux_one(packet)
            written += 1
            if written % 3000 == 0:
                tick()
        pad(end)


def _ended_at(document: Document, length_s: float) -> str:
    """The time of day at which the last track ends."""
    try:
        started = datetime.fromisoformat(str(document["started_at"]))
    except (KeyError, ValueError):
        return now_iso()
    return (started + timedelta(seconds=length_s)).isoformat()


def _latencies(events: Path) -> dict[str, dict[str, float | int]]:
    return summary(read_log(events)) if events.exists() else {}


def _described(folder: Path, duration_s: float) -> tuple[SealedFile, ...]:
    files = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "session.yml" or not path.is_file():
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        length_s = duration_s if path.suffix == ".webm" else None
        files.append(SealedFile(path.name, path.stat().st_size, digest, length_s))
    return tuple(files)
