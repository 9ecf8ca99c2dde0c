"""Text from people, made safe for the files that it goes into."""

from __future__ import annotations

import re
import unicodedata

_MARKDOWN = re.compile(r"([\\`*_\[\]<>~|&#])")


def one_line(text: str) -> str:
    """Control characters and line ends as single spaces."""
    clean = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} else c for c in text)
    return " ".join(clean.split())


def markdown(text: str) -> str:
    """Text on one line of Markdown, with nothing in it that a renderer would take for markup (CommonMark 2.4)."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def subrip(text: str) -> str:
    """Text of an SRT cue, lines kept. SRT knows no escapes: what players take for markup gets a look-alike."""
    lines = (one_line(line) for line in text.split("\n"))
    return "\n".join(lines).replace("<", "‹").replace(">", "›").replace("{", "(").replace("}", ")")


def clock(seconds: float) -> str:
    """`h:mm:ss`, rounded down, as YouTube and people write times."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def precise(seconds: float, *, point: str) -> str:
    """`hh:mm:ss.mmm`, with `point` before the thousandths."""
    ms = max(0, round(seconds * 1000))
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"
