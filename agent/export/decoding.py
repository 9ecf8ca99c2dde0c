"""A track as exact samples: the first one at t = 0, every packet in its place, silence where there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.container import InputContainer

from agent.export.episode import Speaker
from agent.export.text import clock
from agent.recording.audio import FRAME_SAMPLES, RATE_HZ
from agent.recording.opus import CODEC_DELAY_SAMPLES, packet_index

Float32: TypeAlias = npt.NDArray[np.float32]
BLOCK_SAMPLES = RATE_HZ  # a second: what is in memory of each track


class TrackUnreadable(Exception):
    """Nothing of the track can be had; the text says why."""


class TrackReader:
    """Reads a track from its beginning to its end, as often as `blocks` is called.

    FFmpeg drops the encoder's delay (Opus pre-skip, 6.5 ms) from the first packet by itself, where the container says
    so. That is not relied upon: each packet's samples are put where they end, which its number in the file says.

    Attributes:
        lost: samples that could not be read in the last run; silence is in their place.
        lost_at: the first of them.
    """

    def __init__(self, path: Path, *, samples: int) -> None:
        self.path = path
        self.samples = samples
        self.lost = 0
        self.lost_at = 0

    def blocks(self) -> Iterator[Float32]:
        """All samples, float32, -1 to 1, a second at a time; together exactly `samples` of them.

        Raises:
            TrackUnreadable: before the first block.
        """
        self.lost = self.lost_at = 0
        block: Float32 = np.zeros(BLOCK_SAMPLES, np.float32)
        begin = 0
        for start, pcm in self._pieces():
            at = start
            while len(pcm) and at < self.samples:
                while at >= begin + BLOCK_SAMPLES:
                    yield block
                    block = np.zeros(BLOCK_SAMPLES, np.float32)
                    begin += BLOCK_SAMPLES
                taken = min(begin + BLOCK_SAMPLES - at, len(pcm))
                block[at - begin : at - begin + taken] = pcm[:taken]
                pcm = pcm[taken:]
                at += taken
        while begin < self.samples:
            yield block[: self.samples - begin]
            block = np.zeros(BLOCK_SAMPLES, np.float32)
            begin += BLOCK_SAMPLES

    @property
    def problem(self) -> str | None:
        """What was missing in the last run, in words."""
        if not self.lost:
            return None
        lost_s = max(0.01, self.lost / RATE_HZ)
        at = clock(self.lost_at / RATE_HZ)
        return f"{self.path.name}: {lost_s:.2f} s cannot be read, first at {at}; silence is there"

    def _pieces(self) -> Iterator[tuple[int, Float32]]:
        """(place, samples) in order, none before t = 0 and none over another."""
        end = 0
        for start, pcm in self._packets():
            if start > end:
                self._lose(end, start)
            fresh = pcm[max(0, end - start) :]
            if len(fresh):
                yield start + len(pcm) - len(fresh), fresh
                end = max(end, start + len(pcm))
        if end < self.samples:
            self._lose(end, self.samples)

    def _packets(self) -> Iterator[tuple[int, Float32]]:
        try:
            container = av.open(str(self.path))
        except (OSError, av.error.FFmpegError) as error:
            raise TrackUnreadable(f"{self.path.name} cannot be read: {_reason(error)}") from error
        with container:
            assert isinstance(container, InputContainer)
            if not container.streams.audio:
                raise TrackUnreadable(f"{self.path.name} cannot be read: there is no sound in it")
            stream = container.streams.audio[0]
            assert stream.time_base is not None
            to_ms = float(stream.time_base * 1000)
            packets = container.demux(stream)
            while True:
                try:
                    packet = next(packets, None)
                except av.error.FFmpegError:
                    return  # what follows cannot be found; `_pieces` counts it
                if packet is None:
                    return
                if not packet.size or packet.pts is None:
                    continue
                until = packet_index(round(packet.pts * to_ms)) * FRAME_SAMPLES - CODEC_DELAY_SAMPLES + FRAME_SAMPLES
                try:
                    frames = [_first_channel(frame) for frame in stream.codec_context.decode(packet)]
                except av.error.FFmpegError:
                    continue
                if frames:
                    pcm = frames[0] if len(frames) == 1 else np.concatenate(frames)
                    yield until - len(pcm), pcm

    def _lose(self, start: int, end: int) -> None:
        end = min(end, self.samples)
        if end > start:
            if not self.lost:
                self.lost_at = start
            self.lost += end - start


def _first_channel(frame: AudioFrame) -> Float32:
    """What FFmpeg's Opus decoder gives, without a copy: a long show has a million frames."""
    assert frame.format.name == "fltp"
    return np.frombuffer(memoryview(frame.planes[0]), np.float32, count=frame.samples)


def changed_since_sealed(speaker: Speaker) -> bool:
    """Whether the file is another than the one that was sealed. Reads it whole; False when it cannot be read."""
    if not speaker.sha256:
        return False
    try:
        with speaker.track.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() != speaker.sha256
    except OSError:
        return False


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
