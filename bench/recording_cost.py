"""What recording costs: processor, memory, sealing.

    python bench/recording_cost.py [--minutes 180] [--tracks 4]

Feeds a talk to the recorder's own tracks as fast as they take it, a round of the writer at a time: two speakers who
never pause, and others who come and go. The processor's time is set against the time of the talk; the memory at the end
against that after the first tenth. Then the folder is sealed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agent.recording.audio import Int16
from agent.recording.disk import Disk
from agent.recording.folder import Shelf
from agent.recording.opus import duration_s
from agent.recording.seal import seal_track
from agent.recording.track_writer import TrackWriter
from agent.recording.writer import ROUND_S

_FRAME = 480
_FRAMES_A_ROUND = round(ROUND_S * 100)


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def voice(seconds: float) -> Int16:
    """Something as hard to encode as speech: noise with the formants and the rhythm of syllables."""
    random = np.random.default_rng(0)
    count = round(seconds * 48_000)
    t = np.arange(count) / 48_000
    buzz = np.sign(np.sin(2 * np.pi * 120 * t)) * (1 + np.sin(2 * np.pi * 4 * t)) * 2500
    pcm: Int16 = (buzz + 400 * random.standard_normal(count)).astype(np.int16)
    return pcm


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=180.0)
    parser.add_argument("--tracks", type=int, default=4)
    arguments = parser.parse_args()
    end_s = 60.0 * arguments.minutes
    now = 0.0
    with tempfile.TemporaryDirectory() as root:
        shelf = Shelf(Path(root), "cost", Disk())
        tracks = [
            TrackWriter(f"{n}.webm", shelf, limit_bytes=16 << 20, exact=n == 1, now=lambda: now)
            for n in range(arguments.tracks)
        ]
        frames = voice(5.0).reshape(-1, _FRAME)
        began, processor_s = time.perf_counter(), time.process_time()
        memory_then, number = 0.0, 0
        while now < end_s:
            for n, track in enumerate(tracks):
                here = n < 2 or (number // 6000) % 5 != 0  # the guests are away for a round of 5 min in every 25
                if here:
                    for k in range(_FRAMES_A_ROUND):
                        track.put(now + k / 100, frames[(number + 7 * n + k) % len(frames)])
            number += _FRAMES_A_ROUND
            now = number / 100
            for track in tracks:
                track.advance(now)
                track.encode()
                track.flush()
            if not memory_then and now > end_s / 10:
                memory_then = resident_mb()
        processor_s = time.process_time() - processor_s
        for track in tracks:
            track.finish()
        end = max(track.end for track in tracks)
        for track in tracks:
            packets = track.close(end)
            track.flush()
            track.file.close()
        memory = resident_mb()
        print(f"{arguments.minutes:g} min of {len(tracks)} tracks in {time.perf_counter() - began:.0f} s")
        percent = 100 * processor_s / end_s
        print(f"processor: {percent:.2f} % of one core; the claim is 5 %")
        print(f"memory: {memory_then:.0f} MB after a tenth, {memory:.0f} MB at the end")
        began, processor_s = time.perf_counter(), time.process_time()
        for n in range(len(tracks)):
            path = shelf.folder / f"{n}.webm"
            seal_track(path, end=packets, name="", title="")
        size_mb = sum(path.stat().st_size for path in shelf.folder.iterdir()) / 1e6
        print(
            f"sealing {len(tracks)} tracks of {duration_s(packets):.0f} s, {size_mb:.0f} MB: "
            f"{time.perf_counter() - began:.1f} s ({time.process_time() - processor_s:.1f} s of processor), "
            f"memory {resident_mb():.0f} MB"
        )
        if shelf.lock:
            shelf.lock.release(sealed=True)
    return 0 if percent < 5 and memory < memory_then + 30 else 1


if __name__ == "__main__":
    sys.exit(main())
