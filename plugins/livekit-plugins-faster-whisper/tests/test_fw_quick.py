"""A quicker model is asked first, and Whisper what that one is unsure of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pytest
from livekit.plugins.faster_whisper import Decoding, Ending, Mode, Reading, Recognizer, Superseded, Word
from livekit.plugins.faster_whisper.decoder import Abandoned, Decoder
from livekit.plugins.faster_whisper.voice import WINDOW_S, Voice
from livekit.plugins.faster_whisper.whisper import Bias, Encoded, Piece, Whisper

QUESTION = "What do you make of all that?"
ENDING = Ending(full_stop=-1.5, last_word=-0.1)
ENGLISH = Bias(language="en", hotwords="Claude, Mira")


@dataclass
class ScriptedQuick:
    reading: Reading
    language: str = "en"
    shortest_s: float = 1.25
    longest_s: float = 20.0
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def read(
        self,
        speech: npt.NDArray[np.float32],
        *,
        names: Sequence[str],
        step: Callable[[], None],
        draft: str | None = None,
    ) -> Reading:
        self.asked.append(tuple(names))
        return self.reading

    def ending(self, speech: npt.NDArray[np.float32], text: str) -> Ending | None:
        return ENDING


class ScriptedWhisper(Whisper):
    """Says one text, and counts how often."""

    def __init__(self, text: str, probability: float = -0.3) -> None:
        self.text = text
        self.probability = probability
        self.no_speech = 0.1
        self.asked = 0

    def encode(self, speech: npt.NDArray[np.float32], window_s: float) -> Encoded:
        return Encoded(None, window_s, len(speech) / 16_000)

    def decode(self, encoded: Encoded, bias: Bias, *, prefix: str | None = None) -> Piece:
        self.asked += 1
        return Piece(
            text=self.text,
            average_log_probability=self.probability,
            no_speech_probability=self.no_speech,
            compression_ratio=1.0,
            language="en",
            tokens=len(self.text) // 4,
        )

    def transcribe(self, speech: npt.NDArray[np.float32], bias: Bias, *, again: bool = True) -> Iterator[Piece]:
        words = tuple(Word(word=word, start_s=0.2, end_s=1.0) for word in self.text.split())
        yield replace(self.decode(Encoded(None, 30.0, 0.0), bias), start_s=0.0, end_s=len(speech) / 16_000, words=words)


@dataclass
class Table:
    """A decoder with both, and what came of it."""

    quick: ScriptedQuick
    whisper: ScriptedWhisper

    def decoder(self) -> Decoder:
        return Decoder(self.whisper, self.quick)

    def hear(
        self,
        mode: Mode = Mode.FAST,
        *,
        voiced_s: float = 2.0,
        bias: Bias = ENGLISH,
        decoder: Decoder | None = None,
        first: Callable[[Decoding], None] = lambda _: None,
    ) -> Decoding:
        decoder = decoder or self.decoder()
        windows = round(voiced_s / WINDOW_S)
        voice = Voice(np.full(windows, 0.99), np.full(windows, 2000.0))
        decoder._meter = type("Meter", (), {"measure": lambda self, pcm: voice})()  # type: ignore[assignment]
        return decoder.decode(np.ones(windows * 512, np.int16), mode, bias, first=first)


def table(
    reading: str = QUESTION, whisper: str = QUESTION, *, sure: bool = True, probability: float = -0.05, called: str = ""
) -> Table:
    read = Reading(text=reading, average_log_probability=probability, sure=sure, called=called)
    return Table(ScriptedQuick(read), ScriptedWhisper(whisper))


def test_what_it_is_sure_of_is_taken_and_whisper_is_not_asked() -> None:
    both = table(whisper="What do you make?")
    heard = both.hear()
    assert (heard.text, heard.quick) == (QUESTION, True)
    assert both.whisper.asked == 0
    assert both.quick.asked == [("Claude", "Mira")]


def test_what_it_is_unsure_of_whisper_reads_and_the_surer_of_the_two_is_taken() -> None:
    """Whisper's words have a log-probability of -0.3 here."""
    heard = table("Water you make of that.", sure=False, probability=-0.5).hear()
    assert (heard.text, heard.quick) == (QUESTION, False)
    heard = table(QUESTION, "Water you make of that.", sure=False, probability=-0.25).hear()
    assert (heard.text, heard.quick) == (QUESTION, True)


