"""Opus in WebM while it is live: whole clusters, ready to be appended to a file."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer

from agent.recording.audio import FRAME_SAMPLES, RATE_HZ, Int16
from agent.recording.opus import PACKET_MS, SETTLING_PACKETS, AudioPacket, add_opus_stream, silent_packet, stamp

CLUSTER_MS = (
    400  # with the writer's round (100 ms) and the placer's hold (300 ms) well within the second that may be lost
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One append to the file.

    Attributes:
        data: the bytes; the first one of a file begins with its header.
        end_samples: how much of the track the file holds once this is written.
        sum_of_squares: of the cluster's samples, for the level that is shown.
        samples: how many those are.
    """

    data: bytes
    end_samples: int
    sum_of_squares: float
    samples: int


class LiveWebm:
    """Takes a gapless track as samples and stretches of silence; gives clusters.

    The muxer writes into memory, never to the disk, so a failing disk cannot leave it half-way. Sizes and durations
    that only the end knows are left open, as in a live stream; `agent.recording.seal` fills them in.
    """

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._begun = False
        options = {"live": "1", "cluster_time_limit": str(CLUSTER_MS), "flush_packets": "1"}
        container = av.open(self, "w", format="webm", options=options)
        assert isinstance(container, OutputContainer)
        self._container = container
        self._stream = add_opus_stream(container)
        self._frames = _Frames()
        self._packets = 0  # written so far, 20 ms each
        self._encoded = 0  # of those, by the encoder
        self._silent_run = 0  # encoded silent packets in a row
        self._tally = _Tally()

    def write(self, data: bytes) -> int:
        """The muxer's side: called with the header, then with each finished cluster."""
        self._chunks.append(bytes(data))
        return len(data)

    def add(self, pcm: Int16) -> list[Cluster]:
        """Append samples: int16, (samples,), 48 kHz mono."""
        self._frames.push(pcm)
        return self._encode_whole_frames()

    def add_silence(self, count: int) -> list[Cluster]:
        """Append `count` samples of silence; cheap for long stretches."""
        padding = min(count, -self._frames.size % FRAME_SAMPLES)
        self._frames.push(np.zeros(padding, np.int16))
        count -= padding
        clusters = self._encode_whole_frames()
        while count >= FRAME_SAMPLES:
            count -= FRAME_SAMPLES
            if self._silent_run < SETTLING_PACKETS:
                self._frames.push(np.zeros(FRAME_SAMPLES, np.int16))
                clusters += self._encode_whole_frames()
                continue
            clusters += self._mux(silent_packet(self._packets, self._stream))
            self._tally.add(0.0, FRAME_SAMPLES)
        self._frames.push(np.zeros(count, np.int16))
        return clusters

    def close(self) -> list[Cluster]:
        """Complete the last frame with silence, push out what the encoder holds, end the last cluster.

        One frame of silence pushes it out. Draining the encoder instead would mark the end for trimming, and a track
        that a salvage has to pad could then not end together with it.
        """
        clusters = self.add_silence(-self._frames.size % FRAME_SAMPLES)
        self._frames.push(np.zeros(FRAME_SAMPLES, np.int16))
        clusters += self._encode_whole_frames()
        self._container.close()
        return clusters + self._take(self._packets * FRAME_SAMPLES)

    def _encode_whole_frames(self) -> list[Cluster]:
        clusters: list[Cluster] = []
        while (pcm := self._frames.pop()) is not None:
            squares = float(np.dot(pcm.astype(np.float32), pcm.astype(np.float32)))
            frame = AudioFrame.from_ndarray(pcm[np.newaxis, :], format="s16", layout="mono")
            frame.sample_rate = RATE_HZ
            frame.pts = self._encoded * FRAME_SAMPLES
            self._encoded += 1
            self._silent_run = 0 if squares else self._silent_run + 1
            for packet in self._stream.encode(frame):
                clusters += self._mux(packet)
            self._tally.add(squares, FRAME_SAMPLES)
        return clusters

    def _mux(self, packet: AudioPacket) -> list[Cluster]:
        stamp(packet, self._packets, self._stream)
        if packet.duration and packet.duration > PACKET_MS:
            packet.duration = PACKET_MS
        self._container.mux_one(packet)
        before = self._packets * FRAME_SAMPLES  # a cluster ends when the first packet of the next one comes
        self._packets += 1
        return self._take(before)

    def _take(self, end_samples: int) -> list[Cluster]:
        if len(self._chunks) < (1 if self._begun else 2):
            return []  # nothing yet, or only the header, which goes out with the first cluster
        self._begun = True
        data = b"".join(self._chunks)
        self._chunks.clear()
        return [Cluster(data, end_samples, *self._tally.take())]


class _Tally:
    def __init__(self) -> None:
        self._sum_of_squares = 0.0
        self._samples = 0

    def add(self, sum_of_squares: float, samples: int) -> None:
        self._sum_of_squares += sum_of_squares
        self._samples += samples

    def take(self) -> tuple[float, int]:
        tally = self._sum_of_squares, self._samples
        self._sum_of_squares, self._samples = 0.0, 0
        return tally


class _Frames:
    """Samples in, whole 20 ms frames out."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: deque[Int16] = deque()

    def push(self, pcm: Int16) -> None:
        if len(pcm):
            self._parts.append(pcm)
            self.size += len(pcm)

    def pop(self) -> Int16 | None:
        if self.size < FRAME_SAMPLES:
            return None
        frame = np.empty(FRAME_SAMPLES, np.int16)
        filled = 0
        while filled < FRAME_SAMPLES:
            part = self._parts.popleft()
            take = min(len(part), FRAME_SAMPLES - filled)
            frame[filled : filled + take] = part[:take]
            if take < len(part):
                self._parts.appendleft(part[take:])
            filled += take
        self.size -= FRAME_SAMPLES
        return frame
