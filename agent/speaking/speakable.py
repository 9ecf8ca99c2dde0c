"""The one text path from a model to voices and captions.

`SpeakableText` takes a model's output in chunks and gives what can be said: no tags, markdown, headings, stage
directions, emoji or addresses, nothing in another speaker's name. What the model asks of the table with a tag comes
out as a `Signal`. The result depends on the text alone, never on how it was cut into chunks: each rule looks at the
text from one place on, and when more text could change its mind, it waits.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import regex

SignalKind = Literal["pass", "interject", "think", "to"]


@dataclass(frozen=True, slots=True)
class Signal:
    """A control tag of the model's: `<pass/>`, `<interject/>`, `<think/>`, `<to name="Anna"/>`."""

    kind: SignalKind
    name: str = ""  # of whom a "to" addresses


_STAGE = (
    r"(?:(?:softly|quietly|gently|warmly|slightly|a|an|the|long|short|brief|briefly|small|slow|slowly|deep|with|in)\s+)"
    r"{0,2}(?:laugh|chuckl|sigh|paus|smil|nod|grin|clear|lean|gasp|giggl|cough|shrug|wink|whisper|think|look|rais|"
    r"tak(?:e|ing)s?\s+a|beat\b|silence|music|applause|snort|scoff|gestur|tilt|adjust|sip|breath|inhal|exhal|stammer|"
    r"mutter|mumbl|groan|cheer|clap|sniff|cry|cri|sob|yawn|hum|snap|wav|point|turn|shak|tap|excited|deadpan|sarcas|"
    r"playful|thoughtful|dramatic|fade|sound|sfx|jingle|crosstalk|inaudible|laughter)"
)
_PLAIN = r"[\p{L}\p{N}_'’‘.,;:!?\"“”…/%$€£¥@+=\-–—°²³½¼¾~^]"
_EMOJI = r"(?!\p{N})[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\u200d\ufe0f\u20e3]"

# In a line: the first rule that matches, or could with more text, decides.
_COMMENT = regex.compile(r"<!--")
_HEART = regex.compile(r"<3+\b")
_COMPARED = regex.compile(r"(?<=\s)(?P<sign>[<>])(?=\s)")
_TAG = regex.compile(
    r"<(?P<close>/?)(?P<tag>[A-Za-z][\w-]{0,30})"
    r"(?P<attributes>(?:\s+[\w:-]{1,30}"
    r"(?:\s*=\s*(?:[\"“”][^\"“”<>]{0,80}[\"“”]|'[^'<>]{0,80}'|[^\s\"'<>/]{1,80}))?){0,6})\s*(?P<empty>/?)>"
)
_TO = regex.compile(r"<to>\s*(?P<name>[^<>]{1,40}?)\s*</to>", regex.IGNORECASE)
_LINK = regex.compile(r"(?P<image>!?)\[(?P<text>[^\[\]\n]{0,120})\](?:\((?P<url>[^()\s]{0,300})\)|(?!\())")
_STARRED = regex.compile(rf"(?P<mark>[*_]{{1,2}}){_STAGE}[^*_\n]{{0,60}}(?P=mark)", regex.IGNORECASE)
_ASIDE = regex.compile(rf"\({_STAGE}[^()\n]{{0,50}}\)", regex.IGNORECASE)
_PASSED = regex.compile(r"[(*_]{1,2}pass\.?[)*_]{1,2}", regex.IGNORECASE)
_ADDRESS = regex.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"“”*`|]{0,500}", regex.IGNORECASE)
_ENTITY = regex.compile(r"&(?:#\d{1,6}|#x[\da-f]{1,6}|[a-z]{2,8});", regex.IGNORECASE)
_ESCAPED = regex.compile(r"\\[\\`*_{}\[\]()#+.!|~<>-]")
_TIMES = regex.compile(r"(?<=\d )\*(?= \d)")
_WHITE = regex.compile(r"\s")
_SPACE = regex.compile(r"[^\S\n]+")
_NEWLINES = regex.compile(r"\s*\n\s*")
_WORD = regex.compile(rf"{_PLAIN}{{1,200}}")
_DROPPED = regex.compile(rf"(?:{_EMOJI}|[*`#|\\<>\p{{C}}])")

