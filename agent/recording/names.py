"""Names for files and folders that every file system takes, from any text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from itertools import count

_MAX_LENGTH = 60  # with numbers, extensions and hidden prefixes far below the 255 bytes of most systems
# Windows' device names: an episode is often edited there. "episode" is the merged captions' name.
_RESERVED = frozenset(
    {"episode", "con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)


def safe_name(text: str, *, default: str) -> str:
    """`text` as lower-case ASCII letters, digits and single hyphens, 60 at most; `default` when nothing is left.

    Lower case only, so that names that differ on this disk differ on a case-insensitive one.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:_MAX_LENGTH].strip("-")
    return name or default


def file_name(text: str, taken: Container[str]) -> str:
    """A safe name for a speaker's files that is not in `taken`."""
    base = safe_name(text, default="speaker")
    for number in count(1):
        name = base if number == 1 else f"{base}-{number}"
        if name not in taken and name not in _RESERVED:
            return name
    raise AssertionError("unreachable")