def test_a_turn_that_whisper_is_lost_in_is_not_passed_over_in_silence() -> None:
    """Somebody spoke, and waits for an answer: longer windows are tried, and then the quicker model's guess will do."""
    both = table("This is the wood change.", "Vis unethinated", sure=False, probability=-0.8)
    both.whisper.probability = -2.5
    heard = both.hear()
    assert (heard.text, heard.doubtful) == ("This is the wood change.", True)
    assert both.whisper.asked == 3


@pytest.mark.parametrize(("no_speech", "voiced_s"), [(0.6, 2.0), (0.1, 0.8)], ids=["a laugh", "a hum"])
def test_and_what_may_be_no_speech_is(no_speech: float, voiced_s: float) -> None:
    both = table("Proverbs of the prophet.", "Vis unethinated", sure=False, probability=-0.8)
    both.whisper.probability, both.whisper.no_speech = -2.5, no_speech
    assert both.hear(voiced_s=voiced_s).text == ""
    assert both.whisper.asked == 1


MISREAD = "Water you make of that."


@pytest.mark.parametrize(
    ("quick", "probability", "other"),
    [
        pytest.param(MISREAD, -0.5, MISREAD, id="Whisper is surer"),
        pytest.param(QUESTION, -0.25, MISREAD, id="the quicker one is surer"),
        pytest.param("What what what what what what what what what?", -0.5, "", id="that cannot have been said"),
    ],
)
def test_the_reading_that_was_not_taken_is_told_beside_the_one_that_was(
    quick: str, probability: float, other: str
) -> None:
    whisper = MISREAD if quick == QUESTION else QUESTION
    heard = table(quick, whisper, sure=False, probability=probability).hear()
    assert (heard.text, heard.other) == (QUESTION, other)


def test_nor_is_whispers_where_it_failed_or_was_not_asked() -> None:
    lost = table(sure=False, probability=-0.5)
    lost.whisper.text, lost.whisper.probability = "Who is there?", -1.2
    assert (lost.hear().text, lost.hear().other) == (QUESTION, "")
    assert table(whisper=MISREAD).hear().other == ""


def test_what_it_is_unsure_of_is_told_before_whisper_is_asked() -> None:
    both = table("Water you make of that.", sure=False, probability=-0.5)
    told: list[tuple[str, int]] = []
    both.hear(first=lambda decoding: told.append((decoding.text, both.whisper.asked)))
    assert told == [("Water you make of that.", 0)]


def test_nothing_is_told_first_where_it_is_the_text_itself_or_none_at_all() -> None:
    told: list[Decoding] = []
    table().hear(first=told.append)
    table("Water you make.", sure=False).hear(Mode.INTERIM, first=told.append)
    table("Claude.", sure=False).hear(voiced_s=0.5, first=told.append)
    table("Ha, ha, ha, ha, ha, ha, ha, ha, ha, ha, ha, ha.", sure=False).hear(first=told.append)
    assert told == []


def test_a_name_that_whisper_hears_is_worth_more_than_being_sure() -> None:
    both = table("Right. But mirror. What do you make of it?", "Right, but Mira, what do you make?", sure=False)
    assert both.hear().text == "Right, but Mira, what do you make?"


def test_so_is_one_that_the_quicker_model_heard_where_whisper_did_not() -> None:
    both = table("Right, but Mira, what do you make of it?", "Right, but mirror, what do you make?", sure=False)
    assert both.hear().text == "Right, but Mira, what do you make of it?"


def test_whisper_has_the_last_word_on_what_is_no_speech() -> None:
    assert table("I am a chair.", "Ha ha ha ha.", sure=False, probability=-0.25).hear().text == ""


