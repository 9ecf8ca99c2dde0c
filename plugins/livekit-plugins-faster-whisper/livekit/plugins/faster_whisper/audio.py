"""Any LiveKit audio to what Whisper hears: int16, 16 kHz, mono."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from livekit import rtc

from .whisper import RATE_HZ

Int16 = npt.NDArray[np.int16]


def samples(frame: rtc.AudioFrame) -> Int16:
    """A frame's channels mixed to one. Returns int16, shape (samples per channel,), at the frame's rate."""
    pcm: Int16 = np.frombuffer(frame.data, np.int16)
    if frame.num_channels == 1:
        return pcm
    channels = pcm.reshape(-1, frame.num_channels).astype(np.int32)
    mixed: Int16 = (channels.sum(axis=1) // frame.num_channels).astype(np.int16)
    return mixed


def frame_of(pcm: Int16, rate_hz: int = RATE_HZ) -> rtc.AudioFrame:
    """A mono frame; pcm is int16, shape (samples,)."""
    return rtc.AudioFrame(data=pcm.tobytes(), sample_rate=rate_hz, num_channels=1, samples_per_channel=len(pcm))


class Mono16k:
    """Converts frames of one stream, whatever their rates and channels, and lets both change on the way."""

    def __init__(self) -> None:
        self._rate_hz = RATE_HZ
        self._resampler: rtc.AudioResampler | None = None

    def push(self, frame: rtc.AudioFrame) -> Int16:
        """Returns int16, shape (samples,), 16 kHz; the resampler holds some milliseconds back."""
        flushed = np.zeros(0, np.int16)
        if frame.sample_rate != self._rate_hz:
            flushed = self.flush()
            self._rate_hz = frame.sample_rate
            self._resampler = (
                None
                if frame.sample_rate == RATE_HZ
                else rtc.AudioResampler(frame.sample_rate, RATE_HZ, quality=rtc.AudioResamplerQuality.HIGH)
            )
        pcm = samples(frame)
        if self._resampler is None:
            return np.concatenate([flushed, pcm]) if len(flushed) else pcm
        out = self._resampler.push(frame_of(pcm, self._rate_hz))
        return np.concatenate([flushed, *(np.frombuffer(part.data, np.int16) for part in out)])

    def flush(self) -> Int16:
        """What the resampler still held."""
        if self._resampler is None:
            return np.zeros(0, np.int16)
        parts = [np.frombuffer(part.data, np.int16) for part in self._resampler.flush()]
        return np.concatenate([np.zeros(0, np.int16), *parts])


def mono16k(frames: rtc.AudioFrame | list[rtc.AudioFrame]) -> Int16:
    """A whole audio. Returns int16, shape (samples,), 16 kHz."""
    converter = Mono16k()
    parts = [converter.push(frame) for frame in (frames if isinstance(frames, list) else [frames])]
    return np.concatenate([np.zeros(0, np.int16), *parts, converter.flush()])
