"""What a show that goes on after a death knows of the talk before it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from agent.recall import recall
from agent.recording import log
from agent.speaking.conversation import Conversation

NOW = datetime.now(UTC)


def remember(who: str, utterance: str, text: str) -> dict[str, object]:
    return {"action": {"type": "Remember", "who": who, "utterance": utterance, "text": text}}


TALK: list[tuple[float, str, dict[str, object]]] = [
    (3.0, "stt.final", {"who": "anna", "utterance": "anna-1", "text": "what is a bridge for"}),
    (3.1, "floor.action", remember("anna", "anna-1", "what is a bridge for")),
    (3.5, "playback.start", {"who": "claude", "reply": "r1"}),
    (5.0, "stt.final", {"who": "ben", "utterance": "ben-1", "text": "mm"}),
    (5.1, "floor.action", remember("ben", "ben-1", "mm")),
    (6.0, "stt.record", {"who": "anna", "utterance": "anna-1", "text": "What is a bridge for?"}),
    (9.0, "playback.interrupted", {"who": "claude", "reply": "r1", "heard": "To be"}),
    (9.1, "playback.interrupted", {"who": "guest", "reply": "r2", "heard": ""}),
]


def episode(root: Path, name: str, talk: list[tuple[float, str, dict[str, object]]], **session: object) -> Path:
    folder = root / name
    folder.mkdir()
    (folder / log.EVENTS).write_bytes(b"".join(log.to_line(log.entry(*line)) for line in talk))
    os.utime(folder / log.EVENTS, (NOW.timestamp() - 60 / len(list(root.iterdir())),) * 2)  # one after the other
    people = [("anna", "Anna"), ("ben", "Ben"), ("claude", "Claude"), ("guest", "Ada")]
    about = {"room": "attic", "status": "recording", "speakers": [{"id": who, "name": name} for who, name in people]}
    (folder / "session.yml").write_text(yaml.safe_dump(about | session))
    return folder


def said(root: Path, *, room: str = "attic", now: datetime = NOW, revived: bool = True) -> list[str]:
    earlier = recall(root, room, now=now, revived=revived)
    if earlier is None:
        return []
    conversation = Conversation()
    earlier.retell(conversation)
    return [f"{conversation.name(turn.who)}: {turn.text}{'-' * turn.interrupted}" for turn in conversation.turns]


WORDS = ["Anna: What is a bridge for?", "Claude: To be-", "Ben: mm"]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"status": "salvaged"},
        {"status": "sealed", "reason": "error: OSError()"},
        {"status": "sealed", "reason": "shutdown"},
    ],
)
def test_a_show_that_broke_off_is_remembered_as_it_was_heard(tmp_path: Path, how: dict[str, object]) -> None:
    episode(tmp_path, "one", TALK, **how)
    assert said(tmp_path) == WORDS


@pytest.mark.parametrize(
    ("how", "remembered"),
    [
        ({}, True),
        ({"status": "sealed", "reason": "error: OSError()"}, True),
        ({"status": "sealed", "reason": "shutdown"}, False),
    ],
)
def test_where_a_page_calls_first_a_death_is_remembered_and_a_studio_that_was_closed_begins_anew(
    tmp_path: Path, how: dict[str, object], remembered: bool
) -> None:
    episode(tmp_path, "one", TALK, **how)
    assert said(tmp_path, revived=False) == (WORDS if remembered else [])


def test_a_show_that_was_ended_is_over(tmp_path: Path) -> None:
    episode(tmp_path, "one", TALK, status="sealed", reason="ended by a host")
    assert said(tmp_path) == []


def test_other_rooms_and_other_days_are_other_talks(tmp_path: Path) -> None:
    episode(tmp_path, "one", TALK)
    assert said(tmp_path, room="cellar") == []
    assert said(tmp_path, now=NOW + timedelta(hours=1)) == []


def test_the_show_before_a_show_that_died_is_remembered_too(tmp_path: Path) -> None:
    episode(tmp_path, "one", TALK, status="salvaged")
    episode(tmp_path, "two", [(1.0, "floor.action", remember("ben", "ben-1", "Hello again."))], continues="one")
    assert said(tmp_path) == [*WORDS, "Ben: Hello again."]


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    assert said(tmp_path / "nowhere") == []
    folder = episode(tmp_path, "one", TALK)
    with (folder / log.EVENTS).open("ab") as file:
        file.write(b'{"v":1,"at":9.2,"kind":"playb')
    assert said(tmp_path) == WORDS
    with (folder / log.EVENTS).open("ab") as file:
        file.write(b"\n" + log.to_line(log.entry(*TALK[1])))
    assert said(tmp_path) == WORDS, "as far as the line that is torn"
