"""Whether what a model has written can be spoken yet: thoughts and white space cannot."""

from __future__ import annotations

import re

# What reasoning models think aloud, where a server leaves it in the text; without an end it goes on.
_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|$)", re.DOTALL | re.IGNORECASE)
# The clause splitter cuts nothing before two words, a mark or a tag: what is held until then delays no voice.
_SPEAKABLE = re.compile(
    r"\w\S*\s+\S*\w\S*\s"  # two words
    r"|\w[.?!…,;:]+[\"'”’)]*\s"  # a mark
    r"|<[^<>]+>"  # a tag
    r"|[^\s<>]{24}"  # a language without spaces
)
_WORD = re.compile(r"\w")


def can_be_spoken(text: str) -> bool:
    """Whether a voice could begin with `text`: two words, a sentence, or a tag to the table."""
    return _SPEAKABLE.search(_THOUGHTS.sub("", text)) is not None


def says_something(text: str) -> bool:
    """Whether a complete reply has a word or a tag in it."""
    bare = text.strip().lower() == "<think>"  # a sloppy tag to the table, not thoughts
    return bare or _WORD.search(_THOUGHTS.sub("", text)) is not None
