"""How written words are said: numbers, money, times, abbreviations, initialisms.

Only what is sent to a TTS is changed; captions and the conversation keep the written form, so each unit keeps both.
English (US readings). Numbers are spelled by num2words (LGPL-2.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import regex
from num2words import num2words  # type: ignore[import-untyped]

from agent.speaking.spoken_tables import (
    ABBREVIATIONS,
    CURRENCIES,
    PLURALS,
    ROMAN,
    SIGNS,
    SPELLED,
    UNITS,
    WORDS_IN_CAPITALS,
)


@dataclass(frozen=True, slots=True)
class Word:
    """The smallest unit with both forms: usually a word, sometimes a few ("$3.5 million")."""

    written: str
    spoken: str


_MONTHS = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|"
    r"July?|Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_UNIT_NAMES = "|".join(regex.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_SCALE = r"(?:hundred|thousand|million|billion|trillion|[kKMB]|bn|mn)"


def _cardinal(text: str) -> str:
    text = text.replace(",", "")
    if "." in text:
        whole, fraction = text.split(".", 1)
        return f"{_cardinal(whole or '0')} point {' '.join(_digit(digit) for digit in fraction)}"
    if len(text) > 15 or (len(text) > 1 and text[0] == "0"):
        return " ".join(_digit(digit) for digit in text)
    return str(num2words(int(text))).replace(",", "").replace("-", " ")


def _digit(digit: str) -> str:
    return str(num2words(int(digit)))


def _ordinal(text: str) -> str:
    return str(num2words(int(text.replace(",", "")), to="ordinal")).replace(",", "").replace("-", " ")


def _year(text: str) -> str:
    return str(num2words(int(text), to="year")).replace("-", " ").replace(",", "")


def _plural(unit: str, amount: str) -> str:
    if amount in ("1", "1.0"):
        return unit
    return PLURALS.get(unit, unit + "s")


def _scale(text: str) -> str:
    return {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion"}.get(
        text.lower(), text.lower()
    )


def _money(found: regex.Match[str]) -> str:
    unit, part = CURRENCIES[found["currency"]]
    amount = found["amount"]
    if found["scale"]:
        return f"{_cardinal(amount)} {_scale(found['scale'])} {PLURALS.get(unit, unit + 's')}"
    whole, _, cents = amount.partition(".")
    if len(cents) == 2 and part:
        parts = []
        if int(whole.replace(",", "")) or not int(cents):
            parts.append(f"{_cardinal(whole)} {_plural(unit, whole)}")
        if int(cents):
            parts.append(f"{_cardinal(str(int(cents)))} {_plural(part, str(int(cents)))}")
        return " and ".join(parts)
    return f"{_cardinal(amount)} {_plural(unit, amount)}"


def _time(found: regex.Match[str]) -> str:
    hour, minute, half = int(found["hour"]), found["minute"], (found["half"] or "").replace(".", "").upper()
    said = _cardinal(str(hour))
    if minute and int(minute):
        said += f" oh {_cardinal(minute[1])}" if minute[0] == "0" else f" {_cardinal(minute)}"
    elif not half:
        said += " o'clock" if 1 <= hour <= 12 else " hundred"
    return f"{said} {_spelled(half)}".strip()


def _quantity(found: regex.Match[str]) -> str:
    unit = UNITS[found["unit"].lower()]
    return f"{_cardinal(found['amount'])} {unit if unit == 'times' else _plural(unit, found['amount'])}"


def _fraction(found: regex.Match[str]) -> str:
    over, under = int(found["over"]), int(found["under"])
    name = {2: "half", 4: "quarter"}.get(under) or _ordinal(str(under))
    if over > 1:
        name = "halves" if under == 2 else name + "s"
    return f"{_cardinal(str(over))} {name}"


def _address(text: str) -> str:
    text = (
        text.replace("@", " at ")
        .replace(".", " dot ")
        .replace("/", " slash ")
        .replace("_", " underscore ")
        .replace("-", " dash ")
    )
    return " ".join(text.split())


def _spelled(letters: str) -> str:
    """Letter by letter. Engines spell what has full stops; without, espeak says "AWS" as a word, "A" as an article."""
    return ".".join(letters.upper()) + "." if len(letters) > 1 else letters


def _initialism(found: regex.Match[str]) -> str:
    letters, ending = found["letters"], found["ending"]
    if letters in SPELLED:
        said = SPELLED[letters]
    elif letters in WORDS_IN_CAPITALS:
        return found[0]
    else:
        said = _spelled(letters)
    if ending == "s":
        return said + "s" if letters in SPELLED else f"{said}'s"
    return said + ending.replace("’", "'")


def _year_or_number(found: regex.Match[str]) -> str:
    return _year(found["year"])


_Rule = tuple[regex.Pattern[str], Callable[[regex.Match[str]], str]]


def _rule(pattern: str, say: Callable[[regex.Match[str]], str], flags: int = 0) -> _Rule:
    return regex.compile(pattern, flags), say


# A rule stands for whole units: it begins at a unit's start (after opening quotes) and must end at a unit's end
# (before marks).
_RULES: tuple[_Rule, ...] = (
    _rule(rf"(?P<currency>[$€£¥])(?P<amount>{_NUMBER})(?:[ -]?(?P<scale>{_SCALE}))?(?![\w.]*\d)", _money),
    _rule(r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?:\s?(?P<half>[ap]\.?m\.?))?", _time, regex.IGNORECASE),
    _rule(r"(?P<hour>1[0-2]|0?[1-9])(?P<minute>)\s?(?P<half>[ap]\.?m\.?)", _time, regex.IGNORECASE),
    _rule(
        rf"(?P<month>{_MONTHS})\s(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?"
        r"(?P<comma>,?)(?:\s(?P<year>[12]\d{3}))?(?!\S*\d)",
        lambda found: (
            f"{ABBREVIATIONS.get(found['month'].lower(), found['month'])} {_ordinal(found['day'])}{found['comma']}"
            + (f" {_year(found['year'])}" if found["year"] else "")
        ),
    ),
    _rule(r"(?P<a>[12]\d{3})\s?[–-]\s?(?P<b>[12]\d{3})", lambda found: f"{_year(found['a'])} to {_year(found['b'])}"),
    _rule(r"(?P<year>1[1-9]\d0|20\d0)s", lambda found: _decade(found["year"])),
    _rule(r"(?<=[’'])(?P<year>\d0)s", lambda found: _decade(found["year"])),
    _rule(
        rf"(?P<a>{_NUMBER})\s?–\s?(?P<b>{_NUMBER})(?P<percent>%?)",
        lambda found: f"{_cardinal(found['a'])} to {_cardinal(found['b'])}{' percent' if found['percent'] else ''}",
    ),
    _rule(
        r"(?P<a>\d{1,2})-(?P<b>\d{1,3})(?P<percent>%?)",
        lambda found: f"{_cardinal(found['a'])} to {_cardinal(found['b'])}{' percent' if found['percent'] else ''}",
    ),
    _rule(
        rf"(?P<amount>[-−]?{_NUMBER})\s?(?P<unit>{_UNIT_NAMES})(?![\w/])",
        lambda found: ("minus " if found["amount"][0] in "-−" else "") + _quantity_of(found),
        regex.IGNORECASE,
    ),
    _rule(
        rf"(?P<amount>{_NUMBER})(?P<scale>[kKMB]|bn|mn)",
        lambda found: f"{_cardinal(found['amount'])} {_scale(found['scale'])}",
    ),
    _rule(
        rf"(?P<number>{_NUMBER})-(?P<rest>[A-Za-z]{{2,}}(?:-[A-Za-z]+)*)",
        lambda found: f"{_cardinal(found['number'])} {found['rest'].replace('-', ' ')}",
    ),
    _rule(r"(?P<over>[1-9])/(?P<under>[2-9]|10)", _fraction),
    _rule(r"(?P<a>\d+)/(?P<b>\d+)", lambda found: f"{_cardinal(found['a'])} slash {_cardinal(found['b'])}"),
    _rule(r"(?P<digits>\d[\d,]*)(?:st|nd|rd|th)", lambda found: _ordinal(found["digits"]), regex.IGNORECASE),
    _rule(
        r"[vV](?P<version>\d+(?:\.\d+)*)",
        lambda found: "version " + " point ".join(_cardinal(part) for part in found["version"].split(".")),
    ),
    _rule(r"\d+(?:\.\d+){2,}", lambda found: " point ".join(_cardinal(part) for part in found[0].split("."))),
    _rule(r"#(?P<number>\d+)", lambda found: f"number {_cardinal(found['number'])}"),
    _rule(r"No\.\s(?P<number>\d+)", lambda found: f"number {_cardinal(found['number'])}"),
    _rule(r"(?P<year>1[1-9]\d\d|20[0-4]\d)(?!,\d)", _year_or_number),
    _rule(
        rf"(?P<sign>[-−+]?)(?P<number>{_NUMBER})",
        lambda found: {"": "", "+": "plus "}.get(found["sign"], "minus ") + _cardinal(found["number"]),
    ),
    _rule(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", lambda found: _address(found[0])),
    _rule(
        r"(?:[\w-]+\.)+(?:com|org|net|io|ai|dev|edu|gov|co|uk|de|fm|tv|app|eu|info)(?:/[\w./-]*)?",
        lambda found: _address(found[0]),
    ),
    _rule(
        r"(?:World War|Part|Chapter|Act|Volume|Henry|Elizabeth|Louis|George|Type|Phase|Stage|Title)\s"
        r"(?P<roman>II|III|IV|VI|VII|VIII|IX|XI|XII)\b",
        lambda found: f"{found[0][: -len(found['roman'])]}{ROMAN[found['roman']]}",
    ),
    _rule(
        r"(?P<letters>[A-Z]{2,4}/[A-Z]{2,4})(?P<ending>)",
        lambda found: " ".join(_spelled(part) for part in found[0].split("/")),
    ),
    _rule(
        r"(?P<letters>[A-Z]{1,3}&[A-Z]{1,3})",
        lambda found: SPELLED.get(found[0], " and ".join(_spelled(part) for part in found[0].split("&"))),
    ),
    _rule(r"(?P<letters>[A-Z]{2,5})(?P<ending>[’']s|s|)(?![\p{L}\d])", _initialism),
    _rule(r"(?:[A-Z]\.){2,}", lambda found: _spelled(found[0].replace(".", ""))),
    _rule(
        r"(?P<letters>[A-Z]{2,4})-?(?P<number>\d+(?:\.\d+)?)",
        lambda found: f"{_spelled(found['letters'])} {_cardinal(found['number'])}",
    ),
)

_UNIT = regex.compile(r"\S+")
_OPENING = regex.compile(r"[\"'“‘(\[¿¡]*")
_CLOSING = regex.compile(r"[\"'”’)\].,;:!?…—–-]*(?=\s|$)")


def _decade(year: str) -> str:
    said = _cardinal(year) if len(year) == 2 else _year(year)
    return said[:-1] + "ies" if said.endswith("y") else said + "s"


def _quantity_of(found: regex.Match[str]) -> str:
    amount = found["amount"].lstrip("-−")
    unit = UNITS[found["unit"].lower()]
    return f"{_cardinal(amount)} {unit if unit == 'times' else _plural(unit, amount)}"


def spoken_words(text: str) -> tuple[Word, ...]:
    """`text` (speakable, one clause or more) in units; their written forms joined by spaces are the text."""
    words: list[Word] = []
    place = 0
    text = " ".join(text.split())  # what Python calls a space, a regular expression does not always
    while (unit := _UNIT.search(text, place)) is not None:
        opening = _OPENING.match(text, unit.start())
        start = opening.end() if opening else unit.start()
        written, spoken = unit[0], None
        for pattern, say in _RULES:
            found = pattern.match(text, start)
            if found is None:
                continue
            closing = _CLOSING.match(text, found.end())
            if closing is None:
                continue
            written = text[unit.start() : closing.end()]
            spoken = _closed(say(found), _mark(closing[0]), text[closing.end() :].lstrip())
            break
        said = spoken if spoken is not None else _plain(written)
        if said.startswith(","):  # a parenthesis or a dash: the comma belongs to the word before
            said = said[1:].strip()
            if words and words[-1].spoken[-1:].isalnum():
                words[-1] = Word(words[-1].written, words[-1].spoken + ",")
        words.append(Word(" ".join(written.split()), said))
        place = unit.start() + len(written)
    if words and words[-1].written.endswith(".") and words[-1].spoken[-1:].isalnum():
        words[-1] = Word(words[-1].written, words[-1].spoken + ".")  # "etc." at the end is a full stop as well
    return tuple(words)


def spoken_form(text: str) -> str:
    """The whole of `text` as it is said."""
    return " ".join(word.spoken for word in spoken_words(text) if word.spoken)


def _plain(written: str) -> str:
    """A unit that no rule knows: abbreviations, symbols, and marks that voices stumble over."""
    bare = written.strip("\"“”()[]'‘’")
    tail = _mark(regex.search(r"[.,;:!?…—–-]*$", bare)[0])  # type: ignore[index]
    known = ABBREVIATIONS.get(bare.lower().rstrip(",;:!?"))
    if known:
        return known + tail.replace(".", "")
    if regex.fullmatch(r"[—–-]+", bare):
        return ","
    said = regex.sub(r"[—–]+", ", ", bare.rstrip("—–")).replace("’", "'").replace("…", "...")
    said = regex.sub(r"[&@%$€£¥#+=×→<>{}\[\]()|~^*_/\\\"“”]", lambda sign: f" {SIGNS.get(sign[0], '')} ", said)
    said = " ".join(said.split())
    if (
        written.startswith("(")
        or written.endswith(("—", "–"))
        or (written.rstrip(".,;:!?").endswith(")") and said[-1:].isalnum())
    ):
        said = f", {said}" if written.startswith("(") else f"{said},"
    return " ".join(said.split()) if any(character.isalnum() for character in said) else tail


def _closed(said: str, mark: str, after: str) -> str:
    """`said` with its sentence mark. A spelled word brings a full stop, which must not pass for a sentence's end."""
    if said.endswith(".") and (mark == "." or (not mark and after[:1].isupper())):
        said = said[:-1]
    return said + mark


def _mark(closing: str) -> str:
    """The sentence mark among what closes a unit."""
    for character in closing:
        if character in ".,;:!?":
            return character
        if character in "…—–":
            return ","
    return ""
