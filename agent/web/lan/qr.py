"""A link for a phone's camera."""

from __future__ import annotations

import io
import shutil
import sys

import segno

_QUIET_MODULES = 2  # of the four that the standard asks for; cameras take two, and a terminal has few lines
# Of the fixed part of the 256 colours, since themes change the first sixteen: the blocks are the light modules.
_COLOURS, _PLAIN = "\x1b[38;5;231;48;5;16m", "\x1b[0m"


def qr_code(link: str) -> str:
    """The link as lines of half blocks, black on white whatever the terminal's colours are."""
    drawing = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(out=drawing, compact=True, border=_QUIET_MODULES)
    return "\n".join(f"{_COLOURS}{line}{_PLAIN}" for line in drawing.getvalue().splitlines() if line)


def terminal_shows(code: str) -> bool:
    """Whether standard output is a terminal that is wide enough and knows half blocks."""
    if not sys.stdout.isatty():
        return False
    try:
        code.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    first = code.splitlines()[0]
    return shutil.get_terminal_size().columns >= sum(character in "▀▄█ " for character in first)
