"""The Opus settings that the live encoder and the sealer must agree on."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias, cast

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from agent.recording.audio import FRAME_SAMPLES, RATE_HZ

AudioPacket: TypeAlias = "av.Packet[AudioStream]"
BIT_RATE = 96_000  # transparent for one voice, and high enough that libopus stays in its CELT mode: see SILENT_PACKET
MILLISECONDS = Fraction(1, 1000)  # Matroska's time base as WebM uses it
PACKET_MS = 20

# What libopus makes of 20 ms of digital silence in CELT mode, mono, full band (RFC 6716: configuration 31, then the
# silence flag). The frame resets the decoder's energy prediction as encoding it resets the encoder's, so an absent
# speaker costs neither encoding nor a click. tests/recording/test_webm.py compares it with the encoder's own.
SILENT_PACKET = b"\xf8\xff\xfe"
SETTLING_PACKETS = 5  # encoded in full before the first SILENT_PACKET: the encoder looks ahead, and fades out

CODEC_DELAY_SAMPLES = 312  # libopus looks 6.5 ms ahead; players drop as much from the beginning
CODEC_DELAY_MS = 7  # the same in the muxer's time base


def add_opus_stream(container: OutputContainer) -> AudioStream:
    """A 48 kHz mono Opus stream of 20 ms packets, ready to encode."""
    stream = container.add_stream(
        "libopus",
        rate=RATE_HZ,
        layout="mono",
        options={"application": "audio", "frame_duration": str(PACKET_MS), "vbr": "on", "compression_level": "10"},
    )
    assert isinstance(stream, AudioStream)
    stream.bit_rate = BIT_RATE
    return stream


def duration_s(packets: int) -> float:
    """How long a track of so many packets plays."""
    return max(0, packets * FRAME_SAMPLES - CODEC_DELAY_SAMPLES) / RATE_HZ


def packet_time_ms(index: int) -> int:
    """The time stamp that puts packet `index` at exactly 20 ms times `index` in the file."""
    return index * PACKET_MS - CODEC_DELAY_MS


def packet_index(time_ms: int) -> int:
    """The inverse of `packet_time_ms`; takes the rounding of other muxers."""
    return (time_ms + CODEC_DELAY_MS + PACKET_MS // 2) // PACKET_MS


def silent_packet(index: int, stream: AudioStream) -> AudioPacket:
    """20 ms of silence as packet `index` of `stream`."""
    packet = cast("AudioPacket", av.Packet(SILENT_PACKET))
    stamp(packet, index, stream)
    packet.duration = PACKET_MS
    packet.is_keyframe = True
    return packet


def stamp(packet: AudioPacket, index: int, stream: AudioStream) -> None:
    """Make `packet` number `index` of `stream`."""
    packet.stream = stream
    packet.time_base = MILLISECONDS
    packet.pts = packet.dts = packet_time_ms(index)