def test_where_whisper_is_lost_the_quicker_models_words_are_better_than_none() -> None:
    both = table("Right, but do you like them?", sure=False, probability=-0.23)
    both.whisper = ScriptedWhisper("", probability=-2.8)
    assert both.hear().text == "Right, but do you like them?"
    unsure = table("Proverbs 11 and 12.", sure=False, probability=-0.8)
    unsure.whisper = ScriptedWhisper("", probability=-2.8)
    unsure.whisper.no_speech = 0.6
    assert unsure.hear().text == "", "a laugh"


@pytest.mark.parametrize("recited", ["Claude, Mira", "Claude, Mira, Claude,", "Mira. Claude."])
def test_a_laugh_that_comes_out_as_the_names_that_were_expected_calls_nobody(recited: str) -> None:
    laugh = table("Perfect of a perfect.", recited, sure=False, probability=-0.5)
    laugh.whisper.probability = -0.35
    assert laugh.hear().text == ""
    called = table("Perfect of a perfect.", recited, sure=False, probability=-0.5)
    called.whisper.probability = -0.15
    assert called.hear().text == recited, "plainly said"
    assert table(sure=False, whisper="Claude?", probability=-0.5).hear().text == "Claude?"


@pytest.mark.parametrize(
    "implausible",
    ["What?", "we go we go we go we go on and on", "Ha ha ha ha ha", "What do you make of all that? " * 4],
)
def test_what_cannot_have_been_said_in_the_time_whisper_reads(implausible: str) -> None:
    assert table(implausible).hear().text == QUESTION


def test_a_word_or_two_are_in_the_words_of_the_one_that_is_sure_and_sound_as_whisper_says() -> None:
    both = table("Oh, I see.", whisper="O, RST.")
    both.whisper.probability = -0.8
    heard = both.hear(voiced_s=1.0)
    assert (heard.text, heard.average_log_probability, heard.no_speech_probability) == ("Oh, I see.", -0.8, 0.1)
    assert both.whisper.asked == 1, "no need to ask again"


@pytest.mark.parametrize(
    ("quick", "whisper", "sure", "text", "also_read"),
    [
        pytest.param("Oh, I see.", "O, RST.", True, "Oh, I see.", "O, RST.", id="Whisper's was not taken"),
        pytest.param("Yeah, totally.", "Yeah, so tell me.", False, "Yeah, so tell me.", "Yeah, totally.", id="its own"),
        pytest.param("Right,", "Right.", False, "Right.", "", id="they are the same"),
    ],
)
def test_of_a_word_or_two_the_other_guess_is_told_as_well(
    quick: str, whisper: str, sure: bool, text: str, also_read: str
) -> None:
    both = table(quick, whisper=whisper, sure=sure)
    both.whisper.probability = -0.8
    heard = both.hear(voiced_s=1.0)
    assert (heard.text, heard.also_read, heard.other) == (text, also_read, "")


@pytest.mark.parametrize(
    ("whisper", "probability"),
    [("Mm-hm.", -0.3), ("Claude, please.", -0.5)],
    ids=["Whisper is sure", "a name that Whisper has heard"],
)
def test_they_stay_whispers_where_there_is_no_doubt(whisper: str, probability: float) -> None:
    both = table("Two clocks, please.", whisper=whisper)
    both.whisper.probability = probability
    assert both.hear(voiced_s=1.0).text == whisper


IN_CIRCLES = "Hold on Hold on Hold on Hold on Hold on Hold on Hold on"


@pytest.mark.parametrize("mode", [Mode.FAST, Mode.RECORD])
@pytest.mark.parametrize("left", ["what do you think?", "Anna,"])
def test_a_clause_that_whisper_left_out_is_there_where_the_quicker_model_is_sure_of_it(left: str, mode: Mode) -> None:
    said = "Anna, what do you think?"
    assert table(said, left).hear(mode, voiced_s=0.9).text == said
    assert table(said, left, sure=False).hear(mode, voiced_s=0.9).text == left


class DizzyWhisper(ScriptedWhisper):
    """Goes in circles, in more of them each time."""

    def decode(self, encoded: Encoded, bias: Bias, *, prefix: str | None = None) -> Piece:
        self.text += " Hold on"
        return super().decode(encoded, bias, prefix=prefix)


