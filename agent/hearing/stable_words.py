"""Which words of an unfinished utterance will stay. Pure.

Local agreement: the longest common prefix of two successive decodings (Liu, Spanakis, Niehues 2020, "Low-latency
sequence-to-sequence speech recognition"; whisper_streaming uses it as LocalAgreement-2).
"""

from __future__ import annotations

import re

_BARE = re.compile(r"[\W_]+")


class StableWords:
    """The agreed words of one part of an utterance. They grow; two decodings that agree may correct a hasty one."""

    def __init__(self) -> None:
        self._last: list[str] = []
        self._agreed: list[str] = []

    @property
    def text(self) -> str:
        return " ".join(self._agreed)

    def push(self, text: str, *, sure: bool = False) -> bool:
        """A newer decoding of more audio.

        Args:
            sure: believe a first decoding at once; all of it when it ends a sentence ("Stop!"), else all but the last
                word, which the end of the audio may have cut.

        Returns:
            whether the agreed words changed.
        """
        words = text.split()
        if sure and not self._last:
            agreed = words if text.rstrip().endswith((".", "!", "?")) else words[:-1]
        else:
            agreed = _common(self._last, words)
        self._last = words
        if len(agreed) < len(self._agreed) or agreed == self._agreed:
            return False
        self._agreed = agreed
        return True


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
