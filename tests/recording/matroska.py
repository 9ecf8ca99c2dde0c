"""The structure of a WebM file, checked as mkvalidator does: sizes, seek positions, cues, time stamps.

Element ids and meanings are those of RFC 9559 (Matroska) and of EBML, RFC 8794.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EBML, SEGMENT, SEEK_HEAD, INFO, TRACKS = 0x1A45DFA3, 0x18538067, 0x114D9B74, 0x1549A966, 0x1654AE6B
CLUSTER, CUES, TAGS = 0x1F43B675, 0x1C53BB6B, 0x1254C367
SEEK, SEEK_ID, SEEK_POSITION, DURATION = 0x4DBB, 0x53AB, 0x53AC, 0x4489
CUE_POINT, CUE_TIME, CUE_TRACK_POSITIONS, CUE_CLUSTER = 0xBB, 0xB3, 0xB7, 0xF1
TIMESTAMP, SIMPLE_BLOCK, BLOCK_GROUP, BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
TRACK_ENTRY, CODEC_ID, CODEC_DELAY, SEEK_PRE_ROLL = 0xAE, 0x86, 0x56AA, 0x56BB


@dataclass(frozen=True)
class Element:
    id: int
    at: int  # of its first byte
    begin: int  # of its content
    end: int  # of its content; the end of what holds it when its size is open, as it is live
    open: bool


class WebM:
    """One file; `faults` is empty when it is well-formed."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self.faults: list[str] = []
        self.top = list(self.children(0, len(self._data)))
        if [element.id for element in self.top] != [EBML, SEGMENT]:
            self.faults.append(f"not an EBML header and one segment: {[hex(e.id) for e in self.top]}")
        self.segment = self.top[-1]
        self.parts = list(self.children(self.segment.begin, self.segment.end))

    def children(self, begin: int, end: int) -> Iterator[Element]:
        at = begin
        while at < end:
            element_id, content = self._number(at, keep_marker=True)
            size, content = self._number(content, keep_marker=False)
            is_open = size == (1 << (7 * (content - at - self._width(at)))) - 1
            stop = end if is_open else content + size
            if stop > end:
                self.faults.append(f"{element_id:x} at {at} ends {stop - end} bytes beyond what holds it")
                return
            yield Element(element_id, at, content, stop, is_open)
            at = stop

    def within(self, parent: Element, *ids: int) -> list[Element]:
        return [child for child in self.children(parent.begin, parent.end) if child.id in ids]

    def of(self, element_id: int) -> list[Element]:
        return [part for part in self.parts if part.id == element_id]

    def integer(self, parent: Element, element_id: int) -> int:
        (element,) = self.within(parent, element_id)
        return int.from_bytes(self._data[element.begin : element.end])

    def block_times_ms(self) -> list[int]:
        """Of every block, in file order."""
        times = []
        for cluster in self.of(CLUSTER):
            base = self.integer(cluster, TIMESTAMP)
            for block in self.within(cluster, SIMPLE_BLOCK, BLOCK_GROUP):
                inner = self.within(block, BLOCK)[0] if block.id == BLOCK_GROUP else block
                _, at = self._number(inner.begin, keep_marker=False)
                times.append(base + int.from_bytes(self._data[at : at + 2], signed=True))
        return times

    def check(self) -> list[str]:
        """What a player may stumble over; for live and for sealed files."""
        for required in (INFO, TRACKS, CLUSTER):
            if not self.of(required):
                self.faults.append(f"no element {required:x}")
        (entry,) = self.within(self.of(TRACKS)[0], TRACK_ENTRY)
        (codec,) = self.within(entry, CODEC_ID)
        if self._data[codec.begin : codec.end] != b"A_OPUS":
            self.faults.append("not Opus")
        if self.integer(entry, SEEK_PRE_ROLL) != 80_000_000:
            self.faults.append("the pre-roll is not the 80 ms that Opus needs")
        times = self.block_times_ms()
        if times != [20 * n for n in range(len(times))]:
            self.faults.append("the blocks do not lie at every 20 ms from 0")
        return self.faults

    def check_sealed(self) -> list[str]:
        """What makes it seekable, besides."""
        self.check()
        if self.segment.open or self.segment.end != len(self._data):
            self.faults.append("the segment's size is not the file's")
        if not self.within(self.of(INFO)[0], DURATION):
            self.faults.append("no duration")
        places = {part.at - self.segment.begin: part for part in self.parts}
        for seek in self.within(self.of(SEEK_HEAD)[0], SEEK):
            place = places.get(self.integer(seek, SEEK_POSITION))
            if place is None or place.id != self.integer(seek, SEEK_ID):
                self.faults.append(f"the seek head's entry for {self.integer(seek, SEEK_ID):x} leads nowhere")
        points = self.within(self.of(CUES)[0], CUE_POINT)
        for point in points:
            (position,) = self.within(point, CUE_TRACK_POSITIONS)
            place = places.get(self.integer(position, CUE_CLUSTER))
            if place is None or place.id != CLUSTER:
                self.faults.append("a cue leads to no cluster")
            elif self.integer(place, TIMESTAMP) != self.integer(point, CUE_TIME):
                self.faults.append("a cue's time is not its cluster's")
        if len(points) != len(self.of(CLUSTER)):
            self.faults.append(f"{len(points)} cues for {len(self.of(CLUSTER))} clusters")
        return self.faults

    def _number(self, at: int, *, keep_marker: bool) -> tuple[int, int]:
        width = self._width(at)
        value = int.from_bytes(self._data[at : at + width])
        return (value if keep_marker else value & ((1 << (7 * width)) - 1)), at + width

    def _width(self, at: int) -> int:
        return 9 - self._data[at].bit_length()
