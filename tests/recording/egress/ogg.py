"""Files as an egress leaves them: Ogg Opus whose header says two channels, with packets as they were published.

Each packet has a page of its own, and so a time of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.container import OutputContainer

from agent.recording.audio import RATE_HZ, Int16
from agent.recording.opus import AudioPacket

_TIME_BASE = Fraction(1, RATE_HZ)


def beeps(seconds: float, *at_s: float) -> Int16:
    """Silence with a tone of 0.1 s at each of these times."""
    pcm = np.zeros(round(seconds * RATE_HZ), np.int16)
    tone = (12_000 * np.sin(2 * np.pi * 500 * np.arange(RATE_HZ // 10) / RATE_HZ)).astype(np.int16)
    for start_s in at_s:
        start = round(start_s * RATE_HZ)
        pcm[start : start + len(tone)] = tone
    return pcm


def write_ogg(
    path: Path, pcm: Int16, *, packet_ms: int = 20, stereo: bool = False, missing: Collection[int] = ()
) -> Path:
    """
    Args:
        pcm: 48 kHz mono.
        stereo: packets of two channels, as some browsers publish.
        missing: numbers of packets that never came; the time stamps go on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    container = av.open(str(path), "w", format="ogg", options={"page_duration": "1"})
    assert isinstance(container, OutputContainer)
    stream = container.add_stream("libopus", rate=RATE_HZ, layout="stereo")
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "stereo" if stereo else "mono", "s16"
    encoder.bit_rate, encoder.time_base = 24_000, _TIME_BASE
    encoder.options = {"application": "voip", "frame_duration": str(packet_ms)}
    size = RATE_HZ * packet_ms // 1000
    frames: list[AudioFrame | None] = []
    for start in range(0, len(pcm) - size + 1, size):
        part = pcm[start : start + size][np.newaxis]
        interleaved = np.repeat(part, 2, axis=1) if stereo else part
        frame = AudioFrame.from_ndarray(interleaved, format="s16", layout="stereo" if stereo else "mono")
        frame.sample_rate, frame.pts = RATE_HZ, start
        frames.append(frame)
    number = 0
    with container:
        for item in [*frames, None]:
            for encoded in encoder.encode(item):
                packet = cast("AudioPacket", av.Packet(bytes(encoded)))
                packet.stream, packet.time_base = stream, _TIME_BASE
                packet.pts = packet.dts = number * size
                packet.duration = size
                if number not in missing:
                    container.mux_one(packet)
                number += 1
    return path
