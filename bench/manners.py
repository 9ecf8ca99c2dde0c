"""A long talk of two hosts and two AIs over real WebRTC: what hosts say over an AI, and who answers whom.

    python bench/manners.py [--count 100] [--parts backchannels,interruptions,addresses] [--json FILE] [--keep FOLDER]

The voices and sentences are none that a rule was made with. Judged at the hosts' ears and by the episode's log and
tracks; each occasion that went wrong is printed. What the show costs its machine is printed for its first and its last
third: a long talk must cost what a short one does. 100 of each take 45 minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import jiwer
from livekit import api, rtc

from agent.floor.judgement import spoken
from agent.rehearsal.person import Person
from bench.answers import ANSWER, Passing, quieter, words_of_answers
from bench.corpus import RATE_HZ, Int16
from bench.host_sounds import VOICES, sounds, speech
from bench.load import Load, Moment, thirds
from bench.occasions import ADDRESSES, INTERRUPTIONS
from bench.probe import gave_way_s, level_now, loudest_db, mid_speech, overlap_s
from bench.show_log import Log, action_of, ends_an_answer, heard_as
from bench.table import registered, running, scripted_vendor, spread
from tests.support.livekit import LiveKit, running_server

QUESTIONS = ("So what is your view on all of this?", "How did it begin, in your opinion?", "What comes next?")
ANSWER_LIMIT_S = 12.0


@dataclass(slots=True)
class Part:
    """How one part went.

    Attributes:
        held: occasions on which all was as it should be.
        void: those that an answer's own end spoilt three times; in no other figure.
        wrong: the others, by what was wrong with them.
        ducks_s, silences_s: of interruptions, from the onset to 6 dB quieter and to silence.
        owed_s: of who was owed an answer, the silence until it began.
        passings: backchannels whose level is still to be held against the track.
        early: answers that began before the host had ended.
    """

    count: int = 0
    held: int = 0
    void: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)
    ducks_s: list[float] = field(default_factory=list)
    silences_s: list[float] = field(default_factory=list)
    owed_s: list[float] = field(default_factory=list)
    early: int = 0
    passings: list[Passing] = field(default_factory=list)

    def note(self, occasion: str, faults: list[str]) -> None:
        self.count += 1
        self.held += 1
        if faults:
            self.fail(occasion, faults)

    def fail(self, occasion: str, faults: list[str]) -> None:
        """What was noted as held was not."""
        self.held -= 1
        self.wrong.append((occasion, "; ".join(faults)))
        print(f"    {occasion}: {'; '.join(faults)}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    Attributes:
        words: of each answer that was heard to its end, how many were lost, and how many came too often.
        load: the worker's, through the talk.
        first_token_s: of each reply, from the request on.
    """

    length_s: float
    overlap_s: float
    parts: dict[str, Part]
    words: list[tuple[int, int]] = field(default_factory=list)
    load: list[Moment] = field(default_factory=list)
    first_token_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """Two hosts, who listen to the same AIs."""

    hosts: list[Person]
    log: Log
    guest: str  # the name that the show's briefing gives to the guest
    turn: int = 0

    def next_host(self) -> Person:
        self.turn += 1
        return self.hosts[self.turn % 2]

    async def ask_anybody(self) -> bool:
        """Once it is quiet; returns whether somebody answers."""
        host = self.next_host()
        await host.wait_for_quiet(1.2, limit_s=60)
        _, ended = await host.say(speech(QUESTIONS[self.turn % len(QUESTIONS)], "joe 1.07"))
        return await host.wait_for_voice(ended - 0.02, limit_s=ANSWER_LIMIT_S) is not None


# ---- the three parts ----


