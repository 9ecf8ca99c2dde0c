"""However a mind fails: at most 5 s of silence while an answer is owed, nothing said twice, and the log is right."""

from __future__ import annotations

import pytest

from tests.providers.asking import KEY, desk
from tests.providers.show import on_air
from tests.providers.test_minds_failing import AFTER_THE_WORDS, CASES, WORDS
from tests.support.llm_vendor import HangUp, Protocol, Say, Wait
from tests.support.loopback_time import run_loopback

pytestmark = pytest.mark.real

SILENCE_S = 4.0
SORRY = "Sorry, I lost my thread."

# One of each way to fail; the chain's own tests have them all
WAYS = ("401", "429, in 1 s", "headers, then nothing", "an empty reply")


@pytest.mark.parametrize("way", WAYS)
def test_the_other_ai_speaks_when_the_one_who_was_asked_cannot(way: str) -> None:
    async def talk() -> None:
        async with desk("anthropic", CASES[way].scene) as table:
            minds = {"claude": table.chain("Claude", "cloud"), "guest": table.chain("Guest", "local")}
            async with on_air(minds) as show:
                await show.says("Claude, is that so?")
                assert [line for line in show.heard if "One moment." not in line] == ["guest: The local model says so."]
                assert show.longest_silence_s() < SILENCE_S
                assert [turn.text for turn in show.conversation.turns if turn.who == "guest"][-1:] == [
                    "The local model says so."
                ]
                assert KEY not in repr((show.log, show.failed))

    run_loopback(talk())


@pytest.mark.parametrize("way", WAYS)
def test_with_one_provider_for_all_the_show_says_sorry_in_time(way: str) -> None:
    async def talk() -> None:
        async with desk("openai", CASES[way].scene) as table:
            minds = {"claude": table.chain("Claude", "cloud"), "guest": table.chain("Guest", "cloud")}
            async with on_air(minds) as show:
                await show.says("Guest, is that so?")
                assert show.heard[-1].endswith(SORRY)
                assert show.longest_silence_s() < SILENCE_S
                assert show.failed[0].reason.startswith("OpenAI ")

    run_loopback(talk())


def test_the_whole_internet_hangs() -> None:
    """Two clouds, each sole, asked one after the other."""

    async def talk() -> None:
        async with desk("anthropic", (Wait(99),)) as one, desk("openai", (Wait(99),)) as other:
            minds = {"claude": one.chain("Claude", "cloud"), "guest": other.chain("Guest", "cloud")}
            async with on_air(minds) as show:
                await show.says("Claude, is that so?")
                assert show.heard == ["claude: One moment.", "guest: Still thinking.", f"claude: {SORRY}"]
                assert show.longest_silence_s() < SILENCE_S
                assert [failed.who for failed in show.failed] == ["claude", "guest"]

    run_loopback(talk())


def test_everything_hangs_even_the_local_model() -> None:
    async def talk() -> None:
        async with desk("anthropic", (Wait(99),), local=[(Wait(99),)]) as table:
            minds = {"claude": table.chain("Claude", "cloud", "local"), "guest": table.chain("Guest", "local")}
            async with on_air(minds) as show:
                await show.says("Claude, is that so?")
                assert show.heard == ["claude: One moment.", "guest: Still thinking.", f"guest: {SORRY}"]
                assert show.longest_silence_s() < SILENCE_S

    run_loopback(talk())


@pytest.mark.parametrize(
    ("protocol", "way"),
    [("openai", "an error event"), ("anthropic", "a cut in mid-word"), ("openai", "silence"), ("anthropic", "a drip")],
)
def test_a_reply_that_breaks_off_ends_with_what_there_is_and_an_apology(protocol: Protocol, way: str) -> None:
    (_, *failure), problem, _ = AFTER_THE_WORDS[way]
    scene = (Say(f"{WORDS} And then the mod"), *failure)

    async def talk() -> None:
        async with desk(protocol, scene) as table:
            minds = {"claude": table.chain("Claude", "cloud", "local"), "guest": table.chain("Guest", "local")}
            async with on_air(minds) as show:
                await show.says("Claude, is that so?")
                first, last = show.heard
                assert first.startswith(f"claude: {WORDS}")
                assert not first.endswith("mod")
                assert last == f"claude: {SORRY}"
                assert show.longest_silence_s() < SILENCE_S
                assert table.problems() == [problem]
                # What was heard, and no more, is what the minds remember
                said = [turn.text for turn in show.conversation.turns if turn.who == "claude"]
                assert said == [first.removeprefix("claude: "), SORRY]

    run_loopback(talk())


def test_a_fallback_is_heard_and_the_log_says_whose_words_they_were() -> None:
    async def talk() -> None:
        async with desk("anthropic", (Say("We"), HangUp())) as table:
            minds = {"claude": table.chain("Claude", "cloud", "local"), "guest": table.chain("Guest", "local")}
            async with on_air(minds) as show:
                await show.says("Claude, is that so?")
                assert show.heard == ["claude: The local model says so."]
                assert show.longest_silence_s() < 2.0
                ended = next(entry for entry in show.log if entry.kind == "llm.end")
                assert ended.details["service"] == "LLM The local model SmolLM2-135M-Instruct"
                assert ended.details["completion_tokens"] == 5

    run_loopback(talk())
