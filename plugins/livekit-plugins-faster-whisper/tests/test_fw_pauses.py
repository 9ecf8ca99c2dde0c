from itertools import pairwise

import numpy as np
from livekit.plugins.faster_whisper.pauses import best_cut, pieces


def speech(*runs: tuple[float, int]) -> tuple[np.ndarray, np.ndarray]:
    probability = np.concatenate([np.full(count, p) for p, count in runs])
    return probability, probability * 1000


def test_the_cut_lies_in_the_middle_of_the_longest_pause():
    probability, level = speech((0.9, 20), (0.1, 4), (0.9, 20), (0.1, 10), (0.9, 20))
    assert best_cut(probability, level, earliest=5, latest=70) == 20 + 4 + 20 + 5


def test_of_two_equal_pauses_the_later_one():
    probability, level = speech((0.9, 20), (0.1, 6), (0.9, 20), (0.1, 6), (0.9, 20))
    assert best_cut(probability, level, earliest=5, latest=70) == 49


def test_without_a_pause_the_quietest_moment():
    probability = np.full(60, 0.9)
    level = np.full(60, 1000.0)
    level[33:36] = 100
    assert best_cut(probability, level, earliest=10, latest=60) == 34


def test_pieces_lose_and_repeat_nothing():
    rng = np.random.default_rng(7)
    probability, level = rng.random(1000), rng.random(1000)
    found = pieces(probability, level, longest=100)
    assert found[0][0] == 0
    assert found[-1][1] == 1000
    assert all(earlier[1] == later[0] for earlier, later in pairwise(found))
    assert all(0 < end - start <= 100 for start, end in found)


def test_short_speech_stays_whole():
    probability, level = speech((0.9, 50))
    assert pieces(probability, level, longest=100) == [(0, 50)]
