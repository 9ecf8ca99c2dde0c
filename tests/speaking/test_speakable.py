"""What of a model's output is said."""

from __future__ import annotations

from itertools import pairwise

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.speaking.speakable import Signal, SpeakableText, speakable

OWN, OTHERS = ("Claude",), ("Sam", "Ada Lovelace", "Ada")


def said(text: str) -> str:
    return speakable(text, OWN, OTHERS)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Hello there.", "Hello there."),
        ("This is **very** *nice*, and __so__ is _this_.", "This is very nice, and so is this."),
        ("Well *laughs* yes, *clears throat softly* I think so.", "Well yes, I think so."),
        ("Well... [sighs] (pause) I see (laughing).", "Well... I see."),
        ("I see (as you said) what you mean.", "I see (as you said) what you mean."),
        ("Great 😀👍🏽🇩🇪 idea ❤️!", "Great idea!"),
        ("See https://www.example.org/a/b?c=d, or [the docs](https://x.y/z).", "See example.org, or the docs."),
        ("Go to www.example.org.", "Go to example.org."),
        ("http://localhost:8080/x is a link", "a link is a link"),
        ("![a cat](cat.png) That is a cat.", "That is a cat."),
        ("# My view\nI like it.", "I like it."),
        ("Three things:\n- bread\n- butter\n\nThat is all.", "Three things: bread. butter. That is all."),
        ("1. First do this.\n2. Then that", "First do this. Then that"),
        ("Before\n```python\nprint('x')\n```\nafter", "Before. after"),
        ("Use `print` here.", "Use print here."),
        ("| a | b |\n|---|---|\n| 1 | 2 |\nSo it is.", "So it is."),
        ("> As she said\n\nYes.", "As she said. Yes."),
        ("One\n---\nTwo", "One. Two"),
        ("Claude: Hello.", "Hello."),
        ("**Claude:** Hello.", "Hello."),
        ("Claude (warmly): Hello.", "Hello."),
        ("I agree.\nSam: And what about me?\nClaude: You too.", "I agree."),
        ("I agree.\n\nHost: Next question.", "I agree."),
        ("Ada Lovelace: I disagree.", ""),
        ("I told Ada: do it.", "I told Ada: do it."),
        ("That is so. Sam: And what then? Claude: Well.", "That is so."),
        ("That is so. Claude: And it stays so.", "That is so. And it stays so."),
        ("That is so. Ada is right.", "That is so. Ada is right."),
        ("Claude says: I think so.", "I think so."),
        ("I think so. Sam says: Why?", "I think so."),
        ("Sam says that it is so.", "Sam says that it is so."),
        ("I was going to ... [interrupted]", "I was going to..."),
        ("<studio>Nobody has spoken since. It is your turn.</studio>Well, yes.", "Well, yes."),
        ('<summary>They met.</summary> <speaker name="Claude">Yes.</speaker>', "Yes."),
        ("Pass me the salt.", "Pass me the salt."),
        ("(pass)", ""),
        ("**Pass.**", ""),
        ("They went (pass the salt) on.", "They went (pass the salt) on."),
        ("Note: this is mine.", "Note: this is mine."),
        ('<speaker name="Claude">Hello.</speaker>', "Hello."),
        ('Yes. <speaker name="Sam">Why?</speaker> Because.', "Yes."),
        ("<p>Hello<br/>there</p><!-- hidden -->", "Hello there"),
        ("<think>Let me see. 2 + 2.</think>Four.", "Four."),
        ("Tom &amp; Jerry &lt;b&gt;", "Tom & Jerry b"),
        ("5 * 3 is 15 and 2 < 3", "5 × 3 is 15 and 2 less than 3"),
        (r"a \*star\* and snake_case", "a star and snake_case"),
        ("I love it <3", "I love it"),
        ("A line\nthat is wrapped.", "A line that is wrapped."),
        ("   ", ""),
    ],
)
def test_what_is_said(written: str, spoken: str) -> None:
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "signals"),
    [
        ("<pass/>", [Signal("pass")]),
        ("<pass>", [Signal("pass")]),
        ("pass", [Signal("pass")]),
        ("Claude: Pass.", [Signal("pass")]),
        ("I pass.", []),
        ("< pass />", []),
        ("<interject/> Wait.", [Signal("interject")]),
        ("<think/>", [Signal("think")]),
        ("<think>", [Signal("think")]),
        ('<to name="Ada"/> What do you say?', [Signal("to", "Ada")]),
        ("<to name='Ada' /> What?", [Signal("to", "Ada")]),
        ("<to name=Ada> What?", [Signal("to", "Ada")]),
        ("<to Ada> What?", [Signal("to", "Ada")]),
        ("<to Ada Lovelace/> What?", [Signal("to", "Ada Lovelace")]),
        ("<to> What?", []),
        ("<to>Ada</to> What?", [Signal("to", "Ada")]),
        ('<think/><to name="Ada &amp; Bob"/>', [Signal("think"), Signal("to", "Ada & Bob")]),
    ],
)
def test_control_tags_are_signals(written: str, signals: list[Signal]) -> None:
    path = SpeakableText(OWN, OTHERS)
    text = path.feed(written) + path.end()
    assert path.signals == signals
    assert "<" not in text


