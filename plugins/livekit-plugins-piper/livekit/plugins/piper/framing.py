"""What the server streams: frames of one byte for the kind, four for the length (big endian), and the payload.

| kind | payload |
| --- | --- |
| `A` | audio: int16, mono, little endian, at the rate of the response's `X-Sample-Rate` |
| `W` | words of a sentence, before its audio: JSON `[[text, start_s, end_s], ...]`, from the first sample of all |
| `X` | an error after the response has begun: JSON `{"error": ..., "fix": ...}`; nothing follows |
| `E` | the end: empty. A response without it was cut off |

A caller who asks for `"format": "pcm"` gets the payloads of `A` alone, back to back.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence

from .word_timing import Word

AUDIO, WORDS, FAILED, END = b"A", b"W", b"X", b"E"

_HEAD = struct.Struct(">cI")
MAX_PAYLOAD = 16 * 1024 * 1024


class BadFrame(ValueError):
    """What came is not this framing: the address is some other server's."""


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    return _HEAD.pack(kind, len(payload)) + payload


def words_frame(words: Sequence[Word]) -> bytes:
    rows = [[word.text, round(word.start_s, 4), round(word.end_s, 4)] for word in words]
    return frame(WORDS, json.dumps(rows).encode())


def words_of(payload: bytes) -> list[Word]:
    return [Word(str(text), float(start), float(end)) for text, start, end in json.loads(payload)]


class Deframer:
    """Frames out of bytes that come in any portions."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def push(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """
        Raises:
            BadFrame: unknown kind or a length beyond MAX_PAYLOAD.
        """
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._buffer)
            if kind not in (AUDIO, WORDS, FAILED, END) or length > MAX_PAYLOAD:
                raise BadFrame(f"unknown frame {kind!r} of {length} bytes; is a Piper server at this address?")
            end = _HEAD.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            yield kind, payload
