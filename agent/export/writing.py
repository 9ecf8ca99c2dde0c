"""Audio into a file, by FFmpeg's encoders and muxers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer

from agent.export.chapters import Chapter
from agent.export.decoding import Float32
from agent.export.formats import Format
from agent.export.text import precise
from agent.recording.audio import RATE_HZ

Bits: TypeAlias = Literal[16, 24]
Channels: TypeAlias = Literal[1, 2]
_MS = Fraction(1, 1000)


class AudioFile:
    """A file that takes mono blocks; two channels are twice the same.

    Raises:
        OSError, av.error.FFmpegError: from the disk, at every call and at the end of the `with`.
    """

    def __init__(
        self,
        path: Path,
        form: Format,
        *,
        channels: Channels,
        bits: Bits,
        tags: Mapping[str, str],
        chapters: Sequence[Chapter] = (),
    ) -> None:
        self._channels = channels
        self._layout = "stereo" if channels == 2 else "mono"
        self._bits: Bits | None = bits if form.lossless else None
        container = av.open(str(path), "w", format=form.container, options=dict(form.options))
        assert isinstance(container, OutputContainer)
        self._container = container
        codec = f"pcm_s{bits}le" if form.codec == "pcm" else form.codec
        stream = container.add_stream(codec, rate=RATE_HZ, layout=self._layout)
        assert isinstance(stream, AudioStream)
        self._stream = stream
        if self._bits is not None:
            stream.codec_context.format = self._sample_format
        if form.bit_rate is not None:
            stream.bit_rate = form.bit_rate * channels // 2
        container.metadata.update({name: text for name, text in tags.items() if text})
        if form.chapters_as_tags:
            container.metadata.update(_chapter_tags(chapters))
        elif chapters:
            container.set_chapters(
                [
                    {
                        "id": number,
                        "start": round(one.start * 1000),
                        "end": round(one.end * 1000),
                        "time_base": _MS,
                        "metadata": {"title": one.title},
                    }
                    for number, one in enumerate(chapters, 1)
                ]
            )
        self._written = 0

    def __enter__(self) -> AudioFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def write(self, pcm: Float32) -> None:
        """float32, (samples,), 48 kHz mono; beyond full scale it is clipped where the format has one."""
        if not len(pcm):
            return
        both = np.repeat(self._numbers(pcm), self._channels)  # interleaved
        frame = AudioFrame.from_ndarray(both[np.newaxis, :], format=self._sample_format, layout=self._layout)
        frame.sample_rate = RATE_HZ
        frame.pts = self._written
        self._written += len(pcm)
        self._container.mux(self._stream.encode(frame))

    @property
    def _sample_format(self) -> str:
        return {16: "s16", 24: "s32", None: "flt"}[self._bits]

    def _numbers(self, pcm: Float32) -> npt.NDArray[Any]:
        if self._bits is None:
            return pcm
        full = 2 ** (self._bits - 1)
        whole: npt.NDArray[np.float64] = np.clip(np.rint(pcm.astype(np.float64) * full), -full, full - 1)
        if self._bits == 16:
            return whole.astype(np.int16)
        return whole.astype(np.int32) * np.int32(256)  # FFmpeg has 24 bits as the upper ones of 32


def _chapter_tags(chapters: Sequence[Chapter]) -> dict[str, str]:
    """Vorbis comments as of wiki.xiph.org/Chapter_Extension."""
    tags = {}
    for number, one in enumerate(chapters):
        tags[f"CHAPTER{number:03}"] = precise(one.start, point=".")
        tags[f"CHAPTER{number:03}NAME"] = one.title
    return tags