MARKS = """
* ** _ ` ``` # ## - 1. > | [ ] ( ) < > / </ <3 <pass/> <think> </think> <think/> <to name=" "/> &amp; & ; \\ : :: !
Claude: Sam: **Sam:** Claude Sam Ada Lovelace https:// www. example.org/x . , ? … — laughs *laughs* (pause) [x](y) 😀 ❤
3.5 hello World 's
""".split()  # noqa: SIM905
SPACES = [" ", "  ", "\n", "\n\n", "\t"]
TAGS = ['<speaker name="Claude">', '<speaker name="Sam">', "</speaker>", "<!--", "-->", "~~~", "<br>"]
FRAGMENTS = st.sampled_from([*MARKS, *SPACES, *TAGS])
TEXTS = st.one_of(
    st.lists(FRAGMENTS, max_size=30).map("".join), st.lists(FRAGMENTS, max_size=15).map(" ".join), st.text(max_size=60)
)


PLAIN_WORDS = ["the", "a", "cat", "it's", "well-known", "3.5", "Dr.", "yes,", "no;", "why?", "end."]


def cut(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 1000), max_size=12))
@example("*laughs* x", [1, 2, 3])
@example("Claude\n: x", [6, 7])
@example("```\n``` a", [3, 4, 5])
def test_the_result_does_not_depend_on_the_chunks(text: str, places: list[int]) -> None:
    whole = SpeakableText(OWN, OTHERS)
    expected = whole.feed(text) + whole.end()
    for chunks in (cut(text, places), list(text)):
        path = SpeakableText(OWN, OTHERS)
        assert "".join([path.feed(chunk) for chunk in chunks] + [path.end()]) == expected
        assert path.signals == whole.signals


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_no_markup_reaches_a_voice(text: str) -> None:
    spoken = said(text)
    assert not regex.search(r"[<>*`#\\|\n\t]|\p{Extended_Pictographic}(?<!\p{N})|https?://|\s\s", spoken)
    assert spoken == spoken.strip()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from(["the", "a", "cat", "it's", "well-known", "3.5", "Dr.", "yes,", "no;", "why?", "end."]),
        min_size=1,
        max_size=30,
    )
)
def test_plain_words_stay_as_they_are(words: list[str]) -> None:
    text = " ".join(words)
    assert said(text) == text


def test_words_are_out_as_soon_as_they_are_complete() -> None:
    path = SpeakableText(OWN, OTHERS)
    assert path.feed("That is ") == "That is"
    assert path.feed("a fair") == " a"
    assert path.feed(" question,") == " fair"
    assert path.feed(" and") == " question,"


def test_a_long_unclosed_bracket_or_star_does_not_hold_the_voice_for_ever() -> None:
    for opening in ("*", "[", "(", "<", "`", "_", "&"):
        path = SpeakableText(OWN, OTHERS)
        path.feed("Well, " + opening)
        assert path.feed("and so it goes " * 200), opening
