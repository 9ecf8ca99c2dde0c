"""When silence is the end of an utterance. Pure: it is told the silence, the words and what the audio model says.

Silence alone ends half of all turns in mid-sentence, and the audio model alone calls most clause pauses an end. So both
the words and the sound are evidence, added up as log-odds, and the odds say how long the silence has to be, which is
evidence too. They are asked again while the silence lasts.
"""

from __future__ import annotations

from itertools import pairwise

from agent.hearing.completeness import Completeness
from agent.hearing.settings import EndpointSettings

# Log-odds that a turn has ended where the words look so. Chosen on the bench's tuning half.
WORDS = {
    Completeness.GOES_ON: -3.0,
    Completeness.OPEN: -0.3,
    Completeness.SENTENCE: 2.0,
    Completeness.QUESTION: 4.5,
}
# The audio model's answers at ends lie about 0.64, in mid-sentence about 0.38, spread by 0.15 each: as log-odds a line
# through 0.52. Bounded, since it does not know every voice: espeak's ends get 0.36.
SOUND_EVEN, SOUND_SLOPE, SOUND_MOST = 0.52, 10.0, 2.0
# Where the recogniser tells whether a full stop or a comma stands behind the last word, a whole sentence is judged by
# that more than by the audio model: of an end and of a pause behind a clause that could stand alone ("The food was
# great | but ..."), it knows which is which in 85 of 100 pairs, and in 91 by the mean of three answers through a third
# of a second of silence, the audio model in 51 (bench/readers.py, tuning half). Its means lie at 4.6 at ends and at 2.8
# in such pauses.
FINALITY_EVEN, FINALITY_SLOPE, FINALITY_LEAST, FINALITY_MOST = 3.1, 2.0, -1.5, 4.5
SOUND_BESIDE_FINALITY = 0.35
FIRST_ASKED_S = 0.06  # into the silence; before, both have little to go by
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


class Endpointer:
    """One pause. Made new for each."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._completeness: Completeness | None = None
        self._finality: list[float] = []  # through this silence
        self._ends: list[float] = []  # the audio model's answers through this silence
        self._asked_at_s = FIRST_ASKED_S - settings.asks_every_s

    def text(self, completeness: Completeness) -> None:
        """The fast text is there, and its words look so finished."""
        self._completeness, self._finality = completeness, []

    @property
    def weighs_finality(self) -> bool:
        """Whether it matters how much a full stop is likelier than a comma."""
        return self._completeness is Completeness.SENTENCE

    def finality(self, log_odds: float) -> None:
        """The recogniser has answered, of the latest text."""
        self._finality.append(log_odds)

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
        needed = settings.patience * _interpolated(self._log_odds(self._completeness))
        return min(settings.max_silence_s, max(settings.min_silence_s, needed))

    def ended(self, silence_s: float) -> bool:
        """Whether the utterance is over after `silence_s` of silence."""
        return silence_s >= self.needed_s

    def _log_odds(self, completeness: Completeness) -> float:
        if not self.weighs_finality or not self._finality:
            return WORDS[completeness] + self._sound
        final = FINALITY_SLOPE * (sum(self._finality) / len(self._finality) - FINALITY_EVEN)
        return max(FINALITY_LEAST, min(FINALITY_MOST, final)) + SOUND_BESIDE_FINALITY * self._sound

    @property
    def _sound(self) -> float:
        """Log-odds of an end, by the last two answers: the model is surer the longer the silence it sees."""
        latest = self._ends[-2:]
        if not latest:
            return 0.0
        return max(-SOUND_MOST, min(SOUND_MOST, SOUND_SLOPE * (sum(latest) / len(latest) - SOUND_EVEN)))


def _interpolated(log_odds: float) -> float:
    if log_odds <= NEEDED[0][0]:
        return NEEDED[0][1]
    for (low, slow), (high, quick) in pairwise(NEEDED):
        if log_odds <= high:
            return slow + (quick - slow) * (log_odds - low) / (high - low)
    return NEEDED[-1][1]
