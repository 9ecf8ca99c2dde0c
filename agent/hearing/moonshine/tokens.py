"""Text to tokens and back. Pure.

The tokenizer is Llama's: byte pairs, merged in the order of their numbers, with a byte for what has no token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

BEGIN, END = 1, 2
_FIRST_BYTE = 3  # token of byte 0
_SPACE = "▁"


class Tokens:
    """The vocabulary."""

    def __init__(self, data: bytes) -> None:
        """Args:
        data: `tokenizer.bin`: for each token its length in bytes (one byte, or two from 128 on), and its bytes.
        """
        self._texts = tuple(_entries(data))
        # "," is a token of its own as well as a byte, and it is the token that the model writes
        whole = list(enumerate(self._texts))[_FIRST_BYTE + 256 :]
        self._numbers = {text: number for number, text in reversed(whole)}

    def text(self, tokens: Iterable[int]) -> str:
        """Trimmed."""
        joined = b"".join(self._texts[token] for token in tokens)
        return joined.decode(errors="replace").replace(_SPACE, " ").strip()

    def piece(self, token: int) -> str:
        """What one token adds to the text."""
        return self._texts[token].decode(errors="replace").replace(_SPACE, " ")

    def tokens(self, text: str) -> list[int]:
        """As the model writes it, with a space before the first word."""
        parts = [sign.encode() for sign in _SPACE + text.replace(" ", _SPACE)]
        while pairs := [
            (number, place)
            for place, pair in enumerate(pairwise(parts))
            if (number := self._numbers.get(b"".join(pair))) is not None
        ]:
            _, place = min(pairs)
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        return [token for part in parts for token in self._of(part)]

    def _of(self, part: bytes) -> Iterator[int]:
        number = self._numbers.get(part)
        if number is not None:
            yield number
        else:
            yield from (_FIRST_BYTE + byte for byte in part)


def _entries(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length, at = data[at], at + 1
        if length >= 128:
            length, at = data[at] * 128 + length - 128, at + 1
        yield data[at : at + length]
        at += length
