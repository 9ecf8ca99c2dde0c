"""From the voice activity of a stream to segments of speech. Pure: time is counted in windows of 32 ms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .voice import WINDOW_S


class Change(Enum):
    """What a window brought."""

    STARTED = "started"
    """A voice set in."""
    PAUSED = "paused"
    """The voice fell silent; it may come back."""
    RESUMED = "resumed"
    """It came back before the segment ended."""
    ENDED = "ended"
    """It stayed away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRules:
    """When a segment of speech begins and ends. Seconds are rounded to windows of 32 ms, one at least."""

    activation: float = 0.5  # livekit-agents' inference.VAD: thresholds, and an onset after 50 ms
    deactivation: float = 0.35
    onset_s: float = 0.05
    pause_s: float = 0.08
    """Silence after which the text is decoded, on the guess that the speaker has finished."""
    silence_s: float = 0.35
    """Silence that ends the segment."""
    before_s: float = 0.4
    """Audio from before the onset that belongs to the segment: the detector needs a while for soft first sounds."""
    cut_after_s: float = 15.0
    """A segment this long ends at the next pause, even a short one."""
    longest_s: float = 24.0
    """A segment this long is cut where it is quietest; with padding it must fit Whisper's 30 s."""

    def __post_init__(self) -> None:
        if not 0 < self.deactivation <= self.activation < 1:
            raise ValueError("0 < deactivation <= activation < 1 does not hold; leave them at 0.35 and 0.5")
        if not self.pause_s <= self.silence_s:
            raise ValueError("pause_s is longer than silence_s; the pause is the beginning of the silence")
        if not self.cut_after_s <= self.longest_s <= 26.0:
            raise ValueError("cut_after_s <= longest_s <= 26 does not hold; Whisper hears 30 s at once")


def windows(seconds: float) -> int:
    """Whole windows, rounded up, at least one."""
    return max(1, round(seconds / WINDOW_S + 0.49))


class Segmenter:
    """Follows one stream, window by window."""

    def __init__(self, rules: SegmentRules) -> None:
        self._rules = rules
        self._speaking = False
        self._paused = False
        self._voiced = 0
        self._silent = 0

    @property
    def speaking(self) -> bool:
        """Between STARTED and ENDED."""
        return self._speaking

    @property
    def silent(self) -> int:
        """Windows of silence up to now."""
        return self._silent

    def push(self, probability: float) -> Change | None:
        """One window's probability of voice, 0 to 1."""
        rules = self._rules
        threshold = rules.deactivation if self._speaking and not self._paused else rules.activation
        if probability >= threshold:
            self._voiced += 1
            self._silent = 0
            if not self._speaking and self._voiced >= windows(rules.onset_s):
                self._speaking = True
                return Change.STARTED
            if self._paused:
                self._paused = False
                return Change.RESUMED
            return None
        self._voiced = 0
        self._silent += 1
        if not self._speaking:
            return None
        if self._silent >= windows(rules.silence_s):
            return self.flush()
        if not self._paused and self._silent >= windows(rules.pause_s):
            self._paused = True
            return Change.PAUSED
        return None

    def flush(self) -> Change | None:
        """End now; None when nobody spoke."""
        if not self._speaking:
            return None
        self._speaking = self._paused = False
        self._voiced = 0
        return Change.ENDED
