"""What a provider can do wrong, one after the other, in both protocols: who answers instead, how soon, and what is said
of it. The limits are those of a show; the time is virtual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from agent.speaking.settings import SpeakingSettings
from tests.providers.asking import KEY, LOCAL_WORDS, desk
from tests.support.llm_vendor import (
    ErrorEvent,
    HangUp,
    Page,
    Ping,
    Protocol,
    Raw,
    Refuse,
    Role,
    Say,
    Scene,
    Step,
    StopEarly,
    Think,
    Wait,
)
from tests.support.loopback_time import run_loopback

pytestmark = pytest.mark.real

NAMES = {"openai": "OpenAI", "anthropic": "Anthropic"}
PROTOCOLS: Sequence[Protocol] = ("openai", "anthropic")


@dataclass(frozen=True)
class Case:
    """
    Attributes:
        next_s: until the local model behind it was asked, at the most.
        alone_s: until a sole provider was given up, at the most.
        problem: as the log calls it.
        told: what the host is told at the first time; empty: nothing, since it may pass.
        requests: to a sole provider in one turn.
    """

    scene: Scene
    next_s: float
    alone_s: float
    problem: str
    told: str = ""
    requests: int = 1


PINGS = [step for _ in range(60) for step in (Ping(), Wait(0.5))]
ROLES = [step for _ in range(60) for step in (Role(), Wait(0.5))]
THOUGHTS = [step for _ in range(60) for step in (Think("Let me see, the host wants to know"), Wait(0.5))]
DRIP = [step for letter in "Yes I am" for step in (Say(letter), Wait(1.0))]

CASES = {
    "401": Case(Refuse(401, f"Incorrect API key: {KEY}"), 0.2, 0.2, "key", "refused the key: check {V}_API_KEY"),
    "403": Case(Refuse(403), 0.2, 0.2, "key", "refused the key: check {V}_API_KEY"),
    "402": Case(Refuse(402), 0.2, 0.2, "credit", "has no credit left for this key: top up the account of {V}_API_KEY"),
    "400, no credit": Case(Refuse(400, "Your credit balance is too low"), 0.2, 0.2, "credit", "has no credit left"),
    "404": Case(Refuse(404, "no such model"), 0.2, 0.2, "model", "set {V}_MODEL to a model that it offers"),
    "429": Case(Refuse(429), 0.2, 1.6, "rate", "takes no more requests", requests=3),
    "429, in 1 s": Case(Refuse(429, headers={"retry-after": "1"}), 1.4, 2.6, "rate", "for 1 s", requests=3),
    "429, in 30 s": Case(Refuse(429, headers={"retry-after": "30"}), 0.2, 0.2, "rate", "for 30 s"),
    "500": Case(Refuse(500), 0.2, 1.6, "broken", requests=3),
    "529": Case(Refuse(529, type="overloaded_error"), 0.2, 1.6, "overloaded", "is overloaded", requests=3),
    "error before the words": Case((Role(), ErrorEvent()), 0.2, 1.6, "overloaded", "is overloaded", requests=3),
    "headers, then nothing": Case((Wait(99),), 2.6, 4.1, "silent", "gave no words in"),
    "pings only": Case(PINGS, 2.6, 4.1, "silent", "gave no words in"),
    "roles only": Case(ROLES, 2.6, 4.1, "silent", "gave no words in"),
    "thoughts only": Case(THOUGHTS, 2.6, 4.1, "silent", "gave no words in"),
    "thoughts in the text": Case((Say("<thinking>the host wants"), Wait(99)), 2.6, 4.1, "silent", "gave no words"),
    "a slow drip": Case(DRIP, 2.6, 4.1, "silent", "gave no words in"),
    "an empty reply": Case((), 0.2, 0.2, "empty"),
    "white space": Case((Say("\n\n"),), 0.2, 0.2, "empty"),
    "a cut before the words": Case((Role(), HangUp()), 0.2, 1.6, "cut", requests=3),
    "a cut in the first word": Case((Say("Ye"), HangUp()), 0.2, 1.6, "cut", requests=3),
    "an end in the first word": Case((Say("Ye"), StopEarly()), 0.2, 1.6, "cut", requests=3),
    "malformed JSON": Case((Raw(b'event: message_start\ndata: {"id": oops\n\n'),), 0.2, 1.6, "garbled", requests=3),
    "a web page": Case(Page(), 0.2, 0.2, "address", "does not answer at http://127.0.0.1"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_next_in_the_chain_answers(protocol: Protocol, name: str) -> None:
    case = CASES[name]

    async def talk() -> None:
        async with desk(protocol, case.scene) as table:
            guest = table.chain("Guest", "cloud", "local")
            began = table.now()
            answer = await table.ask(guest)
            assert (answer.text, answer.failure) == (LOCAL_WORDS, "")
            assert "The local model" in answer.service
            assert table.local.asked_at[0] - began < case.next_s
            assert set(table.problems()) == {case.problem}
            if case.told:
                said = case.told.format(V=protocol.upper())
                assert len(table.told) == 1
                assert said in table.texts()[0]
                assert table.texts()[0].startswith(f"{NAMES[protocol]} ")
                assert "Guest goes on with the local model" in table.texts()[0]
                assert [line["kind"] for line in table.log][-1] == "service.out"
            else:
                assert table.told == []
            # An outage costs one turn
            asked = len(table.cloud.requests)
            again = await table.ask(guest)
            assert again.text == LOCAL_WORDS
            assert (len(table.cloud.requests) == asked) == bool(case.told)
            if case.problem != "empty":  # it may just have had nothing to say
                assert len(table.told) == 1  # what may have passed the first time has not passed the second
            assert KEY not in table.everything_told()
            assert {entry.kind for entry in table.log_entries()} == {line["kind"] for line in table.log}

    run_loopback(talk())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_sole_provider_is_given_up_in_time_and_by_name(protocol: Protocol, name: str) -> None:
    case = CASES[name]

    async def talk() -> None:
        async with desk(protocol, case.scene) as table:
            guest = table.chain("Guest", "cloud")
            answer = await table.ask(guest)
            assert answer.text == ""
            assert answer.failure.startswith(f"{NAMES[protocol]} ")
            assert KEY not in answer.failure
            assert answer.took_s < case.alone_s
            assert answer.empty == (case.problem == "empty")
            assert set(table.problems()) == {case.problem}
            assert len(table.cloud.requests) == case.requests
            if case.told:
                assert "Guest cannot answer until then." in table.texts()[0]
                assert table.told[0].severity == "error"
                assert table.outages.have_told(answer.failure)  # the floor's word of it needs no second notice
                again = await table.ask(guest)
                assert (again.failure, again.took_s) == (answer.failure, 0.0)

    run_loopback(talk())


WORDS = "Yes, I think that this is so."
AFTER_THE_WORDS: dict[str, tuple[tuple[Step, ...], str, float]] = {
    "an error event": ((Say(WORDS), ErrorEvent()), "overloaded", 0.1),
    "a cut in mid-word": ((Say(WORDS + " And then the mod"), HangUp()), "cut", 0.1),
    "an end in mid-word": ((Say(WORDS + " And then the mod"), StopEarly()), "cut", 0.1),
    "malformed JSON": ((Say(WORDS), Raw(b"event: content_block_delta\ndata: {oops\n\n")), "garbled", 0.1),
    "silence": ((Say(WORDS), Wait(99)), "stalled", 4.6),
    "pings": ((Say(WORDS), *PINGS), "stalled", 4.6),
    "thoughts": ((Say(WORDS), *THOUGHTS), "stalled", 4.6),
    "a drip": ((Say(WORDS + " "), *DRIP, *DRIP), "slow", 6.5),
}


@pytest.mark.parametrize("name", AFTER_THE_WORDS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_was_spoken_is_never_said_again(protocol: Protocol, name: str) -> None:
    scene, problem, within_s = AFTER_THE_WORDS[name]

    async def talk() -> None:
        async with desk(protocol, scene) as table:
            answer = await table.ask(table.chain("Guest", "cloud", "local"))
            assert answer.text.startswith(WORDS)
            assert answer.text.count("Yes, I think") == 1
            assert answer.failure.startswith(NAMES[protocol])
            assert table.local.requests == []
            assert answer.took_s < 0.4 + within_s
            assert table.problems() == [problem]
            assert table.log[0]["said_chars"] == len(answer.text)
            assert bool(table.told) == (problem == "overloaded")

    run_loopback(talk())


def test_a_provider_that_breaks_off_twice_is_out() -> None:
    async def talk() -> None:
        async with desk("anthropic", (Say(WORDS), HangUp())) as table:
            guest = table.chain("Guest", "cloud", "local")
            for _ in range(2):
                assert (await table.ask(guest)).text == WORDS
            assert (await table.ask(guest)).text == LOCAL_WORDS
            assert table.texts()[0].startswith("Anthropic broke off. Guest goes on with the local model")
            await table.wait(16)
            table.cloud.scenes = ((Say(WORDS),),)
            assert (await table.ask(guest)).failure == ""
            assert table.texts()[1:] == ["Anthropic answers again."]

    run_loopback(talk())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_whole_reply_with_its_usage(protocol: Protocol) -> None:
    async def talk() -> None:
        async with desk(protocol, (Role(), Ping(), Think("hm"), Say(WORDS))) as table:
            table.cloud.cached_tokens = 20
            answer = await table.ask(table.chain("Claude", "cloud"), "Is it?", "It is.", "Sure?")
            assert (answer.text, answer.failure) == (WORDS, "")
            assert answer.usage is not None
            assert answer.usage.prompt_tokens == 30
            assert answer.usage.prompt_cached_tokens == 20
            assert answer.usage.completion_tokens == len(WORDS.split())
            assert answer.took_s < 0.3
            body = table.cloud.requests[0][1]
            assert "tools" not in body
            if protocol == "anthropic":
                assert body["system"][-1]["cache_control"] == {"type": "ephemeral"}
                assert table.cloud.headers[0]["X-Api-Key"] == KEY

    run_loopback(talk())


def test_a_provider_that_cannot_be_reached_is_not_waited_for() -> None:
    async def talk() -> None:
        async with desk("openai") as table:
            table.providers = table.at("http://127.0.0.1:9/v1")
            answer = await table.ask(table.chain("Guest", "cloud", "local"))
            assert answer.text == LOCAL_WORDS
            assert answer.took_s < 0.5
            assert "OpenAI cannot be reached at http://127.0.0.1:9/v1: check the network" in table.texts()[0]

    run_loopback(talk())


def test_a_key_in_an_address_is_not_shown() -> None:
    async def talk() -> None:
        async with desk("openai") as table:
            table.providers = table.at(f"http://user:{KEY}@127.0.0.1:9/v1?key={KEY}")
            chain = table.chain("Guest", "cloud")
            answer = await table.ask(chain)
            assert "http://127.0.0.1:9/v1" in answer.failure
            assert KEY not in answer.failure + repr(table.told) + repr(table.log) + repr(chain.minds[0].service)

    run_loopback(talk())


def test_an_outage_is_shared_told_once_and_its_end_is_noticed() -> None:
    async def talk() -> None:
        async with desk("openai", Refuse(429, headers={"retry-after": "6"}), (Say(WORDS),)) as table:
            claude, guest = table.chain("Claude", "cloud"), table.chain("Guest", "cloud", "local")
            assert (await table.ask(guest)).text == LOCAL_WORDS
            # Claude shares provider and key: nobody has to find out twice
            assert (await table.ask(claude)).took_s == 0
            assert len(table.cloud.requests) == 1
            await table.wait(7)
            assert (await table.ask(claude)).text == WORDS
            assert (await table.ask(guest)).text == WORDS
            limit, small = (
                "OpenAI takes no more requests for 6 s: wait, or raise the account's limit",
                "SmolLM2-135M-Instruct",
            )
            assert table.texts() == [
                f"{limit}. Claude cannot answer until then; Guest can. Guest goes on with the local model {small}.",
                "OpenAI gpt-4.1-mini answers again.",
            ]
            assert [notice.severity for notice in table.told] == ["warning", "info"]
            assert [line["kind"] for line in table.log] == ["service.missed", "service.out", "service.back"]
            assert table.log[-1]["out_s"] == pytest.approx(7.4, abs=0.1)

    run_loopback(talk())


def test_a_trial_of_a_provider_that_hangs_costs_less_each_time_and_is_rarer() -> None:
    async def talk() -> None:
        async with desk("openai", (Wait(99),)) as table:
            guest = table.chain("Guest", "cloud", "local")
            waits = []
            for _ in range(48):
                waits.append((await table.ask(guest)).took_s)
                await table.wait(4)
            slow = [wait_s for wait_s in waits if wait_s > 1]
            assert slow[0] == pytest.approx(2.75, abs=0.1)
            assert slow[1:] == pytest.approx([1.75] * 5, abs=0.1)  # after 6, 12, 24, 48, 96 s
            assert len(table.told) == 1

    run_loopback(talk())


def test_a_model_that_is_not_offered_says_nothing_about_the_others() -> None:
    async def talk() -> None:
        async with desk("openai", Refuse(404, "model not found", type="model_not_found"), (Say(WORDS),)) as table:
            guest = table.chain("Guest", "cloud", "local", model="gpt-none")
            claude = table.chain("Claude", "cloud")
            assert (await table.ask(guest)).text == LOCAL_WORDS
            assert "OpenAI does not offer gpt-none: set OPENAI_MODEL" in table.texts()[0]
            assert (await table.ask(claude)).text == WORDS

    run_loopback(talk())


def test_a_talk_that_is_too_long_goes_without_its_oldest_part() -> None:
    too_long = Refuse(400, "prompt is too long: 210000 tokens > 200000 maximum")
    turns = [f"This is turn {number} of a long talk." for number in range(101)]

    async def talk() -> None:
        for protocol in PROTOCOLS:
            async with desk(protocol, too_long, too_long, (Say(WORDS),)) as table:
                guest = table.chain("Guest", "cloud", "local")
                answer = await table.ask(guest, *turns)
                assert answer.text == WORDS
                assert answer.took_s < 1
                assert table.problems() == ["too long", "too long"]
                assert "cannot read so much at once" in table.log[0]["message"]
                body = str(table.cloud.requests[-1][1])
                assert "You are the guest." in body
                assert "The earlier part of the show is left out." in body
                assert turns[-1] in body
                assert turns[10] not in body
                # The next turn is asked for in a size that fits, at once
                await table.ask(guest, *turns)
                assert len(table.cloud.requests) == 4
                assert table.texts() == [f"{table.log[0]['message']}. For it, the oldest part of the talk is left out."]

    run_loopback(talk())


def test_instructions_that_are_too_long_are_said_to_be() -> None:
    async def talk() -> None:
        async with desk("openai", Refuse(400, "too many tokens", type="context_length_exceeded")) as table:
            answer = await table.ask(table.chain("Guest", "cloud"), instructions="x" * 5000)
            assert "OpenAI cannot read so much at once with gpt-4.1-mini: shorten the briefing" in answer.failure
            assert table.chain("Guest", "cloud").minds[0].admits  # it is in order

    run_loopback(talk())


def test_all_of_a_chain_out_at_once_is_over_within_the_limit() -> None:
    async def talk() -> None:
        async with desk("openai", (Wait(99),), local=[(Wait(99),)]) as table:
            answer = await table.ask(table.chain("Guest", "cloud", "local"))
            assert answer.took_s == pytest.approx(SpeakingSettings().first_token_s, abs=0.1)
            assert "OpenAI gave no words in 2.5 s" in answer.failure
            assert "The local model gave no words in 4 s" in answer.failure

    run_loopback(talk())


def test_a_reply_that_is_dropped_teaches_nothing() -> None:
    async def talk() -> None:
        async with desk("openai", (Wait(99),)) as table:
            guest = table.chain("Guest", "cloud")
            with pytest.raises(TimeoutError):
                async with table.limit(1.0):
                    await table.ask(guest)
            assert (table.told, table.log) == ([], [])
            assert guest.minds[0].admits

    run_loopback(talk())
