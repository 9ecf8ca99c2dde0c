"""Short words over a voice, meaningless as written: an interruption misheard, or an "mm-hm" read as words?

A small recogniser writes "and Macon." for an "mm-hm", "Bright, bright" for "right, right" and "Foda" for "hold on".
Their sound tells: how sure the recogniser was, how long it took, how many words came out, and how much they sound
like something that people do say there. A logistic regression weighs these; `tests/floor/fit_doubt.py` fits it on
`tests/floor/heard_over_an_ai.tsv`, and tells how well it does on phrases that it was not fitted on.
"""

from __future__ import annotations

import math
from functools import lru_cache

from agent.floor.edits import edits
from agent.floor.events import Evidence
from agent.floor.names import sound
from agent.floor.words import AGREEMENT, HALT, OPENERS, REPAIR, Phrases

WEIGHTS = {  # of the values that `features` gives
    "constant": -3.22,
    "log probability": 1.56,
    "no-speech probability": -3.35,
    "speech, seconds": 4.43,
    "words": 1.25,
    "like an agreement": -3.36,
    "like a halt": 5.43,
    "opens like a turn": 0.93,
    "the same twice": -0.85,
}
_LONGEST = 24  # letters of a key that are compared; what is longer is like none of these


def turn_probability(said: tuple[str, ...], evidence: Evidence) -> float:
    """How likely it is that a short utterance over somebody's voice was meant to take the floor, 0 to 1."""
    logit = sum(weight * value for weight, value in zip(WEIGHTS.values(), features(said, evidence), strict=True))
    return 1.0 / (1.0 + math.exp(-logit))


def features(said: tuple[str, ...], evidence: Evidence) -> tuple[float, ...]:
    """What is weighed, in the order of `WEIGHTS`; each about 0 to 1.

    What is said three times over says no more than what is said twice, and takes longer.
    """
    once = _said_over_and_over(said)
    rounds = max(1, len(said) // max(1, len(once)))
    said, speech_s = once * min(2, rounds), evidence.speech_s * min(2, rounds) / rounds
    return (
        1.0,
        max(-2.0, evidence.average_log_probability),
        evidence.no_speech_probability,
        min(1.5, speech_s),
        min(len(said), 5) / 5,
        likeness(said, AGREEMENT),
        max(likeness(said, HALT), likeness(said, REPAIR)),
        float(said[:1] in OPENERS),
        float(rounds > 1),
    )


def _said_over_and_over(said: tuple[str, ...]) -> tuple[str, ...]:
    """The word or phrase that the words are one or more times: "mecha mecha", "emma may emma may"."""
    sizes = range(1, len(said) // 2 + 1)
    return next((said[:size] for size in sizes if said == said[:size] * (len(said) // size)), said)


@lru_cache(maxsize=512)
def likeness(said: tuple[str, ...], phrases: Phrases) -> float:
    """How much the words sound like the nearest of the phrases; 1: all consonants, and vowels where they belong."""
    key = _key(said)
    if not key or len(key) > _LONGEST:
        return 0.0
    best = 0.0
    for other in _keys(phrases):
        longest = max(len(key), len(other))
        if abs(len(key) - len(other)) < (1.0 - best) * longest:  # it could still be nearer
            best = max(best, 1.0 - edits(key, other)[-1] / longest)
    return best


@lru_cache(maxsize=8)
def _keys(phrases: Phrases) -> frozenset[str]:
    return frozenset(_key(phrase) for phrase in phrases)


def _key(said: tuple[str, ...]) -> str:
    return "".join(sound(word) for word in said)
