"""The talks of this folder, held: a real server, WebRTC, voices, recogniser, floor and recording.

Only what the minds say is scripted, as vendors over HTTP. `RealConversation` reads like `Conversation`, whose place it
takes in the same test functions; `held` gives it a stage.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import jiwer
import yaml
from livekit.agents.types import ATTRIBUTE_AGENT_STATE

from agent.floor import actions as act
from agent.floor import events as ev
from agent.floor.judgement import spoken
from agent.floor.replay import action_from, event_from
from agent.floor.rules import Rules
from agent.recording.log import read_log
from agent.rehearsal.inspection import inspect_folder
from agent.rehearsal.person import Person
from bench import corpus
from tests.conversations.account import Account, Heard
from tests.conversations.conversation import Mouth
from tests.support.livekit import ROOT, LiveKit
from tests.support.llm_vendor import Refuse, Say, Scene, Vendor, serving

VOICES = ("joe", "joe deep")  # of the people; the AIs have others
QUIET_S = 3.2  # after which a talk is over, when nobody thinks: longer than an ear waits for the rest of a sentence
QUEUE_MS = 200  # a test process stands still now and then
PROVIDERS = ("openai-compatible", "openai", "groq")  # each AI's, in the order of the table, with an address of its own
LIMIT_S = 60.0
# Of a person's sound: the machine stood still for longer than any queue, and they were not heard whole
LOST_MS = 60.0
ATTEMPTS = 3  # to hold a talk whose people are heard whole
UNDERSTOOD = 0.35  # word error rate of a short line, at most


@dataclass
class ScriptedMind(Vendor):
    """Says what its mouth is to say next. What was generated and not heard is still to be said."""

    mouth: Mouth = field(default_factory=lambda: Mouth(""))

    def scene(self, body: Mapping[str, Any]) -> Scene:
        told = json.dumps(body["messages"])
        while self.mouth.script and _beginning(self.mouth.script[0][0]) in told:
            self.mouth.script.popleft()
        text, self.first_token_s = self.mouth.script[0] if self.mouth.script else (self.mouth.otherwise, 0.15)
        return Refuse(500, "away", "server_error") if text == "<fail/>" else [Say(text, words_per_s=60)]


class RealConversation(Account):
    """See `Conversation`. Times are seconds from when everybody is at the table; nothing is virtual."""

    _stage: ClassVar[Stage]
    _rooms = itertools.count(1)

    def __init__(self, people: str = "Sam", ais: str = "Claude, Nova", *, rules: Rules | None = None) -> None:
        super().__init__()
        self.rules = rules or Rules()
        self.people = [name.strip() for name in people.split(",")]
        self.names = {name.strip().lower(): name.strip() for name in f"{people}, {ais}".split(",")}
        self.mouths = {name.strip().lower(): Mouth(name.strip().lower(), ready_s=0.15) for name in ais.split(",")}
        for who, mouth in self.mouths.items():
            mouth.otherwise = f"{self.names[who]} has an answer to that."
        self._script: list[tuple[float, str, str]] = []
        self._held = False
        self._quiet_since: float | None = None
        self.folder = Path()  # of the episode, once it is held

    def __getitem__(self, name: str) -> Mouth:
        return self.mouths[name.lower()]

    def says(self, name: str, text: str, at: float, *, seconds: float | None = None) -> float:
        """`seconds` is the voice's business here."""
        self._script.append((at, name, text))
        return at + _length_s(text, self._voice(name))

    def ends(self) -> RealConversation:
        """Hold it, to its end; once more where the machine cut holes into what the people said."""
        assert not self._held
        self._held = True
        scripts = {who: tuple(mouth.script) for who, mouth in self.mouths.items()}
        for _ in range(ATTEMPTS):
            for who, script in scripts.items():
                self.mouths[who].script = deque(script)
            self.log, self.heard, self._quiet_since = [], [], None
            asyncio.run(self._hold())
            if self._lost_ms() <= LOST_MS:
                break
        return self

    def _lost_ms(self) -> float:
        """How much of what anybody said did not arrive, and is silence in the episode."""
        sync: dict[str, dict[str, float]] = yaml.safe_load((self.folder / "session.yml").read_text())["sync"]
        return max(sync[name.lower()]["inserted_ms"] for name in self.people)

    def _voice(self, name: str) -> str:
        return VOICES[self.people.index(name)]

    async def _hold(self) -> None:
        stage, room_name = self._stage, f"talk-{next(self._rooms)}"
        async with AsyncExitStack() as stack:
            addresses = {
                who: (await stack.enter_async_context(serving(ScriptedMind(mouth=mouth)))).address
                for who, mouth in self.mouths.items()
            }
            stage.begin(room_name, self.rules, self.names, addresses)
            try:
                await self._talk(stack, room_name)
            finally:
                await asyncio.to_thread(stage.end)
        (self.folder,) = (stage.recordings / room_name).iterdir()
        assert inspect_folder(self.folder) == []
        self._read(self.folder)

    async def _talk(self, stack: AsyncExitStack, room_name: str) -> None:
        livekit = self._stage.livekit
        people = {
            name: await stack.enter_async_context(
                Person.join(livekit.url, livekit.token(name.lower(), room_name, name=name), queue_ms=QUEUE_MS)
            )
            for name in self.people
        }
        listener = people[self.people[0]]
        async with asyncio.timeout(30):
            while not {ear.identity for ear in listener.ears.values()} >= set(self.mouths):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        begun = listener.clock.now()

        async def say(name: str) -> None:
            for at, who, text in sorted(self._script):
                if who == name:
                    await asyncio.sleep(begun + at - listener.clock.now())
                    await people[name].say(_speech(text, self._voice(name)))

        async with asyncio.TaskGroup() as tasks:
            for name in self.people:
                tasks.create_task(say(name))
        async with asyncio.timeout(LIMIT_S):
            while not self._over(listener):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def _over(self, listener: Person) -> bool:
        present = listener.room.remote_participants
        states = {present[who].attributes.get(ATTRIBUTE_AGENT_STATE) for who in self.mouths if who in present}
        now = listener.clock.now()
        if states != {"listening"} or listener.voices(now - 0.3):
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        return self._quiet_since is not None and now - self._quiet_since > QUIET_S

    def _read(self, folder: Path) -> None:
        """What happened, from the episode's log."""
        for entry in read_log(folder / "events.jsonl"):
            if entry.kind == "floor.event":
                self.log.append((entry.at, event_from(entry.event)))
            elif entry.kind == "floor.action":
                self.log.append((entry.at, action_from(entry.action)))
        for at, what in self.log:
            match what:
                case act.Remember(who=who, text=text):
                    self.heard.append(Heard(at, self.names[who], self._as_scripted(self.names[who], text)))
                case ev.PlaybackEnded(who=who, heard=text, interrupted=cut) if text or cut:
                    self.heard.append(Heard(at, self.names[who], text, cut=cut))

    def _as_scripted(self, name: str, heard: str) -> str:
        """A person's words as they are in the script, where the recogniser has understood them."""
        lines = [text for _, who, text in self._script if who == name]
        distance = {line: jiwer.wer(" ".join(spoken(line)), " ".join(spoken(heard)) or "-") for line in lines}
        best = min(lines, key=distance.__getitem__)
        return best if distance[best] <= UNDERSTOOD else heard


