"""Where each word of a clause lies in its audio: from the TTS where it tells, otherwise estimated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import regex

from agent.speaking.audio import RATE_HZ, Int16, loud_windows, samples

Spans: TypeAlias = list[tuple[int, int]]  # (first sample, sample after the last) of each word, in order

_HOP = samples(0.005)  # that of loud_windows
_REACH = samples(0.08)  # how far a boundary may move to reach a dip in energy
_BRIDGE = 20  # windows: a gap as short as a stop consonant's belongs to the word around it
_PAUSE = 18  # windows: a gap as long as this is a pause, and stands at a mark if there are as many of both
_VOWELS = regex.compile(r"[aeiouy]+", regex.IGNORECASE)
_MARKS = ",;:.?!—"


def weight(word: str) -> float:
    """About how many seconds `word` takes to say.

    Least squares over the word times of 180 words of a Piper voice (en_US-joe-medium); RMS error 0.07 s.
    """
    letters = sum(character.isalnum() for character in word)
    syllables = max(1, len(_VOWELS.findall(word)))
    return 0.015 + 0.038 * letters + 0.057 * syllables + (0.05 if word[-1:] in _MARKS else 0) if letters else 0.01


def guessed(words: Sequence[str]) -> Spans:
    """While the clause is still being synthesised: by a typical pace."""
    edges = np.concatenate([[0.0], np.cumsum([weight(word) for word in words])]) * RATE_HZ
    return [(int(start), int(end)) for start, end in pairwise(edges)]


def estimated(pcm: Int16, words: Sequence[str]) -> Spans:
    """From the sound: pauses are where the marks are; between them words take their share by weight, and a boundary
    moves to the quietest place near it.

    Against the word times of a Piper voice: 0.05 s off on average, 0.14 s or more in the worst tenth of 160 boundaries.

    Args:
        pcm: the clause's voice, int16, (samples,), 48 kHz.
        words: as they are spoken.
    """
    if not words:
        return []
    loud = np.flatnonzero(loud_windows(pcm))
    if not len(loud):
        return [(0, len(pcm))] * len(words)
    after = [index + 1 for index, word in enumerate(words[:-1]) if word[-1:] in _MARKS]
    gaps = [(int(one) + 1, int(other)) for one, other in pairwise(loud) if other - one >= _PAUSE]
    gaps = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[: len(after)])
    if len(gaps) != len(after):
        after, gaps = [], []
    edges = [0]
    starts = [0, *(end for _, end in gaps)]
    ends = [*(start for start, _ in gaps), len(pcm) // _HOP + 1]
    for first, last, start, end in zip([0, *after], [*after, len(words)], starts, ends, strict=True):
        edges[-1] = max(edges[-1], start * _HOP)  # a pause counts for the word before it
        edges += [
            max(edges[-1], min(start * _HOP + edge, len(pcm)))
            for edge in _edges(pcm[start * _HOP : end * _HOP], words[first:last])
        ]
        edges.append(min(end * _HOP, len(pcm)))
    edges[0], edges[-1] = 0, len(pcm)
    return list(pairwise(edges))


def _edges(pcm: Int16, words: Sequence[str]) -> list[int]:
    """The boundaries within a stretch without pauses; samples."""
    loud = loud_windows(pcm)
    places = np.flatnonzero(loud)
    for one, other in pairwise(places):
        if other - one <= _BRIDGE:
            loud[one:other] = True
    spent = np.cumsum(loud) / max(1, loud.sum())
    share = np.cumsum([weight(word) for word in words])
    energy = _energy(pcm)
    return [_dip(energy, int(near)) for near in np.searchsorted(spent, share[:-1] / share[-1])]


def aligned(timed: Sequence[tuple[str, float, float]], words: Sequence[str], offset: int, length: int) -> Spans | None:
    """From the engine's own times.

    Args:
        timed: (text, start, end) of each of the engine's pieces, seconds from the start of its audio.
        words: as they were sent to it.
        offset: samples that were trimmed off the front.
        length: samples of the clause's voice.
    Returns:
        None when the pieces do not spell the words.
    """
    spelled: list[tuple[int, int]] = []  # for each letter or digit, the samples of its piece
    text = ""
    for piece, start, end in timed:
        letters = _bare(piece)
        if not letters:
            continue
        first, last = start * RATE_HZ - offset, end * RATE_HZ - offset
        step = (last - first) / len(letters)
        spelled += [(int(first + step * index), int(first + step * (index + 1))) for index in range(len(letters))]
        text += letters
    if text != "".join(_bare(word) for word in words) or not text:
        return None
    spans: Spans = []
    place = 0
    for word in words:
        count = len(_bare(word))
        if count:
            start, end = spelled[place][0], spelled[place + count - 1][1]
        else:
            start = end = spans[-1][1] if spans else 0
        place += count
        spans.append((min(max(start, 0), length), min(max(end, 0), length)))
    return spans


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _energy(pcm: Int16) -> npt.NDArray[np.float32]:
    """RMS of each 5 ms, smoothed over 15 ms; float32, (windows,)."""
    padded = np.pad(pcm.astype(np.float32), (0, -len(pcm) % _HOP)).reshape(-1, _HOP)
    rms = np.sqrt(np.mean(padded**2, axis=1))
    return np.convolve(rms, np.ones(3, np.float32) / 3, mode="same").astype(np.float32)


def _dip(energy: npt.NDArray[np.float32], near: int) -> int:
    """The quietest place near window `near`, in samples; nearness counts as much as the loudest sound there."""
    reach = _REACH // _HOP
    start, end = max(0, near - reach), min(len(energy), near + reach + 1)
    if end <= start:
        return near * _HOP
    around = energy[start:end]
    distance = np.abs(np.arange(start, end) - near) / reach
    return int(start + int(np.argmin(around / (around.max() + 1.0) + distance))) * _HOP
