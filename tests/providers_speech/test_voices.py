"""Voices in the cloud and those behind them, through LiveKit's plugins, against servers that speak their protocols."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest

from agent.clock import EpisodeClock
from agent.providers.breaker import Breakers, Change
from agent.providers.voices import describe_voices, make_voice
from agent.settings import Settings
from agent.speaking.audio import RATE_HZ
from agent.speaking.clauses import Clause
from agent.speaking.passage import Clip
from agent.speaking.settings import SpeakingSettings
from agent.speaking.synthesis import Synthesis, SynthesisFailed
from tests.hearing.cloud import settings
from tests.support.google_speech import Google, google_cloud
from tests.support.speech_services import KEY
from tests.support.speech_voices import SpeechVoice, note_hz, speech_voice

pytestmark = pytest.mark.real

FIRST_AUDIO_S = 0.8  # where something hangs; otherwise the default, since the tests' machine may be busy
A_HZ, B_HZ = 440.0, 880.0


class Speaker:
    """A persona's voice, as its mouth uses it."""

    def __init__(self, chosen: Settings, *, first_audio_s: float = 5.0, beside: Speaker | None = None) -> None:
        self.now = 0.0
        self.told: list[tuple[str, str]] = []
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.breakers: Breakers = beside.breakers if beside else Breakers(now=lambda: self.now, on_change=self._changed)
        self.engine = make_voice(
            chosen.providers.tts,
            chosen.providers,
            chosen.persona("claude"),
            slug="claude",
            piper_url=chosen.services.piper_url,
            breakers=self.breakers,
        )
        self._synthesis = Synthesis(
            self.engine,
            settings=SpeakingSettings(first_audio_s=first_audio_s),
            clock=EpisodeClock(),
            log=lambda kind, **details: self.log.append((kind, details)),
        )
        self.turn()

    def _changed(self, change: Change) -> None:
        self.told.append((change.what, change.outage.text))

    def turn(self) -> None:
        """Another reply."""
        self._turn = self._synthesis.turn()

    async def says(self, text: str = "That is a fair question.") -> Clip:
        self.clip = Clip(Clause(text, "sentence"))
        await self._turn.fill(self.clip)
        return self.clip

    async def note(self, text: str = "That is a fair question.") -> float:
        """Says it, and returns the note that is heard: whose voice it is, and at the right rate."""
        clip = await self.says(text)
        return round(note_hz(clip.pcm[: clip.said], RATE_HZ) / 10) * 10


@asynccontextmanager
async def two_voices(**first: Any) -> AsyncIterator[tuple[SpeechVoice, SpeechVoice, Speaker]]:
    """OpenAI's voice, and a voice server behind it."""
    async with speech_voice(SpeechVoice(note_hz=A_HZ, **first)) as a, speech_voice(SpeechVoice(note_hz=B_HZ)) as b:
        chosen = settings(
            TTS="openai,openai-compatible", OPENAI_BASE_URL=a.address, STUDIO_PROVIDERS__SPEECH__BASE_URL=b.address
        )
        speaker = Speaker(chosen, first_audio_s=_first_audio_s(first))
        try:
            yield a, b, speaker
        finally:
            await speaker.engine.aclose()


def _first_audio_s(trouble: dict[str, Any]) -> float:
    return FIRST_AUDIO_S if trouble.keys() & {"hang", "slow_s"} else 5.0


@asynccontextmanager
async def google_voice(tmp_path: Path, service: Google | None = None, **environ: str) -> AsyncIterator[Any]:
    async with google_cloud(service) as cloud:
        chosen = settings(tmp_path, **({"TTS": "google", "GOOGLE_TTS_BASE_URL": cloud.address} | environ))
        speaker = Speaker(chosen, first_audio_s=FIRST_AUDIO_S if cloud.deaf else 5.0)
        yield cloud, speaker
        await speaker.engine.aclose()


