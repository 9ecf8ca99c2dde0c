"""Finding a sound in another, and the line of what is being played. The guard itself is tested on real voices."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from agent.hearing import echo
from agent.hearing.correlation import Match, find
from agent.hearing.echo import EchoGuard, EchoState
from agent.hearing.reference import Reference, Source

RATE_HZ = 16_000


def noise(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1000, round(seconds * RATE_HZ))


@pytest.mark.parametrize("lag_s", [0.02, 0.25, 0.9])
@pytest.mark.parametrize("gain_db", [-6.0, -30.0])
def test_a_soft_copy_in_noise_is_found_where_it_is(lag_s: float, gain_db: float) -> None:
    played = noise(2.0, 1)
    lag = round(lag_s * RATE_HZ)
    sound = 10 ** (gain_db / 20) * played[-4096 - lag : len(played) - lag] + noise(1.0, 2)[:4096] * 0.01
    match = find(sound.astype(np.int16), played[-4096 - RATE_HZ :].astype(np.float32))
    assert abs(match.lag - lag) <= 1
    assert match.score > 20


def test_other_sounds_do_not_stand_out() -> None:
    scores = [
        find(noise(0.256, seed).astype(np.int16), noise(1.256, seed + 100).astype(np.float32)).score
        for seed in range(20)
    ]
    assert max(scores) < 6


def test_frames_with_jittering_stamps_are_one_line() -> None:
    reference, source = Reference(), Source()
    tone = (np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000) * 8000).astype(np.int16)
    rng = np.random.default_rng(3)
    for number in range(100):
        at = 5.0 + number * 0.01 + rng.uniform(-0.01, 0.01) * (number > 0)
        reference.add(*source.place(at, tone[number * 480 : (number + 1) * 480]))
    played = reference.cut(5 * RATE_HZ, 6 * RATE_HZ)
    spectrum = np.abs(np.fft.rfft(played * np.hanning(RATE_HZ)))
    assert np.argmax(spectrum) == 440
    assert np.sum(spectrum[435:446] ** 2) / np.sum(spectrum**2) > 0.999


def test_two_voices_are_mixed_and_silence_is_silence() -> None:
    reference = Reference()
    reference.add(*Source().place(1.0, np.full(4800, 100, np.int16)))
    reference.add(*Source().place(1.05, np.full(4800, 100, np.int16)))
    played = reference.cut(round(0.9 * RATE_HZ), round(1.3 * RATE_HZ))
    assert np.all(played[:1500] == 0)
    assert abs(played[round(0.17 * RATE_HZ)] - 200) < 5, "both"
    assert played[-500:].max() < 1


def test_it_is_known_how_long_nothing_has_sounded() -> None:
    reference = Reference()
    assert reference.silent_s(1.0) > 1000
    reference.add(*Source().place(1.0, np.full(48_000, 1000, np.int16)))
    assert reference.silent_s(1.5) < 0
    assert abs(reference.silent_s(4.0) - 2.0) < 0.01


def test_what_is_too_old_is_forgotten() -> None:
    reference = Reference()
    reference.add(*Source().place(1.0, np.full(4800, 1000, np.int16)))
    reference.add(*Source().place(60.0, np.full(4800, 1000, np.int16)))
    assert reference.cut(RATE_HZ, RATE_HZ + 1600).max() == 0


def guard_over_an_ai(seconds: float) -> EchoGuard:
    played = Reference()
    played.play("claude", 0.0, noise(seconds, 5).astype(np.int16))
    return EchoGuard(played)


def judged(monkeypatch: pytest.MonkeyPatch, lags_s: list[float], *, quiet_s: float) -> EchoState:
    """A voice of half a second over an AI's, which seems to be found in it at these lags, one after the other; before
    it the AI has spoken for `quiet_s` and nothing came back."""
    lags = iter(lags_s)
    monkeypatch.setattr(echo, "find", lambda sound, reference: Match(round(next(lags) * RATE_HZ), 13.5))
    guard = guard_over_an_ai(20.0)
    windows = round(quiet_s / 0.032)
    for number in range(windows + 15):
        voice = 0.1 if number < windows else 0.9
        guard.judge(voice, voice, 0.0, number * 0.032, lambda count: np.zeros(count, np.int16))
    return guard.state


def test_a_match_at_another_lag_each_time_is_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, [0.9, 0.1, 0.5], quiet_s=3.0) is EchoState.ABSENT


def test_a_match_at_the_same_lag_is_an_echo_even_where_there_was_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, [0.2, 0.2, 0.2], quiet_s=3.0) is EchoState.PRESENT


def test_before_anything_is_known_one_plain_match_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, [0.2], quiet_s=0.5) is EchoState.PRESENT


def after_quiet(monkeypatch: pytest.MonkeyPatch, scores: list[float], *, quiet_s: float) -> EchoState:
    """What is known once an AI has spoken for so long and no voice was in the microphone, in whose sound the AI's was
    found with these scores; the last one goes on."""
    told = iter(scores)
    monkeypatch.setattr(echo, "find", lambda sound, reference: Match(3200, next(told, scores[-1])))
    guard = guard_over_an_ai(20.0)
    heard_of(guard, [0.1] * round(quiet_s / 0.032))
    return guard.state


def test_where_no_trace_of_the_ai_is_in_the_microphone_that_is_known_after_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert after_quiet(monkeypatch, [6.0], quiet_s=1.0) is EchoState.UNKNOWN
    assert after_quiet(monkeypatch, [6.0], quiet_s=1.15) is EchoState.ABSENT


@pytest.mark.parametrize("trace", range(3))
def test_one_trace_of_it_and_two_seconds_without_a_voice_are_waited_for(
    monkeypatch: pytest.MonkeyPatch, trace: int
) -> None:
    scores = [9.0 if look == trace else 6.0 for look in range(3)] + [6.0]
    assert after_quiet(monkeypatch, scores, quiet_s=1.9) is EchoState.UNKNOWN
    assert after_quiet(monkeypatch, scores, quiet_s=2.1) is EchoState.ABSENT


def test_right_after_the_proof_what_the_canceller_leaves_is_no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has not learnt the room yet; the sound that gave the echo away goes on."""
    monkeypatch.setattr(echo, "find", lambda sound, reference: Match(3200, 13.5))
    guard = guard_over_an_ai(60.0)
    left = heard_of(guard, [0.9] * 30)
    assert guard.state is EchoState.PRESENT
    heard = next(number for number, voice in enumerate(left) if voice > 0.5)
    assert 0.3 < (heard - 4) * 0.032 < 0.36, "proved with the fifth window"


