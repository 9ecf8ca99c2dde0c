"""The rehearsal: say the lines, listen to the answers, end the show, open every file of its folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
from livekit.agents import tts

from agent.errors import StudioError
from agent.rehearsal.inspection import inspect_folder
from agent.rehearsal.person import Person
from agent.rehearsal.script import SCRIPT, Int16, Line, record
from agent.settings import COHOST

ANSWER_LIMIT_S = 15.0
_JOIN_LIMIT_S = 40.0
_SEAL_LIMIT_S = 30.0
_BETWEEN_S = 1.5

Progress = Callable[[str], None]


@dataclass(slots=True)
class Report:
    """What the simulated host found. Times are seconds at its own ear, transport included."""

    folder: Path | None = None
    joined_s: float = 0.0
    responses_s: list[float] = field(default_factory=list)
    barge_ins_s: list[float] = field(default_factory=list)
    backchannel_gaps_s: list[float] = field(default_factory=list)
    unanswered: int = 0
    wrong_answerer: int = 0
    overlap_s: float = 0.0
    answered_by: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Somebody answered, and the folder is whole."""
        return bool(self.responses_s) and not self.faults

    def lines(self) -> list[str]:
        """The report, for a terminal."""
        turns = len(self.responses_s) + self.unanswered
        by = ", ".join(f"{who} {count}" for who, count in sorted(self.answered_by.items()))
        found = [
            f"turns        {turns} said, {len(self.responses_s)} answered ({by or 'by nobody'})",
            f"response     {_spread(self.responses_s)}",
            f"barge-ins    {len(self.barge_ins_s)}, silence after {_spread(self.barge_ins_s)}",
            f"backchannels {len(self.backchannel_gaps_s)}, longest silence near one {_spread(self.backchannel_gaps_s)}",
            f"overlap      {self.overlap_s:.1f} s of two AIs at once",
            f"folder       {self.folder or 'none'}",
        ]
        if self.wrong_answerer:
            found.append(f"addressing   {self.wrong_answerer} answered by somebody else than asked")
        return found + [f"fault        {fault}" for fault in self.faults]


def _spread(values: list[float]) -> str:
    return f"{median(values):.2f} s median, {max(values):.2f} s at most" if values else "-"


async def rehearse(
    base_url: str, *, recordings: Path, voice: tts.TTS[Any], seconds: float, progress: Progress, name: str = "Rehearsal"
) -> Report:
    """Hold one show in the studio that runs at `base_url`.

    Args:
        base_url: of the web server, "http://127.0.0.1:4000".
        recordings: where the episode's folder will be.
        voice: of the simulated host.
        seconds: how long new lines are begun; the show ends a little later.
        progress: told a line at each step.
    Raises:
        StudioError: the studio cannot be reached, or refuses the invitation.
    """
    progress("recording the host's lines")
    lines = await record(SCRIPT, voice)
    invitation = await _invitation(base_url, name)
    report = Report()
    async with Person.join(invitation["url"], invitation["token"]) as host:
        await _sit_down(host, report, progress)
        slug = host.episode.get("slug")
        end = host.clock.now() + seconds
        await _talk(host, lines, end, report, progress)
        report.overlap_s = _overlap(host)
        progress("ending the show")
        await host.command("end_show")
        await _sealed(recordings / str(slug), report)
        report.folder = recordings / str(slug)
    report.faults += await asyncio.to_thread(inspect_folder, report.folder)
    return report


async def _invitation(base_url: str, name: str) -> dict[str, Any]:
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{base_url}/api/join", json={"name": name, "title": "Rehearsal"}) as response,
        ):
            answer = await response.json()
            if response.status != 200:
                raise StudioError(f"no invitation: {answer.get('error')}", fix=str(answer.get("fix", "")))
            return dict(answer)
    except aiohttp.ClientError as error:
        raise StudioError(
            f"the studio at {base_url} cannot be reached: {error}", fix="start it with 'studio up'"
        ) from error


