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

CLUSTER_MS = 200  # and the writer's round (100 ms), and at times the placer's hold (300 ms): of 1 s that may be lost


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

    Attributes:
        packets: muxed so far, 20 ms each.
    """

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        options = {"live": "1", "cluster_time_limit": str(CLUSTER_MS), "flush_packets": "1"}
        container = av.open(self, "w", format="webm", options=options)
        assert isinstance(container, OutputContainer)
        self._container = container
        self._stream = add_opus_stream(container)
        self._pending: Int16 = np.zeros(0, np.int16)  # less than a frame
        self._encoded = 0  # samples that the encoder was given
        self._silent_run = 0  # silent frames that it was given last
        self._squares: deque[float] = deque()  # of the frames in the encoder
        self.packets = 0
        self._taken = 0  # of those, in clusters that were given out
        self._packet_squares: deque[float] = deque()  # of the others

    def write(self, data: bytes) -> int:
        """The muxer's side: called with the header, then with each finished cluster."""
        self._chunks.append(bytes(data))
        return len(data)

    def add(self, pcm: Int16) -> list[Cluster]:
        """Append samples: int16, (samples,), 48 kHz mono. Long pieces cost less than many short ones."""
        pending = np.concatenate((self._pending, pcm))
        whole = len(pending) // FRAME_SAMPLES * FRAME_SAMPLES
        self._pending = pending[whole:]
        return self._encode(pending[:whole]) if whole else []

    def add_silence(self, count: int) -> list[Cluster]:
        """Append `count` samples of silence; cheap for long stretches."""
        padding = min(count, -len(self._pending) % FRAME_SAMPLES)
        clusters = self.add(np.zeros(padding, np.int16))
        frames, rest = divmod(count - padding, FRAME_SAMPLES)
        settling = min(frames, max(0, SETTLING_PACKETS - self._silent_run))
        clusters += self.add(np.zeros(settling * FRAME_SAMPLES, np.int16))
        for _ in range(frames - settling):
            clusters += self._mux(silent_packet(self.packets, self._stream), 0.0)
        return clusters + self.add(np.zeros(rest, np.int16))

    def close(self) -> list[Cluster]:
        """Complete the last frame with silence, push out what the encoder holds, end the last cluster.

        One frame of silence pushes it out. Draining the encoder instead would mark the end for trimming, and a track
        that a salvage has to pad could then not end together with it.
        """
        padding = -len(self._pending) % FRAME_SAMPLES
        clusters = self.add(np.zeros(padding + FRAME_SAMPLES, np.int16))
        self._container.close()
        return clusters + self._take(self.packets)

    def _encode(self, pcm: Int16) -> list[Cluster]:
        """Whole frames, as many as there are: one call for all of them halves the cost of each."""
        frame = AudioFrame.from_ndarray(pcm[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts = self._encoded
        self._encoded += len(pcm)
        frames = pcm.astype(np.float32).reshape(-1, FRAME_SAMPLES)
        squares = np.einsum("ij,ij->i", frames, frames)
        loud = np.flatnonzero(squares)
        self._silent_run = len(frames) - 1 - int(loud[-1]) if len(loud) else self._silent_run + len(frames)
        self._squares.extend(squares.tolist())
        clusters: list[Cluster] = []
        for packet in self._stream.encode(frame):
            clusters += self._mux(packet, self._squares.popleft())
        return clusters

    def _mux(self, packet: AudioPacket, squares: float) -> list[Cluster]:
        stamp(packet, self.packets, self._stream)
        packet.duration = PACKET_MS
        self._container.mux_one(packet)
        self.packets += 1
        self._packet_squares.append(squares)
        # A cluster ends when the first packet of the next one comes, and the muxer keeps one packet back.
        return self._take(self.packets - 2)

    def _take(self, end: int) -> list[Cluster]:
        """What the muxer has written: the clusters up to packet `end`."""
        if len(self._chunks) < (1 if self._taken else 2):
            return []  # nothing yet, or only the header, which goes out with the first cluster
        data = b"".join(self._chunks)
        self._chunks.clear()
        count, self._taken = end - self._taken, end
        sum_of_squares = sum(self._packet_squares.popleft() for _ in range(count))
        return [Cluster(data, end * FRAME_SAMPLES, sum_of_squares, count * FRAME_SAMPLES)]