@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize(("mode", "voiced_s"), [(Mode.FAST, 0.6), (Mode.FAST, 3.0), (Mode.RECORD, 0.6)])
def test_what_whisper_makes_in_circles_is_nobodys_text_however_sure_it_is(
    mode: Mode, sure: bool, voiced_s: float
) -> None:
    both = table("Hold on, please, let me say something.", sure=sure, probability=-0.3)
    both.whisper = DizzyWhisper(IN_CIRCLES, probability=-0.2)
    heard = both.hear(mode, voiced_s=voiced_s)
    assert (heard.text, heard.average_log_probability) == ("Hold on, please, let me say something.", -0.3)


@pytest.mark.parametrize(("probability", "text"), [(-0.7, ""), (-0.5, "Perfect.")])
def test_where_whisper_goes_in_circles_and_the_other_guesses_nothing_was_said(probability: float, text: str) -> None:
    """A laugh: three windows of Whisper did not agree, and Moonshine made "Perfect." of it."""
    both = table("Perfect.", sure=False, probability=probability)
    both.whisper = DizzyWhisper(IN_CIRCLES)
    assert both.hear(voiced_s=0.7).text == text


def test_who_goes_in_circles_is_understood_where_both_hear_it() -> None:
    both = table(IN_CIRCLES, whisper=IN_CIRCLES)
    assert both.hear(voiced_s=3.0).text == IN_CIRCLES
    both = table(IN_CIRCLES, whisper=QUESTION)
    assert both.hear(voiced_s=0.6).text == QUESTION, "the one that reads in circles is not asked alone"


@pytest.mark.parametrize(
    ("whisper", "reading", "sure", "heard"),
    [
        ("Yes, yes, yes.", "Perfect.", False, ""),
        ("So so so so", "I.", False, ""),
        ("Yes, yes, yes.", "Yes, yes.", False, "Yes, yes, yes."),
        ("Go, go, go.", "Don't go, don't.", False, "Go, go, go."),
        ("Sure, sure, sure.", "Church Church Church.", False, "Sure, sure, sure."),
        ("Go, go, go.", "Perfect.", True, "Go, go, go."),
        ("Yes, yes.", "Perfect.", False, "Yes, yes."),
    ],
)
def test_one_word_over_and_over_is_a_laugh_where_the_other_model_hears_nothing_of_the_kind(
    whisper: str, reading: str, sure: bool, heard: str
) -> None:
    both = table(reading, whisper, sure=sure, probability=-0.3)
    assert both.hear(voiced_s=0.6).text == heard


def test_nobody_is_sure_of_a_mumble_and_it_stays_whispers() -> None:
    both = table("And then they chant.", whisper="M.M.H.M.", sure=False, probability=-0.26)
    both.whisper.probability = -0.63
    assert both.hear(voiced_s=0.7).text == "M.M.H.M."


@pytest.mark.parametrize("voiced_s", [0.6, 2.0])
def test_what_the_quicker_model_makes_of_a_cough_is_not_read(voiced_s: float) -> None:
    both = table("You.", whisper="A chair.", sure=False)
    both.quick.reading = replace(both.quick.reading, speech=False)
    both.whisper.probability = -0.9
    for mode in (Mode.FAST, Mode.INTERIM):
        assert both.hear(mode, voiced_s=voiced_s).text == ("" if mode is Mode.FAST or voiced_s > 1.25 else "A chair.")
    short = both.hear(Mode.RECORD, voiced_s=0.6)
    assert (short.text, short.words) == ("", ())
    both.whisper = ScriptedWhisper("You?", probability=-0.2)
    assert both.hear(voiced_s=voiced_s).text == "You?"


def test_a_text_of_record_is_whispers_but_for_a_word_or_two() -> None:
    both = table("Oh, I see.", whisper="O, RST.")
    both.whisper.probability = -0.8
    assert both.hear(Mode.RECORD, voiced_s=2.0).text == "O, RST."
    assert both.quick.asked == []
    short = both.hear(Mode.RECORD, voiced_s=1.0)
    assert short.text == "Oh, I see."
    assert [word.word for word in short.words] == ["Oh,", "I", "see."]
    times = [(round(word.start_s, 2), round(word.end_s, 2)) for word in short.words]
    assert times == [(0.2, 0.49), (0.49, 0.64), (0.64, 1.0)], "by their letters"


