"""What is known of one utterance while it lasts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.floor.events import Evidence, UtteranceId
from agent.hearing.segmenter import RATE_HZ, WINDOW
from agent.hearing.stable_words import StableWords
from agent.hearing.transcriber import Transcript


@dataclass(slots=True, eq=False)
class Part:
    """An utterance, or a piece of a monologue. Sample numbers on the ear's line."""

    start: int
    voice_start: int
    voice_end: int
    stable: StableWords = field(default_factory=StableWords)
    fast: asyncio.Task[None] | None = None
    transcript: Transcript | None = None  # of the audio up to the last silence
    first: Transcript | None = None  # the same, until the better one is there
    draft: str = ""  # the latest text of it
    cut: int = 0  # where the next part begins; 0 while there is none


@dataclass(frozen=True, slots=True)
class Said:
    """The last part of an utterance that has ended, and had words. Sample numbers on the ear's line."""

    start: int
    voice_end: int
    text: str


@dataclass(slots=True, eq=False)
class Utterance:
    """From onset to endpoint, in parts."""

    id: UtteranceId
    parts: list[Part]
    lead: Said | None = None  # what the first part is read together with
    voiced_windows: int = 0
    power: float = 0.0  # sum of the voiced windows' mean squares, full scale = 1

    @property
    def part(self) -> Part:
        """The one that is being spoken."""
        return self.parts[-1]

    @property
    def speech_s(self) -> float:
        return self.voiced_windows * WINDOW / RATE_HZ

    @property
    def before(self) -> str:
        """The text of all parts but the one being spoken."""
        return join(part.transcript.text for part in self.parts[:-1] if part.transcript)

    @property
    def text(self) -> str:
        return join(part.transcript.text for part in self.parts if part.transcript)

    @property
    def other_text(self) -> str:
        """With another reading of the part that is being spoken; empty when there is none."""
        transcript = self.part.transcript
        return join((self.before, transcript.other)) if transcript is not None and transcript.other else ""

    @property
    def understood(self) -> bool:
        """Every part has its text."""
        return all(part.transcript is not None for part in self.parts)

    def hear(self, level_dbfs: float) -> None:
        """A voiced window."""
        self.voiced_windows += 1
        self.power += 10.0 ** (level_dbfs / 10.0)

    def evidence(self) -> Evidence:
        known = [part.transcript for part in self.parts if part.transcript]
        weights = [max(1, len(transcript.text)) for transcript in known]
        total = sum(weights) or 1
        return Evidence(
            speech_s=self.speech_s,
            level_dbfs=10.0 * math.log10(self.power / max(1, self.voiced_windows) + 1e-12),
            average_log_probability=sum(t.average_log_probability * w for t, w in zip(known, weights, strict=True))
            / total,
            no_speech_probability=sum(t.no_speech_probability * w for t, w in zip(known, weights, strict=True)) / total,
            also_read=known[0].also_read if len(known) == 1 else "",
        )


def join(texts: Iterable[str]) -> str:
    """Texts of successive parts as one."""
    return " ".join(text for text in texts if text)