@pytest.fixture(autouse=True)
def _no_key_is_told(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.INFO)
    for name in ("livekit", "agent"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    told = "\n".join(f"{record.getMessage()} {record.exc_info} {record.exc_text}" for record in caplog.records)
    assert KEY not in told
    assert "was never retrieved" not in told


async def test_a_neural2_voice_is_a_request_a_clause_and_sounds_at_its_own_pitch(tmp_path: Path) -> None:
    async with google_voice(tmp_path, Google(slow_s=0.05)) as (cloud, speaker):
        for text in ("That is a fair question.", "I have a clear view on it."):
            assert await speaker.note(text) == 440
            assert abs(speaker.clip.said / RATE_HZ - 0.5) < 0.02
        kinds = [kind for kind, _ in speaker.log]
        assert kinds == ["tts.start", "tts.first_audio", "tts.end"] * 2, "a clause waits for itself alone"
    assert [request.input.text for request in cloud.syntheses] == [
        "That is a fair question.",
        "I have a clear view on it.",
    ]
    voice = cloud.syntheses[0].voice
    assert (voice.name, voice.language_code, voice.model_name) == ("en-US-Neural2-D", "en-US", "")


@pytest.mark.parametrize(
    ("voice", "tts", "name", "language", "model"),
    [
        ("en-GB-Neural2-A", "google", "en-GB-Neural2-A", "en-GB", ""),
        ("en-US-Chirp3-HD-Charon", "google", "en-US-Chirp3-HD-Charon", "en-US", ""),
        ("de-DE-Studio-B", "google", "de-DE-Studio-B", "de-DE", ""),
        ("Charon", "google:gemini-2.5-flash-tts", "Charon", "en-US", "gemini-2.5-flash-tts"),
        ("en_US-joe-medium", "google,piper", "en-US-Neural2-D", "en-US", ""),
    ],
)
async def test_googles_voices_are_asked_for_by_name(
    tmp_path: Path, voice: str, tts: str, name: str, language: str, model: str
) -> None:
    more: dict[str, Any] = {"STUDIO_PERSONAS__CLAUDE__VOICE": voice, "STUDIO_SERVICES__PIPER_URL": "http://127.0.0.1:9"}
    async with google_voice(tmp_path, TTS=tts, **more) as (cloud, speaker):
        await speaker.says()
    asked = cloud.syntheses[0].voice
    assert (asked.name, asked.language_code, asked.model_name) == (name, language, model)


def test_a_voice_of_one_provider_is_not_asked_of_another(tmp_path: Path) -> None:
    chosen = settings(tmp_path, TTS="google,piper,openai", STUDIO_PERSONAS__CLAUDE__VOICE="en-GB-Neural2-A")
    described = describe_voices(chosen.providers.tts, chosen.persona("claude"), slug="claude")
    assert described[0] == "google:en-GB-Neural2-A"
    assert described[1].startswith("piper:en_US-joe-medium")
    assert described[2] == "openai:ash"


@pytest.mark.parametrize("model", ["tts-1", "gpt-4o-mini-tts"])
async def test_openais_protocol_is_spoken_as_audio_and_as_events(model: str) -> None:
    async with two_voices() as (a, _, _):
        chosen = settings(TTS=f"openai:{model}", OPENAI_BASE_URL=a.address)
        speaker = Speaker(chosen)
        assert await speaker.note() == A_HZ
        assert abs(speaker.clip.said / RATE_HZ - 0.5) < 0.02
        body, headers = a.requests[0]
        assert (body["voice"], body["model"], body["response_format"]) == ("ash", model, "pcm")
        assert headers["Authorization"] == f"Bearer {KEY}"
        await speaker.engine.aclose()


FAILURES = [
    ({"status": 401}, "refuses the key (401); set OPENAI_API_KEY to a valid one, or set TTS=piper"),
    ({"status": 402}, "has no credit left for this account (402); top it up"),
    ({"status": 429}, "takes no more requests for now (429)"),
    ({"status": 500}, "is in trouble (500)"),
    ({"hang": "before"}, "does not answer in time"),
    ({"hang": "after"}, "does not answer in time"),
    ({"slow_s": 1.0}, "does not answer in time"),
    ({"body": b""}, "sends nothing usable"),
    ({"body": b"<html>Sorry</html>" * 400, "content_type": "text/html"}, "sends nothing usable"),
    ({"body": b'{"error": "no"}' * 400, "content_type": "application/json"}, "sends nothing usable"),
]


@pytest.mark.parametrize(("trouble", "why"), FAILURES)
async def test_the_next_voice_says_it_in_time_and_an_outage_costs_one_clause(trouble: dict[str, Any], why: str) -> None:
    async with two_voices(**trouble) as (a, b, speaker):
        started = asyncio.get_running_loop().time()
        assert await speaker.note("Yes, indeed.") == B_HZ
        assert asyncio.get_running_loop().time() - started < _first_audio_s(trouble)
        assert abs(speaker.clip.said / RATE_HZ - 0.5) < 0.02, "all of it"
        for text in ("It is so.", "And so it goes."):
            assert await speaker.note(text) == B_HZ
            speaker.turn()
        assert a.texts == ["Yes, indeed."]
        assert b.texts == ["Yes, indeed.", "It is so.", "And so it goes."]
        ((what, told),) = speaker.told
        assert what == "out"
        assert why in told
        assert KEY not in f"{told} {speaker.log}"


async def test_a_voice_that_cannot_be_reached_is_told() -> None:
    async with two_voices() as (_, b, _):
        chosen = settings(
            TTS="openai,openai-compatible",
            OPENAI_BASE_URL="http://127.0.0.1:9/v1",
            STUDIO_PROVIDERS__SPEECH__BASE_URL=b.address,
        )
        speaker = Speaker(chosen)
        assert await speaker.note() == B_HZ
        assert "cannot be reached" in speaker.told[0][1]
        assert "OPENAI_BASE_URL" in speaker.told[0][1]
        await speaker.engine.aclose()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "refuses the key (401); set GOOGLE_APPLICATION_CREDENTIALS"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "takes no more requests for now (429)"),
        (grpc.StatusCode.UNAVAILABLE, "is in trouble (503)"),
        (grpc.StatusCode.INVALID_ARGUMENT, "does not take our request (400)"),
        ("deaf", "does not answer in time"),
        ("empty", "sends nothing usable"),
    ],
)
async def test_google_fails_in_all_its_ways_and_the_next_voice_says_it(tmp_path: Path, code: Any, why: str) -> None:
    async with speech_voice(SpeechVoice(note_hz=B_HZ)) as b:
        service = Google(deaf=code == "deaf", empty=code == "empty", code=None if isinstance(code, str) else code)
        more: dict[str, Any] = {"TTS": "google,openai-compatible", "STUDIO_PROVIDERS__SPEECH__BASE_URL": b.address}
        async with google_voice(tmp_path, service, **more) as (cloud, speaker):
            for _ in range(2):
                assert await speaker.note() == B_HZ
            assert len(cloud.syntheses) == 1
            ((_, told),) = speaker.told
            assert why in told


