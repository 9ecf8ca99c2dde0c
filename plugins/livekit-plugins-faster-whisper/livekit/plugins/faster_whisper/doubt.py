"""Is this text what was said? Cheap checks that catch what a short encoder window does wrong.

A short window makes Whisper repeat a clause or leave one out, and its own figures do not tell: the average
log-probability of a loop is *good*, and the compression ratio finds long loops only. Counting words and letters
against the voiced time does.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter

COMPRESSION_MAX = 2.4  # OpenAI's compression_ratio_threshold (whisper/transcribe.py)
LETTERS_PER_S_MIN = 5.0
LETTERS_PER_S_MAX = 30.0
TOO_MANY = "too many words"
MIN_VOICED_S = 1.0  # below, a rate of letters says nothing

# Ideographs and syllabic scripts write a syllable or more a sign, where the Latin script takes about three letters.
_DENSE = re.compile(r"[぀-ヿ㐀-鿿豈-﫿가-힯]")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words(text: str) -> list[str]:
    """The words of a text as they are compared: no punctuation, no capitals; in dense scripts each sign is one."""
    plain = text.casefold().replace("’", "'")
    found: list[str] = []
    for word in _WORD.findall(plain):
        found += list(word) if _DENSE.search(word) else [word]
    return found


def compression_ratio(text: str) -> float:
    """UTF-8 bytes over their zlib length, as OpenAI's Whisper computes it; 0 for an empty text."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def letters(text: str) -> float:
    """Letters and digits; a sign of a dense script counts as three."""
    return float(sum(3 if _DENSE.match(sign) else 1 for sign in text if sign.isalnum()))


def repeats(text: str) -> bool:
    """Does the text go in circles?

    Yes, when three words or more are followed at once by the same words, when two words come three times in a row or
    one word five times, or when four words or more come back within the text three times or more. People do say "no,
    no, no", "very very good" and "fail again, fail better": those pass.
    """
    said = words(text)
    for size, times in ((1, 5), (2, 3), *((size, 2) for size in range(3, len(said) // 2 + 1))):
        for at in range(len(said) - size * times + 1):
            unit = said[at : at + size]
            if all(said[at + size * n : at + size * (n + 1)] == unit for n in range(1, times)):
                return True
    grams = Counter(tuple(said[at : at + 4]) for at in range(len(said) - 3))
    return any(count >= 3 for count in grams.values())


def first_round(text: str) -> str | None:
    """A text that is one unit of three words or more over and over, the last time perhaps in part: the unit.

    None for any other text, and for one that does not come back for half a round at least.
    """
    parts = text.split()
    said = [words(part) for part in parts]
    for size in range(3, len(parts) * 2 // 3 + 1):
        if all(said[at] == said[at + size] for at in range(len(parts) - size - 1)):  # the very last may be cut
            return " ".join(parts[:size])
    return None


def leaves_out(text: str, whole: str) -> bool:
    """Whether a text is `whole` without a clause: all its words, but for some in a row.

    A short window drops what is said before or after a small pause ("Anna, what do you think?"), and its figures are as
    good as ever; so another recogniser's text is what tells.
    """
    said, all_said = words(text), words(whole)
    missing = len(all_said) - len(said)
    if not said or missing <= 0:
        return False
    return any(said == all_said[:at] + all_said[at + missing :] for at in range(len(said) + 1))


def doubts(text: str, *, voiced_s: float, cut_off: bool = False) -> tuple[str, ...]:
    """Reasons to decode again with a longer window; empty when the text is plausible.

    Args:
        text: what was decoded.
        voiced_s: seconds with a voice in the audio.
        cut_off: the decoder ran into its limit of tokens before it came to an end.
    """
    found: list[str] = []
    if repeats(text):
        found.append("repetition")
    if compression_ratio(text) > COMPRESSION_MAX:
        found.append("compression")
    if cut_off:
        found.append("cut off")
    if voiced_s >= MIN_VOICED_S:
        rate = letters(text) / voiced_s
        if rate < LETTERS_PER_S_MIN:
            found.append("too few words")
        elif rate > LETTERS_PER_S_MAX:
            found.append(TOO_MANY)
    return tuple(found)
