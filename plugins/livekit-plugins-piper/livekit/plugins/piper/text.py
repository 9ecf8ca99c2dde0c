"""Text in pieces that Piper can say one after the other. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_WORDS = 60
"""Of one piece. Longer stretches without a full stop are cut: the model's memory grows with the square of its input."""

MAX_WORD_CHARACTERS = 120
"""Longer "words" are cut: no word of any language, but a base64 string or a line of dashes."""

_SENTENCE_END = re.compile(r"""(?<=[.!?…。！？])["'”’»)\]]*\s+(?=[^a-z\s])|\n\s*\n""")
_INITIALS = re.compile(r"(?:^|\s)(?:\w\.)+$")  # "J. R. R.", "U.S.", "p.m.": Piper's phonemiser knows better than we do
_CLAUSE_END = re.compile(r"[,;:–—]$")


def pieces(text: str) -> Iterator[str]:
    """Sentences, each at most MAX_WORDS long, without control characters and Piper's `[[raw phoneme]]` marks."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", " ", text).replace("[[", "[").replace("]]", "]")
    for sentence in _sentences(text):
        words = [part for word in sentence.split() for part in _cut(word)]
        while words:
            length = _take(words)
            yield " ".join(words[:length])
            words = words[length:]


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if not _INITIALS.search(text[start : match.start() + 1].rstrip()):
            yield text[start : match.end()]
            start = match.end()
    yield text[start:]


def _cut(word: str) -> list[str]:
    return [word[i : i + MAX_WORD_CHARACTERS] for i in range(0, len(word), MAX_WORD_CHARACTERS)]


def _take(words: list[str]) -> int:
    """How many words make the next piece: all, or up to the last clause end, or MAX_WORDS."""
    if len(words) <= MAX_WORDS:
        return len(words)
    for length in range(MAX_WORDS, MAX_WORDS // 4, -1):
        if _CLAUSE_END.search(words[length - 1]):
            return length
    return MAX_WORDS
