"""Which words of an unfinished utterance will stay. Pure.

Local agreement: the longest common prefix of two successive decodings (Liu, Spanakis, Niehues 2020, "Low-latency
sequence-to-sequence speech recognition"; whisper_streaming uses it as LocalAgreement-2).
"""

from __future__ import annotations

import re

_BARE = re.compile(r"[\W_]+")


class StableWords:
    """The agreed words of one part of an utterance. They only grow."""

    def __init__(self) -> None:
        self._last: list[str] = []
        self._agreed: list[str] = []

    @property
    def text(self) -> str:
        return " ".join(self._agreed)

    def push(self, text: str, *, sure: bool = False) -> bool:
        """A newer decoding of more audio.

        Args:
            sure: believe it at once, but for the last word, which the end of the audio may have cut.

        Returns:
            whether there are new words.
        """
        words = text.split()
        agreed = words[:-1] if sure and not self._last else _common(self._last, words)
        self._last = words
        if len(agreed) <= len(self._agreed) or not _starts_with(agreed, self._agreed):
            return False
        self._agreed = agreed
        return True

    @property
    def prefix(self) -> str:
        """Words safe to begin the next decoding with: all agreed ones but the last two, which may still change form."""
        return " ".join(self._agreed[:-2])


def _bare(word: str) -> str:
    return _BARE.sub("", word.lower())


def _common(one: list[str], other: list[str]) -> list[str]:
    """The common beginning, in the later wording."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if _bare(a) != _bare(b):
            break
        count += 1
    return other[:count]


def _starts_with(words: list[str], beginning: list[str]) -> bool:
    return len(_common(beginning, words)) == len(beginning)
