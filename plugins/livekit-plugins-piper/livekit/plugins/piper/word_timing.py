"""When each word of a text is heard. Pure.

Two ways: exactly, from the durations that the model gives each phoneme, once it is known which phonemes belong to which
word (`spans`); and as an estimate from the sound alone (`estimate`), for voices whose model does not tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from unicodedata import category

import numpy as np
import numpy.typing as npt

SNAP_LETTERS = 2
"""A word's end is moved to a gap between spoken words when one is at most so many phonemes away."""

STRESS = ("ˈ", "ˌ")

ENERGY_FRAME_S = 0.010
SEARCH_S = 0.080
"""`estimate` looks for the quietest frame so far to either side of where the characters put a word's end."""


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start_s: float  # from the first sample of the audio it belongs to
    end_s: float


def spans(expected: Sequence[str], phonemes: Sequence[str]) -> list[tuple[int, int]]:
    """Which phonemes each word is made of.

    A phonemiser does not keep words apart: "of the" comes out as one group, "$3.50" as six. So each word is phonemised
    by itself as well, and both sequences are aligned.

    Args:
        expected: for each word, what it sounds like by itself; may be empty ("-").
        phonemes: what the whole text sounds like, one symbol each, with spaces, stress and punctuation.
    Returns:
        for each word (first, end) as indices into `phonemes`; in order, not overlapping, without the gaps around them.
    """
    said = [i for i, symbol in enumerate(phonemes) if _is_sound(symbol)]
    letters = [[symbol for symbol in word if _is_sound(symbol)] for word in expected]
    if not said:
        return [(0, 0)] * len(expected)
    flat = [symbol for word in letters for symbol in word]
    matcher = SequenceMatcher(None, flat, [phonemes[i] for i in said], autojunk=False)
    blocks = [(block.a, block.b, block.size) for block in matcher.get_matching_blocks() if block.size]
    gaps = [0, *(k for k in range(1, len(said)) if " " in phonemes[said[k - 1] : said[k]]), len(said)]

    # Word ends in letters of `flat`, then in letters of `said`; never backwards.
    ends = [_place(end, blocks, gaps, len(said)) for end in accumulate(len(word) for word in letters)]
    ends[-1] = len(said)
    ends = list(accumulate(ends, max))
    found = []
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        first = _with_stress(phonemes, said[start]) if start < len(said) else len(phonemes)
        found.append((first, _with_length(phonemes, said[end - 1] + 1) if end > start else first))
    return found


def _place(end: int, blocks: list[tuple[int, int, int]], gaps: list[int], said: int) -> int:
    """Where a word's end lies in what is said: exactly where both agree, else interpolated and snapped to a gap."""
    points = [(0, 0)]
    for a, b, size in blocks:
        if a <= end <= a + size:
            return b + end - a
        points += [(a, b), (a + size, b + size)]
    flat = max(end, blocks[-1][0] + blocks[-1][2] if blocks else end)
    xs, ys = zip(*points, (flat + 1, said), strict=True)
    position = float(np.interp(end, xs, ys))
    nearest = min(gaps, key=lambda gap: abs(gap - position))
    return nearest if abs(nearest - position) <= SNAP_LETTERS else round(position)


def _is_sound(symbol: str) -> bool:
    """Not a gap, a punctuation mark, or a mark on the sound before (length) or after (stress)."""
    return all(category(character) in ("Ll", "Lu", "Lo", "Lt", "Nd") for character in symbol)


def _with_stress(phonemes: Sequence[str], first: int) -> int:
    while first > 0 and phonemes[first - 1] in STRESS:
        first -= 1
    return first


def _with_length(phonemes: Sequence[str], end: int) -> int:
    while end < len(phonemes) and category(phonemes[end][0]) in ("Lm", "Mn") and phonemes[end] not in STRESS:
        end += 1
    return end


def estimate(pcm: npt.NDArray[np.float32], sample_rate_hz: int, words: Sequence[str]) -> list[Word]:
    """Word times from the sound alone: each word gets time by its length in characters, and ends where it is quiet.

    Args:
        pcm: float, shape (samples,): one sentence, mono, with at most short silences at its ends.
        words: of that sentence, in order.
    """
    if not words:
        return []
    total_s = pcm.size / sample_rate_hz
    shares = np.array([len(word) + 1 for word in words], dtype=np.float64)
    ends = np.cumsum(shares) / shares.sum() * total_s
    size = max(1, round(ENERGY_FRAME_S * sample_rate_hz))
    frames = pcm[: pcm.size // size * size].reshape(-1, size)
    energy = np.square(frames).mean(axis=1) if frames.size else np.zeros(1)
    reach = round(SEARCH_S / ENERGY_FRAME_S)
    cuts = [0.0]
    for end in ends[:-1]:
        middle = int(end / ENERGY_FRAME_S)
        low = max(0, middle - reach)
        window = energy[low : middle + reach + 1]
        quiet = (low + int(window.argmin()) + 0.5) * ENERGY_FRAME_S if window.size else float(end)
        cuts.append(min(max(quiet, cuts[-1]), total_s))
    cuts.append(total_s)
    return [Word(word, start, end) for word, start, end in zip(words, cuts[:-1], cuts[1:], strict=True)]