async def _sit_down(host: Person, report: Report, progress: Progress) -> None:
    progress("waiting for the AIs")
    begun = host.clock.now()
    while len(host.ears) < 2 or not host.episode.get("recording"):
        if host.clock.now() - begun > _JOIN_LIMIT_S:
            raise StudioError(
                f"nobody sat down within {_JOIN_LIMIT_S:.0f} s",
                fix="see the worker's log in .studio/logs, or 'studio doctor'",
            )
        await asyncio.sleep(0.05)
    report.joined_s = host.clock.now() - begun
    await asyncio.sleep(1.0)


async def _talk(host: Person, lines: dict[Line, Int16], end: float, report: Report, progress: Progress) -> None:
    number = 0
    while host.clock.now() < end and not host.left.is_set():
        line = SCRIPT[number % len(SCRIPT)]
        number += 1
        left_s = max(0.0, end - host.clock.now())
        progress(f"{left_s:3.0f} s left   {line.text}")
        if line.kind == "turn":
            await _turn(host, line, lines[line], report)
        elif line.kind == "barge_in":
            await _barge_in(host, lines[line], report)
        else:
            await _backchannel(host, lines[line], report)
        # What follows a turn in the script is said over its answer
        if SCRIPT[number % len(SCRIPT)].kind == "turn":
            await host.wait_for_quiet(_BETWEEN_S, limit_s=60)
        else:
            await asyncio.sleep(1.5)


async def _turn(host: Person, line: Line, speech: Int16, report: Report) -> None:
    _, ended = await host.say(speech)
    answer = await host.wait_for_voice(ended - 0.02, limit_s=ANSWER_LIMIT_S)
    if answer is None:
        report.unanswered += 1
        return
    at, who = answer
    report.responses_s.append(at - ended)
    report.answered_by[who] = report.answered_by.get(who, 0) + 1
    any_guest = line.to == "guest" and who != COHOST  # at a table with several, "the guest" is any of them
    report.wrong_answerer += line.to not in (None, who) and not any_guest


async def _barge_in(host: Person, speech: Int16, report: Report) -> None:
    if not await _mid_speech(host):
        return
    onset, ended = await host.say(speech)
    stop = onset
    for at, _ in host.voices(onset - 0.3, ended):
        if at - stop > 0.8:
            break  # the answer to the interruption
        stop = max(stop, at)
    report.barge_ins_s.append(stop - onset)


async def _backchannel(host: Person, speech: Int16, report: Report) -> None:
    if not await _mid_speech(host):
        return
    onset, ended = await host.say(speech)
    await asyncio.sleep(2.0)
    heard = [onset, *(at for at, _ in host.voices(onset, ended + 2.0))]
    if heard[-1] < ended + 1.0 and len(heard) > 1:
        return  # the AI came to its end meanwhile: no silence to blame on the backchannel
    report.backchannel_gaps_s.append(max((b - a for a, b in pairwise(heard)), default=2.0))


async def _mid_speech(host: Person, limit_s: float = 6.0) -> bool:
    """Wait for a moment at which an AI has been heard for 200 ms, so that no natural pause flatters a figure."""
    end = host.clock.now() + limit_s
    while host.clock.now() < end:
        if len(host.voices(host.clock.now() - 0.2)) >= 17:
            return True
        await asyncio.sleep(0.01)
    return False


def _overlap(host: Person) -> float:
    steps: dict[int, set[str]] = {}
    for at, who in host.voices(0.0):
        steps.setdefault(int(at * 10), set()).add(who)
    return sum(len(who) > 1 for who in steps.values()) / 10


async def _sealed(folder: Path, report: Report) -> None:
    for _ in range(int(_SEAL_LIMIT_S / 0.1)):
        session = folder / "session.yml"
        if session.exists() and "status: sealed" in await asyncio.to_thread(session.read_text, encoding="utf-8"):
            return
        await asyncio.sleep(0.1)
    report.faults.append(f"{folder} was not sealed within {_SEAL_LIMIT_S:.0f} s")
