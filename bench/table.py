"""Table manners, side by side: Roundtable, stock AgentSession and pipecat, on the same models, in one run.

    python bench/table.py [--rounds 4] [--hosts 4] [--peers agent-session,agent-session-tuned] [--pipecat PYTHON]
        [--anthropic] [--json FILE] [--keep FOLDER]

Prints a Markdown table of medians and 95th percentiles, and Roundtable's as a ratio to the best peer's. Take a quiet
machine: the load of others goes into every figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import numpy as np
from livekit import api
from livekit.plugins import piper
from livekit.plugins.faster_whisper.model_files import model_path

from agent.rehearsal.person import Person
from agent.rehearsal.script import Int16, Line, record
from agent.services.ports import free_port
from bench.probe import Figures, measure
from tests.support.livekit import LiveKit, running_server
from tests.support.llm_vendor import Protocol

ROOT = Path(__file__).resolve().parents[1]
TURNS = (
    Line("turn", "So tell me, what do you think about running language models at home?"),
    Line("turn", "Claude, how would you explain this to a listener who has never heard of it?"),
    Line("turn", "And what does the guest think about that?"),
)
INTERRUPTIONS = (
    Line("barge_in", "Hold on, let me stop you there for a second, because I disagree."),
    Line("barge_in", "Right, but what about the costs of all that?"),
)
BACKCHANNELS = (Line("backchannel", "Mm-hm."), Line("backchannel", "Right."))
# About ten seconds of answer: long enough to be interrupted, short enough for many turns
ANSWER = (
    "That is a fair question, and I have a clear view on it. Running a model at home changes who holds the keys. "
    "You can read every word it was given, and nobody can switch it off on a whim."
)
PEERS = ("agent-session", "agent-session-tuned")
OVER_ANTHROPIC = "roundtable, Anthropic's protocol"


@contextmanager
def running(name: str, command: list[str], env: Mapping[str, str], log: Path) -> Iterator[int]:
    """A process and its children, ended with it; yields its id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(35)
            except subprocess.TimeoutExpired:
                print(f"{name} did not end; killed", file=sys.stderr)
                process.kill()


async def registered(log: Path, limit_s: float = 120.0) -> None:
    """Until a worker says that it is registered with the server."""
    end = time.monotonic() + limit_s
    while b"registered worker" not in await asyncio.to_thread(log.read_bytes):
        if time.monotonic() > end:
            raise TimeoutError(f"the worker is not ready, see {log}")
        await asyncio.sleep(0.2)


async def _measure(
    livekit: LiveKit, room: str, agent: str | None, speech: dict[Line, Int16], *, rounds: int, hosts: int
) -> Figures:
    async with livekit.api() as lk:
        await lk.room.create_room(api.CreateRoomRequest(name=room))
        if agent:
            request = api.CreateAgentDispatchRequest(agent_name=agent, room=room)
            await lk.agent_dispatch.create_dispatch(request)
    names = [f"host-{number}" for number in range(1, hosts + 1)]
    async with AsyncExitStack() as stack:
        table = [
            await stack.enter_async_context(Person.join(livekit.url, livekit.token(name, room), deaf_to=names))
            for name in names
        ]
        async with asyncio.timeout(60):
            while not all(host.ears for host in table):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.sleep(4.0)
        return await measure(
            table,
            turns=[speech[line] for line in TURNS],
            interruptions=[speech[line] for line in INTERRUPTIONS],
            backchannels=[speech[line] for line in BACKCHANNELS],
            rounds=rounds,
        )