@dataclass(frozen=True)
class Stage:
    """What all talks share: the server, a process that holds shows, a folder."""

    livekit: LiveKit
    root: Path
    process: subprocess.Popen[str]

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    def begin(self, room: str, rules: Rules, names: Mapping[str, str], addresses: Mapping[str, str]) -> None:
        """A show in `room`, with a table of these AIs, whose minds are at `addresses`."""
        personas = self.root / f"{room}-personas"
        personas.mkdir()
        environ: dict[str, str] = {}
        for provider, (who, address) in zip(PROVIDERS, addresses.items(), strict=False):
            about = f"---\nname: {names[who]}\nprovider: {provider}\n---\nYou are at the table.\n"
            (personas / f"{who}.md").write_text(about)
            prefix = provider.upper().replace("-", "_")
            environ |= {f"{prefix}_BASE_URL": address, f"{prefix}_MODEL": "scripted", f"{prefix}_API_KEY": "none"}
        environ |= self.livekit.env | {
            "STUDIO_PERSONAS__FOLDER": str(personas),
            "STUDIO_BRIEFINGS__FOLDER": str(self.root / "briefings"),
            "STUDIO_RECORDING__FOLDER": str(self.recordings / room),
            "GUESTS": ",".join(who for who in addresses if who != "claude"),
        }
        token = self.livekit.token("claude", room, agent=True)
        self._tell({"room": room, "token": token, "rules": rules.model_dump(mode="json"), "environ": environ})

    def end(self) -> None:
        """The show ends; returns when its folder is sealed."""
        self._tell("end")
        self.hear("over")

    def hear(self, word: str) -> None:
        assert self.process.stdout is not None
        told = self.process.stdout.readline().strip()
        assert told == word, told or f"the process has ended: {self.process.wait()}"

    def _tell(self, what: object) -> None:
        assert self.process.stdin is not None
        print(json.dumps(what), file=self.process.stdin, flush=True)


@contextmanager
def held(livekit: LiveKit, root: Path) -> Iterator[None]:
    """While it lasts, a `RealConversation` can be held."""
    (root / "briefings").mkdir()
    command = [sys.executable, "-m", "tests.conversations.stage"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        RealConversation._stage = Stage(livekit, root, process)
        RealConversation._stage.hear("ready")
        yield


def _beginning(text: str) -> str:
    """The first words of a reply, as the talk so far would quote them."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split()[:3]) or "\0"


_SPOKEN: dict[tuple[str, str], Any] = {}


def _speech(text: str, voice: str) -> Any:
    if (text, voice) not in _SPOKEN:
        clip = corpus.turn(text, voice)
        rate = corpus.RATE_HZ
        _SPOKEN[text, voice] = clip.pcm[round(clip.start_s * rate) : round(clip.end_s * rate)]
    return _SPOKEN[text, voice]


def _length_s(text: str, voice: str) -> float:
    return len(_speech(text, voice)) / corpus.RATE_HZ
