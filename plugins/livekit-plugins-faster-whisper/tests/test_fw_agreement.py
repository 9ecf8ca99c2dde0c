from livekit.plugins.faster_whisper.agreement import Agreement


def captions(*hypotheses: str) -> list[str]:
    agreement = Agreement()
    shown = []
    for hypothesis in hypotheses:
        agreement.add(hypothesis)
        shown.append(agreement.text)
    return shown


def test_one_hypothesis_proves_nothing():
    assert captions("I think that") == [""]


def test_words_are_shown_when_two_hypotheses_in_a_row_have_them():
    assert captions("I think", "I think the", "I think the real") == ["", "I think", "I think the"]


def test_a_shown_word_is_never_taken_back():
    shown = captions("We saw the whale", "We saw the whale", "We sought a well", "We sought a well in town")
    assert shown[1:] == ["We saw the whale"] * 3


def test_case_and_punctuation_do_not_break_an_agreement():
    assert captions("so, the point", "So the point is", "so the point is")[1:] == ["So the point", "So the point is"]


def test_a_full_stop_at_the_end_of_the_audio_is_not_believed():
    assert captions("I went home.", "I went home.")[-1] == "I went home"
    assert captions("I went home. Then", "I went home. Then")[-1] == "I went home. Then"


def test_growth_is_told_apart_from_standing_still():
    agreement = Agreement()
    assert not agreement.add("one two")
    assert agreement.add("one two three")
    assert not agreement.add("one four")
