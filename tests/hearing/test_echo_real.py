"""A host on loudspeakers: the AI's words come back through a room and are nobody's voice; the host's are."""

from __future__ import annotations

import numpy as np
import pytest

from agent.hearing.echo import EchoState
from agent.hearing.front_end import FrontEnd, Glance, _Line
from agent.hearing.reference import Reference
from agent.hearing.segmenter import Segmenter, VoiceOn
from agent.hearing.settings import VoiceSettings
from bench import corpus

pytestmark = pytest.mark.real
RATE_HZ = corpus.RATE_HZ


@pytest.fixture(scope="module")
def ai() -> np.ndarray:
    """Eleven seconds of an AI that speaks."""
    said = corpus.turn("I would say that the answer depends on what you compare it with, and on who pays.", "joe").pcm
    again = corpus.turn("Most people never ask, and those who do are told to wait for another year.", "joe").pcm
    gap = np.zeros(RATE_HZ // 4, np.int16)
    return np.concatenate([gap, gap, said, gap, again, gap, gap, gap, gap])


@pytest.fixture(scope="module")
def host() -> np.ndarray:
    return corpus.turn("Hold on, let me stop you there for a second.", "joe high").pcm


def onsets(
    played: np.ndarray, microphone: np.ndarray, *, glances: bool = True, settings: VoiceSettings | None = None
) -> tuple[list[float], FrontEnd]:
    """Seconds at which a voice was known to have set in."""
    reference, segmenter, heard = Reference(), Segmenter(settings or VoiceSettings()), []
    ear = FrontEnd(reference)
    for start in range(0, len(microphone) - 479, 480):
        reference.play("claude", start / RATE_HZ, played[start : start + 480])
        ear.push(start / RATE_HZ, microphone[start : start + 480])
        for window in ear.windows():
            if isinstance(window, Glance):
                if glances and segmenter.glance(
                    window.ahead, window.probability, window.level_dbfs, window.periodicity
                ):
                    heard.append((segmenter.samples + window.ahead) / 16_000)
            elif isinstance(
                segmenter.push(window.probability, window.level_dbfs, echo=window.echo, periodicity=window.periodicity),
                VoiceOn,
            ):
                heard.append(segmenter.samples / 16_000)
    return heard, ear


def microphone(played: np.ndarray, *, gain_db: float | None, delay_s: float = 0.2, seed: int = 1) -> np.ndarray:
    """What a microphone hears of it: a room, a delay, and a quiet hiss."""
    heard = corpus.noise(len(played) / RATE_HZ, -72.0, seed)
    if gain_db is not None:
        room = corpus.room_response(seed)
        echo = corpus.convolve(played.astype(np.float64), room / np.sqrt(np.sum(room**2))) * 10 ** (gain_db / 20)
        late = round(delay_s * RATE_HZ)
        heard[late:] += echo[: len(heard) - late]
    return np.asarray(heard)


@pytest.mark.parametrize(("gain_db", "delay_s"), [(-6.0, 0.02), (-6.0, 0.4), (-18.0, 0.2), (-30.0, 0.5), (-12.0, 0.75)])
def test_an_echo_is_no_voice(ai: np.ndarray, gain_db: float, delay_s: float) -> None:
    heard, ear = onsets(ai, corpus.to_int16(microphone(ai, gain_db=gain_db, delay_s=delay_s)))
    assert heard == []
    assert ear.echo.state is EchoState.PRESENT


@pytest.mark.parametrize("gain_db", [-6.0, -20.0])
def test_a_host_over_an_echo_is_heard(ai: np.ndarray, host: np.ndarray, gain_db: float) -> None:
    sound, at = microphone(ai, gain_db=gain_db), 5.0
    begin = round(at * RATE_HZ)
    sound[begin : begin + len(host)] += host
    heard, _ = onsets(ai, corpus.to_int16(sound))
    assert heard
    assert at < heard[0] < at + 0.35


def test_a_host_with_headphones_is_heard_at_once_even_while_the_ai_speaks(ai: np.ndarray, host: np.ndarray) -> None:
    sound, at = microphone(ai, gain_db=None), 5.0
    begin = round(at * RATE_HZ)
    sound[begin : begin + len(host)] += host
    heard, ear = onsets(ai, corpus.to_int16(sound))
    assert ear.echo.state is EchoState.ABSENT
    assert at < heard[0] < at + 0.15


def test_over_an_ai_a_window_need_not_have_ended_for_its_voice_to_be_seen(ai: np.ndarray) -> None:
    """Who was heard before, when no AI spoke, is known sooner: every detector has to have heard them."""
    said = corpus.turn("Wait, what about the costs of all that?", "joe high")
    played = np.concatenate([np.zeros(4 * RATE_HZ, np.int16), ai])
    seen, unaided = list[float](), list[float]()
    by_the_detectors = VoiceSettings(pitched_periodicity=1.0)
    for step in range(6):
        sound, at = microphone(played, gain_db=None), 6.6 + 0.005 * step
        for begin in (RATE_HZ, round(at * RATE_HZ)):
            sound[begin : begin + len(said.pcm)] += said.pcm
        pcm, onset = corpus.to_int16(sound), at + said.start_s
        for glances, found in ((True, seen), (False, unaided)):
            heard, _ = onsets(played, pcm, glances=glances, settings=by_the_detectors)
            found.append(min(at for at in heard if at > onset) - onset)
    assert float(np.median(seen)) < float(np.median(unaided)) - 0.008


def test_over_an_ai_a_pitch_is_known_for_a_voice_sooner_than_the_detector_knows_it(ai: np.ndarray) -> None:
    seen, unaided = [], []
    for text, voice in (("Yes, but when?", "joe"), ("Well, no.", "espeak gb"), ("Mm, I wonder.", "joe deep")):
        said = corpus.turn(text, voice)
        sound = microphone(ai, gain_db=None)
        sound[5 * RATE_HZ : 5 * RATE_HZ + len(said.pcm)] += said.pcm
        pcm, onset = corpus.to_int16(sound), 5.0 + said.start_s
        seen.append(onsets(ai, pcm)[0][0] - onset)
        unaided.append(onsets(ai, pcm, settings=VoiceSettings(pitched_periodicity=1.0))[0][0] - onset)
    assert all(0.0 < one <= other for one, other in zip(seen, unaided, strict=True))
    assert float(np.mean(seen)) < float(np.mean(unaided)) - 0.005


def test_nobody_glances_where_an_echo_may_come_back_or_nobody_speaks(ai: np.ndarray) -> None:
    def glances(played: np.ndarray, microphone: np.ndarray) -> int:
        reference, count = Reference(), 0
        ear = FrontEnd(reference)
        for start in range(0, len(microphone) - 479, 480):
            reference.play("claude", start / RATE_HZ, played[start : start + 480])
            ear.push(start / RATE_HZ, microphone[start : start + 480])
            count += sum(isinstance(window, Glance) for window in ear.windows())
        return count

    quiet = np.zeros_like(ai)
    assert glances(ai, corpus.to_int16(microphone(ai, gain_db=-12.0))) == 0
    assert glances(quiet, corpus.to_int16(microphone(ai, gain_db=None))) == 0
    assert glances(ai, corpus.to_int16(microphone(ai, gain_db=None))) > 100


def test_they_are_heard_at_once_over_its_first_sentence_too(ai: np.ndarray, host: np.ndarray) -> None:
    """The AI begins at 0.5 s; that it does not come back is known a second later."""
    sound, at = microphone(ai, gain_db=None), 1.8
    begin = round(at * RATE_HZ)
    sound[begin : begin + len(host)] += host
    heard, ear = onsets(ai, corpus.to_int16(sound))
    assert ear.echo.state is EchoState.ABSENT
    assert at < heard[0] < at + 0.15


def test_who_breaks_in_before_anything_is_known_of_the_room_is_heard_a_little_later(
    ai: np.ndarray, host: np.ndarray
) -> None:
    sound, at = microphone(ai, gain_db=None), 1.0
    begin = round(at * RATE_HZ)
    sound[begin : begin + len(host)] += host
    heard, ear = onsets(ai, corpus.to_int16(sound))
    assert ear.echo.state is not EchoState.PRESENT
    assert at < heard[0] < at + 0.7, "0.3 to 0.6 s, by how alike the two voices are"


def test_two_voices_of_one_pitch_prove_no_echo(ai: np.ndarray) -> None:
    """A host with headphones, in a voice much like the AI's, here and there over what it says."""
    said, _ = corpus.piper("Hold on, let me stop you there for a second, because I disagree.", 1.07)
    whole = np.concatenate([ai, ai])
    for at in (11.5, 13.0, 14.5):
        sound, begin = microphone(whole, gain_db=None), round(at * RATE_HZ)
        sound[begin : begin + len(said)] += said[: len(sound) - begin]
        heard, ear = onsets(whole, corpus.to_int16(sound))
        assert ear.echo.state is EchoState.ABSENT
        assert heard


@pytest.mark.parametrize("gain_db", [-6.0, -18.0])
def test_headphones_that_are_pulled_out_in_mid_show_are_noticed(ai: np.ndarray, gain_db: float) -> None:
    """The canceller rests while there is no echo, and has the room to learn then."""
    played = np.concatenate([ai, ai, ai])
    sound, pulled_s = microphone(played, gain_db=None), 18.0
    begin = round(pulled_s * RATE_HZ)
    sound[begin:] = microphone(played, gain_db=gain_db)[begin:]
    _, before = onsets(played[:begin], corpus.to_int16(sound[:begin]))
    assert before.echo.rests
    heard, ear = onsets(played, corpus.to_int16(sound))
    assert ear.echo.state is EchoState.PRESENT
    assert len(heard) <= 2, "once before it is proved, and hardly once after: a canceller never at rest does no better"


def test_a_line_of_samples_keeps_what_may_still_be_asked_for() -> None:
    line, rng = _Line(), np.random.default_rng(4)
    said = rng.integers(-9000, 9000, 40 * 16_000).astype(np.int16)
    end = 0
    for size in [160] * 300 + [64_000] + [480] * 500 + [100_000] + [160] * 200:
        line.push(said[end : end + size])
        end += size
        assert line.end == end
        kept = max(0, end - 110_000)
        assert np.array_equal(line.cut(kept, end), said[kept:end])
        line.cut_off(end - 100)
        line.push(said[end - 100 : end])
        line.forget(kept)
    assert len(line.cut(0, end)) < 40 * 16_000, "and not more for ever"
