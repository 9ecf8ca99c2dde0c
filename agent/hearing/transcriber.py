"""What turns speech into text, whatever engine does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from agent.floor.events import SpeakerId, UtteranceId

Int16 = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """What the same speaker said right before, in an utterance of its own: a word or two are hard to read alone."""

    start: float  # seconds on the episode clock, of the first sample
    pcm: Int16  # (samples,), 16 kHz mono; up to the first sample of the speech
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One part of an utterance: all of it, unless it is a monologue."""

    who: SpeakerId
    utterance: UtteranceId
    start: float  # seconds on the episode clock, of the first sample
    voice_end: float  # where the voice fell silent, as far as is known
    pcm: Int16  # (samples,), 16 kHz mono; begins before the onset
    before: str = ""  # text of the utterance's parts before this one
    draft: str = ""  # an earlier text of this part, which may have changed since
    lead: Lead | None = None

    @property
    def end(self) -> float:
        """Seconds on the episode clock."""
        return self.start + len(self.pcm) / 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenWord:
    """A word of a text of record. Seconds on the episode clock."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A text, and how sure the recogniser is of it."""

    text: str
    average_log_probability: float = 0.0  # of the tokens; 0 when unknown
    no_speech_probability: float = 0.0  # 0 when unknown
    doubtful: bool = False
    other: str = ""  # another reading of the same audio, less likely
    also_read: str = ""  # of a word or two: another reading, perhaps a mere guess
    pending: bool = False  # there is no text in time: the text of record may have words all the same
    words: tuple[SpokenWord, ...] = ()  # of a text of record; empty when the engine tells no times


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOfRecord:
    """What is kept of one part of an utterance."""

    who: SpeakerId
    utterance: UtteranceId
    start: float  # of the voice, seconds on the episode clock
    end: float
    text: str  # of this part
    whole: str  # of the utterance up to and with this part
    fast: str  # what was answered of this part
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """What an audio says about the end of its text."""

    full_stop: float  # log-odds that a full stop ends it, and not a comma
    last_word: float = 0.0  # log-probability that this is its last word


class TranscriberFailed(Exception):
    """The engine could not do it. The message says why and what to do.

    Attributes:
        told: whoever listens to `Line.run` has been told of it already.
    """

    def __init__(self, message: str, *, told: bool = False) -> None:
        super().__init__(message)
        self.told = told


def untold(_transcript: Transcript) -> None:
    """For a first text that nobody waits for."""


class Tell(Protocol):
    """Takes a line for people."""

    def __call__(self, text: str, /, *, recovered: bool = False) -> None:
        """Args:
        recovered: good news, the end of what was told before.
        """


class Line(Protocol):
    """The engine's ear for one speaker."""

    async def run(self, tell: Tell) -> None:
        """What the line has to do beside, until cancelled; returns at once when that is nothing.

        Args:
            tell: told once when the engine fails, and once when it works again.
        """

    def feed(self, at: float, pcm: Int16) -> None:
        """All audio of the speaker as it comes, for engines that hear a stream. Never waits.

        Args:
            at: seconds on the episode clock, of the first sample.
            pcm: int16, (samples,), 16 kHz mono.
        """

    async def interim(self, speech: Speech) -> Transcript | None:
        """A text while the speaker goes on; None when there is none worth showing, or no time for it.

        Raises:
            TranscriberFailed: see its message.
        """

    async def fast(self, speech: Speech, first: Callable[[Transcript], None] = untold) -> Transcript:
        """The text that is answered; cancelled when the speaker goes on.

        Args:
            first: told of a text that comes sooner, where there is one that the better one may yet correct.

        Raises:
            TranscriberFailed: see its message.
        """

    async def record(self, speech: Speech) -> Transcript:
        """The text that is kept; there is no hurry.

        Raises:
            TranscriberFailed: see its message.
        """

    async def ending(self, speech: Speech, text: str) -> Ending | None:
        """What the audio says about the end of the fast text; None where the engine does not tell.

        Asked several times in one silence: see `endpointing`.
        """

    def settle(self, end: float) -> None:
        """Everything up to `end` (seconds on the episode clock) has its text of record: what is kept of it may go."""


class Transcriber(Protocol):
    """One engine, shared by all ears of a show."""

    def follow(self, who: SpeakerId) -> Line:
        """The line of one speaker."""
