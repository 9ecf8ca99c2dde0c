"""LiveKit's audio end-of-turn model: does this voice sound as if it had ended?"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from livekit.local_inference import EOT, EOT_MAX_SAMPLES

from agent.hearing.transcriber import Int16

SAMPLES = EOT_MAX_SAMPLES  # 1.2 s at 16 kHz


class EndOfTurn:
    """One for all ears of a process: the model is 108 MB, and one answer takes 30 ms of a core."""

    def __init__(self) -> None:
        self._model = EOT()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="end-of-turn")

    async def probability(self, pcm: Int16) -> float:
        """Args:
        pcm: int16, (samples,), 16 kHz mono, up to and with the silence; the last 1.2 s count.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._model.predict, pcm[-SAMPLES:])


@cache
def end_of_turn() -> EndOfTurn:
    """The process's one."""
    return EndOfTurn()
