"""Where voices begin and end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.hearing.segmenter import RATE_HZ, WINDOW, Mark, Segmenter, VoiceBack, VoiceDip, VoiceOff, VoiceOn
from agent.hearing.settings import VoiceSettings

LOUD, HUSH = -20.0, -70.0


def marks(*windows: tuple[float, float], echo: bool = False) -> list[tuple[int, Mark]]:
    """What the segmenter says, with the number of the window at which it says it."""
    segmenter = Segmenter(VoiceSettings())
    said = [(number, segmenter.push(*window, echo=echo)) for number, window in enumerate(windows)]
    return [(number, mark) for number, mark in said if mark is not None]


def test_a_sure_window_is_a_voice_at_once() -> None:
    assert marks((0.1, HUSH), (0.9, LOUD)) == [(1, VoiceOn(WINDOW))]


def test_one_likely_window_is_a_voice_where_it_can_be_nobodys_echo() -> None:
    assert marks((0.1, HUSH), (0.45, LOUD)) == [(1, VoiceOn(WINDOW))]


def test_where_a_loudspeaker_may_bring_a_voice_back_it_takes_two_or_a_sure_one() -> None:
    assert marks((0.1, HUSH), (0.6, LOUD), (0.6, LOUD), echo=True) == [(2, VoiceOn(WINDOW))]
    assert marks((0.1, HUSH), (0.9, LOUD), echo=True) == [(1, VoiceOn(WINDOW))]
    assert marks((0.6, LOUD), (0.1, HUSH), (0.6, LOUD), (0.1, HUSH), echo=True) == []


def test_what_a_browsers_echo_canceller_leaves_is_no_voice_at_once() -> None:
    """At 40 dB below the AI's own level the detector gives it 0.4 in half of the windows."""
    residue = -60.0
    assert marks((0.45, residue), (0.1, HUSH), (0.6, residue), (0.1, HUSH)) == []


def test_a_glance_between_two_windows_sets_a_voice_on_and_does_nothing_else() -> None:
    segmenter = Segmenter(VoiceSettings())
    segmenter.push(0.05, HUSH)
    assert segmenter.glance(171, 0.45, LOUD) == VoiceOn(171)
    assert segmenter.voiced
    assert segmenter.glance(341, 0.0, HUSH) is None
    assert segmenter.glance(341, 0.9, LOUD) is None
    assert segmenter.voiced, "one silent glance is no end, and one more voiced one no onset"
    assert segmenter.push(0.95, LOUD) is None, "the window behind it finds the voice there"


def test_a_soft_or_unlikely_glance_is_no_voice() -> None:
    segmenter = Segmenter(VoiceSettings())
    segmenter.push(0.05, HUSH)
    assert segmenter.glance(171, 0.2, LOUD) is None
    assert segmenter.glance(341, 0.9, -60.0) is None
    assert not segmenter.voiced


def test_a_pitch_that_grows_louder_is_a_voice_before_the_detector_knows() -> None:
    segmenter = Segmenter(VoiceSettings())
    segmenter.push(0.05, HUSH)
    assert segmenter.glance(171, 0.1, LOUD, 0.5) is None
    assert segmenter.glance(171, 0.0, LOUD, 0.95) is None, "a note of music, which the detector is sure of"
    assert segmenter.glance(171, 0.1, -60.0, 0.95) is None
    assert segmenter.glance(171, 0.1, LOUD, 0.95) == VoiceOn(171)


def test_nothing_is_decoded_of_a_voice_that_the_detector_does_not_know_yet() -> None:
    segmenter = Segmenter(VoiceSettings())
    segmenter.push(0.05, HUSH)
    assert segmenter.glance(171, 0.1, LOUD, 0.95)
    assert segmenter.push(0.2, LOUD) is None, "no dip"
    assert segmenter.push(0.9, LOUD) == VoiceBack()
    assert isinstance(segmenter.push(0.2, LOUD), VoiceDip)


def test_an_onset_is_known_within_a_tenth_of_a_second() -> None:
    windows = [(0.02, HUSH)] * 10 + [(0.3, LOUD), (0.7, LOUD), (0.95, LOUD)]
    ((number, mark),) = marks(*windows)
    assert isinstance(mark, VoiceOn)
    assert (number + 1 - 10) * WINDOW / RATE_HZ <= 0.1


def test_the_level_falls_sooner_than_the_detector() -> None:
    voice, tail, silence = [(0.95, LOUD)] * 10, [(0.9, HUSH)] * 3, [(0.1, HUSH)] * 2
    said = marks(*voice, *tail, *silence)
    assert said[1] == (11, VoiceDip(10 * WINDOW)), "two low windows are enough to begin decoding"
    assert said[2] == (14, VoiceOff(10 * WINDOW)), "and the silence began with the first of them"


def test_a_stop_consonant_is_a_dip_and_no_pause() -> None:
    voice, closure = [(0.95, LOUD)] * 10, [(0.9, HUSH)] * 2
    kinds = [type(mark) for _, mark in marks(*voice, *closure, *voice)]
    assert kinds == [VoiceOn, VoiceDip, VoiceBack]


def test_each_silence_dips_once() -> None:
    voice, silence = [(0.95, LOUD)] * 5, [(0.1, HUSH)] * 5
    kinds = [type(mark) for _, mark in marks(*voice, *silence, *voice, *silence)]
    assert kinds == [VoiceOn, VoiceDip, VoiceOff] * 2


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-120, 0)), max_size=200))
def test_whatever_comes_on_and_off_alternate(windows: list[tuple[float, float]]) -> None:
    segmenter, on, last = Segmenter(VoiceSettings()), False, -1
    for window in windows:
        match segmenter.push(*window):
            case VoiceOn(start=start):
                assert not on
                assert 0 <= start < segmenter.samples
                on, last = True, start
            case VoiceOff(end=end):
                assert on
                assert last < end <= segmenter.samples
                on = False
            case VoiceDip(end=end):
                assert on
                assert last < end <= segmenter.samples
            case VoiceBack():
                assert on
        assert segmenter.voiced == on
