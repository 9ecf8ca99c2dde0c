"""Opens every file of an episode's folder as an editor would."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import av
import webvtt
import yaml


def inspect_folder(folder: Path) -> list[str]:
    """What is wrong in a sealed episode folder; nothing, if all is well."""
    if not folder.is_dir():
        return [f"{folder} is not there"]
    return list(_faults(folder))


def _faults(folder: Path) -> Iterator[str]:
    try:
        session = yaml.safe_load((folder / "session.yml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        yield f"session.yml does not open: {error}"
        return
    tracks = sorted(folder.glob("*.webm"))
    if not tracks:
        yield "there is no track"
    durations = {}
    for track in tracks:
        try:
            durations[track.name] = _decoded_s(track)
        except (av.FFmpegError, ValueError) as error:
            yield f"{track.name} does not play: {error}"
    if durations and max(durations.values()) - min(durations.values()) > 0.02:
        yield f"the tracks do not end together: {durations}"
    for captions in sorted(folder.glob("*.vtt")):
        try:
            webvtt.read(str(captions))
        except (OSError, webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError) as error:
            yield f"{captions.name} does not open: {error}"
    for number, line in enumerate((folder / "events.jsonl").read_text(encoding="utf-8").splitlines(), 1):
        try:
            json.loads(line)
        except ValueError:
            yield f"events.jsonl:{number} is no JSON"
    for file in session.get("files", []):
        path = folder / file["name"]
        if not path.is_file():
            yield f"{file['name']} is listed and not there"
        elif "sha256" in file and hashlib.sha256(path.read_bytes()).hexdigest() != file["sha256"]:
            yield f"{file['name']} is not what session.yml says it was"


def _decoded_s(track: Path) -> float:
    """Seconds of sound in a track, by decoding all of it."""
    with av.open(str(track)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return samples / container.streams.audio[0].rate