# At the start of a line.
_FENCE = regex.compile(r"(?:```|~~~)[^\n]*(?:\n|$)")
_FENCED = regex.compile(r"(?:[^\n]*\n)*?[ \t]*(?:```|~~~)[^\n]*(?:\n|$)")
_HEADING = regex.compile(r"#{1,6}\s[^\n]*")
_TABLE = regex.compile(r"\|[^\n]*")
_RULE = regex.compile(r"(?:[-*_=][ \t]*){3,}(?=\n|$)")
_QUOTE = regex.compile(r">[ \t]*")
_BULLET = regex.compile(r"(?:[-*+•‣◦–]|\d{1,2}[.)])[ \t]+(?=\S)")

_PASS = regex.compile(r"[\W_]*pass[\W_]*", regex.IGNORECASE)

_ENDS = ".!?…"
_WRAPPER = ("studio", "summary")  # what the studio tells a model, and no speaker says
_BLOCKS = ("br", "p", "div", "li", "hr", "tr", "td", "th", "ul", "ol")
_REASONING = ("think", "thinking", "reasoning")
_OWN_LABELS = ("assistant", "ai")
_OTHER_LABELS = (
    "user",
    "human",
    "host",
    "guest",
    "listener",
    "interviewer",
    "moderator",
    "narrator",
    "system",
    "speaker",
)