async def backchannels(table: Table, count: int) -> Part:
    """Over each answer two of them; words and level are looked at afterwards, in the recording."""
    part = Part()
    for name, pcm in sounds(count):
        for _ in range(3):
            if (found := await _backchannel(table, pcm)) is not None:
                break
        else:
            part.void += 1
            continue
        faults, passing = found
        occasion = f"{name} {len(pcm) / RATE_HZ:.1f} s"
        part.note(occasion, faults)
        if passing is not None and not faults:
            part.passings.append(replace(passing, occasion=occasion))
        await asyncio.sleep(0.5)
    return part


async def _backchannel(table: Table, pcm: Int16) -> tuple[list[str], Passing | None] | None:
    """Its faults, and what its track is to be held against. None when the answer came to its own end too soon."""
    for _ in range(3):
        if await mid_speech(table.hosts[0], limit_s=0.5) and _a_while_to_come(table):
            break
        await table.ask_anybody()
        await asyncio.sleep(1.4)
    host = table.next_host()
    await table.log.news()
    await mid_speech(host)
    before = loudest_db(host, host.clock.now() - 2.0, host.clock.now())
    _, ended = await host.say(pcm)
    await asyncio.sleep(2.2)
    said = sorted(at for at, _ in host.voices(ended + 0.5, ended + 2.2))
    heard_db = loudest_db(host, ended + 0.5, ended + 2.2) - before
    news = await table.log.news()
    actions = [action_of(entry) for entry in news]
    faults = []
    if "Stop" in actions and "Continue" not in actions:
        faults.append("it was taken for a turn")
    elif any(map(ends_an_answer, news)):
        return None
    if len(said) < 50:
        faults.insert(0, f"the voice did not go on ({len(said) / 100:.1f} s of 1.7 s)")
    onsets = [entry["at"] for entry in news if entry["kind"] == "vad.start"]
    length_s = len(pcm) / RATE_HZ
    passing = Passing("", onsets[0], onsets[0] + length_s, heard_db) if onsets else None
    return faults + heard_as(news, faults), passing


def _a_while_to_come(table: Table) -> bool:
    """Whether the answer that is heard has another six seconds."""
    host = table.hosts[0]
    voiced = host.voices(host.clock.now() - 15.0)
    begin = voiced[0][0]
    for (before, whose), (after, who) in pairwise(voiced):
        if after - before > 1.1 or who != whose:
            begin = after
    return host.clock.now() - begin < 8.0


