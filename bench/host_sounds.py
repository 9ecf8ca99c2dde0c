"""What the hosts of a long talk say and how they sound: voices that no rule was made with, laughs and coughs."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from bench import corpus
from bench.corpus import RATE_HZ, Int16
from bench.non_speech import first_of, sound
from bench.occasions import BACKCHANNELS

# No voice of bench/corpus.py, on which doubt was fitted: timbres of Piper's voice, and others of espeak-ng
PIPER = {"joe 0.94": 0.94, "joe 1.07": 1.07, "joe 1.2": 1.2}
ESPEAK = {"espeak scottish": "en-gb-scotland", "espeak us m7": "en-us+m7"}
VOICES = (*PIPER, *ESPEAK)


@functools.cache
def speech(text: str, voice: str) -> Int16:
    """int16, (samples,), 48 kHz mono, from the first to the last sound."""
    pcm = corpus.piper(text, PIPER[voice])[0] if voice in PIPER else corpus.espeak(text, ESPEAK[voice])
    pcm = corpus.level(pcm, -20.0)
    start, end = corpus.voiced_span(pcm)
    return pcm[round(start * RATE_HZ) : round(end * RATE_HZ)]


def sounds(count: int) -> Iterator[tuple[str, Int16]]:
    """Backchannels in all voices; every fifth is a laugh or a cough."""
    for number in range(count):
        if number % 5 == 4:
            kind = "laughter" if number % 2 else "cough"
            yield f"{kind} {number}", first_of(sound(kind, 2.2, 1000 + number))
            continue
        text = BACKCHANNELS[number % len(BACKCHANNELS)]
        voice = VOICES[(number + number // len(BACKCHANNELS)) % len(VOICES)]
        yield f"{text!r} ({voice})", speech(text, voice)
