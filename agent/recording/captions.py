"""The live caption files: one a speaker, and the merged one, each only appended to until the episode is sealed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.recording.appending import AppendFile
from agent.recording.cues import HEADER, Cue, cut_into_cues, merge, parse_vtt, tidy, to_vtt
from agent.recording.disk import Disk
from agent.recording.folder import Shelf

MERGED = "episode.vtt"


class CaptionFile:
    """A WebVTT file that grows by whole cues."""

    def __init__(self, name: str, shelf: Shelf, *, limit_bytes: int) -> None:
        self.file = AppendFile(name, shelf, limit_bytes=limit_bytes)
        self.file.append(HEADER.encode())

    def add(self, start: float, end: float, text: str, *, voice: str = "") -> bool:
        """Append an utterance; False when the buffer is full and it was refused."""
        cues = [replace(cue, voice=voice) for cue in cut_into_cues(start, end, text)]
        taken = [self.file.append(to_vtt(cue).encode()) for cue in cues]
        return all(taken)


def rewrite(folder: Path, speakers: dict[str, str], disk: Disk) -> list[Path]:
    """Put the cues of all files in order, and make the merged file of them.

    Args:
        folder: the episode's.
        speakers: file name without extension -> the speaker's whole name.
    Returns:
        the files; each is replaced whole, or left as it was when the disk does not take it.
    Raises:
        OSError: from the disk.
    """
    files, tracks = [], []
    for file_name, name in speakers.items():
        path = folder / f"{file_name}.vtt"
        cues = tidy(parse_vtt(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else [])
        tracks.append([replace(cue, voice=name) for cue in cues])
        disk.replace(path, _document(cues))
        files.append(path)
    merged = folder / MERGED
    disk.replace(merged, _document(merge(tracks)))
    return [*files, merged]


def _document(cues: list[Cue]) -> bytes:
    return (HEADER + "".join(map(to_vtt, cues))).encode()
