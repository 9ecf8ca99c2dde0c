"""All speakers in one file, at the loudness that podcasts are heard at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from agent.export.chapters import Chapter
from agent.export.decoding import BLOCK_SAMPLES, Float32, TrackReader
from agent.export.formats import Format
from agent.export.loudness import Loudness, LoudnessMeter, limited, measure
from agent.export.writing import AudioFile, Bits, Channels

TARGET_LUFS: Mapping[Channels, float] = {2: -16.0, 1: -19.0}  # what Apple Podcasts and AES TD1008 ask for; mono is -3
PEAK_DBTP = -1.0
TOLERANCE_LU = 0.3
_MATCH_DB = 9.0  # more would bring up a quiet microphone's room
_MOST_GAIN_DB = 30.0  # a mix that needs more holds no speech
_ROOM_DB = 0.3  # what resampling and 24 bits move the peaks by
_LOSSY_ROOM_DB = 1.0  # what a lossy codec does; measured afterwards in any case
_RENDERINGS = 4  # the limiter takes some loudness away, and a codec moves peaks: corrected by the outcome

Step = Callable[[str, float], None]  # what is being done, and how far it is, 0 to 1


@dataclass(frozen=True, slots=True)
class Mixed:
    """What the file was measured to be; how many dB each speaker was moved by before."""

    loudness: Loudness
    matched_db: tuple[float, ...]


def match_levels(speakers: Sequence[Loudness]) -> tuple[float, ...]:
    """dB for each speaker towards the median of those that spoke, 9 at most."""
    heard = [one.integrated_lufs for one in speakers if not one.silent]
    middle = median(heard) if heard else 0.0
    return tuple(
        0.0 if one.silent else max(-_MATCH_DB, min(_MATCH_DB, middle - one.integrated_lufs)) for one in speakers
    )


def mix(
    tracks: Sequence[TrackReader],
    loudness: Sequence[Loudness],
    path: Path,
    form: Format,
    *,
    channels: Channels,
    bits: Bits,
    tags: Mapping[str, str],
    chapters: Sequence[Chapter],
    step: Step,
) -> Mixed:
    """Measure the matched sum, then render it with gain and limiter until the file itself measures right.

    Args:
        loudness: of each track.
        path: written anew for each rendering.
    Raises:
        OSError, av.error.FFmpegError: from the disk.
    """
    matched = match_levels(loudness)
    factors = [10 ** (db / 20) for db in matched]
    meter = LoudnessMeter(true_peak=False)
    for block in _summed(tracks, factors, partial(step, "measuring the mix")):
        meter.push(block)
    # Both channels carry the same, which doubles the power: the mono sum is measured, so the target is mono's.
    gain_db = _gain_db(TARGET_LUFS[1] - meter.read().integrated_lufs)
    ceiling_dbtp = PEAK_DBTP - (_ROOM_DB if form.lossless else _LOSSY_ROOM_DB)
    for rendering in range(1, _RENDERINGS + 1):
        what = "mixing" if rendering == 1 else f"mixing, {rendering}"
        with AudioFile(path, form, channels=channels, bits=bits, tags=tags, chapters=chapters) as file:
            factor = 10 ** (gain_db / 20)
            summed = _summed(tracks, [factor * one for one in factors], partial(step, what))
            for block in limited(summed, ceiling_dbtp=ceiling_dbtp):
                file.write(block)
        found = measure(path)
        off = TARGET_LUFS[channels] - found.integrated_lufs
        over = found.true_peak_dbtp - PEAK_DBTP
        done = abs(off) <= TOLERANCE_LU or _gain_db(gain_db + off) == gain_db
        if found.silent or (done and over <= 0):
            break
        gain_db = _gain_db(gain_db + off)
        ceiling_dbtp -= max(0.0, over + 0.1 if over > 0 else 0.0)
    return Mixed(found, matched)


def _gain_db(wanted: float) -> float:
    return min(_MOST_GAIN_DB, wanted)


def _summed(
    tracks: Sequence[TrackReader], factors: Sequence[float], done: Callable[[float], None]
) -> Iterator[Float32]:
    """The tracks' sum a second at a time, each by its factor; also beyond full scale, the limiter comes behind."""
    total = max(1, tracks[0].samples)
    for number, blocks in enumerate(zip(*(track.blocks() for track in tracks), strict=True)):
        summed: Float32 = np.zeros(len(blocks[0]), np.float32)
        for block, factor in zip(blocks, factors, strict=True):
            summed += block * np.float32(factor)
        yield summed
        done(min(1.0, (number + 1) * BLOCK_SAMPLES / total))
