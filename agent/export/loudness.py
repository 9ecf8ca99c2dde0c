"""Loudness and true peak as of EBU R 128, and a limiter for the peak: FFmpeg's filters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.filter import Graph

from agent.export.decoding import Float32
from agent.recording.audio import RATE_HZ

SILENT_LUFS = -70.0  # ITU-R BS.1770-4's absolute gate: what the filter says when nothing passes it
_OVERSAMPLED_HZ = 192_000  # BS.1770-4, annex 2: four times 48 kHz shows the peaks between the samples
_ATTACK_MS, _RELEASE_MS = 5, 80


@dataclass(frozen=True, slots=True)
class Loudness:
    """LUFS, integrated over all that is not silence (-70 for silence); dBTP, -inf for digital silence."""

    integrated_lufs: float
    true_peak_dbtp: float

    @property
    def silent(self) -> bool:
        return self.integrated_lufs <= SILENT_LUFS


class LoudnessMeter:
    """Measures what is pushed: FFmpeg's `ebur128`."""

    def __init__(self, *, sample_format: str = "flt", layout: str = "mono", true_peak: bool) -> None:
        self._graph = Graph()
        peak = "true" if true_peak else "none"
        _chain(self._graph, sample_format, layout, (("ebur128", f"metadata=1:framelog=quiet:peak={peak}"),))
        self._true_peak = true_peak
        self._last: dict[str, str] = {}
        self._pushed = 0

    def push(self, pcm: Float32) -> None:
        """float32, (samples,), 48 kHz mono."""
        self.push_frame(_frame(pcm, self._pushed))
        self._pushed += len(pcm)

    def push_frame(self, frame: AudioFrame | None) -> None:
        """A frame as the decoder gave it; None at the end."""
        self._graph.push(frame)
        for out in _pulled(self._graph):
            self._last |= out.metadata  # of the last, incomplete tenth of a second there is none

    def read(self) -> Loudness:
        """Of all that was pushed; less than 0.4 s counts as silence."""
        self.push_frame(None)
        lufs = float(self._last.get("lavfi.r128.I", SILENT_LUFS))
        peak = float(self._last.get("lavfi.r128.true_peak", 0.0))
        return Loudness(max(SILENT_LUFS, lufs), 20 * math.log10(peak) if peak > 0 else -math.inf)


def measure(path: Path) -> Loudness:
    """Of a whole file, as it will be decoded by those who hear it.

    Raises:
        av.error.FFmpegError: it cannot be read.
    """
    container = av.open(str(path))
    with container:
        assert isinstance(container, InputContainer)
        context = container.streams.audio[0].codec_context
        meter: LoudnessMeter | None = None
        for frame in container.decode(audio=0):
            if meter is None:
                meter = LoudnessMeter(sample_format=frame.format.name, layout=context.layout.name, true_peak=True)
            meter.push_frame(frame)
    return meter.read() if meter else Loudness(SILENT_LUFS, -math.inf)


def limited(blocks: Iterator[Float32], *, ceiling_dbtp: float) -> Iterator[Float32]:
    """Blocks whose true peak stays at the ceiling, of the same length together and not shifted: FFmpeg's `alimiter`.

    Resampling back to 48 kHz moves peaks by some tenths of a decibel: leave room.
    """
    graph = Graph()
    limit = 10 ** (ceiling_dbtp / 20)
    _chain(
        graph,
        "flt",
        "mono",
        (
            ("aresample", str(_OVERSAMPLED_HZ)),
            ("alimiter", f"limit={limit}:attack={_ATTACK_MS}:release={_RELEASE_MS}:level=false:latency=true"),
            ("aresample", str(RATE_HZ)),
            ("aformat", "sample_fmts=flt"),
        ),
    )
    pushed = given = 0
    for block in blocks:
        graph.push(_frame(block, pushed))
        pushed += len(block)
        for out in _pulled(graph):
            pcm = out.to_ndarray()[0]
            given += len(pcm)
            yield pcm
    graph.push(None)
    for out in _pulled(graph):
        pcm = out.to_ndarray()[0][: pushed - given]
        given += len(pcm)
        yield pcm
    yield np.zeros(pushed - given, np.float32)


def _chain(graph: Graph, sample_format: str, layout: str, filters: tuple[tuple[str, str], ...]) -> None:
    node = graph.add_abuffer(sample_rate=RATE_HZ, format=sample_format, layout=layout, time_base=Fraction(1, RATE_HZ))
    for name, arguments in filters:
        following = graph.add(name, arguments)
        node.link_to(following)
        node = following
    node.link_to(graph.add("abuffersink"))
    graph.configure()


def _frame(pcm: Float32, pts: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(pcm[np.newaxis, :]), format="flt", layout="mono")
    frame.sample_rate = RATE_HZ
    frame.pts = pts
    return frame


def _pulled(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, AudioFrame)
        yield frame
