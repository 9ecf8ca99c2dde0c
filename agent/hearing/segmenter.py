"""From probabilities of voice to where voices begin and end. Pure: time is counted in samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from agent.hearing.settings import VoiceSettings

RATE_HZ = 16_000
WINDOW = 512  # samples of one decision of the voice activity detector: 32 ms


@dataclass(frozen=True, slots=True)
class VoiceOn:
    """A voice set in. `start`: the first sample of the first voiced window."""

    start: int


@dataclass(frozen=True, slots=True)
class VoiceDip:
    """It may just have fallen silent, sooner than the detector can be sure: worth to begin decoding."""

    end: int


@dataclass(frozen=True, slots=True)
class VoiceBack:
    """A dip was none: the voice goes on without having been off."""


@dataclass(frozen=True, slots=True)
class VoiceOff:
    """It fell silent. `end`: the first sample of the first silent window."""

    end: int


Mark: TypeAlias = VoiceOn | VoiceDip | VoiceBack | VoiceOff


class Segmenter:
    """Hysteresis over the detector's windows.

    One window above `sure_probability`, or two in a row above `on_probability`, set a voice on; one above
    `quick_probability` does where no AI's voice can have come back, 20 ms sooner, and so do 512 samples between two
    windows, some 20 ms sooner still: a voice over an AI is ducked for. What has the pitch of a voice and grows louder
    is one sooner still (`bench/onsets.py`), at a probability that alone says nothing. `off_after_s` below
    `off_probability` set it off. The detector holds on for 60 to 100 ms after the last sound; the level falls at once,
    so a level far below the voice's own is told as a dip, once for each silence.
    """

    def __init__(self, settings: VoiceSettings) -> None:
        self._settings = settings
        self._windows_off = max(1, round(settings.off_after_s * RATE_HZ / WINDOW))
        self._likely = 0  # windows in a row above on_probability, while silent
        self._silent = 0  # windows in a row below off_probability, while voiced
        self._low = 0  # windows in a row far below the voice's level
        self._dipped = False
        self._voice_dbfs = -120.0
        self.samples = 0
        self.voiced = False

    def push(
        self, probability: float, level_dbfs: float, *, echo: bool = False, periodicity: float = 0.0
    ) -> Mark | None:
        """One window of 512 samples.

        Args:
            probability: of voice, 0 to 1.
            level_dbfs: RMS of the window.
            echo: an AI's voice may have come back in it.
            periodicity: how much of a pitch it has, 0 to 1, where that was looked at.
        """
        self.samples += WINDOW
        if self.voiced:
            return self._while_voiced(probability, level_dbfs)
        return self._while_silent(
            probability, level_dbfs, quick=not echo and self._quick(probability, level_dbfs, periodicity)
        )

    def glance(self, ahead: int, probability: float, level_dbfs: float, periodicity: float = 0.0) -> VoiceOn | None:
        """512 samples that end `ahead` samples behind the last window, and in which no AI's voice can have come back.

        They can set a voice on, and nothing else.
        """
        if self.voiced or not self._quick(probability, level_dbfs, periodicity):
            return None
        return self._set_on(self.samples + ahead - WINDOW, probability, level_dbfs)

    def _quick(self, probability: float, level_dbfs: float, periodicity: float) -> bool:
        """Whether one look is enough, where it can be nobody's echo."""
        settings = self._settings
        pitched = periodicity >= settings.pitched_periodicity and probability >= settings.pitched_probability
        return level_dbfs >= settings.quick_dbfs and (pitched or probability >= settings.quick_probability)

    def _while_silent(self, probability: float, level_dbfs: float, *, quick: bool) -> Mark | None:
        self._likely = self._likely + 1 if probability >= self._settings.on_probability else 0
        if not quick and probability < self._settings.sure_probability and self._likely < 2:
            return None
        return self._set_on(self.samples - WINDOW * max(1, self._likely), probability, level_dbfs)

    def _set_on(self, start: int, probability: float, level_dbfs: float) -> VoiceOn:
        self.voiced, self._silent, self._low = True, 0, 0
        # Of a voice that the detector does not know yet there is nothing to decode, should it be unsure once more
        self._dipped = probability < self._settings.off_probability
        self._voice_dbfs = level_dbfs
        return VoiceOn(max(0, start))

    def _while_voiced(self, probability: float, level_dbfs: float) -> Mark | None:
        self._silent = self._silent + 1 if probability < self._settings.off_probability else 0
        # Follows the voice up at once and down slowly (1 s), so that a soft syllable is not taken for silence.
        self._voice_dbfs = max(level_dbfs, self._voice_dbfs - 0.03 * max(0.0, self._voice_dbfs - level_dbfs))
        low = level_dbfs < self._voice_dbfs - self._settings.dip_db
        self._low = self._low + 1 if low else 0
        if self._silent >= self._windows_off:
            self.voiced, self._likely = False, 0
            return VoiceOff(self.samples - WINDOW * max(self._silent, self._low))
        if not low and not self._silent:
            dipped, self._dipped = self._dipped, False
            return VoiceBack() if dipped else None
        if not self._dipped and (self._low >= self._windows_off or self._silent):
            self._dipped = True
            return VoiceDip(self.samples - WINDOW * max(self._low, self._silent))
        return None