class SpeakableText:
    """One reply's filter.

    Args:
        own_names: how the speaker may be called; "Claude: ..." at the start of a line is a label, not speech.
        other_names: who else is at the table; a line that begins with one of them ends the reply.
    """

    def __init__(self, own_names: Iterable[str] = (), other_names: Iterable[str] = ()) -> None:
        own = {name.casefold() for name in own_names if name.strip()} | set(_OWN_LABELS)
        others = ({name.casefold() for name in other_names if name.strip()} | set(_OTHER_LABELS)) - own
        names = "|".join(regex.escape(name) for name in sorted(own | others, key=len, reverse=True))
        self._label = regex.compile(
            rf"[*_\[(\"“]{{0,3}}(?P<name>{names})[\])*_\"”]{{0,3}}(?:\s?\([^()\n]{{0,30}}\))?"
            r"[*_]{0,2}(?:\s+says)?\s?:[*_]{0,2}[^\S\n]*",
            regex.IGNORECASE,
        )
        self._own = own
        self._text = ""
        self._at = 0
        self._said: list[str] = []
        self._last = ""  # the last character said
        self._space = False  # one is due before the next word
        self._line_start = True
        self._sentence_start = False  # in a line, after a full stop: small models go on with a label there
        self._in_list = False
        self._hidden = ""  # what ends the part that is not said: a reasoning model's own thoughts, a comment
        self._foreign = False  # inside <speaker name="..."> of one's own
        self.signals: list[Signal] = []
        self.ended = False  # by <pass/>, or by speaking for somebody else: the rest is dropped

    def feed(self, chunk: str) -> str:
        """What can be said after `chunk`, beyond what was said before."""
        return self._run(chunk, final=False)

    def end(self) -> str:
        """The text is complete."""
        if not self._last and not self._hidden and _PASS.fullmatch(self._text, self._at):
            self.signals.append(Signal("pass"))  # the tag in plain words
            self.ended = True
        said = self._run("", final=True)
        if self._hidden == "</think>" and not self._last:
            self.signals.append(Signal("think"))  # a bare <think> with nothing after it was the tag
        return said

    def _run(self, chunk: str, *, final: bool) -> str:
        self._text += chunk
        while not self.ended and self._at < len(self._text) and self._step(final):
            pass
        if self.ended:
            self._text, self._at = "", 0
        # Two characters stay for the rules that look back.
        keep = max(0, self._at - 2)
        self._text, self._at = self._text[keep:], self._at - keep
        said = "".join(self._said)
        self._said.clear()
        return said

    def _match(
        self, pattern: regex.Pattern[str], final: bool, *, closed: bool = False
    ) -> regex.Match[str] | Literal["wait"] | None:
        """`pattern` here; "wait" when more text could change the answer. `closed`: a match ends by itself."""
        found = pattern.match(self._text, self._at, partial=not final)
        if found is None:
            return None
        if found.partial or (not final and not closed and found.end() == len(self._text)):
            return "wait"
        return found

    def _step(self, final: bool) -> bool:
        """Handle what stands here; False when more text is needed."""
        if self._hidden:
            return self._hide(final)
        if self._line_start:
            handled = self._start_line(final)
            if handled is not None:
                return handled
            self._line_start = False
        if self._sentence_start:
            handled = self._start_sentence(final)
            if handled is not None:
                return handled
            self._sentence_start = False
        return self._in_line(final)

    def _hide(self, final: bool) -> bool:
        close = self._hidden
        found = self._text.lower().find(close, self._at)
        if found >= 0:
            self._at = found + len(close)
            self._hidden = ""
            return True
        self._at = len(self._text) if final else max(self._at, len(self._text) - len(close) + 1)
        return False

    def _start_line(self, final: bool) -> bool | None:
        """The rules for the start of a line: True when one applied, False to wait, None when the line is text."""
        indent = _SPACE.match(self._text, self._at)
        if indent:
            self._at = indent.end()
            return self._at < len(self._text)
        for pattern in (_FENCE, _HEADING, _TABLE, _RULE, _QUOTE, _BULLET, self._label):
            found = self._match(pattern, final)
            if found == "wait":
                return False
            if found is None:
                continue
            if pattern is _FENCE:
                return self._skip_fenced(found.end(), final)
            if pattern is self._label and found["name"].casefold() not in self._own:
                self.ended = True
                return True
            if pattern is _BULLET:
                self._finish_sentence()
                self._in_list = True
            self._at = found.end()
            if pattern in (_HEADING, _TABLE, _RULE):
                self._finish_sentence()
                self._line_start = False  # the newline that ends it starts the next line
            return True
        return None

    def _start_sentence(self, final: bool) -> bool | None:
        """As `_start_line`, for a label behind a sentence: "That is so. Sam: And what then?"."""
        found = self._match(self._label, final)
        if found == "wait":
            return False
        if found is None:
            return None
        if found["name"].casefold() not in self._own:
            self.ended = True
        self._at = found.end()
        self._sentence_start = False
        return True

    def _skip_fenced(self, start: int, final: bool) -> bool:
        closing = _FENCED.match(self._text, start)
        if closing and (final or closing.end() < len(self._text) or self._text.endswith("\n")):
            self._at = closing.end()
        elif final:
            self._at = len(self._text)
        else:
            return False
        self._finish_sentence()
        return True

    def _in_line(self, final: bool) -> bool:
        character = self._text[self._at]
        if character == "<":
            return self._markup(final)
        if _WHITE.match(character):
            return self._whitespace(final)
        for pattern in (_ESCAPED, _ENTITY, _LINK, _PASSED, _STARRED, _ASIDE, _TIMES, _COMPARED, _ADDRESS, _WORD):
            found = self._match(pattern, final, closed=pattern in (_ESCAPED, _ENTITY, _ASIDE, _STARRED))
            if found == "wait":
                return False
            if found is None:
                continue
            self._at = found.end()
            if pattern is _ESCAPED:
                self._say(found[0][1] if found[0][1] not in "*_`#|~<>\\" else "")
            elif pattern is _ENTITY:
                self._say(html.unescape(found[0]).replace("<", "").replace(">", "").strip())
            elif pattern is _LINK:
                if found["url"] is not None and not found["image"]:
                    self._text = self._text[: self._at] + found["text"] + self._text[self._at :]
            elif pattern is _TIMES:
                self._say("×")
            elif pattern is _COMPARED:
                self._say("more than")
            elif pattern is _ADDRESS:
                self._say(_host(found[0]))
            elif pattern is _WORD:
                self._say(regex.sub(r"(?<!\w)_+|_+(?!\w)|~~|https?://", "", found[0]))
            return True
        self._at += 1
        if not _DROPPED.match(character):
            self._say(character)
        return True

    def _whitespace(self, final: bool) -> bool:
        found = self._match(_NEWLINES, final)
        if found == "wait":
            return False
        if found is None:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at + 1
            self._space = True
            self._sentence_start = self._last in _ENDS and bool(self._last)
            return True
        self._at = found.end()
        if found[0].count("\n") > 1 or self._in_list:
            self._finish_sentence()
        self._in_list = False
        self._line_start = True
        self._space = True
        return True

    def _markup(self, final: bool) -> bool:
        for pattern in (_COMMENT, _COMPARED, _HEART, _TO, _TAG):
            found = self._match(pattern, final, closed=pattern is not _HEART)
            if found == "wait":
                return False
            if found is None:
                continue
            self._at = found.end()
            if pattern is _COMMENT:
                self._hidden = "-->"
            elif pattern is _COMPARED:
                self._say("less than")
            elif pattern is _TO:
                self.signals.append(Signal("to", found["name"]))
            elif pattern is _TAG:
                self._tag(
                    found["tag"].lower(), found["attributes"], close=bool(found["close"]), empty=bool(found["empty"])
                )
            return True
        self._at += 1
        return True

    def _tag(self, tag: str, attributes: str, *, close: bool, empty: bool) -> None:
        name = _attribute(attributes, "name")
        if tag == "speaker":
            if not close and name.casefold() not in self._own:
                self.ended = True
            self._line_start = True  # "<speaker ...>Claude: ..." carries a label as well
        elif close and tag not in _BLOCKS:
            pass
        elif tag == "pass":
            self.signals.append(Signal("pass"))
            self.ended = True
        elif tag == "interject":
            self.signals.append(Signal("interject"))
        elif tag == "to" and (called := name or _bare(attributes)):
            self.signals.append(Signal("to", called))
        elif tag == "think" and empty:
            self.signals.append(Signal("think"))
        elif tag in _REASONING or (tag in _WRAPPER and not empty):
            self._hidden = f"</{tag}>"
        elif tag in _BLOCKS:
            self._space = True

    def _say(self, text: str) -> None:
        if not text:
            return
        if self._last and self._space and text[0] not in ".,;:!?…)" and self._last not in "(“":
            self._said.append(" ")
        self._space = False
        self._said.append(text)
        self._last = text[-1]

    def _finish_sentence(self) -> None:
        """A list item, a heading or a paragraph ends without a mark: the ear needs one."""
        if self._last.isalnum() or self._last in ('"', "”", ")", "%"):
            self._space = False
            self._say(".")
        self._space = True


def speakable(text: str, own_names: Iterable[str] = (), other_names: Iterable[str] = ()) -> str:
    """All of `text` at once."""
    path = SpeakableText(own_names, other_names)
    return path.feed(text) + path.end()


def _attribute(attributes: str, name: str) -> str:
    found = regex.search(rf"\b{name}\s*=\s*[\"'“”]?([^\"'“”<>]*)", attributes, regex.IGNORECASE)
    return html.unescape(found[1]).strip() if found else ""


def _bare(attributes: str) -> str:
    """What stands there without a name of its own: models write `<to Ada>` as well."""
    return "" if "=" in attributes else " ".join(attributes.split())


def _host(address: str) -> str:
    """What is said for a web address: its host, and the sentence's mark after it."""
    bare = address.rstrip(".,;:!?'’…")
    try:
        host = urlsplit(bare if "//" in bare else f"//{bare}").hostname or ""
    except ValueError:
        host = ""
    host = host.removeprefix("www.")
    return (host if "." in host and regex.fullmatch(r"[\w.-]+", host) else "a link") + address[len(bare) :]