async def bench(options: argparse.Namespace) -> dict[str, Figures]:
    """Each system alone, one after the other, in the same run."""
    found: dict[str, Figures] = {}
    voice = piper.TTS(timbre=1.14)
    speech = await record(TURNS + INTERRUPTIONS + BACKCHANNELS, voice)
    await voice.aclose()
    with ExitStack() as stack:
        livekit = stack.enter_context(running_server())
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="table-")))
        folder.mkdir(parents=True, exist_ok=True)
        vendor = await asyncio.to_thread(lambda: stack.enter_context(scripted_vendor()))
        ours = ["roundtable", *([OVER_ANTHROPIC] if options.anthropic else [])]
        for name in [*ours, *options.peers.split(","), *(["pipecat"] if options.pipecat else [])]:
            if not name:
                continue
            log = folder / f"{name}.log"
            room = f"bench-{len(found)}-{int(time.monotonic())}"
            agent: str | None = "peer"
            env = {**livekit.env, "PEER_LLM_URL": vendor, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "bench/peers/agent_session.py", "start"]
            if name in ours:
                agent = "roundtable"
                command = [sys.executable, "-m", "agent.cli", "worker", "start"]
                env |= {"STUDIO_RECORDING__FOLDER": str(folder / "recordings")}
                if name == OVER_ANTHROPIC:
                    claude = await asyncio.to_thread(lambda: stack.enter_context(anthropic_vendor()))
                    env |= {
                        "COHOST": "anthropic",
                        "GUEST": "anthropic",
                        "ANTHROPIC_API_KEY": "scripted",
                        "ANTHROPIC_BASE_URL": claude,
                    }
                else:
                    env |= {
                        "COHOST": "openai-compatible",
                        "GUEST": "openai-compatible",
                        "OPENAI_COMPATIBLE_BASE_URL": vendor,
                        "OPENAI_COMPATIBLE_MODEL": "local",
                    }
            elif name == "agent-session-tuned":
                env["PEER_TUNED"] = "1"
            elif name == "pipecat":
                agent = None
                command = [options.pipecat, "bench/peers/pipecat_bot.py", room]
                env |= {"WHISPER_MODEL": str(model_path()), "PIPER_VOICE": str(piper.find_voice(None).model)}
            print(f"{name} ...", file=sys.stderr, flush=True)
            with running(name, command, env, log):
                if agent:
                    await registered(log)
                hosts = options.hosts if name in ours else 1  # the others seat one
                found[name] = await _measure(livekit, room, agent, speech, rounds=options.rounds, hosts=hosts)
                print(_row(name, found[name]), file=sys.stderr, flush=True)
    return found


@contextmanager
def scripted_vendor(text: str = ANSWER) -> Iterator[str]:
    """The scripted LLM in a process of its own, so that nobody's event loop is in its figures."""
    with _serving("openai", text) as address:
        yield f"{address}/v1"


@contextmanager
def anthropic_vendor(text: str = ANSWER) -> Iterator[str]:
    """The same in Anthropic's Messages protocol."""
    with _serving("anthropic", text) as address:
        yield address


@contextmanager
def _serving(protocol: Protocol, text: str) -> Iterator[str]:
    port = free_port()
    options = ["--protocol", protocol, "--port", str(port), "--text", text]
    process = subprocess.Popen([sys.executable, "-m", "tests.support.llm_vendor", *options], cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(5)


def spread(values: list[float]) -> str:
    """Median and 95th percentile."""
    if not values:
        return "-"
    return f"{np.percentile(values, 50):.2f} / {np.percentile(values, 95):.2f} s"


def _row(name: str, figures: Figures) -> str:
    return " | ".join(
        [
            f"| {name} (n = {figures.turns})",
            spread(figures.response),
            spread(figures.text),
            f"{figures.early} of {figures.turns}",
            f"{figures.unanswered}",
            spread(figures.duck),
            spread(figures.silence),
            spread(figures.backchannel_gap),
            f"{figures.overlap:.2f} s |",
        ]
    )


def table(found: dict[str, Figures]) -> str:
    """All of it as Markdown; the last row is Roundtable's medians to the best peer's."""
    head = (
        "| | response p50 / p95 | to its text | began early | unanswered | to 6 dB quieter | barge-in to silence"
        " | silence at a backchannel | two AIs at once |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    rows = [_row(name, figures) for name, figures in found.items()]
    ours, peers = found.get("roundtable"), [f for name, f in found.items() if not name.startswith("roundtable")]
    if ours and peers:
        cells = []
        for what in ("response", "text", "duck", "silence", "backchannel_gap"):
            theirs = [float(np.median(getattr(peer, what))) for peer in peers if getattr(peer, what)]
            mine = getattr(ours, what)
            cells.append(f"{np.median(mine) / min(theirs):.2f}" if mine and theirs and min(theirs) > 0 else "-")
        rows.append(
            f"| ratio to the best peer | {cells[0]} | {cells[1]} | | | {cells[2]} | {cells[3]} | {cells[4]} | |"
        )
    return "\n".join([head, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="times that each of the three turns is said")
    parser.add_argument("--hosts", type=int, default=1, help="at our table, who take turns; the peers seat one")
    parser.add_argument("--peers", default=",".join(PEERS), help="empty for none")
    parser.add_argument("--pipecat", metavar="PYTHON", help="of an environment with pipecat 1.14")
    parser.add_argument("--anthropic", action="store_true", help="ours with Claude's own protocol as well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every single figure")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where logs and episodes stay")
    options = parser.parse_args()
    found = asyncio.run(bench(options))
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps({name: figures.as_dict() for name, figures in found.items()}, indent=1))


if __name__ == "__main__":
    main()