async def interruptions(table: Table, count: int) -> Part:
    part = Part()
    for number in range(count):
        text = INTERRUPTIONS[number % len(INTERRUPTIONS)]
        voice = VOICES[(number + number // len(INTERRUPTIONS)) % len(VOICES)]
        for _ in range(3):
            if await mid_speech(table.hosts[0], limit_s=1.5):
                break
            await table.ask_anybody()
        await asyncio.sleep(1.0)
        host = table.next_host()
        if not await mid_speech(host):
            continue
        await table.log.news()
        before = level_now(host)
        onset, ended = await host.say(speech(text, voice))
        answer = await host.wait_for_voice(ended + 0.3, limit_s=ANSWER_LIMIT_S)
        faults = []
        if still := host.voices(min(onset + 1.5, ended - 0.2), ended + 0.2):
            faults.append(f"an AI was heard to {still[-1][0] - ended:+.1f} s of the end")
        if answer is None:
            faults.append("no answer")
        part.owed_s.append(answer[0] - ended if answer is not None else ANSWER_LIMIT_S)
        news = await table.log.news()
        texts = [entry["text"] for entry in news if entry["kind"] == "stt.final" and entry["text"]]
        if not any(_keeps_first_word(text, heard) for heard in texts):
            faults.append("the first word is lost")
        if not any(action_of(entry) == "Stop" for entry in news):
            faults.append("no AI was stopped")
        duck_s, silence_s = gave_way_s(host, onset, ended, before)
        part.ducks_s.append(duck_s)
        part.silences_s.append(silence_s)
        part.note(f"{text!r} ({voice})", [*faults, f"heard as {texts}"] if faults else [])
    return part


async def addresses(table: Table, count: int) -> Part:
    part = Part()
    for number in range(count):
        wanted, text = ADDRESSES[number % len(ADDRESSES)]
        text = text.replace("Nova", table.guest)
        voice = VOICES[(number + number // len(ADDRESSES)) % len(VOICES)]
        host = table.next_host()
        await host.wait_for_quiet(0.8, limit_s=60)
        await table.log.news()
        _, ended = await host.say(speech(text, voice))
        answered = []
        since = ended - 0.02
        for _ in range(2 if " " in wanted else 1):
            answer = await host.wait_for_voice(since, limit_s=ANSWER_LIMIT_S)
            part.owed_s.append(answer[0] - since if answer is not None else ANSWER_LIMIT_S)
            if answer is None:
                break
            answered.append(answer[1])
            await asyncio.sleep(0.5)
            with suppress(rtc.RpcError):  # it may just have ended
                await host.command("skip")
            since = host.clock.now() + 0.4
        if " " not in wanted:
            with suppress(rtc.RpcError):
                await host.command("stop")
        if begun := host.voices(ended - 0.3, ended - 0.02):
            part.early += 1
            print(f"    {text!r} ({voice}): {begun[0][1]} began {ended - begun[0][0]:.2f} s before its end", flush=True)
        who = sorted(answered)
        right = bool(who) if not wanted else who == wanted.split()
        faults = [] if right else [f"{' and '.join(who) or 'nobody'} for {wanted or 'anybody'}"]
        part.note(f"{text!r} ({voice})", faults + heard_as(await table.log.news(), faults))
    return part


def _keeps_first_word(said: str, heard: str) -> bool:
    """Rightly or wrongly understood: that it is there is the ear's business, what it was the recogniser's. A hum is no
    word: recognisers leave out most of them, as they were taught."""
    words = spoken(said)
    words = words[1:] if words[0] in ("hm", "mm") else words
    found = jiwer.process_words(" ".join(words), " ".join(spoken(heard)) or "-")
    first = found.alignments[0][0]
    return first.type != "delete"


# ---- the run ----


async def _talk(livekit: LiveKit, recordings: Path, parts: list[str], count: int) -> Run:
    room = f"manners-{int(time.monotonic())}"
    async with livekit.api() as lk:
        await lk.room.create_room(api.CreateRoomRequest(name=room))
        await lk.agent_dispatch.create_dispatch(api.CreateAgentDispatchRequest(agent_name="roundtable", room=room))
    async with (
        # each hears the AIs only: what the other says is no AI's voice
        Person.join(livekit.url, livekit.token("anna", room), deaf_to=("ben",)) as anna,
        Person.join(livekit.url, livekit.token("ben", room), deaf_to=("anna",)) as ben,
    ):
        async with asyncio.timeout(60):
            while not (anna.ears and ben.ears and anna.episode):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.sleep(4.0)
        guest = next(one.name for one in anna.room.remote_participants.values() if one.identity == "guest")
        table = Table([anna, ben], Log(recordings), guest)
        begun = anna.clock.now()
        done = {}
        for name in parts:
            print(f"{name} ...", file=sys.stderr, flush=True)
            done[name] = await _PARTS[name](table, count)
        return Run(length_s=anna.clock.now() - begun, overlap_s=overlap_s(anna), parts=done)


_PARTS = {"backchannels": backchannels, "interruptions": interruptions, "addresses": addresses}


async def bench(options: argparse.Namespace, folder: Path) -> Run:
    """
    Raises:
        KeyError: there is no such part.
    """
    parts = options.parts.split(",")
    recordings = folder / "recordings"
    with ExitStack() as stack:
        livekit = stack.enter_context(running_server())
        vendor = await asyncio.to_thread(lambda: stack.enter_context(scripted_vendor(ANSWER)))
        env = {
            **livekit.env,
            "COHOST": "openai-compatible",
            "GUEST": "openai-compatible",
            "OPENAI_COMPATIBLE_BASE_URL": vendor,
            "OPENAI_COMPATIBLE_MODEL": "local",
            "STUDIO_RECORDING__FOLDER": str(recordings),
        }
        log = folder / "worker.log"
        worker = [sys.executable, "-m", "agent.cli", "worker", "start"]
        load = Load(stack.enter_context(running("roundtable", worker, env, log)))
        await registered(log)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(load.watch(), name="load")
            run = await _talk(livekit, recordings, parts, options.count)
            watching.cancel()
        return replace(run, load=load.moments, first_token_s=_first_tokens(recordings))


def _first_tokens(recordings: Path) -> list[float]:
    (path,) = recordings.glob("*/events.jsonl")
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return [entry["latency_s"] for entry in entries if entry["kind"] == "llm.first_token"]


def table(run: Run) -> str:
    """All of it as Markdown."""
    goals = {"backchannels": "95 %", "interruptions": "95 %", "addresses": "97 %"}
    titles = {
        "backchannels": "backchannels, laughs and coughs: the voice goes on, at full level after 0.5 s",
        "interruptions": "interruptions that begin like one: every AI stops, the first word is kept, it is answered",
        "addresses": "the addressed one answers",
    }
    rows = ["| | held | goal |", "| --- | --- | --- |"]
    for name, part in run.parts.items():
        void = f", {part.void} void" if part.void else ""
        rows.append(f"| {titles[name]} | {part.held} of {part.count}{void} | {goals[name]} |")
    if cut := run.parts.get("interruptions"):
        rows.append(f"| from their onset to 6 dB quieter, p50 / p95 | {spread(cut.ducks_s)} | 0.20 / 0.25 s |")
        rows.append(f"| and to silence | {spread(cut.silences_s)} | 0.38 / 0.48 s |")
    owed = [silence_s for part in run.parts.values() for silence_s in part.owed_s]
    if owed:
        early = sum(part.early for part in run.parts.values())
        rows.append(f"| silence while an answer was owed, p50 / p95 | {spread(owed)} | - |")
        rows.append(f"| and longest, of {len(owed)} | {max(owed):.2f} s | 4 s |")
        rows.append(f"| addressed, an AI began before the host had ended | {early} | 0 |")
    if run.words:
        whole = sum(lost + more <= 1 for lost, more in run.words)
        rows.append(f"| answers to their end: no word lost or said twice | {whole} of {len(run.words)} | 95 % |")
    rows.append(f"| two AIs at once, in {run.length_s / 60:.0f} min | {run.overlap_s:.2f} s | 0 |")
    cores, memory = thirds([one.cores for one in run.load]), thirds([one.memory_mb for one in run.load])
    tokens = thirds(run.first_token_s)
    rows += [
        "",
        "| | first third | last third |",
        "| --- | --- | --- |",
        f"| processor, cores | {cores[0]:.2f} | {cores[1]:.2f} |",
        f"| memory, MB | {memory[0]:.0f} | {memory[1]:.0f} |",
        f"| first token, s | {tokens[0]:.2f} | {tokens[1]:.2f} |",
    ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="occasions of each part")
    parser.add_argument("--parts", default=",".join(_PARTS))
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the episode stays")
    options = parser.parse_args()
    gc.freeze()  # what was imported: else a third of the bench's time is spent on looking through it again
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manners-")))
        folder.mkdir(parents=True, exist_ok=True)
        run = asyncio.run(bench(options, folder))
        if "backchannels" in run.parts:
            words, shown = words_of_answers(folder / "recordings")
            run = replace(run, words=words)
            print(*shown, sep="\n", file=sys.stderr)
            part = run.parts["backchannels"]
            for passing, db in quieter(part.passings, folder / "recordings"):
                part.fail(passing.occasion, [f"level {db:.0f} dB half a second after"])
        print(table(run))
        if options.json:
            options.json.write_text(json.dumps(asdict(run), indent=1))


if __name__ == "__main__":
    main()
