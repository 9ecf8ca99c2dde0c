"""The real model on real synthetic speech."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import jiwer
import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, ChatContext, ChatMessage, inference
from livekit.agents.stt import SpeechEventType
from livekit.agents.voice.io import AudioInput
from livekit.plugins.faster_whisper import STT, Mode, Recognizer
from livekit.plugins.faster_whisper.doubt import repeats, words

pytestmark = pytest.mark.real

Int16 = npt.NDArray[np.int16]
RATE_HZ = 16_000

TURNS = (
    "Could you explain to our listeners how a heat pump works, in simple words?",
    "I was in Berlin last month, and the trains were late every single day.",
    "That is a good point.",
    "Honestly, I have never heard of that company before today.",
    "The difference between a good teacher and a great one is how well they listen to their students.",
)


def errors(said: str, heard: str) -> float:
    """Word error rate, punctuation and case aside."""
    return float(jiwer.wer(" ".join(words(said)), " ".join(words(heard)) or "nothing"))


async def test_the_fast_text_is_what_was_said(recognizer: Recognizer, say: Callable[[str], Int16]):
    heard = [await recognizer.decode(say(turn), mode=Mode.FAST, caller="anna", language="en") for turn in TURNS]
    assert errors(" ".join(TURNS), " ".join(fast.text for fast in heard)) <= 0.08, heard
    assert all(fast.encode_window_s < 10 and not fast.doubtful for fast in heard), heard


async def test_the_text_of_record_is_stock_faster_whispers_with_the_time_of_each_word(
    recognizer: Recognizer, say: Callable[[str], Int16]
):
    turn = TURNS[4]
    record = await recognizer.decode(say(turn), mode=Mode.RECORD, caller="anna", language="en")
    assert errors(turn, record.text) <= 0.1
    assert [word.word for word in record.words] == record.text.split()
    times = [time for word in record.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[0] == pytest.approx(0.3, abs=0.3)
    assert times[-1] == pytest.approx(len(say(turn)) / RATE_HZ - 0.1, abs=0.4)


async def test_what_is_no_speech_brings_no_text(recognizer: Recognizer):
    rng = np.random.default_rng(5)
    noise = rng.normal(size=3 * RATE_HZ)
    cough = np.zeros(2 * RATE_HZ)
    cough[8000:12000] = rng.normal(size=4000) * np.exp(-np.arange(4000) / 1200)
    hum = np.sin(2 * np.pi * 50 * np.arange(3 * RATE_HZ) / RATE_HZ)
    keys = np.zeros(3 * RATE_HZ)
    for at in range(2000, 46000, 3500):
        keys[at : at + 300] = rng.normal(size=300) * np.exp(-np.arange(300) / 60)
    for sound in (np.zeros(RATE_HZ), noise * 0.003, noise * 0.1, cough * 0.3, hum * 0.1, keys * 0.4):
        pcm = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
        for mode in (Mode.FAST, Mode.INTERIM):
            decoding = await recognizer.decode(pcm, mode=mode, caller="room", language="en")
            assert decoding.text == "", decoding


async def test_a_short_word_does_not_become_a_loop(recognizer: Recognizer, say: Callable[[str], Int16]):
    for word in ("Claude?", "Stop.", "Thank you."):
        decoding = await recognizer.decode(say(word), mode=Mode.FAST, caller="anna", language="en")
        assert decoding.text
        assert not repeats(decoding.text), decoding


async def test_names_bias_the_text(recognizer: Recognizer, say: Callable[[str], Int16]):
    speech = say("Claude, what is your view on that?")
    biased = await recognizer.decode(
        speech, mode=Mode.FAST, caller="anna", language="en", hotwords="Claude, Roundtable"
    )
    assert "claude" in words(biased.text)


async def test_audio_longer_than_a_window_is_decoded_whole(recognizer: Recognizer, say: Callable[[str], Int16]):
    talk = np.concatenate([say(turn) for turn in TURNS * 2])
    assert len(talk) > 30 * RATE_HZ
    decoding = await recognizer.decode(talk, mode=Mode.FAST, caller="anna", language="en")
    assert errors(" ".join(TURNS * 2), decoding.text) <= 0.1


async def test_four_speakers_at_once_are_all_answered_before_the_record(
    recognizer: Recognizer, say: Callable[[str], Int16]
):
    order: list[str] = []

    async def ask(caller: str, mode: Mode) -> None:
        await recognizer.decode(say(TURNS[2]), mode=mode, caller=caller, language="en")
        order.append(caller)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ask("record", Mode.RECORD))
        for caller in ("anna", "ben", "cy", "dee"):
            tasks.create_task(ask(caller, Mode.FAST))
    assert order == ["anna", "ben", "cy", "dee", "record"]


async def test_the_language_is_found_out(recognizer: Recognizer, say_in: Callable[[str, str], Int16]):
    speech = say_in("es", "Buenos días a todos, hoy vamos a hablar del tiempo en Madrid.")
    decoding = await recognizer.decode(speech, mode=Mode.FAST, caller="maria")
    assert decoding.language == "es"
    assert {"hablar", "tiempo", "madrid"} <= set(words(decoding.text))


async def test_a_stream_hears_a_monologue_without_pauses_whole_and_once(
    recognizer: Recognizer, say: Callable[[str], Int16], frames: Callable[[Int16], list[rtc.AudioFrame]]
):
    talk = np.concatenate([say(turn)[4800:-1600] for turn in TURNS * 2] + [np.zeros(RATE_HZ, np.int16)])
    ear = STT(recognizer=recognizer, interim_results=False)
    stream = ear.stream()
    for frame in frames(talk):
        stream.push_frame(frame)
    stream.end_input()
    events = [event async for event in stream]
    finals = [event.alternatives[0].text for event in events if event.type is SpeechEventType.FINAL_TRANSCRIPT]
    assert len(finals) >= 2
    assert errors(" ".join(TURNS * 2), " ".join(finals)) <= 0.12, finals
    await ear.aclose()


async def test_a_live_stream_shows_stable_words_and_an_early_text(
    recognizer: Recognizer, say: Callable[[str], Int16], frames: Callable[[Int16], list[rtc.AudioFrame]]
):
    ear = STT(recognizer=recognizer)
    stream = ear.stream()
    events = []

    async def speak() -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for number, frame in enumerate(frames(np.append(say(TURNS[4]), np.zeros(RATE_HZ, np.int16)))):
            stream.push_frame(frame)
            await asyncio.sleep(max(0.0, started + number * 0.02 - loop.time()))
        stream.end_input()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(speak())
        async for event in stream:
            events.append(event)
    kinds = [event.type for event in events]
    final = next(event for event in events if event.type is SpeechEventType.FINAL_TRANSCRIPT)
    assert errors(TURNS[4], final.alternatives[0].text) <= 0.1
    assert kinds[0] is SpeechEventType.START_OF_SPEECH
    assert [kind for kind in kinds if kind is not SpeechEventType.RECOGNITION_USAGE][-2:] == [
        SpeechEventType.FINAL_TRANSCRIPT,
        SpeechEventType.END_OF_SPEECH,
    ]
    for event in events:
        if event.type is SpeechEventType.INTERIM_TRANSCRIPT:
            shown = words(event.alternatives[0].text)
            assert shown == words(final.alternatives[0].text)[: len(shown)]
    await ear.aclose()


async def test_any_vad_of_livekit_may_tell_speech_from_silence(
    recognizer: Recognizer, say: Callable[[str], Int16], frames: Callable[[Int16], list[rtc.AudioFrame]]
):
    ear = STT(recognizer=recognizer, vad=inference.VAD(), interim_results=False)
    stream = ear.stream()
    for frame in frames(np.append(say(TURNS[2]), np.zeros(RATE_HZ, np.int16))):
        stream.push_frame(frame)
    stream.end_input()
    finals = [event.alternatives[0].text async for event in stream if event.type is SpeechEventType.FINAL_TRANSCRIPT]
    assert errors(TURNS[2], " ".join(finals)) == 0
    await ear.aclose()


class Microphone(AudioInput):
    """Plays frames at their speed, then silence for ever."""

    def __init__(self, frames: list[rtc.AudioFrame]) -> None:
        super().__init__(label="microphone")
        self._frames = iter(frames)

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(0.02)
        silence = rtc.AudioFrame.create(RATE_HZ, 1, RATE_HZ // 50)
        return next(self._frames, silence)


class Listener(Agent):
    """Writes down the turns that it is given."""

    def __init__(self) -> None:
        super().__init__(instructions="Listen.")
        self.turns: asyncio.Queue[str] = asyncio.Queue()

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        self.turns.put_nowait(new_message.text_content or "")


async def test_a_stock_agent_session_gets_its_turns(
    recognizer: Recognizer, say: Callable[[str], Int16], frames: Callable[[Int16], list[rtc.AudioFrame]]
):
    ear, listener = STT(recognizer=recognizer), Listener()
    session = AgentSession(stt=ear, vad=inference.VAD())
    session.input.audio = Microphone(frames(np.append(say(TURNS[2]), np.zeros(RATE_HZ, np.int16))))
    await session.start(listener, record=False)
    async with asyncio.timeout(60):
        turn = await listener.turns.get()
    assert errors(TURNS[2], turn) == 0
    await session.aclose()
    await ear.aclose()
