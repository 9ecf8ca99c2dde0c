"""What a quicker recogniser has to offer, to be asked before Whisper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text, and whether it will do."""

    text: str
    average_log_probability: float
    """Of the tokens, by the quicker model's own measure."""
    sure: bool
    """Whisper need not be asked."""
    called: str = ""
    """The name that the text begins with. Whisper base, told of names, is apt to leave such a one out."""
    cut_off: bool = False
    """It ran into its limit of tokens."""
    speech: bool = True
    """False: it read what it makes of sounds in which nobody speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What an audio says about the end of its text. Of several answers in one silence more is known than of one."""

    full_stop: float
    """Log-odds that a full stop ends the text rather than a comma: does the speaker go on?"""
    last_word: float
    """Log-probability of the last word, by its least likely token: was that said? A speaker who stops in
    mid-sentence is misread there more often than elsewhere."""


class QuickReader(Protocol):
    """Reads whole audios, for several threads at once."""

    @property
    def language(self) -> str:
        """ISO 639-1: the only one that it is asked for."""

    @property
    def shortest_s(self) -> float:
        """Seconds of voice, below which Whisper is asked as well, and no interim text is read."""

    @property
    def longest_s(self) -> float:
        """Seconds of audio, likewise above."""

    def read(
        self,
        speech: npt.NDArray[np.float32],
        *,
        names: Sequence[str],
        step: Callable[[], None],
        draft: str | None = None,
    ) -> Reading:
        """The text of one audio.

        Args:
            speech: float32, (samples,), 16 kHz mono, -1..1.
            names: of people who may be called.
            step: called between two uses of the model; raises to stop here.
            draft: what the text probably begins with, such as a text of the same speech a moment ago.

        Raises:
            Exception: whatever its model raises; Whisper reads instead.
        """

    def ending(self, speech: npt.NDArray[np.float32], text: str) -> Ending | None:
        """What the audio says about the end of its text; None when nothing is known.

        Args:
            speech: as for `read`.
            text: what was read of it, by whom ever.
        """