def test_of_an_unfinished_word_or_two_whisper_reads_the_caption() -> None:
    both = table("Oh, I see.", whisper="Oh")
    assert both.hear(Mode.INTERIM, voiced_s=0.6).text == "Oh"
    assert both.quick.asked == []


def test_a_caption_of_an_unfinished_sentence_need_not_be_sure_and_does_not_end_like_one() -> None:
    both = table("What do you make of all.", sure=False)
    heard = both.hear(Mode.INTERIM)
    assert (heard.text, heard.doubtful) == ("What do you make of all", True)
    assert both.whisper.asked == 0


@pytest.mark.parametrize("language", ["de", None])
def test_it_is_asked_for_its_own_language_alone(language: str | None) -> None:
    both = table()
    both.hear(bias=replace(ENGLISH, language=language))
    assert both.quick.asked == []


@pytest.mark.parametrize(
    ("whisper", "text"),
    [
        ("What do you make of all that?", "Mira, what do you make of all that?"),
        ("Mirror, what do you make of it?", "Mira, what do you make of it?"),
        ("Near her, what do you make of it?", "Mira, what do you make of it?"),
        ("Mira, what do you make of it?", "Mira, what do you make of it?"),
        ("So do you make of it?", "So do you make of it?"),  # they do not agree on what follows
    ],
)
def test_a_name_that_whisper_left_out_or_misread_stands_before_its_text(whisper: str, text: str) -> None:
    heard = table("Mira, what do you make a mall, Nat?", whisper, sure=False, probability=-0.5, called="Mira").hear()
    assert heard.text == text


@dataclass
class BrokenQuick(ScriptedQuick):
    error: Exception = field(default_factory=RuntimeError)

    def read(
        self,
        speech: npt.NDArray[np.float32],
        *,
        names: Sequence[str],
        step: Callable[[], None],
        draft: str | None = None,
    ) -> Reading:
        self.asked.append(tuple(names))
        raise self.error

    def ending(self, speech: npt.NDArray[np.float32], text: str) -> Ending | None:
        raise self.error


def test_whisper_reads_what_the_quicker_model_breaks_on_and_that_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = Table(BrokenQuick(table().quick.reading), ScriptedWhisper(QUESTION))
    decoder = broken.decoder()
    assert [broken.hear(decoder=decoder).text for _ in range(3)] == [QUESTION] * 3
    assert len(broken.quick.asked) == 3, "the next audio may be read again"
    assert len([line for line in caplog.records if "Whisper reads instead" in line.message]) == 1


@pytest.mark.parametrize("stop", [Abandoned(), Superseded("a newer one came", fix="use that")])
def test_whoever_does_not_wait_any_more_is_not_a_fault(stop: Exception) -> None:
    broken = Table(BrokenQuick(table().quick.reading, error=stop), ScriptedWhisper(QUESTION))
    with pytest.raises(type(stop)):
        broken.hear()
    assert broken.whisper.asked == 0


@pytest.mark.parametrize(
    ("language", "length_s", "answer"), [("en", 2.0, ENDING), ("de", 2.0, None), (None, 2.0, None), ("en", 21.0, None)]
)
async def test_whether_the_speaker_goes_on_is_asked_of_it_in_its_language(
    language: str | None, length_s: float, answer: Ending | None
) -> None:
    recognizer = Recognizer(quick=lambda: ScriptedQuick(Reading(text="", average_log_probability=0.0, sure=True)))
    recognizer._copies.quick_reader()
    pcm = np.ones(round(length_s * 16_000), np.int16)
    assert await recognizer.ending(pcm, QUESTION, language=language) == answer


async def test_nobody_knows_whether_the_speaker_goes_on_where_there_is_none_or_it_breaks() -> None:
    pcm = np.ones(16_000, np.int16)
    assert await Recognizer().ending(pcm, QUESTION, language="en") is None
    broken = Recognizer(quick=lambda: BrokenQuick(Reading(text="", average_log_probability=0.0, sure=True)))
    broken._copies.quick_reader()
    assert await broken.ending(pcm, QUESTION, language="en") is None
