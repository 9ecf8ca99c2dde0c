"""Reads a turn before Whisper does, and says whether Whisper need read it at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from livekit.plugins.faster_whisper import Reading

from agent.hearing.moonshine.files import TOKENIZER
from agent.hearing.moonshine.model import Encoded, Greedy, Model
from agent.hearing.moonshine.tokens import Tokens

# Log-probabilities of tokens: on the bench's tuning half, 89 of 100 turns lie above both, with fewer word errors than
# Whisper has in the same turns; what lies below has one error in four words.
SURE_ON_AVERAGE = -0.2
SURE_AT_LEAST = -1.5
# A first word that is as sure as this is no name that was misheard.
_SURE_OF_A_WORD = -0.25
_SURE_OF_A_NAME = -0.4  # likewise, elsewhere in the text
_STOPS = tuple(",.;:?!")
_ENDS = tuple(".?!")
# A name that was said costs the text up to this much when it stands in the place of what was read ("Mira" for "Mirror":
# -2, "Zoe" for "So it": 0); one that was not said cost 6 at least, in 60 turns that begin like a call ("Well, ...").
_NAME_AT_LEAST = -5.0
# Words with which people begin, and a comma behind them as well: "Then," and "Ben," cannot be told apart otherwise.
_NAME_FOR_A_BEGINNING = -1.0
_BEGINNINGS = frozenset({
    "hm", "hmm", "mm", "um", "uh", "er", "ah", "oh", "wow", "well", "so", "now", "then", "right", "yes",
    "yeah", "yep", "no", "nope", "ok", "okay", "sure", "and", "but", "or", "wait", "look", "hey", "hi",
    "hello", "please", "sorry", "thanks", "true", "exactly", "actually",
})  # fmt: skip
_BEHIND_A_NAME = 2  # words that must fit behind it
_PLAUSIBLE = -0.6  # on average: below, it is no English, and no names are read into it

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Instead:
    """A beginning with a name, by its number, and the number of the text's own that it would replace."""

    beginning: int
    own: int
    name: str
    replaced: int  # words


class MoonshineReader:
    """A `livekit.plugins.faster_whisper.QuickReader`."""

    language = "en"
    shortest_s = 1.25  # of voice: what an "mm-hm" is, the floor judges by Whisper's figures (`Rules.turn_after_s`)
    longest_s = 20.0

    def __init__(self, folder: Path) -> None:
        """Loads the model, 0.3 s.

        Args:
            folder: see `model_folder`.
        """
        self._model = Model(folder)
        self._tokens = Tokens((folder / TOKENIZER).read_bytes())
        self._signs = [self._tokens.tokens(f"x{sign}")[-1] for sign in (*_ENDS, ",")]
        self.read(np.zeros(16_000, np.float32), names=(), step=lambda: None)  # the first use is slow

    def read(self, speech: Float32, *, names: Sequence[str], step: Callable[[], None]) -> Reading:
        """The text of one audio.

        Args:
            speech: (samples,), 16 kHz mono, -1..1.
            names: of people who may be called at the beginning.
            step: called between two uses of the model; raises to stop here.
        """
        encoded = self._model.encode(speech)
        greedy = self._model.greedy(encoded, watch=self._signs, step=step)
        text = re.sub(r",+", ",", self._tokens.text(greedy.tokens)).strip("\"' ")
        probabilities = greedy.log_probabilities
        average = float(np.mean(probabilities))
        called = _called(text, names)
        if average < _PLAUSIBLE:
            called = ""
        elif not called and names and self._first_words_unsure(greedy.tokens, probabilities):
            step()
            called, text = self._name_instead(encoded, text, names)
        sure = not greedy.cut_off and average > SURE_ON_AVERAGE and min(probabilities) > SURE_AT_LEAST
        sure = sure and not (names and self._may_be_a_call(greedy.tokens, probabilities))
        return Reading(
            text=text,
            average_log_probability=average,
            sure=sure,
            called=called,
            cut_off=greedy.cut_off,
            finality=self._finality(greedy),
        )

    def _finality(self, greedy: Greedy) -> float | None:
        """What stands behind the last word: `_ENDS` or a comma. It hears the melody, and knows the words before."""
        if greedy.cut_off or not greedy.tokens:
            return None
        place = len(greedy.tokens)
        while place and not any(sign.isalnum() for sign in self._tokens.piece(greedy.tokens[place - 1])):
            place -= 1
        *ends, comma = greedy.watched[place]
        return float(np.logaddexp.reduce(ends)) - comma

    def _may_be_a_call(self, tokens: Sequence[int], probabilities: Sequence[float]) -> bool:
        """Whether a word beside a comma or a full stop, behind the beginning, may be a name that was misheard: "Right.
        But noble. Do you like them?" is "Right, but Nova, do you like them?".
        """
        words: list[tuple[str, float]] = []
        for token, probability in zip(tokens, probabilities, strict=False):
            piece = self._tokens.piece(token)
            if piece.startswith(" ") or not words:
                words.append((piece.strip(), probability))
            else:
                said, least = words[-1]
                punctuation = not any(sign.isalnum() for sign in piece)
                words[-1] = (said + piece, least if punctuation else min(least, probability))
        return any(
            least < _SURE_OF_A_NAME and (word[-1:] in _STOPS or before[-1:] in _STOPS)
            for (before, _), (word, least) in pairwise(words)
        )

    def _first_words_unsure(self, tokens: Sequence[int], probabilities: Sequence[float]) -> bool:
        first = 1
        while first < len(tokens) and len(self._tokens.text(tokens[: first + 1]).split()) < 2:
            first += 1
        return bool(tokens) and min(probabilities[:first]) < _SURE_OF_A_WORD

    def _name_instead(self, encoded: Encoded, text: str, names: Sequence[str]) -> tuple[str, str]:
        """Whether the first word or two, before a comma, had better be a name: a call is set off by its melody.

        Returns:
            That name or "", and the text with it.
        """
        words = text.split()
        beginnings: list[list[int]] = []
        instead: list[_Instead] = []
        for replaced in (1, 2):
            behind = words[replaced : replaced + _BEHIND_A_NAME]
            if len(behind) < _BEHIND_A_NAME or not words[replaced - 1].endswith(","):
                continue
            own = len(beginnings)
            beginnings.append(self._tokens.tokens(" ".join(words[:replaced] + behind)))
            for name in names:
                instead.append(_Instead(len(beginnings), own, name, replaced))
                beginnings.append(self._tokens.tokens(f"{name}, {_lowered(' '.join(behind))}"))
        if not instead:
            return "", text
        likely = self._model.log_probabilities(encoded, beginnings)
        best = max(instead, key=lambda one: likely[one.beginning] - likely[one.own])
        begins = any(word.strip(".,!?").lower() in _BEGINNINGS for word in words[: best.replaced])
        least = _NAME_FOR_A_BEGINNING if begins else _NAME_AT_LEAST
        if likely[best.beginning] - likely[best.own] < least:
            return "", text
        return best.name, f"{best.name}, {_lowered(' '.join(words[best.replaced :]))}"


def _called(text: str, names: Sequence[str]) -> str:
    """The name that the text begins with, if it does."""
    for name in names:
        if re.match(rf"{re.escape(name)}\b", text, re.IGNORECASE):
            return name
    return ""


def _lowered(text: str) -> str:
    """As it goes on behind a name; "I" and what is written in capitals stays."""
    first = text.split(" ", 1)[0]
    keep = first.rstrip(",.?!'") == "I" or first.startswith(("I'", "I’")) or first[1:2].isupper()
    return text if keep else text[:1].lower() + text[1:]
