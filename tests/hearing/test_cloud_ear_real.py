"""A real voice before a real ear whose recogniser is in the cloud: its detector, its pauses and its patience."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import livekit.plugins.deepgram  # noqa: F401  # loading it takes a second, which is not to count as the service's
import numpy as np
import pytest
from livekit.agents.utils import http_context

from agent.floor.events import Event, SpeechPaused, SpeechStarted, UtteranceEnded
from agent.hearing.ear import Ear
from agent.hearing.fallback import in_order
from agent.hearing.settings import HearingSettings
from agent.hearing.stream import StreamTranscriber
from agent.hearing.transcriber import TextOfRecord
from agent.providers.ears import make_ears
from bench import corpus
from tests.hearing.cloud import settings
from tests.support.speech_services import Deepgram, deepgram

pytestmark = [pytest.mark.real, pytest.mark.alone]  # a service is given up after seconds of silence
QUESTION = "What do you think about that?"
CONSONANT_S = 0.08  # of its silence, at most, comes after it has been told


class Listener:
    """What an ear says."""

    def __init__(self, service: Deepgram) -> None:
        chosen = settings(STT="deepgram", DEEPGRAM_BASE_URL=service.address)
        self.events: list[Event] = []
        self.records: list[TextOfRecord] = []
        self.told: list[str] = []
        self.ear = Ear(
            "anna",
            transcriber=in_order(
                [StreamTranscriber(ear) for ear in make_ears(chosen.providers.stt, chosen.providers)], None
            ),
            settings=HearingSettings(),
            emit=self.events.append,
            on_record=self.records.append,
            on_trouble=lambda text, /, *, recovered=False: self.told.append(text),
        )

    @property
    def ends(self) -> list[UtteranceEnded]:
        return [event for event in self.events if isinstance(event, UtteranceEnded)]

    async def hears(self, sound: np.ndarray, at: float) -> float:
        """In real time; returns the time of its end."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for start in range(0, len(sound) - 479, 480):
            await asyncio.sleep(max(0.0, begun + (start + 480) / 48_000 - loop.time()))
            self.ear.push(at + start / 48_000, sound[start : start + 480])
        return at + len(sound) / 48_000


@asynccontextmanager
async def listening(service: Deepgram) -> AsyncIterator[Listener]:
    async with http_context.open(), asyncio.TaskGroup() as tasks:
        listener = Listener(service)
        running = tasks.create_task(listener.ear.run())
        try:
            yield listener
        finally:
            running.cancel()


@pytest.fixture(scope="module")
def question() -> np.ndarray:
    """Some quiet, the question, a second and a half of quiet: int16, 48 kHz."""
    return np.concatenate([corpus.hush(0.6, 1), corpus.turn(QUESTION, "joe").pcm, corpus.hush(1.5, 2)])


def pauses(events: Sequence[Event]) -> list[SpeechPaused]:
    """Those that last, after they have been told: Piper may draw breath in a question, each time at another place."""
    onsets = [event.at for event in events if isinstance(event, SpeechStarted)]
    told = [event for event in events if isinstance(event, SpeechPaused)]
    return [pause for pause in told if not any(pause.at < onset < pause.at + CONSONANT_S for onset in onsets)]


async def test_what_the_service_hears_is_what_is_answered_and_kept(question: np.ndarray) -> None:
    async with deepgram() as service, listening(service) as anna:
        await anna.hears(question, 0.0)
        async with asyncio.timeout(20):
            while not anna.records:  # noqa: ASYNC110  # of whatever is asked
                await asyncio.sleep(0.02)
    said = anna.ends[0].text
    assert said
    assert said == " ".join(service.script[: len(said.split())])
    assert anna.records[0].text.startswith(said)
    assert anna.told == []
    (*_, paused) = [event for event in anna.events if isinstance(event, SpeechPaused)]
    assert anna.ends[0].at - paused.at < 1.5
    assert 1 <= service.said.count("Finalize") <= len(pauses(anna.events)), "a consonant is no pause"


async def test_a_service_that_hangs_leaves_utterances_without_words_and_is_told_once(question: np.ndarray) -> None:
    async with deepgram(Deepgram(deaf=True)) as service, listening(service) as anna:
        at = 0.0
        for _ in range(4):
            at = await anna.hears(question, at)
        assert len(anna.ends) >= 3, "an utterance ends all the same"
        assert {end.text for end in anna.ends} == {""}
        assert len(anna.told) == 1
        assert "Deepgram does not answer in time; check the network and DEEPGRAM_BASE_URL" in anna.told[0]
        service.deaf = False
        async with asyncio.timeout(40):
            while len(anna.told) < 2:
                at = await anna.hears(question, at)
    assert anna.told[1] == "Deepgram hears again."