@pytest.mark.parametrize("trouble", [{"cut": True}, {"hang": "within"}])
async def test_a_clause_that_is_cut_is_not_said_again_and_is_not_taken_for_whole(trouble: dict[str, Any]) -> None:
    async with two_voices(**trouble) as (a, b, speaker):
        with pytest.raises(SynthesisFailed) as failed:
            await speaker.says("Nobody knows what will come of it.")
        heard = speaker.clip.pcm[: speaker.clip.said]
        assert 0.05 < len(heard) / RATE_HZ < 0.4
        assert abs(note_hz(heard, RATE_HZ) - A_HZ) < 20
        assert len(speaker.clip.clause.text) < len("Nobody knows what will come of it.")
        assert b.texts == []
        assert speaker.told == [("out", str(failed.value))], "the reason is what the host has been told"
        assert await speaker.note("Let us go on.") == B_HZ
        assert a.texts == ["Nobody knows what will come of it."]


async def test_a_voice_that_is_back_speaks_from_the_next_turn_on() -> None:
    async with two_voices(status=500) as (a, b, speaker):
        assert await speaker.note("One.") == B_HZ
        a.status = 200
        assert await speaker.note("Two.") == B_HZ
        assert a.texts == ["One."], "it has not rested yet"
        speaker.now += 20
        assert await speaker.note("Three.") == B_HZ
        await asyncio.sleep(0.05)
        assert await speaker.note("Four.") == B_HZ, "no voice changes back in the middle of a turn"
        assert a.texts == ["One.", "Yes."], "it was tried beside the talk"
        assert [what for what, _ in speaker.told] == ["out", "back"]
        speaker.turn()
        assert await speaker.note("Five.") == A_HZ
        assert b.texts == ["One.", "Two.", "Three.", "Four."]


