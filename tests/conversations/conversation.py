"""A talk in virtual time: people who speak from a script, mouths that play replies, and the floor between them.

What is asserted is what a listener would write down: `talk.transcript()` is who was heard, in order, word for word.
While it runs, the table is watched: two AIs at once, an AI that begins over a human, an action for somebody who has
left or a reply that nobody ends fail the test wherever they happen.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections import deque
from dataclasses import dataclass, field

from agent.floor import actions as act
from agent.floor import events as ev
from agent.floor.machine import Floor
from agent.floor.rules import Rules
from tests.conversations.account import Account, Heard

WORD_S = 0.3
VAD_ONSET_S = 0.06
PAUSE_SEEN_S = 0.10  # silence before SpeechPaused
DRAFT_S = 0.05  # from the pause to a first reading of it
GUESS_S = 0.22  # from the pause to the fast text
ENDPOINT_S = 0.35  # from the pause to the end of the utterance

CLEAR = ev.Evidence(speech_s=1.0, level_dbfs=-24, average_log_probability=-0.35, no_speech_probability=0.08)


@dataclass
class Playing:
    reply: str
    words: list[str]
    started_at: float
    done: int = 0  # words heard before the last hold
    held: bool = False
    begun: bool = False
    continuing: bool = False
    run: int = 0  # of holds and resumes: events scheduled before one are void


@dataclass
class Mouth:
    """A persona with its script: what it answers, and how long it takes to."""

    who: str
    script: deque[tuple[str, float]] = field(default_factory=deque)
    otherwise: str = ""
    ready_s: float = 0.5
    generating: dict[str, tuple[str, float, bool]] = field(
        default_factory=dict
    )  # reply -> text, after, from the script
    playing: Playing | None = None
    dead: bool = False  # it plays nothing, and says nothing about it
    remainders: dict[str, list[str]] = field(default_factory=dict)

    def will_say(self, *texts: str, after: float | None = None) -> Mouth:
        """Its next replies, each ready `after` seconds. Tags stand for what the model may write: `<pass/>`, `<think/>`,
        `<to sam>`, `<interject/>`; `<fail/>` for a model that is away, `<silent/>` for one that never answers, and
        `<breaks/>` for one that stalls after its beginning."""
        self.script.extend((text, self.ready_s if after is None else after) for text in texts)
        return self


class Conversation(Account):
    """`people` and `ais` are names, in order; ids are the names in lower case."""

    def __init__(self, people: str = "Sam", ais: str = "Claude, Nova", *, rules: Rules | None = None) -> None:
        super().__init__()
        self.rules = rules or Rules()
        self.floor = Floor(self.rules, strict=True)
        self.now = 0.0
        self.mouths: dict[str, Mouth] = {}
        self.names: dict[str, str] = {}
        self.gone: set[str] = set()
        self.ducked = False
        self.speaking: dict[str, str] = {}  # human -> utterance, while voiced
        self._queue: list[tuple[float, int, object]] = []
        self._order = itertools.count()
        self._utterances = itertools.count(1)
        for name in _names(people):
            self.joins(name)
        for name in _names(ais):
            self.joins(name, role="ai")

    def __getitem__(self, name: str) -> Mouth:
        return self.mouths[name.lower()]

    # -- the script -------------------------------------------------------------------------------------------------

    def joins(self, name: str, *, role: str = "human", at: float | None = None) -> None:
        who = name.lower()
        self.names[who] = name
        if role == "ai":
            self.mouths[who] = Mouth(who, otherwise=f"{name} has an answer to that.")
        event = ev.SpeakerJoined(at=self.now if at is None else at, who=who, name=name, role=role)  # type: ignore[arg-type]
        if at is None:
            self._tell(event)
        else:
            self._schedule(at, event)

    def leaves(self, name: str, at: float) -> None:
        self._schedule(at, ev.SpeakerLeft(at=at, who=name.lower()))

    def says(
        self,
        name: str,
        text: str,
        at: float,
        *,
        seconds: float | None = None,
        interim: bool = False,
        evidence: ev.Evidence | None = None,
        draft: str | None = None,
        guess: str | None = None,
        final: str | None = None,
        never_ends: bool = False,
    ) -> float:
        """A human says `text`, beginning at `at`. " ... " is a pause within it. Returns when the voice falls silent.

        `draft`, `guess` and `final` are what the recogniser makes of it; `seconds` is how long each stretch lasts.
        """
        who = name.lower()
        utterance = f"u{next(self._utterances)}"
        stretches = text.split(" ... ")
        start, so_far, voiced, end = at, "", 0.0, at
        for index, stretch in enumerate(stretches):
            lasts = seconds if seconds is not None else WORD_S * max(1, len(stretch.split()))
            voiced += lasts
            end = start + lasts
            self._schedule(start + VAD_ONSET_S, ev.SpeechStarted(at=start + VAD_ONSET_S, who=who, utterance=utterance))
            if interim:
                words = stretch.split()
                for count in range(1, len(words)):
                    spoken_at = start + lasts * count / len(words) + 0.25
                    if spoken_at < end:
                        said = f"{so_far} {' '.join(words[:count])}".strip()
                        self._schedule(
                            spoken_at, ev.InterimHeard(at=spoken_at, who=who, utterance=utterance, text=said)
                        )
            so_far = f"{so_far} {stretch}".strip()
            paused = end + PAUSE_SEEN_S
            self._schedule(paused, ev.SpeechPaused(at=paused, who=who, utterance=utterance, speech_s=voiced))
            last = index == len(stretches) - 1
            sound = evidence or ev.Evidence(
                speech_s=voiced, level_dbfs=-24, average_log_probability=-0.35, no_speech_probability=0.08
            )
            guessed = so_far if guess is None or not last else guess
            if draft is not None and last:
                read_at = paused + DRAFT_S
                self._schedule(read_at, ev.UtteranceDrafted(at=read_at, who=who, utterance=utterance, text=draft))
            if last or GUESS_S < 0.4:
                self._schedule(
                    paused + GUESS_S,
                    ev.UtteranceGuessed(
                        at=paused + GUESS_S, who=who, utterance=utterance, text=guessed, evidence=sound
                    ),
                )
            start = paused + 0.3
        if not never_ends:
            ended = end + PAUSE_SEEN_S + ENDPOINT_S
            text = so_far if final is None else final
            self._schedule(ended, ev.UtteranceEnded(at=ended, who=who, utterance=utterance, text=text, evidence=sound))
        return end

    def presses(self, name: str, command: ev.CommandName, target: str | None = None, *, at: float) -> None:
        self._schedule(at, ev.CommandGiven(at=at, by=name.lower(), command=command, target=target))

    def told(self, event: ev.Event) -> None:
        self._schedule(event.at, event)

    # -- running ----------------------------------------------------------------------------------------------------

    def run(self, until: float) -> Conversation:
        """Everything that happens up to `until`; what is due by the floor's deadline comes first."""
        while True:
            next_at = self._queue[0][0] if self._queue else float("inf")
            deadline = self.floor.deadline
            if deadline is not None and deadline <= next_at and deadline <= until:
                self.now = max(self.now, deadline)
                self._tell(ev.Tick(at=self.now))
                assert self.floor.deadline is None or self.floor.deadline > self.now, "a deadline that has passed"
            elif next_at <= until:
                at, _, what = heapq.heappop(self._queue)
                self.now = max(self.now, at)
                if isinstance(what, ev.Event):
                    self._tell(what)
                else:
                    self._play(what)  # type: ignore[arg-type]
            else:
                self.now = until
                return self

    def ends(self, until: float = 600.0) -> Conversation:
        """Runs until nothing more can happen, and asserts that nothing was left hanging."""
        self.run(max(until, self.now))
        for mouth in self.mouths.values():
            assert not mouth.generating or mouth.who in self.gone, f"{mouth.who} still generates {mouth.generating}"
            assert mouth.playing is None or mouth.who in self.gone, f"{mouth.who} still plays {mouth.playing}"
        assert not self.ducked, "a voice was left ducked"
        return self

    def showing(self, who: str) -> str:
        states = [what.state for _, what in self.log if isinstance(what, act.ShowState) and what.who == who]
        return states[-1]

    # -- the world --------------------------------------------------------------------------------------------------

    def _schedule(self, at: float, what: object) -> None:
        heapq.heappush(self._queue, (at, next(self._order), what))

    def _tell(self, event: ev.Event) -> None:
        self.log.append((self.now, event))
        match event:
            case ev.SpeechStarted(who=who, utterance=utterance):
                if who in self.gone:
                    return
                self.speaking[who] = utterance
            case ev.SpeechPaused(who=who) | ev.UtteranceEnded(who=who) | ev.SpeakerLeft(who=who):
                self.speaking.pop(who, None)
        if isinstance(event, ev.SpeakerLeft):
            self.gone.add(event.who)
            if event.who in self.mouths:
                self.mouths[event.who].generating.clear()
                self.mouths[event.who].playing = None
        if isinstance(event, ev.SpeakerJoined):
            self.gone.discard(event.who)
        for action in self.floor.handle(event):
            self.log.append((self.now, action))
            self._do(action)

    def _do(self, action: act.Action) -> None:
        who = getattr(action, "who", None)
        if not isinstance(action, act.ShowThinking):
            assert who not in self.gone, f"{action} for somebody who has left"
        match action:
            case act.Duck():
                assert not self.ducked, "ducked twice"
                self.ducked = True
            case act.Unduck():
                assert self.ducked, "not ducked"
                self.ducked = False
            case act.Remember(who=who, text=text):
                self.heard.append(Heard(self.now, self.names[who], text))
            case act.Think(who=who, reply=reply):
                self._generate(self.mouths[who], action)
            case act.Drop(who=who, reply=reply):
                mouth = self.mouths[who]
                text, after, scripted = mouth.generating.pop(reply, ("", 0.0, False))
                mouth.remainders.pop(reply, None)
                if scripted:
                    mouth.script.appendleft((text, after))  # not heard: it is still what they will say
            case act.Speak(who=who, reply=reply):
                mouth = self.mouths[who]
                text, _, _ = mouth.generating.pop(reply)
                mouth.remainders.clear()
                self._begin(mouth, reply, _spoken(text).split())
            case act.Apologise(who=who, reply=reply, line=line):
                self._begin(self.mouths[who], reply, [f"({line.replace('_', ' ')})"])
            case act.Continue(who=who, reply=reply):
                mouth = self.mouths[who]
                words = mouth.remainders.pop(reply, None)
                if words:
                    self._begin(mouth, reply, words, continuing=True)
                else:
                    self._emit(ev.ReplyFailed(at=self.now, who=who, reply=reply, reason="nothing left"))
                    mouth.playing = Playing(reply, [], self.now)
            case act.Hold(who=who, reply=reply):
                playing = self._current(who, reply)
                playing.done = self._words_heard(playing)
                playing.held, playing.run = True, playing.run + 1
            case act.Resume(who=who, reply=reply):
                playing = self._current(who, reply)
                assert playing.held
                playing.held, playing.run = False, playing.run + 1
                self._play_on(self.mouths[who], playing, lead_s=0.02)
            case act.Stop(who=who, reply=reply):
                self._end(self.mouths[who], interrupted=True, after=0.03)

    def _current(self, who: str, reply: str) -> Playing:
        playing = self.mouths[who].playing
        assert playing is not None, f"{who} plays nothing"
        assert playing.reply == reply
        return playing

    def _generate(self, mouth: Mouth, think: act.Think) -> None:
        scripted = bool(mouth.script) and ("<interject/>" in mouth.script[0][0]) == (think.reason == "listen")
        if scripted:
            text, after = mouth.script.popleft()
        elif think.reason in ("listen", "follow_up"):
            text, after = "<pass/>", 0.3
        else:
            text, after = mouth.otherwise, mouth.ready_s
        mouth.generating[think.reply] = (text, after, scripted)
        at, who, reply = self.now + after, mouth.who, think.reply
        tag = re.search(r"<(\w+)(?: (\w+))?/?>", text)
        match tag.group(1) if tag else None:
            case "pass":
                self._emit(ev.ReplyPassed(at=at, who=who, reply=reply))
                return
            case "fail":
                self._emit(ev.ReplyFailed(at=at, who=who, reply=reply, reason="the model is away"))
                return
            case "silent":
                return
            case "to":
                to = tag.group(2) if tag else ""
                self._emit(ev.ReplyAddressed(at=at, who=who, reply=reply, to=to))
            case "think":
                self._emit(ev.ThinkingAsked(at=at, who=who, reply=reply))
            case "interject":
                self._emit(ev.InterjectionAsked(at=at, who=who, reply=reply))
            case "breaks":
                self._emit(ev.ReplyFailed(at=at + 0.5, who=who, reply=reply, reason="the model stalled"))
        self._emit(ev.ReplyReady(at=at + 0.01, who=who, reply=reply, text=_spoken(text)))

    def _emit(self, event: ev.Event) -> None:
        self._schedule(event.at, _Emission(event))

    def _begin(self, mouth: Mouth, reply: str, words: list[str], *, continuing: bool = False) -> None:
        for other in self.mouths.values():
            assert other.playing is None or other.who in self.gone, f"{mouth.who} begins while {other.who} plays"
        assert not self.speaking, f"{mouth.who} begins while {list(self.speaking)} speak"
        if mouth.dead:
            return
        mouth.playing = Playing(reply, words, self.now, continuing=continuing)
        self._play_on(mouth, mouth.playing, lead_s=0.05)

    def _play_on(self, mouth: Mouth, playing: Playing, *, lead_s: float) -> None:
        playing.started_at = self.now + lead_s
        if not playing.begun:
            self._schedule(playing.started_at, _Sample(mouth, playing, playing.run, "begin"))
        place = playing.done
        for index in range(playing.done, len(playing.words)):
            if playing.words[index][-1] in ".,;:?!" or index == len(playing.words) - 1:
                clause = " ".join(playing.words[place : index + 1])
                heard_at = playing.started_at + WORD_S * (index + 1 - playing.done)
                self._schedule(heard_at, _Sample(mouth, playing, playing.run, "clause", clause))
                place = index + 1
        end = playing.started_at + WORD_S * (len(playing.words) - playing.done)
        self._schedule(end + 0.01, _Sample(mouth, playing, playing.run, "end"))

    def _words_heard(self, playing: Playing) -> int:
        if playing.held:
            return playing.done
        return min(len(playing.words), playing.done + max(0, int((self.now - playing.started_at) / WORD_S)))

    def _end(self, mouth: Mouth, *, interrupted: bool, after: float = 0.0) -> None:
        playing = mouth.playing
        if playing is None:
            return
        count = self._words_heard(playing) if interrupted else len(playing.words)
        if interrupted:
            mouth.remainders[playing.reply] = playing.words[count:]
        playing.run += 1
        heard = " ".join(playing.words[:count])
        self._schedule(self.now + after, _Sample(mouth, playing, playing.run, "over", heard, interrupted))

    def _play(self, what: _Sample | _Emission) -> None:
        if isinstance(what, _Emission):
            who, reply = what.event.who, what.event.reply  # type: ignore[attr-defined]
            mouth = self.mouths[who]
            if reply in mouth.generating or (mouth.playing is not None and mouth.playing.reply == reply):
                text = mouth.generating.get(reply, ("", 0.0, False))[0]
                if isinstance(what.event, ev.ReplyPassed | ev.ReplyFailed) and "<breaks/>" not in text:
                    mouth.generating.pop(reply, None)
                self._tell(what.event)
            return
        mouth, playing = what.mouth, what.playing
        if mouth.playing is not playing or what.run != playing.run:
            return
        match what.kind:
            case "begin":
                playing.begun = True
                self._tell(ev.PlaybackStarted(at=self.now, who=mouth.who, reply=playing.reply))
            case "clause":
                self._tell(ev.ClauseHeard(at=self.now, who=mouth.who, reply=playing.reply, text=what.text))
            case "end":
                self._end(mouth, interrupted=False)
            case "over":
                mouth.playing = None
                if what.text or what.interrupted:
                    self.heard.append(Heard(self.now, self.names[mouth.who], what.text, cut=what.interrupted))
                self._tell(
                    ev.PlaybackEnded(
                        at=self.now,
                        who=mouth.who,
                        reply=playing.reply,
                        heard=what.text,
                        interrupted=what.interrupted,
                    )
                )


@dataclass(frozen=True)
class _Emission:
    event: ev.Event


@dataclass(frozen=True)
class _Sample:
    mouth: Mouth
    playing: Playing
    run: int
    kind: str
    text: str = ""
    interrupted: bool = False


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _spoken(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text).strip()
