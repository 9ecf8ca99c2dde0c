"""What people are told, and what those are told who come later."""

from __future__ import annotations

import asyncio

from agent.notices import Notices


def sent(notices: Notices, count: int) -> list[tuple[str, str | None]]:
    async def read() -> list[tuple[str, str | None]]:
        return [(notice.text, to) for notice, to in [await notices.next() for _ in range(count)]]

    return asyncio.run(asyncio.wait_for(read(), 1))


def test_who_comes_later_is_told_what_is_still_wrong() -> None:
    notices = Notices()
    notices.tell("error", "The disk is full.", service="recording")
    notices.tell("warning", "Groq is out.", service="groq")
    notices.tell("info", "Groq answers again.", service="groq")
    notices.greet("ben")
    assert sent(notices, 4) == [
        ("The disk is full.", None),
        ("Groq is out.", None),
        ("Groq answers again.", None),
        ("The disk is full.", "ben"),
    ]


def test_of_one_service_the_last_word_stands() -> None:
    notices = Notices()
    for text in ("The disk is slow.", "The disk is full."):
        notices.tell("warning", text, service="recording")
    notices.greet("ben")
    assert sent(notices, 3)[2] == ("The disk is full.", "ben")


def test_while_nothing_can_be_sent_the_oldest_is_dropped() -> None:
    notices = Notices()
    for number in range(70):
        notices.tell("info", f"{number}", service="table")
    assert notices.dropped == 6
    assert sent(notices, 1) == [("6", None)]
