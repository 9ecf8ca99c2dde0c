"""Sentences that must work when an LLM or a TTS does not: synthesised when the show begins, played from memory."""

from __future__ import annotations

import asyncio

from agent.floor.actions import Line
from agent.speaking.clauses import Clause
from agent.speaking.passage import Clip
from agent.speaking.synthesis import Synthesis, SynthesisFailed

LINES: dict[Line, str] = {
    "lost_thread": "Sorry, I lost my thread.",
    "one_moment": "One moment.",
    "still_thinking": "Still thinking.",
    "let_me_think": "Let me think about that.",
}


_AFTER_S = 6.0  # a show's first words need the processor, and one that is needed sooner is made then
_APART_S = 4.0  # between the AIs of a table: twelve lines at once would keep a local voice from an answer
_PATIENCE_S = 30.0  # a local voice may still be loading its model
_ATTEMPTS = 4
_PAUSE_S = 5.0


class CannedLines:
    """One persona's, in its own voice."""

    def __init__(self, synthesis: Synthesis, *, place: int = 0) -> None:
        """Args:
        place: of the persona at the table; each waits for those before it.
        """
        self._synthesis = synthesis
        self._after_s = _AFTER_S + place * _APART_S
        self._clips: dict[Line, Clip] = {}

    async def prepare(self) -> None:
        """Synthesise all, in a while and trying again; one that fails all the same is tried when it is needed."""
        await asyncio.sleep(self._after_s)
        for _ in range(_ATTEMPTS):
            try:
                for line in LINES:
                    await self.get(line, patience_s=_PATIENCE_S)
            except SynthesisFailed:
                await asyncio.sleep(_PAUSE_S)  # the failure is in the log
            else:
                return

    async def get(self, line: Line, *, patience_s: float | None = None) -> Clip:
        """A fresh clip of `line`.

        Raises:
            SynthesisFailed: it was not prepared, and cannot be now.
        """
        if line not in self._clips:
            clip = Clip(Clause(LINES[line], "sentence"))
            await self._synthesis.fill(clip, patience_s=patience_s)
            self._clips[line] = clip
        return self._clips[line].copy()
