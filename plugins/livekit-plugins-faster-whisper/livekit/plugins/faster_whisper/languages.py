"""What language each speaker speaks, where it is to be found out."""

from __future__ import annotations

from collections import OrderedDict

_ENOUGH_S = 1.5  # of voice: a "yes" is detected as many a language
_CALLERS = 256


class LanguageMemory:
    """The language last heard of each caller, for the last 256 callers."""

    def __init__(self) -> None:
        self._languages: OrderedDict[str, str] = OrderedDict()

    def of(self, caller: str) -> str | None:
        """ISO 639-1; None when nothing is known."""
        return self._languages.get(caller)

    def heard(self, caller: str, language: str, *, voiced_s: float) -> None:
        """A text was decoded in a detected language; believed when there was enough of it."""
        if voiced_s < _ENOUGH_S:
            return
        self._languages[caller] = language
        self._languages.move_to_end(caller)
        while len(self._languages) > _CALLERS:
            self._languages.popitem(last=False)
