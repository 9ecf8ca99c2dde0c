"""Caption cues: text cut into pieces that can be read, and the WebVTT of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

LINE_CHARACTERS = 42  # BBC's and Netflix's guides: 37 to 42
LINES = 2
LONGEST_S = 7.0
SHORTEST_S = 0.7  # Netflix: 5/6 s; a shorter one is a flash
READING_CHARACTERS_A_SECOND = 20.0
HEADER = "WEBVTT\n\n"
_INSTANT_S = 0.001  # WebVTT's resolution


@dataclass(frozen=True, slots=True)
class Cue:
    """Plain text, lines separated by a newline; seconds on the episode clock."""

    start: float
    end: float
    text: str
    voice: str = ""


def cut_into_cues(start: float, end: float, text: str) -> list[Cue]:
    """One utterance as cues of at most two lines of 42 characters and 7 s, in order, without overlap.

    The words' times are not known, so they are taken as spread evenly over the utterance.
    """
    words = _words(text)
    if not words:
        return []
    start = max(0.0, start)
    end = max(end, start + SHORTEST_S)
    blocks = _blocks(words, least=_least_blocks(words, end - start))
    sizes = [sum(len(line) for line in lines) for lines in blocks]
    total = sum(sizes)
    cues = []
    done = 0
    for lines, size in zip(blocks, sizes, strict=True):
        begin = start + (end - start) * done / total
        done += size
        finish = start + (end - start) * done / total
        cues.append(Cue(begin, min(finish, begin + LONGEST_S), "\n".join(lines)))
    cues[-1] = replace(cues[-1], end=max(cues[-1].end, _readable_at(cues[-1])))
    return cues


def tidy(cues: Iterable[Cue]) -> list[Cue]:
    """One speaker's cues in order, none overlapping the next, each staying as long as it can to be read."""
    ordered = sorted((cue for cue in cues if cue.text), key=lambda cue: (cue.start, cue.end))
    if not ordered:
        return []
    tidied: list[Cue] = []
    for cue, following in pairwise([*ordered, None]):
        assert cue is not None
        start = max(cue.start, tidied[-1].end if tidied else 0.0)
        cue = replace(cue, start=start, end=min(max(cue.end, start + _INSTANT_S), start + LONGEST_S))
        end = max(cue.end, _readable_at(cue))
        if following is not None and following.start >= start + _INSTANT_S:
            end = min(end, following.start)
        tidied.append(replace(cue, end=end))
    return tidied


def merge(tracks: Iterable[Sequence[Cue]]) -> list[Cue]:
    """The cues of all speakers by time.

    Many players show only the first of overlapping cues, so a cue that can be read in less time makes room for the
    next speaker's.
    """
    ordered = sorted((cue for track in tracks for cue in track), key=lambda cue: (cue.start, cue.end))
    merged: list[Cue] = []
    for cue, following in pairwise([*ordered, None]):
        assert cue is not None
        if following is not None and following.start < cue.end:
            cue = replace(cue, end=min(cue.end, max(following.start, _readable_at(cue))))
        merged.append(cue)
    return merged


def to_vtt(cue: Cue) -> str:
    """One cue block with the blank line that ends it."""
    text = escape(cue.text)
    if cue.voice:
        text = f"<v {escape(_one_line(cue.voice))}>{text}"
    return f"{_timestamp(cue.start)} --> {_timestamp(cue.end)}\n{text}\n\n"


def parse_vtt(content: str) -> list[Cue]:
    """The cues of a file that `to_vtt` wrote, even when a crash tore the last one off."""
    cues = []
    for block in content.split("\n\n"):
        lines = block.strip("\n").split("\n")
        if len(lines) < 2 or not (match := _TIMES.fullmatch(lines[0])):
            continue
        text, voice = "\n".join(lines[1:]), ""
        if spoken := _VOICE.match(text):
            voice, text = unescape(spoken[1]), text[spoken.end() :]
        cues.append(Cue(_seconds(*match.groups()[:4]), _seconds(*match.groups()[4:]), unescape(text), voice))
    return cues


_STAMP = r"(\d{2,}):(\d{2}):(\d{2})\.(\d{3})"
_TIMES = re.compile(rf"{_STAMP} --> {_STAMP}")
_VOICE = re.compile(r"<v ([^>\n]*)>")


def escape(text: str) -> str:
    """Text as it must stand in a cue: no tag, no entity, and no arrow can be made of it (WebVTT, section 4.2.2)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _timestamp(seconds: float) -> str:
    ms = max(0, round(seconds * 1000))
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _seconds(hours: str, minutes: str, seconds: str, ms: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(ms) / 1000


def _one_line(text: str) -> str:
    """Control characters and line ends as single spaces."""
    clean = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} else c for c in text)
    return " ".join(clean.split())


def _words(text: str) -> list[str]:
    """Words of at most a line's length: longer ones, and scripts without spaces, are cut between whole characters."""
    words: list[str] = []
    for word in _one_line(text).split(" "):
        while len(word) > LINE_CHARACTERS:
            cut = LINE_CHARACTERS
            while cut > 1 and _joins_left(word[cut], word[cut - 1]):
                cut -= 1
            words.append(word[:cut])
            word = word[cut:]
        if word:
            words.append(word)
    return words


def _joins_left(character: str, before: str) -> bool:
    joiner = "\u200d"
    return character == joiner or before == joiner or unicodedata.category(character) in {"Mn", "Mc", "Me"}


def _least_blocks(words: Sequence[str], duration_s: float) -> int:
    return min(len(words), int(-(-duration_s // LONGEST_S)))


def _blocks(words: Sequence[str], *, least: int) -> list[list[str]]:
    """Words as blocks of at most two lines; `least` blocks of about the same length, when there are enough words."""
    target = -(-sum(len(word) + 1 for word in words) // max(1, least))
    blocks: list[list[str]] = []
    block: list[str] = []
    size = 0
    left = len(words)
    for word in words:
        extended = _lay_out([*block, word])
        full = extended is None or (size >= target and len(blocks) + 1 < least)
        must_leave = len(blocks) + 1 < least and left <= least - len(blocks) - 1
        if block and (full or must_leave):
            blocks.append(block)
            block, size = [], 0
        block.append(word)
        size += len(word) + 1
        left -= 1
    blocks.append(block)
    return [lines for words_of in blocks if (lines := _lay_out(words_of)) is not None]


def _lay_out(words: Sequence[str]) -> list[str] | None:
    """Words on one line, else on two of about the same length; None when they do not fit."""
    whole = " ".join(words)
    if len(whole) <= LINE_CHARACTERS:
        return [whole]
    splits = [[" ".join(words[:n]), " ".join(words[n:])] for n in range(1, len(words))]
    fitting = [lines for lines in splits if max(map(len, lines)) <= LINE_CHARACTERS]
    return min(fitting, key=lambda lines: abs(len(lines[0]) - len(lines[1]))) if fitting else None


def _readable_at(cue: Cue) -> float:
    """When a reader has got through the cue."""
    return cue.start + max(SHORTEST_S, len(cue.text) / READING_CHARACTERS_A_SECOND)
