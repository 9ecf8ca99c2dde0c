"""What is asked of the recogniser and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Mode(IntEnum):
    """How an audio is decoded. The number is the priority: lower runs first."""

    FAST = 0
    """The text that is answered: short encoder window, greedy, decoded again when doubtful."""
    INTERIM = 1
    """A caption while somebody still speaks: short window, greedy, no second try; a newer one replaces it."""
    RECORD = 2
    """The text that is kept: full 30 s windows, beam search, word times. Never in the way of the other two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as spoken. Seconds from the first sample of the decoded audio."""

    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """A text and how far it can be trusted."""

    text: str
    """Trimmed; empty when nothing was said, or when what came out was no speech."""
    average_log_probability: float
    """Of the tokens; 0 when nothing was decoded. Above -0.6 in clear speech, below -1 in noise; good in loops."""
    no_speech_probability: float
    """Whisper's own, 0 to 1; 1 when the voice activity detector found no voice at all."""
    compression_ratio: float
    """UTF-8 length over zlib length; above 2.4 a long loop (OpenAI's threshold). Useless below some 50 characters."""
    language: str
    """ISO 639-1, as given or as detected."""
    words: tuple[Word, ...] = ()
    """In RECORD mode only."""
    voiced_s: float = 0.0
    """Seconds with a voice, by the voice activity detector."""
    encode_window_s: float = 0.0
    """The encoder window of the text that was returned; 0 when the encoder did not run."""
    decode_s: float = 0.0
    """Seconds of work, all tries together, without the waiting."""
    doubtful: bool = False
    """Doubts remained after the last try: see `doubts`."""
    doubts: tuple[str, ...] = ()
    """Of the text that was returned: "repetition", "too few words", "too many words", "compression", "cut off",
    "lost"."""
    quick: bool = False
    """By the quicker model alone: see `QuickReader`. Its probabilities are not Whisper's."""
    other: str = ""
    """Of a FAST of more than a word or two that both models read: the text that was not taken, unless it was doubtful
    itself. It may know what the better one missed, such as that a question was asked."""
    also_read: str = ""
    """Of a word or two that both models read: the text that was not taken. It may be a mere guess; but what the two
    have in common, and whether it is a known phrase, tells an "mm-hm" from a word."""
    tries: int = 0
    """Decodings that a window took, at most; above 1, an earlier text was doubtful."""
