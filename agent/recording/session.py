"""session.yml: what a person, or another program, needs to know about the episode."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias, cast

import yaml

from agent.recording.disk import Disk

FILE_NAME = "session.yml"
VERSION = 1
RECORDING, SEALED, SALVAGED = "recording", "sealed", "salvaged"
ERROR = "error"  # the reason of a show that an error ended begins with it
SHUTDOWN = "shutdown"  # the reason of one whose worker was told to end
CONTINUES = "continues"  # the key that names the folder of the show before, which died
Document: TypeAlias = dict[str, object]

# In this order in the file; whatever else is noted follows.
_ORDER = (
    "version", "status", "title", "slug", "started_at", "ended_at", "duration_s", "reason", CONTINUES, "speakers",
    "models", "voices", "versions", "environment", "consent", "must_cover", "cost_estimate", "cost", "latencies",
    "files", "sync", "troubles",
)  # fmt: skip
_PACKAGES = ("roundtable", "livekit", "livekit-agents", "av", "numpy")


def new_session(*, title: str, slug: str, started_at: datetime) -> Document:
    """The document as the recording begins. `title` and `slug` are kept whole, whatever the folder is called."""
    return {
        "version": VERSION,
        "status": RECORDING,
        "title": title,
        "slug": slug,
        "started_at": started_at.isoformat(),
        "ended_at": None,
        "duration_s": None,
        "reason": None,
        "speakers": [],
        "models": {},
        "voices": {},
        "versions": _versions(),
        "environment": {
            "system": platform.platform(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "cpus": os.cpu_count(),
        },
        "consent": [],
        "cost_estimate": None,
        "files": [],
        "sync": {},
    }


def speaker(who: str, *, name: str, role: str, file: str) -> Document:
    """An entry of `speakers`; `file` is without its extension."""
    return {"id": who, "name": name, "role": role, "file": f"{file}.webm", "captions": f"{file}.vtt"}


def merged(document: Document, about: Mapping[str, object]) -> Document:
    """`document` with `about` in it: mappings are merged key by key, everything else is replaced."""
    result = dict(document)
    for key, value in about.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = {**old, **value}
        else:
            result[key] = value
    return result


def read_session(folder: Path) -> Document | None:
    """The folder's document; None when there is none that can be read."""
    try:
        loaded = yaml.safe_load((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return cast("Document", loaded) if isinstance(loaded, dict) else None


def write_session(folder: Path, document: Document, disk: Disk) -> None:
    """Replace the file whole. Raises `OSError`; the old file then stays."""
    disk.replace(folder / FILE_NAME, to_yaml(document))


def to_yaml(document: Document) -> bytes:
    ordered = {key: document[key] for key in _ORDER if key in document}
    ordered |= {key: value for key, value in document.items() if key not in ordered}
    return yaml.safe_dump(_plain(ordered), sort_keys=False, allow_unicode=True, width=120).encode()


def now_iso() -> str:
    return datetime.now(UTC).isoformat()


def _plain(value: object) -> object:
    """Only what YAML's safe dialect knows: everything else becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
