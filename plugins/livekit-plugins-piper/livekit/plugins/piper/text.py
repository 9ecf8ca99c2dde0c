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

# Sounds that people make. espeak-ng, which tells Piper how words sound, spells them: "Mm-hm" was "em em aitch em".
_HUMS = {
    r"[Mm]+-?[Hh]m+": "m̩hˈm̩",
    r"[Hh]m+": "hˈəm",
    r"[Mm]m+": "ˈm̩ː",
    r"[Mm]m+-?[Kk]ay": "m̩kˈeɪ",
    r"[Hh]mph": "hˈəmf",
    r"[Ss]+h+": "ʃː",
    r"[Pp]f+t?": "pft",
    r"[Bb]r+": "bɹː",
    r"[Gg]r+": "ɡɹː",
    r"[Zz]z+": "zː",
}
# A word by itself, with its signs: "5 mm" is a length, "HM" a title
_HUM = re.compile(
    r"""(?<!\S)(?<!\d )["'“‘(]*(?:"""
    + "|".join(f"({pattern})" for pattern in _HUMS)
    + r""")(?P<signs>[^\w\s]*)(?!\S)"""
)
_HUM_SOUNDS = tuple(_HUMS.values())
_PAUSES = ".,;:!?"  # that Piper knows


def pieces(text: str) -> Iterator[str]:
    """Sentences, each at most MAX_WORDS long, without control characters and Piper's `[[raw phoneme]]` marks."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", " ", text).replace("[[", "[").replace("]]", "]")
    for sentence in _sentences(text):
        words = [part for word in sentence.split() for part in _cut(word)]
        while words:
            length = _take(words)
            yield " ".join(words[:length])
            words = words[length:]


def with_hums(text: str) -> str:
    """The text with hums and hisses as `[[raw phonemes]]`, for voices that espeak-ng tells how words sound.

    The signs behind them are among these: by themselves espeak-ng would read them out.
    """

    def phonemes(match: re.Match[str]) -> str:
        sound = next(one for number, one in enumerate(_HUM_SOUNDS, start=1) if match[number])
        return f"[[{sound}{next((sign for sign in match['signs'] if sign in _PAUSES), '')}]]"

    return _HUM.sub(phonemes, text)


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
