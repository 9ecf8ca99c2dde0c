"""Ears in the cloud, through LiveKit's plugins, against servers that speak the services' protocols."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.hearing import standing, stream
from agent.hearing.cloud_ear import Patience
from agent.hearing.transcriber import Ending, TranscriberFailed
from tests.hearing.cloud import QUICK, Anna, OwnMachine, at_the_ear, settings
from tests.support.google_speech import google_cloud
from tests.support.speech_services import KEY, AssemblyAI, Deepgram, assemblyai, deepgram

pytestmark = pytest.mark.real

Service = Any

SERVICES = ("deepgram", "assemblyai", "google")
SOCKETS = ("deepgram", "assemblyai")


@pytest.fixture(autouse=True)
def _quick_reconnections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "RECONNECT_S", (0.01, 0.02, 0.05, 0.1))
    monkeypatch.setattr(standing, "LASTING_S", 0.1)
    monkeypatch.setattr(stream, "REFUSAL_S", 0.05)


@pytest.fixture(autouse=True)
def _no_key_is_told(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.INFO)
    for name in ("livekit", "agent", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    told = "\n".join(f"{record.getMessage()} {record.exc_info} {record.exc_text}" for record in caplog.records)
    assert KEY not in told
    assert "was never retrieved" not in told


@asynccontextmanager
async def table(
    name: str, tmp_path: Path, *, own: OwnMachine | None = None, terms: tuple[str, ...] = (), **more: Any
) -> AsyncIterator[tuple[Service, Anna]]:
    """A service, and a speaker before it."""
    servers: dict[str, Any] = {"deepgram": deepgram, "assemblyai": assemblyai, "google": google_cloud}
    opened = servers[name]()
    patience = more.pop("patience", QUICK)
    async with opened as service:
        for attribute in [each for each in more if not each.isupper()]:
            setattr(service, attribute, more.pop(attribute))
        base = "GOOGLE_STT_BASE_URL" if name == "google" else f"{name.upper()}_BASE_URL"
        chosen = settings(tmp_path, **({"STT": name, base: service.address} | more))
        async with at_the_ear(chosen, own=own, terms=terms, patience=patience) as anna:
            anna.taken_s = lambda: service.stream_s if service.open_streams else None
            yield service, anna


@pytest.mark.parametrize("name", SERVICES)
async def test_each_utterance_has_its_own_words(name: str, tmp_path: Path) -> None:
    async with table(name, tmp_path) as (_, anna):
        records = []
        for words, text in ((2, "one two"), (3, "three four five"), (1, "six")):
            speech = await anna.utters(words)
            assert (await anna.line.fast(speech)).text == text
            await anna.is_silent(0.6)
            records.append(await anna.line.record(speech))
        assert [record.text for record in records] == ["one two", "three four five", "six"]
        assert all(speech.start <= word.start <= word.end <= speech.end for word in records[-1].words)
        assert anna.told == []


async def test_whether_the_speaker_goes_on_is_asked_of_the_own_machine_about_the_services_words(tmp_path: Path) -> None:
    own = OwnMachine()
    async with table("deepgram", tmp_path, own=own) as (_, anna):
        speech = await anna.utters(2)
        text = (await anna.line.fast(speech)).text
        assert await anna.line.ending(speech, text) == Ending(3.0, -0.2)
    assert own.endings == ["one two"]


async def test_without_another_ear_nobody_knows_whether_the_speaker_goes_on(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path) as (_, anna):
        assert await anna.line.ending(await anna.utters(2), "one two") is None


@pytest.mark.parametrize("name", SERVICES)
async def test_a_caption_comes_while_the_voice_goes_on(name: str, tmp_path: Path) -> None:
    async with table(name, tmp_path) as (_, anna):
        speech = await anna.utters(4)
        for _ in range(100):
            interim = await anna.line.interim(speech)
            if interim is not None and interim.text == "one two three four":
                return
            await asyncio.sleep(0.01)
        raise AssertionError(interim)


@pytest.mark.parametrize("name", SERVICES)
async def test_a_slow_final_is_not_waited_for_and_goes_to_the_record(name: str, tmp_path: Path) -> None:
    async with table(name, tmp_path, final_s=0.5) as (_, anna):
        speech = await anna.utters(3)
        started = asyncio.get_running_loop().time()
        assert (await anna.line.fast(speech)).text == "one two three"
        assert asyncio.get_running_loop().time() - started < QUICK.final_s + 0.1
        await anna.is_silent(0.6)
        await asyncio.sleep(0.55)
        record = await anna.line.record(speech)
        assert record.text == "one two three"
        assert len(record.words) == 3, "words with times are of a final result"


async def test_a_pause_costs_only_the_services_answer(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path, patience=replace(QUICK, final_s=5.0)) as (service, anna):
        speech = await anna.utters(2)
        started = asyncio.get_running_loop().time()
        assert (await anna.line.fast(speech)).text == "one two"
        assert asyncio.get_running_loop().time() - started < 0.2
        assert service.said.count("Finalize") == 1
        assert "KeepAlive" in service.said


async def test_deepgram_is_told_language_model_and_terms(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path, terms=("Claude", "Ada Lovelace"), LANGUAGE="de") as (service, anna):
        await anna.asks(1)
    path, query, headers = service.requests[0]
    assert path == "/v1/listen"
    assert (query["language"], query["model"], query["sample_rate"]) == ("de", "nova-3", "16000")
    assert query.getall("keyterm") == ["Claude", "Ada Lovelace"]
    assert headers["Authorization"] == f"Token {KEY}"


async def test_an_older_model_of_deepgrams_gets_keywords(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path, terms=("Ada Lovelace",), DEEPGRAM_MODEL="nova-2") as (service, anna):
        await anna.asks(1)
    assert service.requests[0][1].getall("keywords") == ["Ada:2.0", "Lovelace:2.0"]


async def test_assemblyai_is_told_language_and_terms(tmp_path: Path) -> None:
    async with table("assemblyai", tmp_path, terms=("Claude",), LANGUAGE="fr") as (service, anna):
        await anna.asks(1)
    _, query, headers = service.requests[0]
    assert query["speech_model"] == "universal-streaming-multilingual", "the English one hears no French"
    assert json.loads(query["keyterms_prompt"]) == ["Claude"]
    assert headers["Authorization"] == KEY


@pytest.mark.parametrize("model", ["latest_long", "chirp_2"])
async def test_google_is_told_language_and_terms(model: str, tmp_path: Path) -> None:
    async with table("google", tmp_path, terms=("Claude",), LANGUAGE="en", GOOGLE_STT_MODEL=model) as (service, anna):
        assert await anna.asks(2) == "one two"
    (config,) = service.configs
    assert list(getattr(config, "language_codes", None) or [config.language_code]) == ["en-US"]
    assert config.model == model
    assert "Claude" in str(config.adaptation)
    assert service.recognizers in ([], ["projects/studio-project/locations/global/recognizers/_"])


REFUSALS = [
    ("deepgram", 401, "Deepgram refuses the key (401); set DEEPGRAM_API_KEY to a valid one"),
    ("deepgram", 402, "has no credit left for this account (402); top it up"),
    ("deepgram", 429, "takes no more requests for now (429); wait"),
    ("deepgram", 500, "is in trouble (500); wait"),
    ("assemblyai", 401, "AssemblyAI refuses the key (401); set ASSEMBLYAI_API_KEY"),
    ("assemblyai", 402, "no credit left for this account (402)"),
    ("assemblyai", 429, "takes no more requests for now (429)"),
    ("google", "UNAUTHENTICATED", "refuses the key (401); set GOOGLE_APPLICATION_CREDENTIALS"),
    ("google", "PERMISSION_DENIED", "refuses the key (403)"),
    ("google", "RESOURCE_EXHAUSTED", "takes no more requests for now (429)"),
]


@pytest.mark.parametrize(("name", "status", "why"), REFUSALS)
async def test_a_refusal_is_told_once_with_its_remedy_and_the_own_machine_takes_over(
    name: str, status: Any, why: str, tmp_path: Path
) -> None:
    trouble: dict[str, Any] = {"status": status}
    if name == "google":
        import grpc  # type: ignore[import-untyped]

        trouble = {"code": getattr(grpc.StatusCode, status)}
    own = OwnMachine()
    async with table(name, tmp_path, own=own, **trouble) as (service, anna):
        await anna.until(lambda: bool(anna.told))
        started = asyncio.get_running_loop().time()
        speech = await anna.utters(2)
        spoken = asyncio.get_running_loop().time()
        assert (await anna.line.fast(speech)).text == "own own"
        assert asyncio.get_running_loop().time() - spoken < 0.05, "an ear that is out costs no time"
        assert (await anna.line.record(speech)).text == "own own"
        assert spoken - started < 2
        assert await anna.asks(3) == "own own own"
        ((recovered, told),) = anna.told
        assert not recovered
        assert why in told
        assert told.endswith("or set STT=faster-whisper")
        assert KEY not in told

        setattr(service, "code" if name == "google" else "status", None if name == "google" else 200)
        await anna.is_silent(1.0)
        await anna.speaks_until_it_is_back()
        assert [recovered for recovered, _ in anna.told] == [False, True]
        assert "own" not in await anna.asks(2)


async def test_without_another_ear_a_refusal_is_told_and_nothing_hangs(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path, status=401) as (service, anna):
        await anna.until(lambda: bool(anna.told))
        for _ in range(2):
            speech = await anna.utters(2)
            started = asyncio.get_running_loop().time()
            with suppress(TranscriberFailed):
                assert (await anna.line.fast(speech)).text == ""
            assert asyncio.get_running_loop().time() - started < QUICK.final_s + 0.1
        assert len(anna.told) == 1
        service.status = 200
        await anna.until(lambda: service.open_streams == 1)
        assert await anna.asks(2) != ""
        assert anna.told[1] == (True, "Deepgram hears again.")


async def test_an_address_where_nobody_answers_is_told(tmp_path: Path) -> None:
    for name, address in (
        ("deepgram", "http://127.0.0.1:9"),
        ("assemblyai", "ws://127.0.0.1:9"),
        ("google", "http://127.0.0.1:9"),
    ):
        base = "GOOGLE_STT_BASE_URL" if name == "google" else f"{name.upper()}_BASE_URL"
        chosen = settings(tmp_path, **{"STT": name, base: address})
        async with at_the_ear(chosen, own=OwnMachine()) as anna:
            for _ in range(3):
                assert await anna.asks(5) == "own own own own own"
                if anna.told:
                    break
            ((_, told),) = anna.told
            assert base in told, told


@pytest.mark.parametrize("name", SOCKETS)
async def test_a_connection_that_is_cut_in_mid_utterance_costs_no_word(name: str, tmp_path: Path) -> None:
    own = OwnMachine()
    async with table(name, tmp_path, own=own, cut_after=3) as (service, anna):
        speech = await anna.utters(6)
        assert (await anna.line.fast(speech)).text == "one two three four five six"
        await anna.is_silent(0.6)
        assert (await anna.line.record(speech)).text == "one two three four five six"
        assert await anna.asks(2) == "seven eight"
        assert len(service.requests) == 2
        assert anna.told == [], "nobody needs to know of a hiccup"


async def test_final_words_from_before_a_cut_are_not_said_twice(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path) as (service, anna):
        first = await anna.utters(2)
        assert (await anna.line.fast(first)).text == "one two"
        service.cut_after = 4
        await anna.says(1.1)
        await anna.is_silent(0.1)
        whole = replace(first, voice_end=anna.now - 0.1)
        assert (await anna.line.fast(whole)).text == "one two three four five six"


@pytest.mark.parametrize(
    ("trouble", "names"),
    [
        ({"deaf": True}, SERVICES),
        ({"garbage": "}{ not json"}, ("assemblyai",)),
        ({"garbage": '{"type": "Results"}'}, ("deepgram",)),
        ({"garbage": b"\x00\x01"}, ("deepgram",)),
        ({"handshake_s": 3600.0}, ("assemblyai",)),
    ],
)
async def test_a_service_that_takes_everything_and_says_nothing_is_found_out(
    trouble: dict[str, Any], names: tuple[str, ...], tmp_path: Path
) -> None:
    for name in names:
        own = OwnMachine()
        async with table(name, tmp_path, own=own, **trouble) as (service, anna):
            assert await anna.asks(6) == " ".join(["own"] * 6)
            if not anna.told:
                assert await anna.asks(6) == " ".join(["own"] * 6)
            ((_, told),) = anna.told
            assert "does not answer in time" in told
            speech = await anna.utters(2)
            started = asyncio.get_running_loop().time()
            assert (await anna.line.fast(speech)).text == "own own"
            assert asyncio.get_running_loop().time() - started < 0.05
            await anna.line.record(speech)

            for attribute, value in (("deaf", False), ("garbage", None), ("handshake_s", 0.0)):
                setattr(service, attribute, value)
            await anna.speaks_until_it_is_back()
            assert anna.told[1][0], "its recovery is noticed"
            assert "own" not in await anna.asks(2)


async def test_a_hanging_service_without_another_ear_is_told(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path, deaf=True) as (service, anna):
        for _ in range(3):
            assert await anna.asks(6) == ""
            if anna.told:
                break
        assert len(anna.told) == 1
        service.deaf = False
        await anna.until(lambda: len(service.requests) >= 2)
        assert await anna.asks(6) != ""
        assert anna.told[1][0]


async def test_a_service_that_is_always_late_is_left_alone(tmp_path: Path) -> None:
    own = OwnMachine()
    async with table("deepgram", tmp_path, own=own, interims=False, final_s=0.7) as (_, anna):
        speech = await anna.utters(2)
        assert (await anna.line.fast(speech)).text == "own own"
        await asyncio.sleep(0.5)
        assert (await anna.line.record(speech)).text == "one two", "what comes late is kept"
        assert await anna.asks(2) == "own own"
        ((_, told),) = anna.told
        assert "does not answer in time" in told
        started = asyncio.get_running_loop().time()
        await anna.line.fast(speech)
        assert asyncio.get_running_loop().time() - started < 0.05


async def test_a_cough_is_no_outage(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path) as (_, anna):
        for _ in range(4):
            await anna.is_silent(0.6)
            await anna.says(0.15)  # no word
            speech = replace(await anna.utters(0), voice_end=anna.now)
            await anna.line.fast(speech)
        assert anna.told == []


@pytest.mark.parametrize("code", [1008, 3009, 1011])
async def test_a_stream_that_is_closed_at_once_is_an_outage(code: int, tmp_path: Path) -> None:
    # LiveKit's plugin may find that it cannot write before it reads the code
    why = {
        1008: "refuses the key|ASSEMBLYAI_API_KEY",
        3009: "takes no more requests|broke",
        1011: "broke the connection",
    }
    async with table("assemblyai", tmp_path, own=OwnMachine(), close_code=code) as (_, anna):
        await anna.until(lambda: bool(anna.told))
        assert re.search(why[code], anna.told[0][1])
        assert await anna.asks(1) == "own"


async def test_the_next_service_is_asked_before_the_own_machine(tmp_path: Path) -> None:
    own = OwnMachine()
    async with deepgram(Deepgram(status=401)) as first, assemblyai(AssemblyAI()) as second:
        chosen = settings(
            STT="deepgram,assemblyai", DEEPGRAM_BASE_URL=first.address, ASSEMBLYAI_BASE_URL=second.address
        )
        async with at_the_ear(chosen, own=own) as anna:
            await anna.until(lambda: second.open_streams == 1)
            assert await anna.asks(2) == "one two"
            first.status = 200
            await anna.speaks_until_it_is_back()
            await anna.until(lambda: second.open_streams == 0)
            assert own.asked == []


async def test_a_muted_microphone_costs_no_stream(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path, patience=replace(QUICK, rest_s=0.15)) as (service, anna):
        assert service.requests == [], "none before the first sound"
        assert await anna.asks(2) == "one two"
        await asyncio.sleep(0.4)
        assert service.open_streams == 0
        assert await anna.asks(2) == "three four"
        assert anna.told == []


async def test_a_long_stream_is_renewed_in_silence_and_no_word_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.providers.ears._RENEW_S", 4.0)
    async with table("deepgram", tmp_path) as (service, anna):
        said = [await anna.asks(3) for _ in range(8)]
        assert " ".join(said) == " ".join((service.script * 3)[:24])
        assert 3 <= len(service.requests) <= 8
        assert anna.told == []


async def test_what_is_missing_of_the_audio_moves_no_word(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path) as (_, anna):
        await anna.asks(2)
        anna._samples += 512 * 40  # 1.3 s lost on the way
        speech = await anna.utters(2)
        speech = replace(speech, start=anna.now - 1.3)
        assert (await anna.line.fast(speech)).text == "three four"


async def test_two_speakers_are_told_of_one_outage(tmp_path: Path) -> None:
    async with table("deepgram", tmp_path, own=OwnMachine(), status=401) as (service, anna):
        patience = Patience()
        assert patience.final_s > QUICK.final_s
        await anna.until(lambda: bool(anna.told))
        told = anna.told
        transcriber = anna.line._first._transcriber  # type: ignore[attr-defined]
        ben = Anna(transcriber.follow("ben"), told)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(ben.line.run(ben.tell))
            await ben.until(lambda: len(service.requests) >= 4)
            running.cancel()
        assert len(told) == 1
