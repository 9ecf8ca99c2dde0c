"""The formats that audio is exported in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Format:
    """A container and its codec, as FFmpeg calls them.

    Attributes:
        bit_rate: of two channels, bit/s; None where nothing is lost, and tracks may be had in it.
        chapters_as_tags: readers take chapters from Vorbis comments, which FFmpeg's muxer does not write (FLAC), or
            with seconds that are rounded up beside their thousandths, 2.500 for 1.500 (Ogg, FFmpeg 8).
    """

    extension: str
    container: str
    codec: str
    bit_rate: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    chapters_as_tags: bool = False

    @property
    def lossless(self) -> bool:
        return self.bit_rate is None


FORMATS = {
    one.extension: one
    for one in (
        # RF64 (EBU Tech 3306) takes over where RIFF's 4 GB end: a stereo mix of four hours.
        Format("wav", "wav", "pcm", options={"rf64": "auto"}),
        Format("flac", "flac", "flac", chapters_as_tags=True),
        Format("opus", "opus", "libopus", 128_000, chapters_as_tags=True),
        Format("m4a", "ipod", "aac", 160_000),
        Format("mp3", "mp3", "libmp3lame", 160_000),
    )
}
