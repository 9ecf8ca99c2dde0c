"""How written words are said; captions keep the written form."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.speaking.spoken_forms import spoken_form, spoken_words


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        # money
        ("It costs $5.", "It costs five dollars."),
        ("$1 or $1.50, not £0.99", "one dollar or one dollar and fifty cents, not ninety nine pence"),
        ("$3.5 million", "three point five million dollars"),
        ("a €2bn deal", "a two billion euros deal"),
        ("$1,250,000", "one million two hundred and fifty thousand dollars"),
        # numbers
        ("3,000 words", "three thousand words"),
        ("3.14 and -7", "three point one four and minus seven"),
        ("10-20 or 5–7%", "ten to twenty or five to seven percent"),
        ("1/2 of it, 3/4 of that", "one half of it, three quarters of that"),
        ("the 1st, 22nd and 103rd", "the first, twenty second and one hundred and third"),
        ("50%", "fifty percent"),
        ("10k users", "ten thousand users"),
        ("007", "zero zero seven"),
        ("v1.13.5", "version one point thirteen point five"),
        ("We are #1.", "We are number one."),
        # dates and times
        ("in 1995 and 2024", "in nineteen ninety five and twenty twenty four"),
        ("the 1990s, the '80s", "the nineteen nineties, the eighties"),
        ("1939-1945", "nineteen thirty nine to nineteen forty five"),
        ("March 5, 2024", "March fifth, twenty twenty four"),
        ("at 3:30 pm", "at three thirty P.M."),
        ("at 9:05", "at nine oh five"),
        ("at 12:00 sharp", "at twelve o'clock sharp"),
        ("7 a.m. is early", "seven A.M. is early"),
        ("at 15:45", "at fifteen forty five"),
        # units
        ("5 km at 20 °C", "five kilometers at twenty degrees Celsius"),
        ("1 kg, 2 kg", "one kilogram, two kilograms"),
        ("16GB at 3.2 GHz", "sixteen gigabytes at three point two gigahertz"),
        ("10x faster", "ten times faster"),
        ("I was 5 in May", "I was five in May"),
        ("5 m away", "five meters away"),
        # abbreviations and initialisms
        ("Dr. Smith vs. Mr. Jones", "doctor Smith versus mister Jones"),
        ("bread, e.g. rye, etc.", "bread, for example rye, et cetera."),
        ("AI, LLMs and the U.S.", "A.I., L.L.M.'s and the U.S."),
        ("NASA's API", "NASA's A.P.I."),
        ("GPT-4 on AWS", "G.P.T. four on A.W.S."),
        ("R&D and Q&A", "R and D and questions and answers"),
        ("the UK Government", "the U.K Government"),
        ("AC/DC by AI?", "A.C. D.C. by A.I.?"),
        ("I SAID NO", "I SAID NO"),
        ("OK, it is a VERY good idea", "okay, it is a VERY good idea"),
        ("World War II", "World War two"),
        # addresses and signs
        ("see example.org", "see example dot org"),
        ("mail me@example.org", "mail me at example dot org"),
        ("5 × 3 = 15", "five times three equals fifteen"),
        ("Tom & Jerry", "Tom and Jerry"),
        ("black/white", "black white"),
        ("I came—as you know—to stay", "I came, as you know, to stay"),
        ("it is (so they say) true", "it is, so they say, true"),
        ("“Really?” she asked.", "Really? she asked."),
        ("It’s fine", "It's fine"),
        ("the 3,000-word answer", "the three thousand word answer"),
        ("a 24-hour show and a 5-year-old", "a twenty four hour show and a five year old"),
    ],
)
def test_said(written: str, spoken: str) -> None:
    assert spoken_form(written) == spoken
    assert " ".join(word.written for word in spoken_words(written)) == written


PIECES = st.sampled_from(
    """
    $ 5 3.5 1,000 % km GB Dr. e.g. AI LLMs U.S. 1995 1990s 3:30 pm 10-20 1/2 1st — ( ) “ ” ’s & @ .com a.b.org v1.2 # x
    word million and, so. Why? - – … / ° £ 12 No. OK II World War May 5,
    """.split()  # noqa: SIM905
)


@settings(max_examples=80, deadline=None)
@example("\x1f\r0")
@given(st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30))
def test_whatever_comes_the_written_form_is_kept_and_the_spoken_one_has_no_digits(text: str) -> None:
    words = spoken_words(text)
    assert " ".join(word.written for word in words) == " ".join(text.split())
    if text.isascii():
        assert not any(sign in spoken_form(text) for sign in "$%@#&=<>()[]")
