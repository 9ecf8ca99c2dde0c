"""Names and terms that a show is likely to say."""

from __future__ import annotations

from collections.abc import Iterable

MAX_LETTERS = 300  # whisper's prompt has room for 224 tokens, half of them for hotwords


class Vocabulary:
    """Grows as people join; engines ask for it at each decoding."""

    def __init__(self, *, title: str = "", terms: Iterable[str] = ()) -> None:
        self.title = title
        self._names: dict[str, None] = {}
        self._terms = tuple(dict.fromkeys(term.strip() for term in terms if term.strip()))

    def expect_name(self, name: str) -> None:
        """A speaker's name; asked again, nothing happens."""
        if name.strip():
            self._names.setdefault(name.strip())

    @property
    def words(self) -> tuple[str, ...]:
        """Names first, then terms, within `MAX_LETTERS`."""
        kept: list[str] = []
        room = MAX_LETTERS
        for word in dict.fromkeys((*self._names, *self._terms)):
            room -= len(word) + 2
            if room < 0:
                break
            kept.append(word)
        return tuple(kept)

    @property
    def names(self) -> tuple[str, ...]:
        """Of those at the table, as they joined."""
        return tuple(self._names)

    @property
    def name_words(self) -> frozenset[str]:
        """Each word of the names, in lower case."""
        return frozenset(word.lower() for name in self._names for word in name.split())