def heard_of(guard: EchoGuard, voices: list[float], *, first: int = 0) -> list[float]:
    """What is left of a voice of 0.9 or a silence of 0.1, window by window."""

    def silence(count: int) -> np.ndarray:
        return np.zeros(count, np.int16)

    return [guard.judge(voice, voice, 0.0, (first + at) * 0.032, silence) for at, voice in enumerate(voices)]


def test_who_was_heard_over_an_ai_is_heard_at_once_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """ "Hold on," and half a second later "what was that?": held back once, and not twice."""
    lags = count(0, 1600)  # what might be a trace, at another lag each time
    monkeypatch.setattr(echo, "find", lambda sound, reference: Match(next(lags), 8.9))
    guard = guard_over_an_ai(60.0)
    first = heard_of(guard, [0.9] * 18)
    assert first[0] < 0.5 < first[-1], "held back until it is known to be no echo"
    again = heard_of(guard, [0.1] * 16 + [0.9], first=18)
    assert again[-1] == 0.9
    later = heard_of(guard, [0.1] * 40 + [0.9], first=35)
    assert later[-1] < 0.5, "another voice"


def test_a_shred_that_was_taken_for_a_voice_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "find", lambda sound, reference: Match(3200, 5.0))
    guard = guard_over_an_ai(60.0)
    assert heard_of(guard, [0.9] * 9)[-1] == 0.9
    assert heard_of(guard, [0.1] * 16 + [0.9], first=9)[-1] < 0.5


def test_who_spoke_before_the_ai_did_lends_its_echo_no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "find", lambda sound, reference: Match(3200, 5.0))
    guard = guard_over_an_ai(60.0)
    assert heard_of(guard, [0.9] * 12)[-1] == 0.9
    guard.idle()  # the AI is silent; the human may go on
    assert heard_of(guard, [0.9], first=400)[0] < 0.5
