"""What one may say about how a stream is recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from livekit.agents.language import LanguageCode
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.agents.utils import is_given

from .segment import SegmentRules


def iso(language: str | None) -> str | None:
    """ISO 639-1, as Whisper wants it, of any form that LiveKit knows; None to detect the language."""
    return LanguageCode(language).language if language else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Settings of an STT and its streams. Immutable: changing gives another one."""

    language: str | None = "en"
    """ISO 639-1; None to detect it."""
    prompt: str | None = None
    """Text in the style that is wanted, or that was said before."""
    hotwords: tuple[str, ...] = ()
    """Names and terms to expect."""
    session_hotwords: tuple[str, ...] = ()
    """Those that the AgentSession adds (its `keyterms`)."""
    interim_results: bool = True
    interim_every_s: float = 0.6
    """Speech between two interim decodings, at least."""
    interim_share: float = 0.3
    """Of the time, at most, that one stream's interim decodings may take."""
    rules: SegmentRules = field(default_factory=SegmentRules)

    @property
    def hotword_text(self) -> str | None:
        """All hotwords in one line, as faster-whisper wants them; None without any."""
        return ", ".join(dict.fromkeys([*self.hotwords, *self.session_hotwords])) or None

    def changed(
        self,
        *,
        language: NotGivenOr[str | None] = NOT_GIVEN,
        prompt: NotGivenOr[str | None] = NOT_GIVEN,
        keyterms: NotGivenOr[Sequence[str]] = NOT_GIVEN,
        interim_results: NotGivenOr[bool] = NOT_GIVEN,
    ) -> Options:
        """These options with what is given."""
        return replace(
            self,
            language=iso(language) if is_given(language) else self.language,
            prompt=prompt if is_given(prompt) else self.prompt,
            hotwords=tuple(keyterms) if is_given(keyterms) else self.hotwords,
            interim_results=interim_results if is_given(interim_results) else self.interim_results,
        )
