"""One export, from the sealed folder to the finished one."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av

from agent.errors import StudioError
from agent.export import captions, markers
from agent.export import chapters as chapter_marks
from agent.export.decoding import TrackReader, TrackUnreadable, changed_since_sealed
from agent.export.destination import TRACKS, Destination
from agent.export.episode import Episode, Speaker
from agent.export.formats import FORMATS, Format
from agent.export.loudness import Loudness, LoudnessMeter
from agent.export.mixing import Mixed, Step, mix
from agent.export.writing import AudioFile, Bits
from agent.recording.names import safe_name

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is wanted.

    Attributes:
        format: a key of FORMATS. The tracks are in it when it is lossless, else in WAV; so is the mix, always.
        bits: a sample of WAV and FLAC.
        mix: whether there is to be one; two channels unless `mono`.
        zipped: one archive instead of a folder.
        force: replace an earlier export of the same name.
    """

    format: str = "wav"
    bits: Bits = 24
    mix: bool = False
    mono: bool = False
    zipped: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of it.

    Attributes:
        path: the folder or the archive. files: in it, relative, sorted.
        problems: what is missing or damaged, in words; the rest is there.
    """

    path: Path
    files: tuple[str, ...]
    mixed: Mixed | None
    problems: tuple[str, ...]


def export(episode: Episode, to: Path, options: Options, *, step: Step = lambda what, done: None) -> Exported:
    """Write all that `options` asks for into a folder, or an archive, of its own in `to`. Blocks for minutes.

    Args:
        step: told what is being done and how far it is, 0 to 1.
    Raises:
        StudioError: no track can be read, or the disk is full or cannot be written. Nothing is left behind.
    """
    if to.resolve().is_relative_to(episode.folder.resolve()):
        raise StudioError(f"{to} lies in the episode, which stays as it is", fix="choose another folder with --to")
    form = FORMATS[options.format]
    with _plain_disk_errors(to):
        name = safe_name(episode.folder.resolve().name, default="episode")
        with Destination(to, name, zipped=options.zipped, force=options.force) as destination:
            problems = list(episode.problems)
            tracks, loudness = _tracks(episode, destination.work / TRACKS, form, options, step=step, problems=problems)
            listed = chapter_marks.chapters(episode)
            _texts(episode, destination.work, listed, problems=problems)
            mixed = None
            if options.mix:
                mixed = mix(
                    tracks,
                    loudness,
                    destination.work / f"mix.{form.extension}",
                    form,
                    channels=1 if options.mono else 2,
                    bits=options.bits,
                    tags=_tags(episode),
                    chapters=listed,
                    step=step,
                )
            files = tuple(
                sorted(
                    str(path.relative_to(destination.work)) for path in destination.work.rglob("*") if path.is_file()
                )
            )
            path = destination.publish(partial(step, "packing"))
    return Exported(path, files, mixed, tuple(problems))


def _tracks(
    episode: Episode, folder: Path, form: Format, options: Options, *, step: Step, problems: list[str]
) -> tuple[list[TrackReader], list[Loudness]]:
    """Write every track that can be read; their readers and loudness, for the mix."""
    lossless = form if form.lossless else FORMATS["wav"]
    readers, loudness = [], []
    for number, speaker in enumerate(episode.speakers, 1):
        file_name = f"{number:02}-{safe_name(speaker.name, default=speaker.track.stem)}.{lossless.extension}"
        reader = TrackReader(speaker.track, samples=episode.samples)
        try:
            measured = _track(
                reader, folder / file_name, lossless, speaker, episode, options.bits, step=step, title=speaker.name
            )
        except TrackUnreadable as unreadable:
            (folder / file_name).unlink(missing_ok=True)
            problems.append(f"{speaker.name} is missing: {unreadable}")
            continue
        if reader.problem:
            problems.append(reader.problem)
        elif changed_since_sealed(speaker):
            problems.append(f"{speaker.track.name} is not as it was sealed (its checksum differs): listen to it")
        readers.append(reader)
        loudness.append(measured)
    if not readers:
        raise StudioError("; ".join(problems), fix="bring the tracks back, from a copy or from egress/, then export")
    return readers, loudness


def _track(
    reader: TrackReader,
    path: Path,
    form: Format,
    speaker: Speaker,
    episode: Episode,
    bits: Bits,
    *,
    step: Step,
    title: str,
) -> Loudness:
    tags = {"title": title, "artist": speaker.name, "album": episode.title, "date": episode.date}
    meter = LoudnessMeter(true_peak=False)
    with AudioFile(path, form, channels=1, bits=bits, tags=tags) as file:
        done = 0
        for block in reader.blocks():
            file.write(block)
            meter.push(block)
            done += len(block)
            step(f"track {title}", done / max(1, episode.samples))
    return meter.read()


def _texts(episode: Episode, folder: Path, listed: Sequence[chapter_marks.Chapter], *, problems: list[str]) -> None:
    cues, missing = captions.read_cues(episode)
    problems += missing
    marks = markers.markers(episode)
    texts = {
        "episode.vtt": captions.webvtt(cues),
        "episode.srt": captions.srt(cues),
        "transcript.md": captions.transcript(episode, cues, listed),
        "markers.csv": markers.reaper(marks),
        "labels.txt": markers.audacity(marks),
    }
    if listed:
        texts |= {
            "chapters.txt": chapter_marks.youtube(list(listed)),
            "chapters.json": chapter_marks.podcasting(list(listed)),
        }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _tags(episode: Episode) -> dict[str, str]:
    artists = ", ".join(one.name for one in episode.speakers)
    return {"title": episode.title, "artist": artists, "date": episode.date}


@contextmanager
def _plain_disk_errors(to: Path) -> Iterator[None]:
    """What the destination's disk says, in words. What cannot be read of the episode has been told before."""
    try:
        yield
    except (OSError, av.error.FFmpegError) as error:
        code = getattr(error, "errno", None)
        if code in _NO_ROOM:
            raise StudioError(
                f"the disk of {to} is full, nothing is left of this export",
                fix="free space, or choose another with --to",
            ) from error
        if code in _NOT_WRITABLE:
            raise StudioError(f"{to} cannot be written", fix="make it writable, or choose another with --to") from error
        what = getattr(error, "strerror", None) or str(error)
        raise StudioError(f"the export to {to} failed: {what}", fix="choose another folder with --to") from error
