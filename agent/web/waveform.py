"""Waveforms of tracks for the player: peaks, computed once and kept."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

PER_S = 20  # peaks a second: a two-hour show on a 4K screen still has more than a pixel each
_RATE_HZ = 8000  # enough for a picture of the level, and a sixth of the samples
_BLOCK = _RATE_HZ // PER_S


class Waveforms:
    """Peaks of tracks, one decoded at a time: a show that runs needs the processor more."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache / "waveforms"
        self._one = asyncio.Semaphore(1)

    async def peaks(self, track: Path) -> bytes:
        """One byte for each 50 ms: the square root of the loudest sample, 255 for full scale.

        Raises:
            OSError, av.error.FFmpegError: the track cannot be read.
        """
        async with self._one:
            return await asyncio.to_thread(self._peaks, track)

    def _peaks(self, track: Path) -> bytes:
        stat = track.stat()
        name = hashlib.sha256(f"{track.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()
        kept = self._cache / f"{name}.peaks"
        try:
            return kept.read_bytes()
        except OSError:
            pass
        found = decode_peaks(track)
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(found)
            part.replace(kept)
        except OSError:
            pass  # a full disk: computed again the next time
        return found


def decode_peaks(track: Path) -> bytes:
    """As `Waveforms.peaks`, from the file. About 1 s for ten minutes of Opus."""
    loudest: list[npt.NDArray[np.int16]] = []
    rest = np.zeros(0, np.int16)
    with av.open(str(track)) as container:
        to_mono = av.AudioResampler(format="s16", layout="mono", rate=_RATE_HZ)
        for frame in container.decode(audio=0):
            for part in to_mono.resample(frame):
                pcm = np.concatenate((rest, part.to_ndarray().reshape(-1).astype(np.int16)))
                whole = len(pcm) // _BLOCK
                if whole:
                    blocks = np.abs(pcm[: whole * _BLOCK].reshape(whole, _BLOCK).astype(np.int32))
                    loudest.append(blocks.max(axis=1).clip(0, 32767).astype(np.int16))
                rest = pcm[whole * _BLOCK :]
    if not loudest:
        return b""
    share = np.concatenate(loudest).astype(np.float32) / 32767
    return bytes(np.round(np.sqrt(share) * 255).astype(np.uint8))
