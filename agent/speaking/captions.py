"""From the place that playback has reached to captions, clause by clause, word by word."""

from __future__ import annotations

from collections.abc import Callable

from agent.floor.events import ReplyId, SpeakerId
from agent.speaking.audio import RATE_HZ
from agent.speaking.logbook import Heard
from agent.speaking.passage import Clip, Passage, Place


class CaptionTracker:
    """Follows one passage.

    Args:
        on_heard: called when a further word has been heard, and once with `final` at the end of each clause.
        on_clause: called with a clause's text when it has been heard to its end.
    """

    def __init__(
        self,
        who: SpeakerId,
        reply: ReplyId,
        passage: Passage,
        *,
        on_heard: Callable[[Heard], None],
        on_clause: Callable[[str], None],
    ) -> None:
        self._who = who
        self._reply = reply
        self._passage = passage
        self._on_heard = on_heard
        self._on_clause = on_clause
        self._segment = 0  # the clip that is being heard
        self._words = 0  # of it that have been heard
        self._started = 0.0
        self._done: list[str] = []

    @property
    def so_far(self) -> str:
        """All that has been heard, in its written form."""
        clips = self._passage.clips
        current = clips[self._segment].text(self._words) if self._segment < len(clips) else ""
        return " ".join(text for text in (*self._done, current) if text)

    def reach(self, at: float, place: Place) -> None:
        """Everything before `place` has been heard by `at`."""
        clips = self._passage.clips
        while self._segment < len(clips):
            clip = clips[self._segment]
            offset = place.offset if place.clip == self._segment else clip.said
            if place.clip < self._segment or (place.clip == self._segment and offset == 0):
                return
            if self._words == 0:
                self._started = max(self._started, at - offset / RATE_HZ)
            words = max(self._words, clip.words_heard(offset))
            over = place.clip > self._segment or (clip.complete and offset >= clip.said)
            if over:
                self._finish(clip, at, len(clip.words))
                if clip.words:  # none when its synthesis failed
                    self._on_clause(clip.clause.text)
                continue
            if words > self._words:
                self._words = words
                self._tell(clip.text(words), at, final=False)
            return

    def end(self, at: float) -> None:
        """Nothing more is heard: the clause that was cut gets its final caption."""
        clips = self._passage.clips
        if self._segment < len(clips) and self._words:
            self._finish(clips[self._segment], at, self._words)

    def _finish(self, clip: Clip, at: float, words: int) -> None:
        self._words = words
        if words:
            self._tell(clip.text(words), at, final=True)
        self._done.append(clip.text(words))
        self._segment += 1
        self._words = 0
        self._started = at

    def _tell(self, text: str, at: float, *, final: bool) -> None:
        self._on_heard(
            Heard(
                who=self._who, reply=self._reply, segment=self._segment, text=text, so_far=self.so_far,
                start=self._started, end=at, final=final,
            )
        )  # fmt: skip
