"""What a stream says when. The recogniser counts half seconds; whatever is loud is a voice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, stt
from livekit.agents.stt import SpeechEventType
from livekit.plugins.faster_whisper import STT, Decoding, Mode, ModelMissing, Recognizer, RecognizerOverloaded, stream
from livekit.plugins.faster_whisper.detector import LocalDetector

START, INTERIM, PREFLIGHT, FINAL, END, USAGE = (
    SpeechEventType.START_OF_SPEECH,
    SpeechEventType.INTERIM_TRANSCRIPT,
    SpeechEventType.PREFLIGHT_TRANSCRIPT,
    SpeechEventType.FINAL_TRANSCRIPT,
    SpeechEventType.END_OF_SPEECH,
    SpeechEventType.RECOGNITION_USAGE,
)
RATE_HZ = 16_000


class LoudIsVoice(LocalDetector):
    async def probability(self, window: npt.NDArray[np.int16]) -> float:
        return 0.95 if np.abs(window).max() > 500 else 0.02


class CountingRecognizer(Recognizer):
    """Hears one word for each full half second of loud samples: "one", "two", ..."""

    WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Mode] = []
        self.errors: list[Exception] = []
        self.hotwords: str | None = None
        self.prompts: list[str | None] = []
        self.takes_s = 0.0

    async def decode(  # type: ignore[override]
        self,
        pcm: npt.NDArray[np.int16],
        *,
        mode: Mode,
        hotwords: str | None = None,
        prompt: str | None = None,
        **_: object,
    ) -> Decoding:
        self.asked.append(mode)
        self.hotwords = hotwords
        self.prompts.append(prompt)
        await asyncio.sleep(self.takes_s)
        if self.errors:
            raise self.errors.pop(0)
        loud = int((np.abs(pcm) > 500).sum() / RATE_HZ * 2 + 0.01)
        return Decoding(
            text=" ".join(self.WORDS[:loud]),
            average_log_probability=-0.1,
            no_speech_probability=0.0,
            compression_ratio=1.0,
            language="en",
        )


@pytest.fixture(autouse=True)
def loud_is_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LocalDetector", LoudIsVoice)


@pytest.fixture
async def ear() -> AsyncIterator[STT]:
    ear = STT(recognizer=CountingRecognizer())
    yield ear
    await ear.aclose()


def sound(loud_s: float, *, silent_s: float = 0.0, rate_hz: int = RATE_HZ, channels: int = 1) -> list[rtc.AudioFrame]:
    pcm = np.zeros((round((loud_s + silent_s) * rate_hz), channels), np.int16)
    pcm[: round(loud_s * rate_hz)] = 5000
    step = rate_hz // 50
    return [
        rtc.AudioFrame(part.tobytes(), rate_hz, channels, len(part))
        for part in (np.ascontiguousarray(pcm[at : at + step]) for at in range(0, len(pcm), step))
    ]


async def heard(ear: STT, *frames: list[rtc.AudioFrame], live: bool = False) -> list[stt.SpeechEvent]:
    """All events of a stream that hears the sounds and ends; `live` lets it work after each 20 ms."""
    speech = ear.stream()
    for part in frames:
        for frame in part:
            speech.push_frame(frame)
            if live:
                for _ in range(12):
                    await asyncio.sleep(0)
    speech.end_input()
    return [event async for event in speech]


def kinds(events: list[stt.SpeechEvent]) -> list[SpeechEventType]:
    return [event.type for event in events if event.type is not USAGE]


def texts(events: list[stt.SpeechEvent], kind: SpeechEventType) -> list[str]:
    return [event.alternatives[0].text for event in events if event.type is kind]


async def test_a_turn_is_told_in_order(ear: STT):
    events = await heard(ear, sound(2.6, silent_s=1.0), live=True)
    assert kinds(events)[0] is START
    assert kinds(events)[-3:] == [PREFLIGHT, FINAL, END]
    assert texts(events, PREFLIGHT) == texts(events, FINAL) == ["one two three four five"]


async def test_only_stable_words_are_shown_meanwhile(ear: STT):
    events = await heard(ear, sound(3.0, silent_s=1.0), live=True)
    shown = texts(events, INTERIM)
    assert shown
    assert shown[-1].split() == list(CountingRecognizer.WORDS[: len(shown[-1].split())])
    assert len(shown[-1].split()) < 6  # the words of the last decoding alone are not stable yet


async def test_a_breath_does_not_end_a_turn(ear: STT):
    events = await heard(ear, sound(1.0, silent_s=0.2), sound(1.0, silent_s=1.0), live=True)
    assert kinds(events).count(FINAL) == 1
    assert texts(events, FINAL) == ["one two three four"]
    assert texts(events, PREFLIGHT) == ["one two", "one two three four"]


async def test_the_text_is_asked_for_once_where_the_silence_lasts(ear: STT):
    await heard(ear, sound(0.5, silent_s=1.0), live=True)
    assert ear.recognizer.asked == [Mode.FAST]  # type: ignore[attr-defined]


async def test_two_turns_bring_two_finals_with_their_times(ear: STT):
    events = await heard(ear, sound(1.0, silent_s=1.0), sound(0.6, silent_s=1.0))
    assert [kind for kind in kinds(events) if kind in (START, FINAL, END)] == [START, FINAL, END] * 2
    first, second = (event.alternatives[0] for event in events if event.type is FINAL)
    assert first.end_time == pytest.approx(1.0, abs=0.05)
    assert second.start_time < 2.0 < second.end_time
    assert second.end_time == pytest.approx(2.6, abs=0.05)


async def test_usage_adds_up_to_the_audio(ear: STT):
    events = await heard(ear, sound(1.0, silent_s=1.0), sound(1.0, silent_s=0.5))
    used = [event.recognition_usage.audio_duration for event in events if event.recognition_usage is not None]
    assert sum(used) == pytest.approx(3.5, abs=0.04)


@pytest.mark.parametrize(("rate_hz", "channels"), [(48_000, 1), (44_100, 2), (8_000, 1), (24_000, 2)])
async def test_any_rate_and_any_channels(ear: STT, rate_hz: int, channels: int):
    events = await heard(ear, sound(2.1, silent_s=1.0, rate_hz=rate_hz, channels=channels))
    assert texts(events, FINAL) == ["one two three four"]


async def test_a_microphone_may_be_changed_on_the_way(ear: STT):
    events = await heard(ear, sound(1.05, rate_hz=48_000), sound(1.05, silent_s=1.0, rate_hz=44_100, channels=2))
    assert texts(events, FINAL) == ["one two three four"]


async def test_noise_brings_no_text_but_an_orderly_end(ear: STT):
    events = await heard(ear, sound(0.3, silent_s=1.0))
    assert kinds(events) == [START, END]


async def test_flush_brings_the_text_now_and_an_empty_one_where_nothing_was_said(ear: STT):
    speech = ear.stream()
    for frame in sound(1.0):
        speech.push_frame(frame)
    speech.flush()
    seen = []
    async with asyncio.timeout(5):
        async for event in speech:
            seen.append(event)
            if event.type is END:
                break
        assert texts(seen, FINAL) == ["one two"]
        speech.flush()
        async for event in speech:
            if event.type is FINAL:
                assert event.alternatives[0].text == ""
                break
    await speech.aclose()


async def test_what_was_said_while_the_text_was_being_decoded_is_not_lost(ear: STT):
    ear.recognizer.takes_s = 0.05  # type: ignore[attr-defined]
    events = await heard(ear, sound(1.0, silent_s=0.1), sound(1.0, silent_s=1.0))
    assert texts(events, FINAL) == ["one two three four"]


async def test_an_overloaded_recogniser_is_asked_again(ear: STT):
    ear.recognizer.errors = [RecognizerOverloaded("full", fix="wait")]  # type: ignore[attr-defined]
    speech = ear.stream(conn_options=APIConnectOptions(max_retry=1, retry_interval=0.01))
    for frame in sound(1.0, silent_s=1.0):
        speech.push_frame(frame)
    speech.end_input()
    assert texts([event async for event in speech], FINAL) == ["one two"]


async def test_a_missing_model_ends_the_stream_with_livekits_error(ear: STT):
    ear.recognizer.errors = [ModelMissing("no model", fix="install one")]  # type: ignore[attr-defined]
    told: list[stt.STTError] = []
    ear.on("error", told.append)
    with pytest.raises(APIError, match="install one") as raised:
        await heard(ear, sound(0.5, silent_s=1.0))
    assert not raised.value.retryable
    assert [error.recoverable for error in told] == [False]


async def test_options_change_for_running_streams(ear: STT):
    speech = ear.stream()
    ear.update_options(keyterms=["Claude", "LiveKit"])
    ear._update_session_keyterms(["Roundtable", "Claude"])
    for frame in sound(0.6, silent_s=1.0):
        speech.push_frame(frame)
    speech.end_input()
    _ = [event async for event in speech]
    assert ear.recognizer.hotwords == "Claude, LiveKit, Roundtable"  # type: ignore[attr-defined]


async def test_recognize_takes_what_a_stream_takes(ear: STT):
    event = await ear.recognize(sound(1.05, rate_hz=48_000, channels=2))
    assert event.type is FINAL
    assert event.alternatives[0].text == "one two"


async def test_recognize_tells_livekits_error(ear: STT):
    ear.recognizer.errors = [ModelMissing("no model", fix="install one")]  # type: ignore[attr-defined]
    with pytest.raises(APIError, match="install one"):
        await ear.recognize(sound(1.0))


async def test_a_long_monologue_is_told_in_parts_and_no_word_twice(ear: STT):
    ear.recognizer.WORDS = tuple(str(n) for n in range(100))  # type: ignore[attr-defined]
    events = await heard(ear, sound(16.0, silent_s=0.15), sound(16.0, silent_s=0.15), sound(4.0, silent_s=1.0))
    assert [kind for kind in kinds(events) if kind in (START, FINAL, END)] == [START, FINAL, FINAL, FINAL, END]
    assert sum(len(text.split()) for text in texts(events, FINAL)) == 72


async def test_what_was_just_said_helps_with_what_follows(ear: STT):
    ear.update_options(prompt="A talk show.", interim_results=False)
    await heard(ear, sound(1.05, silent_s=1.0), sound(0.55, silent_s=6.0), sound(0.55, silent_s=1.0), live=True)
    prompts = list(dict.fromkeys(ear.recognizer.prompts))  # type: ignore[attr-defined]
    assert prompts == ["A talk show.", "A talk show. one two"]
    assert ear.recognizer.prompts[-1] == "A talk show."  # type: ignore[attr-defined]
