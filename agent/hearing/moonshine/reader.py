"""Reads a turn before Whisper does, and says whether Whisper need read it at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from livekit.plugins.faster_whisper import Ending, Reading

from agent.hearing.moonshine.files import TOKENIZER
from agent.hearing.moonshine.model import Encoded, Greedy, Model
from agent.hearing.moonshine.names import (
    BEHIND,
    HUMS,
    Word,
    called_by,
    called_first,
    may_have_been,
    spans,
    was_said,
    with_name,
)
from agent.hearing.moonshine.onset import from_onset
from agent.hearing.moonshine.tokens import Tokens

# Log-probabilities of tokens: on the bench's tuning half, 89 of 100 turns lie above both, with fewer word errors than
# Whisper has in the same turns; what lies below has one error in four words.
SURE_ON_AVERAGE = -0.2
SURE_AT_LEAST = -1.5
_ENDS = tuple(".?!")
_PLAINLY_ENDS = 3.0  # log-odds: a sign that the model left out is put there
# What it reads, and is sure of, in coughs, knocks and music; of 350 such sounds it was sure of no other word
_NOTHING = "you"
_LATER = (320, 640)  # samples, 20 and 40 ms: other cuts of the same speech
_PLAUSIBLE = -0.6  # on average: below, it is no English, and no names are read into it

Float32 = npt.NDArray[np.float32]


class MoonshineReader:
    """A `livekit.plugins.faster_whisper.QuickReader`."""

    language = "en"
    shortest_s = 1.25  # of voice: below, the floor judges by Whisper's figures as well (`Rules.turn_after_s`)
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

    def read(
        self, speech: Float32, *, names: Sequence[str], step: Callable[[], None], draft: str | None = None
    ) -> Reading:
        """The text of one audio.

        Args:
            speech: (samples,), 16 kHz mono, -1..1.
            names: of people who may be called.
            draft: what the text probably begins with; saves time.
            step: called between two uses of the model; raises to stop here.
        """
        encoded = self._model.encode(speech)
        expected = self._tokens.tokens(draft) if draft else ()
        greedy = self._model.greedy(encoded, draft=expected, watch=self._signs, step=step)
        text = re.sub(r",+", ",", self._tokens.text(greedy.tokens)).strip("\"' ")
        average = float(np.mean(greedy.log_probabilities))
        first_names = called_by(names)
        if first_names and average >= _PLAUSIBLE:
            text = self._with_a_name(speech, encoded, greedy, text, first_names, step)
        anybody = re.sub(r"\W", "", text).lower() != _NOTHING
        if text[-1:].isalnum():
            text += self._plain_ending(greedy)
        return Reading(
            text=text,
            average_log_probability=average,
            sure=anybody and self._is_sure(greedy, average),
            called=called_first(text, first_names),
            cut_off=greedy.cut_off,
            speech=anybody,
        )

    def ending(self, speech: Float32, text: str) -> Ending | None:
        """See `QuickReader`. The model hears the melody, and knows the words."""
        said = text.rstrip(" .,?!;:-…\"'")
        if not said:
            return None
        tokens = self._tokens.tokens(said)
        likely, (*ends, comma) = self._model.heard(self._model.encode(from_onset(speech)), tokens, self._signs)
        last = len(tokens) - 1
        while last and not self._tokens.piece(tokens[last]).startswith(" "):
            last -= 1
        a_word = not any(sign.isdigit() for sign in said.split()[-1])  # there is more than one way to write a number
        last_word = min(likely[last:]) if a_word else 0.0
        return Ending(full_stop=float(np.logaddexp.reduce(ends)) - comma, last_word=last_word)

    @staticmethod
    def _is_sure(greedy: Greedy, average: float) -> bool:
        return not greedy.cut_off and average > SURE_ON_AVERAGE and min(greedy.log_probabilities) > SURE_AT_LEAST

    def _with_a_name(
        self,
        speech: Float32,
        encoded: Encoded,
        greedy: Greedy,
        text: str,
        names: Sequence[str],
        step: Callable[[], None],
    ) -> str:
        """The text, with a name where one was said by the sound of it and something else was read."""
        words = self._words(greedy)
        if [word.text for word in words] != text.split():
            return text
        own, instead = [], []
        for span in spans(words, names):
            end = span.end + BEHIND
            own.append(self._tokens.tokens(" ".join(word.text for word in words[:end])))
            for name in (*names, *HUMS):
                beginning = with_name(words, span, name)[: span.start + 1 + BEHIND]
                instead.append((len(own) - 1, span, name, self._tokens.tokens(" ".join(beginning))))
        if not instead:
            return text
        step()
        likely = self._model.log_probabilities(encoded, [*own, *(tokens for *_, tokens in instead)])
        odds = [likely[len(own) + row] - likely[one[0]] for row, one in enumerate(instead)]
        hums: dict[int, float] = {}  # the likeliest in each span
        for (row, _, name, _), value in zip(instead, odds, strict=True):
            if name in HUMS:
                hums[row] = max(hums.get(row, value), value)
        likelier = [at for at, (row, _, name, _) in enumerate(instead) if name not in HUMS and odds[at] > hums[row]]
        if not likelier:
            return text
        best = max(likelier, key=lambda at: odds[at])
        row, span, name, tokens = instead[best]
        said = was_said(odds[best]) or (
            may_have_been(odds[best]) and self._is_said_in_another_cut(speech, own[row], tokens, step)
        )
        return " ".join(with_name(words, span, name)) if said else text

    def _is_said_in_another_cut(
        self, speech: Float32, read: Sequence[int], called: Sequence[int], step: Callable[[], None]
    ) -> bool:
        """A few milliseconds more or less of silence before a voice change what the model makes of a word."""
        for later in _LATER:
            step()
            likely = self._model.log_probabilities(self._model.encode(speech[later:]), [read, called])
            if was_said(likely[1] - likely[0]):
                return True
        return False

    def _words(self, greedy: Greedy) -> list[Word]:
        words: list[Word] = []
        for token, probability in zip(greedy.tokens, greedy.log_probabilities, strict=False):
            piece = self._tokens.piece(token)
            if piece.startswith(" ") or not words:
                words.append(Word(piece.strip(), probability))
            else:
                punctuation = not any(sign.isalnum() for sign in piece)
                last = words[-1]
                words[-1] = Word(last.text + piece, last.least if punctuation else min(last.least, probability))
        return words

    def _plain_ending(self, greedy: Greedy) -> str:
        """The likeliest of `_ENDS` where the last word is much likelier to have one of them behind it than a comma."""
        if greedy.cut_off or not greedy.tokens:
            return ""
        place = len(greedy.tokens)
        while place and not any(sign.isalnum() for sign in self._tokens.piece(greedy.tokens[place - 1])):
            place -= 1
        *ends, comma = greedy.watched[place]
        return _ENDS[int(np.argmax(ends))] if np.logaddexp.reduce(ends) - comma > _PLAINLY_ENDS else ""
