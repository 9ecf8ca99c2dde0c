"""What can be spoken, how fast it must come, and what is left of a talk that is too long."""

from __future__ import annotations

import pytest
from livekit.agents import llm

from agent.providers.pace import Pace
from agent.providers.shortening import LEFT_OUT, chars, shortened
from agent.providers.useful import can_be_spoken, says_something


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("", False),
        (" \n\n", False),
        ("Yes", False),
        ("Yes,", False),
        ("Yes, ", True),
        ("Yes I", False),
        ("Yes I ", True),
        ("<pass/>", True),
        ("<think/>", True),
        ("<th", False),
        ("<think>the host wants to know. Let me see", False),
        ("<think>the host wants to know.</think>\n", False),
        ("<thinking>hm. </thinking>I think so. ", True),
        ("这个问题我们今天已经谈过很多次了所以我想换一个话题再说", True),
    ],
)
def test_a_voice_begins_with_words(text: str, spoken: bool) -> None:
    assert can_be_spoken(text) is spoken


@pytest.mark.parametrize(
    ("text", "something"),
    [("", False), ("...", False), ("<think>hm", False), ("<think>", True), ("No", True), ("<pass/>", True)],
)
def test_a_whole_reply_says_something(text: str, something: bool) -> None:
    assert says_something(text) is something


def first_too_slow(*, chars_a_second: float, lead_chars: int = 0) -> float | None:
    pace, step_s = Pace(0.0), 0.25
    if lead_chars and pace.too_slow(lead_chars, 0.0):
        return 0.0
    sent = 0
    for tick in range(1, 240):
        due = int(chars_a_second * tick * step_s)
        if due > sent and pace.too_slow(due - sent, tick * step_s):
            return tick * step_s
        sent = max(sent, due)
    return None


def test_a_drip_is_too_slow_and_a_slow_model_is_not() -> None:
    assert first_too_slow(chars_a_second=1) == pytest.approx(4.0, abs=0.3)
    assert first_too_slow(chars_a_second=5) is None
    assert first_too_slow(chars_a_second=40) is None
    # It has a while to speak, then starves
    assert first_too_slow(chars_a_second=1, lead_chars=150) == pytest.approx(14.7, abs=1.0)


def context(turns: int) -> llm.ChatContext:
    made = llm.ChatContext.empty()
    made.add_message(role="system", content=["Be the guest.", llm.CacheBreakpoint()])
    for number in range(turns):
        made.add_message(role="assistant" if number % 2 else "user", content=f"turn {number:03}")
    return made


@pytest.mark.parametrize("limit", [1, 100, 200, 333, 400])
def test_a_talk_is_shortened_from_its_beginning_and_stays_a_talk(limit: int) -> None:
    whole = context(101)
    short = shortened(whole, limit)
    messages = short.messages()
    assert messages[0].role == "system"
    assert messages[-1].text_content is not None
    assert messages[-1].text_content.endswith("turn 100")
    assert LEFT_OUT in (messages[1].text_content or "")
    roles = [message.role for message in messages[1:]]
    assert roles == ["user" if place % 2 == 0 else "assistant" for place in range(len(roles))]
    assert chars(short) <= max(limit, chars(shortened(whole, 1)))
    assert chars(whole) == chars(context(101))


def test_a_talk_that_fits_is_left_as_it_is() -> None:
    assert chars(shortened(context(5), 1000)) == chars(context(5))
