"""A reply's audio as it comes into being: clause by clause, with the words that each stretch of it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.speaking.audio import EDGE_FADE, EMPTY, RATE_HZ, Int16, Trimmer, faded_in, faded_out, samples
from agent.speaking.clauses import Clause, ClauseEnd
from agent.speaking.spoken_forms import Word, spoken_words
from agent.speaking.word_times import Spans, aligned, estimated, guessed

# The silence after a clause, on top of the 30 ms that Trimmer leaves. Readers pause 0.2-0.3 s between sentences.
PAUSES_S: dict[ClauseEnd, float] = {"sentence": 0.22, "comma": 0.08, "none": 0.0}

# So much of a word, and it counts as heard: a resumed voice goes on in it rather than say it twice. Where its place is
# only estimated, less: going on in the middle of a word loses nothing.
SAID = 0.7
SAID_PERHAPS = 0.5


class Clip:
    """One clause's audio: written by the synthesis, read by the playout."""

    def __init__(self, clause: Clause, words: Sequence[Word] | None = None) -> None:
        self.clause = clause
        self.words = tuple(words if words is not None else spoken_words(clause.text))
        self.pcm = EMPTY
        self.complete = False
        self.started_at: float | None = (
            None  # on the episode clock: when its first and after its last sample were heard
        )
        self.ended_at: float | None = None
        self._spans: Spans = guessed([word.spoken for word in self.words])
        self._share = SAID_PERHAPS  # of a word that is to be played before it counts
        self._trimmer = Trimmer()
        self._held_back = EMPTY  # the last samples, which are to be faded if nothing follows
        self._voice = 0  # samples without the pause

    @property
    def spoken(self) -> str:
        """What is sent to the TTS."""
        return " ".join(word.spoken for word in self.words if word.spoken)

    @property
    def length(self) -> int:
        return len(self.pcm)

    def push(self, pcm: Int16) -> None:
        """Append synthesised audio; int16, (samples,), 48 kHz."""
        voiced = self._trimmer.push(pcm)
        if len(voiced):
            fresh = np.concatenate([self._held_back, voiced])
            if not self.length:
                fresh = faded_in(fresh)
            self._held_back = fresh[max(0, len(fresh) - EDGE_FADE) :]
            self.pcm = np.concatenate([self.pcm, fresh[: len(fresh) - len(self._held_back)]])

    def finish(self, timed: Sequence[tuple[str, float, float]] = ()) -> None:
        """No more audio comes.

        Args:
            timed: (text, start, end) of the engine's pieces, seconds from the start of its audio; may be empty.
        """
        tail = faded_out(np.concatenate([self._held_back, self._trimmer.end()]))
        self._held_back = EMPTY
        self.pcm = np.concatenate([self.pcm, tail])
        self._voice = self.length
        said = [word.spoken for word in self.words]
        known = aligned(timed, said, self._trimmer.before, self._voice)
        self._spans = known or estimated(self.pcm, said)
        self._share = SAID if known else SAID_PERHAPS
        self.pcm = np.concatenate([self.pcm, np.zeros(samples(PAUSES_S[self.clause.ends]), np.int16)])
        self.complete = True

    def restart(self) -> None:
        """Synthesis begins anew; nothing of the first attempt is there yet."""
        self._trimmer = Trimmer()
        self._held_back = EMPTY

    def break_off(self) -> None:
        """Synthesis failed: what there is gets played, and stands for as many words as it may hold."""
        self._held_back = EMPTY if not self.length else self._held_back
        count = self.words_heard(self.length) if self.length else 0
        self.words = self.words[:count]
        self.clause = Clause(self.text(count), "sentence")
        self.finish()

    def words_heard(self, offset: int) -> int:
        """How many words have been said when `offset` samples have been played."""
        if self.complete and offset >= self._voice:
            return len(self.words)
        return sum(offset >= start + self._share * (end - start) and offset > 0 for start, end in self._spans)

    def boundary_before(self, offset: int) -> int:
        """Where a voice held at `offset` goes on: at the start of the word that was cut, unless it was nearly over."""
        for start, end in self._spans:
            if start <= offset < start + self._share * (end - start):
                return min(start, offset)
        return offset

    def text(self, words: int) -> str:
        """The written form of the first `words` words."""
        return " ".join(word.written for word in self.words[:words])

    @property
    def begun(self) -> bool:
        """Voice has come: more than silence, and more than the fade at its edge."""
        return self.length > 0

    @property
    def said(self) -> int:
        """Samples up to the end of the voice, without the pause after it; all there are while it is synthesised."""
        return self._voice if self.complete else self.length

    def rest(self, offset: int) -> Clip | None:
        """What a voice that was cut at `offset` has left to say, as a clip of its own; None when nothing is left.

        The audio goes along when there is all of it; otherwise the clip is empty and to be synthesised.
        """
        start = self.boundary_before(offset)
        count = self.words_heard(offset)
        words = self.words[count:]
        if not words:
            return None
        rest = Clip(Clause(" ".join(word.written for word in words), self.clause.ends), words)
        if self.complete:
            rest.pcm = self.pcm[start:]
            rest._spans = [(max(0, first - start), max(0, last - start)) for first, last in self._spans[count:]]
            rest._share, rest._voice = self._share, self._voice - start
            rest.complete = True
        return rest

    def copy(self) -> Clip:
        """The same audio, to be played once more."""
        copy = Clip(self.clause, self.words)
        copy.pcm, copy.complete, copy._voice = self.pcm, self.complete, self._voice
        copy._spans, copy._share = self._spans, self._share
        return copy

    def forget(self) -> None:
        """Release the samples; the words stay."""
        self.pcm = EMPTY


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a passage: samples into a clip."""

    clip: int = 0
    offset: int = 0


class Passage:
    """The clips of one reply in order, and how far they have been given to the playout."""

    def __init__(self) -> None:
        self.clips: list[Clip] = []
        self.place = Place()
        self.closed = False  # no further clip comes

    def open(self, clause: Clause, words: Sequence[Word] | None = None) -> Clip:
        clip = Clip(clause, words)
        self.clips.append(clip)
        return clip

    def add(self, clip: Clip) -> None:
        self.clips.append(clip)

    def close(self) -> None:
        self.closed = True

    @property
    def over(self) -> bool:
        """Everything has been given."""
        return self.closed and self._skip_finished(self.place).clip == len(self.clips)

    @property
    def ready(self) -> int:
        """Samples that could be played at once."""
        return max(0, sum(clip.length for clip in self.clips[self.place.clip :]) - self.place.offset)

    @property
    def ahead_s(self) -> float:
        """Seconds of audio that have not been given yet."""
        return self.ready / RATE_HZ

    @property
    def unfinished(self) -> bool:
        """A clause is in the middle of its synthesis: it may run dry between any two samples."""
        return bool(self.clips) and not self.clips[-1].complete

    def take(self, count: int, *, advance: bool = True) -> Int16:
        """The next samples, `count` of them unless synthesis is behind or the passage ends; int16, (samples,)."""
        parts: list[Int16] = []
        place = self._skip_finished(self.place)
        while count and place.clip < len(self.clips):
            part = self.clips[place.clip].pcm[place.offset : place.offset + count]
            if not len(part):
                break  # synthesis is behind
            parts.append(part)
            count -= len(part)
            place = self._skip_finished(Place(place.clip, place.offset + len(part)))
        if advance:
            for clip in self.clips[self.place.clip : place.clip]:
                clip.forget()  # a resumed voice goes back within its clip only
            self.place = place
        return np.concatenate(parts) if parts else EMPTY

    def rewind(self) -> None:
        """Back to the boundary of the word that was cut."""
        place = self.place
        if place.clip < len(self.clips):
            self.place = Place(place.clip, self.clips[place.clip].boundary_before(place.offset))

    def heard(self, place: Place) -> str:
        """The written words up to `place`."""
        said = [clip.clause.text for clip in self.clips[: place.clip]]
        if place.clip < len(self.clips):
            clip = self.clips[place.clip]
            said.append(clip.text(clip.words_heard(place.offset)))
        return " ".join(text for text in said if text)

    def rest(self) -> list[Clip]:
        """The clips that have not been given, the first of them from the word on that was cut."""
        if self.place.clip >= len(self.clips):
            return []
        first = self.clips[self.place.clip].rest(self.place.offset)
        return [clip for clip in (first, *self.clips[self.place.clip + 1 :]) if clip]

    def _skip_finished(self, place: Place) -> Place:
        while (
            place.clip < len(self.clips)
            and self.clips[place.clip].complete
            and place.offset >= self.clips[place.clip].length
        ):
            place = Place(place.clip + 1, 0)
        return place
