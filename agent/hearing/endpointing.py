"""When silence is the end of an utterance. Pure: it is told the silence, the words and what the audio model says.

Silence alone ends half of all turns in mid-sentence, and the audio model alone calls most clause pauses an end. So both
the words and the sound are evidence, added up as log-odds, and the odds say how long the silence has to be, which is
evidence too. They are asked again while the silence lasts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from agent.hearing.completeness import Completeness
from agent.hearing.settings import EndpointSettings
from agent.hearing.transcriber import Ending

# All constants here were chosen on the tuning half of bench/endings.py, those of the words alone on bench/hearing.py's.
# Log-odds that a turn has ended where the words look so.
WORDS = {
    Completeness.GOES_ON: -3.0,
    Completeness.COMMA: -3.0,
    Completeness.OPEN: -0.3,
    Completeness.SENTENCE: 2.0,
    Completeness.QUESTION: 4.5,
}
# The audio model's answers at ends lie about 0.64, in mid-sentence about 0.38, spread by 0.15 each: as log-odds a line
# through 0.52. Bounded, since it does not know every voice: espeak's ends get 0.36.
SOUND_EVEN, SOUND_SLOPE, SOUND_MOST = 0.52, 10.0, 2.0
# Log-odds to silence, seconds. Few speakers pause for more than 1.3 s in mid-sentence.
NEEDED = (
    (-5.0, 2.3),
    (-3.0, 1.7),
    (-1.0, 1.3),
    (0.0, 1.0),
    (1.0, 0.7),
    (2.0, 0.45),
    (3.0, 0.3),
    (4.0, 0.3),
    (4.5, 0.2),
)

# Where the recogniser tells how a text ends, that is judged: of an end and of a pause behind a clause that could stand
# alone ("The food was great | but ..."), it knows which is which in 9 of 10 pairs, the audio model in half of them. Its
# log-odds of a full stop are even between the two where this line is, by the silence that it heard.
FULL_STOP_EVEN = ((0.15, 3.1), (0.4, 3.7), (0.6, 4.3), (1.0, 4.8))
FULL_STOP_SLOPE, FULL_STOP_LEAST, FULL_STOP_MOST = 2.0, -3.0, 4.5
SOUND_BESIDE_FULL_STOP = 0.35
# A last word that the audio hardly bears out is one that was broken off, nine of ten at ends lie above -0.5; but where
# there is a plain full stop behind it (the latest, less what is even), it was misread. Not before so much silence, and
# not in a question, which its first words tell: "would you agree th..." is a plain "would you agree death?".
LAST_WORD_SURE, LAST_WORD_SLOPE = -0.6, 1.5
LAST_WORD_LEAST = ((0.0, -4.0), (1.0, -1.0))
MISREAD_AFTER_S = 0.4
FIRST_ASKED_S = 0.06  # into the silence; before, both have little to go by
# As `NEEDED`, where the recogniser tells: who was broken off or plainly goes on is given time; of what is undecided the
# recogniser will say no more later.
NEEDED_BESIDE_FULL_STOP = (
    (-5.0, 2.3),
    (-4.0, 1.8),
    (-3.0, 1.5),
    (-2.2, 1.3),
    (-1.6, 0.8),
    (-1.0, 0.72),
    (0.0, 0.65),
    (1.0, 0.47),
    (2.0, 0.33),
    (3.0, 0.3),
    (4.5, 0.2),
)


class Endpointer:
    """One pause. Made new for each."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._completeness: Completeness | None = None
        self._full_stops: list[float] = []  # through this silence, less what is even
        self._last_words: list[float] = []
        self._heard_s = 0.0  # of silence, by the latest of these
        self._ends: list[float] = []  # the audio model's answers through this silence
        self._asked_at_s = FIRST_ASKED_S - settings.asks_every_s

    def text(self, completeness: Completeness) -> None:
        """The fast text is there, and its words look so finished."""
        self._completeness = completeness
        self._full_stops.clear()
        self._last_words.clear()

    @property
    def weighs_ending(self) -> bool:
        """Whether it matters what the audio says about the end of the text."""
        return self._completeness not in (None, Completeness.GOES_ON, Completeness.CLOSED)

    def ending(self, ending: Ending, silence_s: float) -> None:
        """The recogniser has answered, of the latest text and of so much silence."""
        self._full_stops.append(ending.full_stop - _interpolated(silence_s, FULL_STOP_EVEN))
        self._last_words.append(ending.last_word)
        self._heard_s = silence_s

    def sound(self, end_probability: float) -> None:
        """The audio model has answered."""
        self._ends.append(end_probability)

    def should_ask(self, silence_s: float) -> bool:
        """Whether the audio model's opinion matters now; the caller then asks, and calls `sound` with the answer."""
        if (
            self._completeness in (None, Completeness.CLOSED)
            or silence_s < self._asked_at_s + self._settings.asks_every_s
        ):
            return False
        self._asked_at_s = silence_s
        return True

    @property
    def needed_s(self) -> float:
        """The silence that ends the utterance, as it looks now. Infinite before there is a text."""
        settings = self._settings
        if self._completeness is None:
            return float("inf")
        if self._completeness is Completeness.CLOSED:
            return settings.min_silence_s
        needed = settings.patience * self._silence_s(self._completeness)
        return min(settings.max_silence_s, max(settings.min_silence_s, needed))

    def ended(self, silence_s: float) -> bool:
        """Whether the utterance is over after `silence_s` of silence."""
        return silence_s >= self.needed_s

    def _silence_s(self, words: Completeness) -> float:
        if not self._full_stops or not self.weighs_ending:
            return _interpolated(WORDS[words] + self._sound, NEEDED)
        last_word = sum(self._last_words) / len(self._last_words)
        asks = words is Completeness.QUESTION
        plain = 0.0 if asks or self._heard_s < MISREAD_AFTER_S else self._full_stops[-1]
        least = _interpolated(plain, LAST_WORD_LEAST)
        broken_off = max(least, min(0.0, LAST_WORD_SLOPE * (last_word - LAST_WORD_SURE)))
        final = WORDS[words] if asks else self._full_stop
        final = max(FULL_STOP_LEAST, min(FULL_STOP_MOST, final)) + SOUND_BESIDE_FULL_STOP * self._sound
        return _interpolated(final + broken_off, NEEDED_BESIDE_FULL_STOP)

    @property
    def _full_stop(self) -> float:
        """Log-odds of an end. One plain sign is enough, and the first and the latest answer know different things."""
        first, latest = self._full_stops[0], self._full_stops[-1]
        return FULL_STOP_SLOPE * math.log((math.exp(first) + math.exp(latest)) / 2)

    @property
    def _sound(self) -> float:
        """Log-odds of an end, by the last two answers: the model is surer the longer the silence it sees."""
        latest = self._ends[-2:]
        if not latest:
            return 0.0
        return max(-SOUND_MOST, min(SOUND_MOST, SOUND_SLOPE * (sum(latest) / len(latest) - SOUND_EVEN)))


def _interpolated(x: float, line: Sequence[tuple[float, float]]) -> float:
    if x <= line[0][0]:
        return line[0][1]
    for (low, before), (high, after) in pairwise(line):
        if x <= high:
            return before + (after - before) * (x - low) / (high - low)
    return line[-1][1]
