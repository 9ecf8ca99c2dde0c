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
_REACH = samples(0.12)  # how far a boundary may move to reach a dip in energy
_VOWELS = regex.compile(r"[aeiouy]+", regex.IGNORECASE)
TYPICAL_S = 0.075  # seconds a unit of `weight` takes before the clause's length is known: 150 words a minute


def weight(word: str) -> float:
    """How long `word` takes to say, in units of about a phoneme pair: syllables count most, letters the rest."""
    letters = sum(character.isalnum() for character in word)
    syllables = max(1, len(_VOWELS.findall(word)))
    pause = 1.5 if word[-1:] in ",;:—" else 0.0
    return syllables + 0.35 * letters + pause if letters else 0.2


def guessed(words: Sequence[str]) -> Spans:
    """While the clause is still being synthesised: by a typical pace."""
    edges = np.concatenate([[0.0], np.cumsum([weight(word) for word in words])]) * TYPICAL_S * RATE_HZ
    return [(int(start), int(end)) for start, end in pairwise(edges)]


def estimated(pcm: Int16, words: Sequence[str]) -> Spans:
    """By the words' weights over the voiced part, each boundary moved to the quietest place near it.

    Args:
        pcm: the clause's voice, int16, (samples,), 48 kHz.
        words: as they are spoken.
    """
    if not words:
        return []
    voiced = loud_windows(pcm)
    if not voiced.any():
        return [(0, len(pcm))] * len(words)
    spent = np.cumsum(voiced) / voiced.sum()
    share = np.cumsum([weight(word) for word in words])
    targets = np.searchsorted(spent, share[:-1] / share[-1]) * _HOP
    energy = _energy(pcm)
    edges = [0]
    for target in targets:
        edges.append(max(edges[-1], _dip(energy, int(target))))
    edges.append(len(pcm))
    return list(pairwise(edges))


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
    centre = near // _HOP
    reach = _REACH // _HOP
    start, end = max(0, centre - reach), min(len(energy), centre + reach + 1)
    if end <= start:
        return near
    around = energy[start:end]
    distance = np.abs(np.arange(start, end) - centre) / reach
    cost = around / (around.max() + 1.0) + 0.35 * distance
    return int(start + int(np.argmin(cost))) * _HOP
