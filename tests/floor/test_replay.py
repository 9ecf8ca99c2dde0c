"""An episode's log, put to the floor again."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.floor import actions, events
from agent.floor.actions import Action
from agent.floor.events import Event
from agent.floor.replay import Divergence, LogUnreadable, action_from, event_from, log_line, replay
from agent.floor.rules import Rules
from tests.conversations.conversation import Conversation


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Values that a field may have."""
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*(of(option) for option in get_args(hint)))
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if is_dataclass(hint):
        return made(hint)
    if get_origin(hint) is tuple:
        return st.lists(of(get_args(hint)[0]), max_size=3).map(tuple)
    return {str: st.text(), bool: st.booleans(), type(None): st.none()}[hint]


def made(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: of(hints[field.name]) for field in fields(kind)})


def kinds(module: Any, base: type) -> list[type]:
    found = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base)]
    return [kind for kind in found if kind is not base]


@given(st.one_of(*(made(kind) for kind in kinds(events, Event))))
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    kind, entry = log_line(event)
    assert kind == "floor.event"
    assert event_from(json.loads(json.dumps(entry))["event"]) == event


@given(st.one_of(*(made(kind) for kind in kinds(actions, Action))))
def test_every_action_comes_back_as_it_was(action: Action) -> None:
    kind, entry = log_line(action)
    assert kind == "floor.action"
    assert action_from(json.loads(json.dumps(entry))["action"]) == action


def logged(talk: Conversation) -> list[str]:
    lines = [(0.0, talk.rules), *talk.log]
    made = []
    for at, what in lines:
        kind, entry = log_line(what)
        made.append(json.dumps({"at": round(at, 3), "kind": kind, **entry}))
    return made


@pytest.fixture(scope="module")
def hour() -> list[str]:
    """An hour of two people and two AIs, with interruptions, hums and interim texts."""
    talk = Conversation("Sam, Anna", "Claude, Nova", rules=Rules(follow_up=True))
    lines = (
        "Where did they get the idea number {n} from?",
        "Claude, why did they do that in the year {n}?",
        "Mm-hm.",
        "Right, but what about the cost of {n} of them?",
        "Both of you, what do you say to number {n}?",
        "Go on.",
        "I read somewhere that they had {n} of them, and then nobody wanted to pay.",
    )
    at, number = 1.0, 0
    while at < 3600:
        said = lines[(number * 5) % len(lines)].format(n=number)
        at = talk.says(("Sam", "Anna")[number % 4 == 0], said, at=at, interim=True)
        at += (1.3, 2.9, 4.3, 5.5)[(number * 3) % 4]
        number += 1
    talk.run(at)
    return logged(talk)


def test_an_hour_reaches_the_same_actions(hour: list[str]) -> None:
    assert len(hour) > 10_000
    assert replay(hour) is None


def test_the_first_divergence_is_told_with_its_line(hour: list[str]) -> None:
    place = next(place for place, line in enumerate(hour) if '"Speak"' in line and place > 500)
    altered = [*hour[:place], hour[place].replace('"Speak"', '"Drop"'), *hour[place + 1 :]]
    divergence = replay(altered)
    assert isinstance(divergence, Divergence)
    assert divergence.line <= place + 1
    assert any(action["type"] == "Speak" for action in divergence.reached)
    assert any(action["type"] == "Drop" for action in divergence.logged)
    assert '"Speak"' in str(divergence)


def test_an_action_that_is_missing_or_too_many_diverges(hour: list[str]) -> None:
    place = next(place for place, line in enumerate(hour) if '"Hold"' in line)
    assert replay([*hour[:place], *hour[place + 1 :]]) is not None
    assert replay([*hour[: place + 1], hour[place], *hour[place + 1 :]]) is not None


def test_other_rules_reach_other_actions(hour: list[str]) -> None:
    assert replay(hour, rules=Rules(hold_after_s=0.4)) is not None


def test_lines_of_other_kinds_may_lie_between(hour: list[str]) -> None:
    other = json.dumps({"at": 1.0, "kind": "caption", "who": "sam", "text": '"floor.event"'})
    assert replay([line for pair in zip(hour[:500], [other] * 500, strict=True) for line in pair]) is None


@pytest.mark.parametrize("left", range(1, 12))
def test_what_a_killed_process_leaves_is_no_divergence(hour: list[str], left: int) -> None:
    place = 900 + left
    assert replay(hour[:place]) is None
    assert replay([*hour[:place], hour[place][:30]]) is None


def test_a_broken_line_in_the_middle_is_named(hour: list[str]) -> None:
    with pytest.raises(LogUnreadable, match="line 11: no JSON"):
        replay([*hour[:10], '{"kind": "floor.event", ', *hour[10:]])


def test_another_version_is_refused(hour: list[str]) -> None:
    with pytest.raises(LogUnreadable, match="version 7; this studio reads 1"):
        replay([hour[0].replace('"v": 1', '"v": 7'), *hour[1:]])


def test_events_without_rules_ask_for_them(hour: list[str]) -> None:
    with pytest.raises(LogUnreadable, match="pass the rules"):
        replay(hour[1:])
    assert replay(hour[1:], rules=Rules()) is None


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"type": "SpeechHeard", "at": 1.0}, "no event or action is called 'SpeechHeard'"),
        ({"type": "Tick", "at": 1.0, "who": "sam"}, "Tick has no field 'who'"),
        ({"type": "Tick"}, "missing 1 required"),
        ({"type": "Tick", "at": "soon"}, "Tick.at cannot be 'soon'"),
        ({"type": "Duck"}, "Duck is no event"),
        ({"type": "CommandGiven", "at": 1.0, "by": "sam", "command": "shout"}, "command cannot be 'shout'"),
    ],
)
def test_what_is_no_event_is_told_what_is_wrong(entry: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        event_from(entry)
