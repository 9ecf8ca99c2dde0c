"""Where to cut long speech so that no word is cut in two."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

VOICE = 0.5  # the activation threshold of livekit-agents' voice activity detector
_DIP_WINDOWS = 3  # of 32 ms: shorter than any word, longer than the closure of a plosive


def best_cut(
    probability: npt.NDArray[np.float64], level: npt.NDArray[np.float64], *, earliest: int, latest: int
) -> int:
    """The window before which to cut.

    In the middle of the longest stretch without voice; the later one of two. Where somebody speaks without any, at the
    quietest tenth of a second.

    Args:
        probability: of voice, shape (windows,), 0 to 1.
        level: RMS of each window, shape (windows,), any unit.
        earliest: first window that may start the second part; at least 1.
        latest: one after the last.
    """
    latest = min(latest, len(probability))
    best, best_length, start = -1, 0, -1
    for at in range(earliest, latest + 1):
        if at < latest and probability[at] < VOICE:
            start = at if start < 0 else start
            continue
        if start >= 0 and at - start >= best_length:
            best, best_length = (start + at) // 2, at - start
        start = -1
    if best >= 0:
        return max(best, earliest)
    smooth = np.convolve(level[earliest:latest], np.ones(_DIP_WINDOWS), mode="same")
    return earliest + int(np.argmin(smooth))


def pieces(
    probability: npt.NDArray[np.float64], level: npt.NDArray[np.float64], *, longest: int
) -> list[tuple[int, int]]:
    """Cut into stretches of at most `longest` windows, each at a pause in its second half; nothing lost or repeated."""
    found: list[tuple[int, int]] = []
    start, end = 0, len(probability)
    while end - start > longest:
        cut = best_cut(probability, level, earliest=start + longest // 2, latest=start + longest)
        found.append((start, cut))
        start = cut
    return [*found, (start, end)]
