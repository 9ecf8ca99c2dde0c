"""Several Ogg files of one speaker to one track that lies on the episode clock. Nothing is transcoded.

An egress makes a file for each time that a voice was published, of the Opus packets as they came: of any duration that
Opus has (RFC 6716), with holes where nothing was sent. Each packet is put at its place; silence of whole Opus frames,
2.5 ms at the least, goes between, so that a decoder that only counts samples agrees with the time stamps.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer, OutputContainer

from agent.recording.audio import FRAME_SAMPLES, RATE_HZ
from agent.recording.opus import CODEC_DELAY_MS, MILLISECONDS, AudioPacket, add_opus_stream

# The shortest Opus frame: places are multiples of it, at most 1.25 ms from where they should be.
_GRID_SAMPLES = 120

# 20, 10, 5 and 2.5 ms of digital silence, mono, CELT at full band: as `agent.recording.opus.SILENT_PACKET`, with the
# configurations 31 to 28 of RFC 6716, section 3.1.
_SILENCES = tuple((FRAME_SAMPLES >> n, bytes(((31 - n) << 3, 0xFF, 0xFE))) for n in range(4))

_FIRST_PAGE_SAMPLES = 2 * RATE_HZ  # a page holds a second at the most; a file that begins later counts from elsewhere

_SILK_SAMPLES = (480, 960, 1920, 2880)
_HYBRID_SAMPLES = (480, 960)
_CELT_SAMPLES = (120, 240, 480, 960)


class NoOpus(ValueError):
    """A file holds something else than one Opus track."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and the episode time of its first packet; below 0 when it began before the recording."""

    path: Path
    at: float


@dataclass(frozen=True, slots=True)
class Joined:
    """
    Attributes:
        duration_s: of the whole track.
        voice_s: of that, from the files; the rest is silence.
        problems: what could not be read, in words.
    """

    duration_s: float
    voice_s: float
    problems: tuple[str, ...]


def packet_samples(packet: bytes) -> int:
    """How long an Opus packet plays, in samples at 48 kHz.

    Raises:
        NoOpus: it is not one (RFC 6716, section 3).
    """
    if not packet:
        raise NoOpus("an empty packet")
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame = _SILK_SAMPLES[configuration & 3]
    elif configuration < 16:
        frame = _HYBRID_SAMPLES[configuration & 1]
    else:
        frame = _CELT_SAMPLES[configuration & 3]
    if code < 3:
        return frame * (1 if code == 0 else 2)
    if len(packet) < 2 or not 0 < frame * (packet[1] & 63) <= 5760:
        raise NoOpus("a packet without frames, or of more than 120 ms")
    return frame * (packet[1] & 63)


def join(sources: Sequence[Source], target: Path, *, end: int, name: str, title: str) -> Joined:
    """Write one mono WebM of all sources, padded to `end` samples; replaced whole.

    What overlaps is taken from the earlier file, what lies before 0 is left out, and a file that cannot be read to its
    end gives what it has.

    Raises:
        OSError, av.error.FFmpegError: `target` could not be written, and is as it was.
    """
    problems: list[str] = []
    part = target.with_name(f".{target.name}.part")
    try:
        container = av.open(str(part), "w", format="webm", options={"cues_to_front": "1"})
        assert isinstance(container, OutputContainer)
        with container:
            container.metadata.update({"title": title, "artist": name})
            track = _Track(container, name)
            for source in sorted(sources, key=lambda source: source.at):
                try:
                    track.add(source)
                except (av.error.FFmpegError, NoOpus) as error:
                    problems.append(f"{source.path.name} cannot be read to its end: {error}")
            track.pad(end)
        descriptor = os.open(part, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return Joined(track.written / RATE_HZ, track.voice / RATE_HZ, tuple(problems))


class _Track:
    """
    Attributes:
        written: samples so far.
        voice: of those, from files.
    """

    def __init__(self, container: OutputContainer, name: str) -> None:
        self._container = container
        # The header of our own tracks, mono: a decoder makes one channel of packets that were coded as two.
        self._stream = add_opus_stream(container)
        self._stream.metadata["title"] = name
        self.written = 0
        self.voice = 0

    def add(self, source: Source) -> None:
        for offset, samples, data in _packets(source.path):
            place = round(source.at * RATE_HZ) + offset
            if place < self.written - samples // 2 or place < -samples // 2:
                continue  # there is something already, or it was before the recording
            self.pad(place)
            self._mux(data, samples)
            self.voice += samples

    def pad(self, until: int) -> None:
        """Silence up to sample `until`, to the nearest 2.5 ms."""
        missing = round((until - self.written) / _GRID_SAMPLES) * _GRID_SAMPLES
        for samples, packet in _SILENCES:
            while missing >= samples:
                self._mux(packet, samples)
                missing -= samples

    def _mux(self, data: bytes, samples: int) -> None:
        packet = cast("AudioPacket", av.Packet(data))
        packet.stream = self._stream
        packet.time_base = MILLISECONDS
        packet.pts = packet.dts = round(self.written * 1000 / RATE_HZ) - CODEC_DELAY_MS
        packet.duration = round(samples * 1000 / RATE_HZ)
        packet.is_keyframe = True
        self._container.mux_one(packet)
        self.written += samples


def _packets(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Each packet's offset from the beginning of the file and its duration, in samples, with its bytes.

    Ogg has one time a page: where packets are missing, those of the same page may be off by what is missing.

    Raises:
        NoOpus, av.error.FFmpegError
    """
    container = av.open(str(path))
    assert isinstance(container, InputContainer)
    with container:
        if not container.streams.audio or container.streams.audio[0].codec_context.name not in ("opus", "libopus"):
            raise NoOpus("it holds no Opus track")
        stream = container.streams.audio[0]
        assert stream.time_base is not None
        scale = stream.time_base * RATE_HZ
        begin: int | None = None
        try:
            for packet in container.demux(stream):
                if packet.size and packet.pts is not None:
                    if begin is None:
                        # What is missing in the first page lets its packets begin later than 0
                        begin = 0 if abs(packet.pts * scale) <= _FIRST_PAGE_SAMPLES else packet.pts
                    data = bytes(packet)
                    yield round((packet.pts - begin) * scale), packet_samples(data), data
        except av.error.EOFError:
            return
