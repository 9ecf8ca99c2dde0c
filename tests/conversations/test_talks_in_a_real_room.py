"""Some of this folder's talks, held with real voices, ears, network and recording. Only the minds are scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml

from agent.floor import actions as act
from agent.floor import events as ev
from agent.floor.rules import Rules
from tests.conversations import test_talk_addressing as addressing
from tests.conversations import test_talk_dead_air as dead_air
from tests.conversations import test_talk_free_flow as free_flow
from tests.conversations.real_room import RealConversation, held
from tests.conversations.test_talk_interrupting import FUGUE
from tests.support.livekit import LiveKit
from tests.support.sound import decode

pytestmark = [pytest.mark.real, pytest.mark.alone]


@pytest.fixture(scope="module", autouse=True)
def stage(livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with held(livekit, tmp_path_factory.mktemp("talks")):
        yield


@pytest.mark.parametrize(
    ("talks", "talk"),
    [
        (addressing, addressing.test_the_one_who_is_named_is_the_only_one_who_thinks),
        (addressing, addressing.test_both_of_you_are_heard_one_after_the_other),
        (addressing, addressing.test_a_mention_is_no_address),
        (addressing, addressing.test_a_human_who_is_asked_is_answered_by_no_ai),
        (addressing, addressing.test_an_ai_passes_the_floor_to_the_other),
        (free_flow, free_flow.test_the_first_who_is_ready_takes_the_floor_and_the_other_is_let_go),
        (dead_air, dead_air.test_the_other_steps_in_when_the_one_who_was_asked_is_away),
    ],
    ids=lambda value: getattr(value, "__name__", "").rpartition(".")[2],
)
def test_held(monkeypatch: pytest.MonkeyPatch, talks: ModuleType, talk: Callable[[], None]) -> None:
    monkeypatch.setattr(talks, "Conversation", RealConversation)
    talk()


def fugue() -> RealConversation:
    talk = RealConversation("Sam, Anna", "Claude, Nova", rules=Rules(follow_up=False, interject=False))
    talk["Claude"].will_say(FUGUE)
    talk.says("Sam", "Claude, what is a fugue?", at=0.5)
    return talk


def test_a_word_of_agreement_lets_the_voice_go_on() -> None:
    talk = fugue()
    talk.says("Anna", "Oh, I see.", at=5.5)
    talk.ends()
    assert talk.transcript() == ["Sam: Claude, what is a fugue?", f"Claude: {FUGUE}"]
    began = next(at for at, what in talk.log if isinstance(what, ev.PlaybackStarted))
    assert [think for think in talk.log if isinstance(think[1], act.Think) and think[0] > began] == [], (
        "nobody answers it"
    )


def test_an_interruption_that_begins_like_a_backchannel_is_answered_and_go_on_brings_the_rest() -> None:
    talk = fugue()
    # This voice pauses for 0.3 s behind "Right,", after which an utterance may have ended, and hardly behind "Sure,"
    talk.says("Sam", "Sure, but Nova, do you like them?", at=5.0)
    talk["Nova"].will_say("I do.")
    talk.says("Sam", "Claude, please go on.", at=13.0)  # late enough for Nova on a machine that takes its time
    talk.ends()
    question, first, interruption, answer, go_on, rest = talk.transcript()
    assert [question, interruption, answer, go_on] == [
        "Sam: Claude, what is a fugue?",
        "Sam: Sure, but Nova, do you like them?",
        "Nova: I do.",
        "Sam: Claude, please go on.",
    ]
    assert first.endswith(" --")
    assert f"{first.removesuffix(' --')} {rest.removeprefix('Claude: ')}" == f"Claude: {FUGUE}"


def test_three_ais_sit_at_the_table_and_each_is_on_a_track_of_its_own() -> None:
    talk = RealConversation(ais="Claude, Nova, Sage", rules=Rules(follow_up=False, interject=False))
    talk.says("Sam", "All of you, in one sentence.", at=0.5)
    talk.ends()
    assert talk.transcript()[1:] == [
        "Claude: Claude has an answer to that.",
        "Nova: Nova has an answer to that.",
        "Sage: Sage has an answer to that.",
    ]
    session: dict[str, Any] = yaml.safe_load((talk.folder / "session.yml").read_text())
    ais = [one["id"] for one in session["speakers"] if one["role"] == "ai"]
    assert ais == ["claude", "nova", "sage"]
    assert len(set(map(str, session["voices"].values()))) == 3
    tracks = [decode(talk.folder / f"{who}.webm", 48_000) for who in ais]
    assert all(np.abs(pcm).max() > 1000 for pcm in tracks)
    voiced = [np.abs(pcm[: min(map(len, tracks))].astype(np.int32)) > 300 for pcm in tracks]
    assert (np.sum(voiced, axis=0) > 1).mean() < 0.001, "two AIs at once"
