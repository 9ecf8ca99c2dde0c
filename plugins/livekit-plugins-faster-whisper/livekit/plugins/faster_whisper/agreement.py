"""Stable words while somebody still speaks: LocalAgreement-2.

The longest common prefix of two successive hypotheses about a growing audio is taken as said (Liu, Spanakis, Niehues,
"Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection", Interspeech
2020; for Whisper: Macháček, Dabre, Bojar, "Turning Whisper into Real-Time Transcription System", IJCNLP-AACL 2023,
section 2).
"""

from __future__ import annotations

from .doubt import words

_ENDINGS = ".,;:!?…。、！？，"


class Agreement:
    """Feeds on hypotheses of one utterance and knows the words that will not change any more."""

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._last: list[str] = []

    @property
    def text(self) -> str:
        """The stable words. They only ever grow, so that a caption never jumps back."""
        return " ".join(self._stable)

    def add(self, hypothesis: str) -> bool:
        """Compare with the hypothesis before; was there a new stable word?

        Words are compared without case and punctuation, since Whisper changes its mind about those with every second
        of audio. The last word of a hypothesis loses its punctuation: a full stop there means that the audio ended,
        no more.
        """
        said = hypothesis.split()
        agreed = 0
        for earlier, later in zip(self._last, said, strict=False):
            if words(earlier) != words(later):
                break
            agreed += 1
        self._last = said
        kept = len(self._stable)
        if agreed <= kept:
            return False
        grown = said[kept:agreed]
        if agreed == len(said):
            grown[-1] = grown[-1].rstrip(_ENDINGS) or grown[-1]
        self._stable += grown
        return True