async def test_two_personas_share_an_outage_and_its_end() -> None:
    async with two_voices(status=500) as (a, b, claude):
        chosen = settings(
            TTS="openai,openai-compatible", OPENAI_BASE_URL=a.address, STUDIO_PROVIDERS__SPEECH__BASE_URL=b.address
        )
        guest = Speaker(chosen, beside=claude)
        assert await claude.note("One.") == B_HZ
        assert await guest.note("Two.") == B_HZ
        assert a.texts == ["One."], "what one has found out, the other knows"
        a.status = 200
        claude.now += 20
        await claude.says("Three.")
        await asyncio.sleep(0.05)
        guest.turn()
        await guest.says("Four.")
        guest.turn()
        assert await guest.note("Five.") == A_HZ
        assert [what for what, _ in claude.told] == ["out", "back"]
        await guest.engine.aclose()


async def test_a_trial_that_fails_costs_nobody_anything() -> None:
    async with two_voices(hang="before") as (a, _, speaker):
        await speaker.note("One.")
        for _ in range(3):
            speaker.turn()
            speaker.now += 20
            started = asyncio.get_running_loop().time()
            assert await speaker.note("Two.") == B_HZ
            assert asyncio.get_running_loop().time() - started < FIRST_AUDIO_S / 2
        assert a.texts == ["One.", "Yes."], "one trial at a time"
        assert len(speaker.told) == 1


async def test_a_voice_alone_that_is_out_fails_at_once_and_comes_back() -> None:
    async with two_voices(hang="after") as (a, _, _):
        speaker = Speaker(settings(TTS="openai", OPENAI_BASE_URL=a.address), first_audio_s=FIRST_AUDIO_S)
        started = asyncio.get_running_loop().time()
        with pytest.raises(SynthesisFailed):
            await speaker.says()
        assert asyncio.get_running_loop().time() - started < FIRST_AUDIO_S
        started = asyncio.get_running_loop().time()
        with pytest.raises(SynthesisFailed, match="does not answer in time"):
            await speaker.says()
        assert asyncio.get_running_loop().time() - started < 0.1
        assert len(speaker.told) == 1
        a.hang = ""
        speaker.now += 20
        with pytest.raises(SynthesisFailed):
            await speaker.says()
        await asyncio.sleep(0.05)
        speaker.turn()
        assert await speaker.note() == A_HZ
        assert [what for what, _ in speaker.told] == ["out", "back"]
        await speaker.engine.aclose()


async def test_all_voices_out_is_told_with_both_reasons() -> None:
    async with two_voices(status=401) as (_, b, speaker):
        b.status = 429
        with pytest.raises(SynthesisFailed) as failed:
            await speaker.says()
        assert "refuses the key (401)" in str(failed.value)
        assert "takes no more requests for now (429)" in str(failed.value)
        assert KEY not in str(failed.value)


async def test_an_interruption_is_no_failure_of_the_voice() -> None:
    async with two_voices(slow_s=0.2) as (a, _, speaker):
        saying = asyncio.timeout(0.05)
        with pytest.raises(TimeoutError):
            async with saying:
                await speaker.says()
        a.slow_s = 0.0
        assert await speaker.note() == A_HZ
        assert speaker.told == []


async def test_what_is_paid_for_is_counted_once() -> None:
    async with two_voices(status=500) as (_, _, speaker):
        counted: list[int] = []
        speaker.engine.on("metrics_collected", lambda metrics: counted.append(metrics.characters_count))
        await speaker.says("Yes, indeed.")
        await speaker.says("It is so.")
        await asyncio.sleep(0)
    assert counted == [len("Yes, indeed."), len("It is so.")]


async def test_the_voice_that_serves_is_the_one_in_the_log() -> None:
    async with two_voices(status=500) as (_, b, speaker):
        await speaker.says()
    (service,) = [details["service"] for kind, details in speaker.log if kind == "tts.end"]
    assert service == f"TTS {b.address.split('/')[2]} tts-1"


@pytest.mark.real
async def test_piper_says_what_google_cannot(tmp_path: Path) -> None:
    async with google_voice(tmp_path, Google(code=grpc.StatusCode.UNAVAILABLE), TTS="google,piper") as (_, speaker):
        speaker._synthesis._settings = SpeakingSettings(first_audio_s=60)
        speaker.turn()
        clip = await speaker.says("That is a fair question, and I have a clear view on it.")
        assert clip.said / RATE_HZ > 1.5
        assert "is in trouble (503)" in speaker.told[0][1]
