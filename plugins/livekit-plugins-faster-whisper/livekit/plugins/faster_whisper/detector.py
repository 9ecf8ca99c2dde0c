"""Voice activity of a live stream: livekit-agents' own detector, or any VAD of LiveKit's."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Protocol

import numpy as np
import numpy.typing as npt
from livekit.agents import vad
from livekit.local_inference import VAD

from .audio import frame_of

_ANSWER_WITHIN_S = 0.1  # a VAD with windows longer than ours answers less often: then its last answer counts


class Detector(Protocol):
    """One stream's voice activity, window by window."""

    async def probability(self, window: npt.NDArray[np.int16]) -> float:
        """Of a voice, 0 to 1, in a window: int16, shape (512,), 16 kHz."""

    async def __aenter__(self) -> Detector: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LocalDetector:
    """`livekit.local_inference`'s Silero: 0.02 ms a window, so it runs in the event loop."""

    def __init__(self) -> None:
        self._vad = VAD()

    async def probability(self, window: npt.NDArray[np.int16]) -> float:
        return self._vad.predict(window)

    async def __aenter__(self) -> LocalDetector:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._vad.close()


class AgentsDetector:
    """Any `livekit.agents.vad.VAD`. Of its events only the probabilities are used: the segment rules are ours."""

    def __init__(self, detector: vad.VAD) -> None:
        self._detector = detector
        self._last = 0.0

    async def probability(self, window: npt.NDArray[np.int16]) -> float:
        self._stream.push_frame(frame_of(window))
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                async for event in self._stream:
                    if event.type is vad.VADEventType.INFERENCE_DONE:
                        self._last = event.probability or float(event.speaking)
                        break
        except TimeoutError:
            pass
        return self._last

    async def __aenter__(self) -> AgentsDetector:
        self._stream = self._detector.stream()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stream.aclose()
