"""Word errors, with numbers and contractions written alike."""

from __future__ import annotations

import re

import jiwer
from num2words import num2words  # type: ignore[import-untyped]

_SAME = {"i'm": "i am", "it's": "it is", "don't": "do not", "didn't": "did not", "let's": "let us"}


def normal(text: str) -> str:
    """Lower case, no punctuation, numbers as words, contractions in full."""
    plain = text.lower().replace("’", "'")
    plain = re.sub(r"\$(\d+)", r"\1 dollars", plain)
    plain = re.sub(r"\b(1[89]|20)(\d\d)\b", lambda m: f"{num2words(int(m[1]))} {num2words(int(m[2]))}", plain)
    plain = re.sub(r"\d+", lambda m: num2words(int(m[0])), plain).replace("-", " ")
    words = re.findall(r"[a-z']+", plain)
    return " ".join(_SAME.get(word, word) for word in words)


def word_errors(said: str, text: str) -> tuple[int, int]:
    """Substituted, missing and extra words; and how many were said."""
    reference, hypothesis = normal(said), normal(text)
    count = len(reference.split())
    if not count:
        return len(hypothesis.split()), 0
    if not hypothesis:
        return count, count
    found = jiwer.process_words(reference, hypothesis)
    return found.substitutions + found.deletions + found.insertions, count
