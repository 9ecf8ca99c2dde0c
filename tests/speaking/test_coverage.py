"""The points of a briefing: ticked off by words or by a mind, and what is open steers the AIs."""

from __future__ import annotations

import asyncio

import pytest

from agent.briefings import Briefing, list_briefings
from agent.speaking.conversation import Conversation
from agent.speaking.coverage import Coverage, Judge, Point, Watch, WordJudge, mind_judge, watch_when_idle
from tests.speaking.fakes import ScriptedLLM
from tests.support.personas import CLAUDE, ROOT
from tests.support.virtual_time import VirtualClock, run_virtual

POINTS = (
    "What is lost when every question goes to somebody else's computer, and what is gained",
    "Who notices when a hosted model changes",
    "Sleep",
)


class Table:
    def __init__(self, judge: Judge | None = None) -> None:
        self.clock = VirtualClock()
        self.covered: list[tuple[int, Point]] = []
        self.conversation = Conversation()
        self.coverage = Coverage(POINTS, on_covered=lambda place, point: self.covered.append((place, point)))
        self.thrifty = False
        self.watch = Watch(
            self.coverage,
            self.conversation,
            words=WordJudge(),
            judge=judge,
            now=self.clock.now,
            thrifty=lambda: self.thrifty,
        )

    def says(self, *texts: str) -> None:
        for text in texts:
            self.conversation.remember("sam", "Sam", text)


def places(points: tuple[str, ...], *turns: str) -> set[int]:
    return set(WordJudge().covered(points, turns))


def test_words_are_compared_by_their_stems() -> None:
    assert places(POINTS, "Nobody noticed at all.", "The hosted models had changed overnight.") == {1}
    assert places(POINTS, "I like models.") == set()


def test_a_point_of_one_word_must_come_up_twice() -> None:
    assert places(POINTS, "I was asleep, I need sleep.") == set()
    assert places(POINTS, "I need sleep.", "Sleeping is good.") == {2}


def test_small_talk_covers_no_point_of_the_shipped_briefings() -> None:
    talk = (
        "Hello and welcome to the show, I am glad that you are here.",
        "Thank you, it is a pleasure to be here with you today.",
        "So tell me, how did you come to this, and what do you do all day?",
        "Well, I get up, I make coffee, and then I start to work on whatever is on my desk.",
    )
    for briefing in list_briefings(ROOT / "briefings"):
        assert isinstance(briefing, Briefing)
        assert places(briefing.must_cover, *talk) == set()


def test_what_is_covered_is_told_once_and_what_is_open_steers() -> None:
    async def main() -> None:
        table = Table()
        assert "Who notices when a hosted model changes" in table.conversation.steer
        table.says("When the hosted model changes, who notices? The users notice first.")
        await table.watch.look()
        await table.watch.look()
        assert [(place, point.by) for place, point in table.covered] == [(1, "words")]
        steer = table.conversation.steer
        assert POINTS[1] not in steer
        assert POINTS[0] in steer
        (_, text) = [(m.role, m.text_content or "") for m in table.conversation.render(CLAUDE).messages()][-1]
        assert text.endswith(f"<studio>{steer}</studio>".replace("'", "'"))
        table.coverage.cover([0, 1, 2], 9.0, "mind")
        assert len(table.covered) == 3
        assert "All points" in table.coverage.steer

    run_virtual(main())


@pytest.mark.parametrize(
    ("answer", "ticked"),
    [
        ("1", {0}),
        (" 1, 3.", {0, 2}),
        ("2 and 3", {1, 2}),
        ("0", set()),
        ("", set()),
        ("7", set()),
        ("The talk covered 1 of 3 points.", set()),
    ],
)
def test_a_minds_numbers_are_taken_and_nothing_else(answer: str, ticked: set[int]) -> None:
    async def main() -> None:
        model = ScriptedLLM(answer)
        assert set(await mind_judge(model)(POINTS, "Sam: Hello.")) == ticked
        asked = str([message.text_content for message in model.contexts[0].messages()])
        assert "2. Who notices" in asked
        assert "Sam: Hello." in asked

    run_virtual(main())


def test_a_mind_is_given_what_is_new_and_words_stand_in_for_one_that_fails() -> None:
    async def main() -> None:
        asked: list[str] = []

        async def judge(points: tuple[str, ...], transcript: str) -> frozenset[int]:
            asked.append(transcript)
            if len(asked) > 1:
                raise OSError("away")
            return frozenset({2})

        table = Table(judge)  # type: ignore[arg-type]
        table.says("First.")
        await table.watch.look()
        table.says("Who noticed that the hosted model changed?")
        await table.watch.look()
        assert asked == ["Sam: First.", "Sam: Who noticed that the hosted model changed?"]
        assert [(place, point.by) for place, point in table.covered] == [(2, "mind"), (1, "words")]
        table.thrifty = True
        table.says("What is gained, what is lost, when questions go to a computer of somebody's?")
        await table.watch.look()
        assert len(asked) == 2, "a mind costs money"
        assert table.covered[-1][0] == 0

    run_virtual(main())


def test_nobody_looks_while_somebody_waits_for_an_answer() -> None:
    async def main() -> None:
        table = Table()
        table.says("When the hosted model changes, who notices?")
        idle = False
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(watch_when_idle(table.watch, idle=lambda: idle))
            await asyncio.sleep(120)
            assert table.covered == []
            idle = True
            await asyncio.sleep(10)
            task.cancel()
        assert [place for place, _ in table.covered] == [1]

    run_virtual(main())


def test_an_open_turn_is_not_judged_yet() -> None:
    async def main() -> None:
        table = Table()
        table.conversation.hearing("claude", "When the hosted model changes, who notices")
        await table.watch.look()
        assert table.covered == []
        table.conversation.heard("claude", "When the hosted model changes, who notices? I do.", False)
        await table.watch.look()
        assert len(table.covered) == 1

    run_virtual(main())
