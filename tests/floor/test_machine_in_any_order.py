"""The floor under any order of events that hearing and speaking may honestly produce, late, lost or crossing.

Never two AIs at once; never an AI that begins over a human; no action for somebody who has left; every ducked voice
comes back or stops; no generation left running; never a stuck table; the same events, the same actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.floor import actions as act
from agent.floor import events as ev
from agent.floor.agenda import Open
from agent.floor.machine import Floor
from agent.floor.rules import Rules
from agent.floor.voice import Nobody

PEOPLE = {"sam": "Sam", "anna": "Anna"}
AIS = {"claude": "Claude", "guest": "Nova", "sage": "Sage"}

TEXTS = st.sampled_from(
    [
        "",
        "Mm-hm.",
        "MMA",
        "Right.",
        "Yes.",
        "No.",
        "Right, but what about the cost?",
        "Claude, what do you think?",
        "What does the guest think?",
        "Both of you, what is your view?",
        "All of you, one by one.",
        "So why is that?",
        "Anna, what do you say?",
        "Go on.",
        "Sorry, carry on.",
        "Claude, go on.",
        "Wait.",
        "Stop.",
        "Time is up.",
        "[laughter]",
        "first there was that",
    ]
)
EVIDENCE = st.builds(
    ev.Evidence,
    speech_s=st.sampled_from([0.1, 0.4, 0.7, 1.5, 4.0]),
    level_dbfs=st.sampled_from([-20.0, -65.0]),
    average_log_probability=st.sampled_from([-0.3, -1.0, -1.5]),
    no_speech_probability=st.sampled_from([0.05, 0.4, 0.8]),
)
STEPS_S = st.sampled_from([0.0, 0.01, 0.1, 0.21, 0.3, 0.6, 1.3, 3.5, 8.0, 31.0])
RULES = st.builds(
    Rules,
    eager=st.sampled_from(["off", "guess"]),
    follow_up=st.booleans(),
    interject=st.booleans(),
    max_ai_turns=st.sampled_from([1, 2, 3]),
    listen_after_s=st.just(0.3),
    listen_every_s=st.just(1.0),
    interject_every_s=st.just(2.0),
)


@dataclass
class Voiced:
    who: str
    reply: str
    begun: bool = False
    held: bool = False
    stopped: bool = False


class AnyOrder(RuleBasedStateMachine):
    @initialize(rules=RULES, ais=st.integers(1, 3), people=st.integers(1, 2))
    def sit_down(self, rules: Rules, ais: int, people: int) -> None:
        self.manners = rules
        self.floor = Floor(rules, strict=True)
        self.told: list[ev.Event] = []
        self.wanted: list[tuple[act.Action, ...]] = []
        self.now = 0.0
        self.here: set[str] = set()
        self.open: dict[str, tuple[str, bool]] = {}  # human -> utterance, voiced
        self.sign: dict[str, float] = {}  # when hearing last told of a human
        self.utterances = 0
        self.failed = False
        self.generating: dict[str, str] = {}  # reply -> who
        self.ready: set[str] = set()
        self.dropped: dict[str, str] = {}
        self.remainders: dict[str, str] = {}
        self.voiced: Voiced | None = None
        self.ducked = False
        self.thinking: str | None = None
        self.shown: dict[str, str] = {}
        for who in list(PEOPLE)[:people]:
            self.join(who, "human")
        for who in list(AIS)[:ais]:
            self.join(who, "ai")

    # -- telling and doing ------------------------------------------------------------------------------------------

    def join(self, who: str, role: str) -> None:
        name = (PEOPLE | AIS)[who]
        self.here.add(who)
        self.tell(ev.SpeakerJoined(at=self.now, who=who, name=name, role=role))  # type: ignore[arg-type]

    def tell(self, event: ev.Event) -> None:
        if isinstance(event, ev.SpeechStarted):
            self.sign[event.who] = self.now
        if isinstance(event, ev.SpeechPaused | ev.InterimHeard | ev.UtteranceDrafted | ev.UtteranceGuessed):
            given_up = self.now >= self.sign[event.who] + self.manners.utterance_lost_s
            self.sign[event.who] = self.sign[event.who] if given_up else self.now
        self.told.append(event)
        self.failed = True  # until it turns out well
        actions = self.floor.handle(event)
        self.wanted.append(actions)
        for action in actions:
            self.do(action)
        deadline = self.floor.deadline
        assert deadline is None or deadline > self.now, "a deadline that has passed would never end"
        self.failed = False

    def do(self, action: act.Action) -> None:
        who = getattr(action, "who", None)
        if who is not None and not (isinstance(action, act.ShowThinking) and action.until is None):
            assert who in self.here, f"{action}, but {who} has left"
        match action:
            case act.Duck():
                assert not self.ducked
                assert self.voiced is not None, "nothing to duck"
                self.ducked = True
            case act.Unduck():
                assert self.ducked
                self.ducked = False
            case act.Hold():
                assert self.voiced is not None
                assert (self.voiced.who, self.voiced.reply) == (action.who, action.reply)
                assert not self.voiced.held
                assert not self.voiced.stopped
                self.voiced.held = True
            case act.Resume():
                assert self.voiced is not None
                assert self.voiced.held
                assert not self.voiced.stopped
                self.voiced.held = False
            case act.Stop():
                assert self.voiced is not None
                assert (self.voiced.who, self.voiced.reply) == (action.who, action.reply)
                assert not self.voiced.stopped
                self.voiced.stopped = True
                self.remainders[action.who] = action.reply
            case act.Think():
                assert action.reply not in self.generating
                assert len([who for who in self.generating.values() if who == action.who]) < 2
                self.generating[action.reply] = action.who
            case act.Drop():
                if self.generating.pop(action.reply, None) is not None:
                    self.dropped[action.reply] = action.who
                self.ready.discard(action.reply)
            case act.Speak():
                assert action.reply in self.ready, "spoken before it was ready"
                del self.generating[action.reply]
                self.begin(action.who, action.reply)
            case act.Apologise():
                self.begin(action.who, action.reply)
            case act.Continue():
                assert self.remainders.pop(action.who) == action.reply
                self.begin(action.who, action.reply)
            case act.ShowThinking():
                assert (action.until is None) == (self.thinking is not None)
                self.thinking = action.who if action.until is not None else None
            case act.ShowState():
                assert self.shown.get(action.who) != action.state
                self.shown[action.who] = action.state
            case act.Remember():
                pass
            case act.Report():
                assert "within" in action.what or "no sign" in action.what, action.what

    def begin(self, who: str, reply: str) -> None:
        assert self.voiced is None, f"{who} begins while {self.voiced} is on"
        for human, (_, voiced) in self.open.items():
            lost = self.now >= self.sign[human] + self.manners.utterance_lost_s
            assert not voiced or lost, f"{who} begins over {human}"
        self.voiced = Voiced(who, reply)

    # -- time -------------------------------------------------------------------------------------------------------

    def pass_time(self, until: float, limit: int = 200) -> None:
        for _ in range(limit):
            deadline = self.floor.deadline
            if deadline is None or deadline > until:
                self.now = until
                return
            self.now = deadline
            self.gave_up_waiting()
            self.tell(ev.Tick(at=self.now))
        raise AssertionError(f"a storm of ticks: {self.told[-3:]}")

    def gave_up_waiting(self) -> None:
        """A mouth that did not answer a Stop in time is taken for dead, and is dead."""
        table = self.floor._table
        since = getattr(table.voice, "since", None)
        stopped = self.voiced is not None and self.voiced.stopped
        if stopped and since is not None and self.now >= since + self.manners.stop_lost_s:
            self.voiced = None

    @rule(seconds=STEPS_S)
    def time_passes(self, seconds: float) -> None:
        self.pass_time(self.now + seconds)

    @rule(seconds=STEPS_S)
    def an_event_overtakes_the_tick(self, seconds: float) -> None:
        deadline = self.floor.deadline
        if deadline is not None and self.voiced is None:
            self.now = deadline + min(seconds, 0.3)

    # -- humans -----------------------------------------------------------------------------------------------------

    def human(self, data: st.DataObject, having: Callable[[str], bool]) -> str | None:
        there = sorted(who for who in self.here if who in PEOPLE and having(who))
        return data.draw(st.sampled_from(there)) if there else None

    @rule(data=st.data())
    def somebody_begins_or_goes_on(self, data: st.DataObject) -> None:
        who = self.human(data, lambda who: not self.open.get(who, ("", False))[1])
        if who is None:
            return
        if who not in self.open:
            self.utterances += 1
            self.open[who] = (f"u{self.utterances}", True)
        utterance = self.open[who][0]
        self.open[who] = (utterance, True)
        self.tell(ev.SpeechStarted(at=self.now, who=who, utterance=utterance))

    @rule(data=st.data())
    def somebody_pauses(self, data: st.DataObject) -> None:
        who = self.human(data, lambda who: self.open.get(who, ("", False))[1])
        if who is not None:
            utterance, _ = self.open[who]
            self.open[who] = (utterance, False)
            self.tell(ev.SpeechPaused(at=self.now, who=who, utterance=utterance, speech_s=0.5))

    @rule(data=st.data(), text=TEXTS)
    def words_of_theirs_come_in(self, data: st.DataObject, text: str) -> None:
        who = self.human(data, lambda who: who in self.open)
        if who is not None:
            self.tell(ev.InterimHeard(at=self.now, who=who, utterance=self.open[who][0], text=text))

    @rule(data=st.data(), text=TEXTS)
    def their_words_are_read_for_the_first_time(self, data: st.DataObject, text: str) -> None:
        who = self.human(data, lambda who: who in self.open)
        if who is not None:
            self.tell(ev.UtteranceDrafted(at=self.now, who=who, utterance=self.open[who][0], text=text))
            self.guess = text

    @rule(data=st.data(), text=TEXTS, evidence=st.none() | EVIDENCE)
    def their_words_are_guessed(self, data: st.DataObject, text: str, evidence: ev.Evidence | None) -> None:
        who = self.human(data, lambda who: who in self.open)
        if who is not None:
            self.tell(
                ev.UtteranceGuessed(at=self.now, who=who, utterance=self.open[who][0], text=text, evidence=evidence)
            )
            self.guess = text

    @rule(data=st.data(), text=TEXTS | st.none(), evidence=EVIDENCE)
    def an_utterance_ends(self, data: st.DataObject, text: str | None, evidence: ev.Evidence) -> None:
        who = self.human(data, lambda who: who in self.open)
        if who is not None:
            utterance, _ = self.open.pop(who)
            said = getattr(self, "guess", "") if text is None else text
            self.tell(ev.UtteranceEnded(at=self.now, who=who, utterance=utterance, text=said, evidence=evidence))

    # -- mouths -----------------------------------------------------------------------------------------------------

    def replies(self) -> list[str]:
        return sorted(reply for reply, who in self.generating.items() if who in self.here)

    @precondition(lambda self: self.replies())
    @rule(data=st.data())
    def a_reply_is_ready(self, data: st.DataObject) -> None:
        waiting = [reply for reply in self.replies() if reply not in self.ready]
        if waiting:
            reply = data.draw(st.sampled_from(waiting))
            self.ready.add(reply)
            text = data.draw(st.sampled_from(["Well.", "Is it?"]))
            self.tell(ev.ReplyReady(at=self.now, who=self.generating[reply], reply=reply, text=text))

    @precondition(lambda self: self.replies())
    @rule(data=st.data(), passes=st.booleans())
    def a_reply_will_not_come(self, data: st.DataObject, passes: bool) -> None:
        reply = data.draw(st.sampled_from(self.replies()))
        if passes and reply in self.ready:
            return
        who = self.generating[reply]
        if reply not in self.ready:  # otherwise its beginning can still be said
            del self.generating[reply]
        if passes:
            self.tell(ev.ReplyPassed(at=self.now, who=who, reply=reply))
        else:
            self.tell(ev.ReplyFailed(at=self.now, who=who, reply=reply, reason="away"))

    @precondition(lambda self: self.replies())
    @rule(data=st.data(), tag=st.sampled_from(["think", "interject", "to"]))
    def a_reply_has_a_tag(self, data: st.DataObject, tag: str) -> None:
        reply = data.draw(st.sampled_from(self.replies()))
        self.tag(data, self.generating[reply], reply, tag)

    @precondition(lambda self: self.voiced is not None)
    @rule(data=st.data(), tag=st.sampled_from(["think", "interject", "to"]))
    def a_voice_has_a_tag(self, data: st.DataObject, tag: str) -> None:
        assert self.voiced is not None
        self.tag(data, self.voiced.who, self.voiced.reply, tag)

    def tag(self, data: st.DataObject, who: str, reply: str, tag: str) -> None:
        if tag == "think":
            self.tell(ev.ThinkingAsked(at=self.now, who=who, reply=reply))
        elif tag == "interject":
            self.tell(ev.InterjectionAsked(at=self.now, who=who, reply=reply))
        else:
            to = data.draw(st.sampled_from(sorted(PEOPLE | AIS)))
            self.tell(ev.ReplyAddressed(at=self.now, who=who, reply=reply, to=to))

    @rule()
    def money_runs_short(self) -> None:
        self.tell(ev.SavingBegun(at=self.now))

    @precondition(lambda self: self.voiced is not None and not self.voiced.begun)
    @rule()
    def a_voice_begins(self) -> None:
        assert self.voiced is not None
        self.voiced.begun = True
        self.tell(ev.PlaybackStarted(at=self.now, who=self.voiced.who, reply=self.voiced.reply))

    @precondition(lambda self: self.voiced is not None and self.voiced.begun)
    @rule(text=st.sampled_from(["and so,", "you see?", "First there was that,"]))
    def a_clause_is_heard(self, text: str) -> None:
        assert self.voiced is not None
        self.tell(ev.ClauseHeard(at=self.now, who=self.voiced.who, reply=self.voiced.reply, text=text))

    @precondition(lambda self: self.voiced is not None and self.voiced.begun)
    @rule()
    def a_clause_begins(self) -> None:
        assert self.voiced is not None
        text = "First there was that,"
        self.tell(ev.ClauseBegan(at=self.now, who=self.voiced.who, reply=self.voiced.reply, text=text))

    @precondition(lambda self: self.voiced is not None)
    @rule()
    def a_voice_breaks(self) -> None:
        assert self.voiced is not None
        self.tell(ev.ReplyFailed(at=self.now, who=self.voiced.who, reply=self.voiced.reply, reason="broke off"))

    @precondition(lambda self: self.voiced is not None)
    @rule(text=st.sampled_from(["Well.", "Is it?", ""]), crossed=st.booleans())
    def a_voice_ends(self, text: str, crossed: bool) -> None:
        assert self.voiced is not None
        voiced, self.voiced = self.voiced, None
        interrupted = voiced.stopped and not crossed
        self.tell(
            ev.PlaybackEnded(at=self.now, who=voiced.who, reply=voiced.reply, heard=text, interrupted=interrupted)
        )

    @precondition(lambda self: self.dropped)
    @rule(data=st.data())
    def word_of_a_dropped_reply_comes_late(self, data: st.DataObject) -> None:
        reply = data.draw(st.sampled_from(sorted(self.dropped)))
        who = self.dropped.pop(reply)
        if who in self.here:
            self.tell(ev.ReplyReady(at=self.now, who=who, reply=reply, text="too late"))

    # -- coming, going, buttons -------------------------------------------------------------------------------------

    @rule(data=st.data())
    def somebody_leaves(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.here))) if self.here else None
        if who is None:
            return
        self.here.discard(who)
        self.shown.pop(who, None)
        self.open.pop(who, None)
        for reply in [reply for reply, whose in self.generating.items() if whose == who]:
            del self.generating[reply]
            self.ready.discard(reply)
        self.remainders.pop(who, None)
        if self.voiced is not None and self.voiced.who == who:
            self.voiced = None
        self.tell(ev.SpeakerLeft(at=self.now, who=who))

    @rule(data=st.data())
    def somebody_comes(self, data: st.DataObject) -> None:
        away = sorted(who for who in PEOPLE | AIS if who not in self.here)
        if away:
            who = data.draw(st.sampled_from(away))
            self.join(who, "human" if who in PEOPLE else "ai")

    @rule(
        data=st.data(),
        command=st.sampled_from(["stop", "skip", "ask", "go_on", "think", "end_thinking"]),
    )
    def a_button_is_pressed(self, data: st.DataObject, command: ev.CommandName) -> None:
        if self.here:
            target = data.draw(st.none() | st.sampled_from(sorted(self.here)))
            self.tell(ev.CommandGiven(at=self.now, by="sam", command=command, target=target))

    # -- what always holds ------------------------------------------------------------------------------------------

    @invariant()
    def a_duck_or_a_hold_has_an_end(self) -> None:
        if not hasattr(self, "floor"):
            return
        held = self.voiced is not None and self.voiced.held and not self.voiced.stopped
        if self.ducked or held:
            assert self.floor.deadline is not None, "ducked or held for ever"
        if self.voiced is None:
            assert not self.ducked, "ducked with nobody speaking"

    @invariant()
    def the_floor_knows_what_runs(self) -> None:
        if hasattr(self, "floor"):
            assert set(self.floor._table.replies) == set(self.generating)

    def teardown(self) -> None:
        if not hasattr(self, "floor") or self.failed:
            return
        # Hearing and the mouths fall silent for ever: the table comes to rest by its own deadlines
        for who, (utterance, voiced) in sorted(self.open.items()):
            if voiced:
                self.open[who] = (utterance, False)
        for _ in range(60):
            if self.floor.deadline is None:
                break
            if self.voiced is not None and self.voiced.stopped:
                self.voiced = None  # and the mouth is dead
            self.pass_time(self.floor.deadline)
        table = self.floor._table
        assert self.floor.deadline is None, "never at rest"
        assert isinstance(table.voice, Nobody)
        assert isinstance(table.agenda, Open)
        assert table.round is None
        assert table.thinking is None
        assert not table.replies, "a generation was left running"
        assert not table.speech.blocking()
        assert not self.ducked
        assert not self.generating
        assert all(state == "listening" for state in self.shown.values())
        again = Floor(self.manners, strict=True)
        assert [again.handle(event) for event in self.told] == self.wanted, "not deterministic"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
