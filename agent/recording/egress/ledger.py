"""One egress a published track: what has been asked for, what is proven, what is owed. Pure: no I/O, no clock.

A track's egress records only once it has been reported ACTIVE; that its start was accepted proves nothing. Reports come
twice, late and in any order, from webhooks and from lists alike. Everything is on the episode clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from agent.recording.egress.reports import OVER, EgressFile, EgressReport, Status

PieceStatus: TypeAlias = Status | Literal["lost"]

# A report of a lower or the same rank is old news. What was given up for lost may still turn up.
_RANKS: dict[PieceStatus, float] = {"starting": 0, "active": 1, "ending": 2, "lost": 2.5, **dict.fromkeys(OVER, 3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Seconds. `retry_s`: after the first refusal, the second, and so on; the last one is repeated."""

    active_s: float = 15.0
    retry_s: tuple[float, ...] = (15.0, 30.0, 60.0, 120.0)
    settle_s: float = 2.0  # an egress ends with its track, and its report may overtake the room's
    gone_s: float = 5.0  # from an egress's leaving the room to its last report
    steady_s: float = 60.0  # one that has recorded for so long was no part of a row of failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one egress recorded of one track.

    Attributes:
        asked_at: when its start was asked for; its file begins later.
        active_at: when it was known to record; None while nothing proves it.
        status: "lost" when it left without a word.
        error: the service's own words.
        file: once it is over and well.
    """

    who: str
    track_id: str
    egress_id: str
    asked_at: float
    active_at: float | None = None
    status: PieceStatus = "starting"
    error: str = ""
    file: EgressFile | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.status == "lost" or self.status in OVER


@dataclass(frozen=True, slots=True)
class Start:
    """Ask for an egress of a track; answer with `started` or `refused`."""

    who: str
    track_id: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End an egress."""

    egress_id: str


@dataclass(frozen=True, slots=True)
class Log:
    """One line for events.jsonl."""

    status: str
    who: str | None
    track_id: str = ""
    egress_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The host should know; told once until the `Relief` with the same key."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Relief:
    key: str
    text: str


Action: TypeAlias = Start | Stop | Log | Trouble | Relief


@dataclass(frozen=True, slots=True)
class Asking:
    since: float


@dataclass(frozen=True, slots=True)
class Accepted:
    egress_id: str
    until: float | None  # None once the host has been told that it takes too long


@dataclass(frozen=True, slots=True)
class Active:
    egress_id: str


@dataclass(frozen=True, slots=True)
class Gone:
    """It has left the room, unasked, and has not said how it ended."""

    egress_id: str
    until: float


@dataclass(frozen=True, slots=True)
class Ending:
    egress_id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """For the next try."""

    until: float


@dataclass(frozen=True, slots=True)
class Over:
    pass


State: TypeAlias = Asking | Accepted | Active | Gone | Ending | Waiting | Over


@dataclass(slots=True)
class _Track:
    who: str
    name: str
    track_id: str
    state: State
    published: bool = True
    failures: int = 0  # in a row


class Ledger:
    """The egresses of one show. Every method takes a fact and gives what is to be done.

    Attributes:
        foreign: reports of egresses that are not this show's, such as one that records the whole room.
    """

    def __init__(self, rules: Rules) -> None:
        self.foreign = 0
        self._rules = rules
        self._tracks: dict[str, _Track] = {}
        self._pieces: dict[str, Piece] = {}
        self._finishing = False

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """In the order of their beginning."""
        return tuple(self._pieces.values())

    @property
    def unsettled(self) -> bool:
        """Whether an egress runs, or may still begin to."""
        asking = any(isinstance(track.state, Asking) for track in self._tracks.values())
        return asking or any(not piece.settled for piece in self._pieces.values())

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        times = [
            track.state.until
            for track in self._tracks.values()
            if isinstance(track.state, Accepted | Gone | Waiting) and track.state.until is not None
        ]
        return min(times, default=None)

    def published(self, at: float, who: str, name: str, track_id: str) -> tuple[Action, ...]:
        """A speaker's voice is there, in place of the speaker's last one. `name` is for the host."""
        known = self._tracks.get(track_id)
        if self._finishing or (known is not None and known.published):
            return ()
        others = [
            track for track in self._tracks.values() if track.who == who and track is not known and track.published
        ]
        replaced = [action for track in others for action in self._replace(track)]
        if known is not None:
            return (*replaced, *self._returned(at, known))
        track = self._tracks[track_id] = _Track(who, name, track_id, Asking(at))
        return (*replaced, *self._ask(at, track))

    def unpublished(self, track_id: str) -> tuple[Action, ...]:
        """A voice has gone; its egress ends by itself."""
        track = self._tracks.get(track_id)
        if track is None:
            return ()
        track.published = False
        match track.state:
            case Waiting():
                track.state = Over()
            case Accepted(egress_id) | Active(egress_id) | Gone(egress_id):
                track.state = Ending(egress_id)
        return ()

    def started(self, at: float, track_id: str, egress_id: str) -> tuple[Action, ...]:
        """The service has accepted a `Start`."""
        if egress_id in self._pieces:  # a report was faster than this answer
            return ()
        return tuple(self._adopt(at, self._tracks[track_id], egress_id))

    def refused(self, at: float, track_id: str, reason: str, *, lasting: bool) -> tuple[Action, ...]:
        """A `Start` came to nothing. `lasting`: asking again would not help."""
        track = self._tracks[track_id]
        if not isinstance(track.state, Asking):
            return ()
        track.failures += 1
        hopeless = lasting or not track.published or self._finishing
        track.state = Over() if hopeless else Waiting(at + self._retry_s(track))
        text = f"LiveKit Egress does not record: {reason}. The recording on this machine goes on."
        return (Log("refused", track.who, track_id, reason=reason), Trouble("service", text))

    def reported(self, at: float, report: EgressReport) -> tuple[Action, ...]:
        """How an egress of this show's room is."""
        if not report.egress_id:
            if report.status not in OVER:
                return ()
            reason = report.error or "no reason was given"
            text = f"LiveKit Egress could not begin to record: {reason}. The recording on this machine goes on."
            return (Log(report.status, None, report.track_id, reason=reason), Trouble("service", text))
        actions: list[Action] = []
        if report.egress_id not in self._pieces:
            track = self._tracks.get(report.track_id)
            if track is None:
                self.foreign += 1
                return ()
            actions += self._adopt(at, track, report.egress_id, runs=report.status not in OVER)
        piece = self._pieces[report.egress_id]
        if _RANKS[report.status] <= _RANKS[piece.status]:
            return tuple(actions)
        piece = replace(piece, status=report.status, error=report.error or piece.error, file=report.file or piece.file)
        if report.status == "active":
            piece = replace(piece, active_at=at)
        self._pieces[piece.egress_id] = piece
        actions.append(Log(report.status, piece.who, piece.track_id, piece.egress_id, report.error))
        return (*actions, *self._follow(at, self._tracks[piece.track_id], piece))

    def left(self, at: float, egress_id: str) -> tuple[Action, ...]:
        """An egress has left the room. One that was killed says nothing else, and would count as active for ever."""
        piece = self._pieces.get(egress_id)
        if piece is not None and _RANKS[piece.status] < _RANKS["ending"]:
            track = self._tracks[piece.track_id]
            if isinstance(track.state, Accepted | Active) and track.state.egress_id == egress_id:
                track.state = Gone(egress_id, at + self._rules.gone_s)
        return ()

    def tick(self, at: float) -> tuple[Action, ...]:
        """`deadline` has passed."""
        return tuple(action for track in self._tracks.values() for action in self._tick(at, track))

    def finish(self, at: float) -> tuple[Action, ...]:
        """The show is over: nothing more is begun, and what runs is ended."""
        self._finishing = True
        actions: list[Action] = []
        for track in self._tracks.values():
            match track.state:
                case Accepted(egress_id) | Active(egress_id) | Gone(egress_id) | Ending(egress_id):
                    track.state = Ending(egress_id)
                    if not self._pieces[egress_id].settled:
                        actions.append(Stop(egress_id))
                case Waiting():
                    track.state = Over()
        return tuple(actions)

    def _replace(self, track: _Track) -> Iterator[Action]:
        """A speaker has one voice: two files of one moment could not be joined."""
        self.unpublished(track.track_id)
        if isinstance(track.state, Ending) and not self._pieces[track.state.egress_id].settled:
            yield Stop(track.state.egress_id)

    def _returned(self, at: float, track: _Track) -> tuple[Action, ...]:
        """The room was lost for a moment, and shows the same track again."""
        track.published = True
        match track.state:
            case Over():
                return self._ask(at, track)
            case Ending(egress_id) if self._pieces[egress_id].active_at is not None:
                track.state = Active(egress_id)
            case Ending(egress_id):
                track.state = Accepted(egress_id, at + self._rules.active_s)
        return ()

    def _ask(self, at: float, track: _Track) -> tuple[Action, ...]:
        track.state = Asking(at)
        return (Log("asked", track.who, track.track_id), Start(track.who, track.track_id))

    def _adopt(self, at: float, track: _Track, egress_id: str, *, runs: bool = True) -> Iterator[Action]:
        """An egress of `track` that was not known: the answer to a start, or one that was given up too early."""
        asked_at = track.state.since if isinstance(track.state, Asking) else at
        self._pieces[egress_id] = Piece(who=track.who, track_id=track.track_id, egress_id=egress_id, asked_at=asked_at)
        yield Log("starting", track.who, track.track_id, egress_id)
        wanted = track.published and not self._finishing
        match track.state:
            case Asking() | Waiting() if wanted:
                track.state = Accepted(egress_id, at + self._rules.active_s)
            case Asking() | Waiting():
                track.state = Ending(egress_id)
                if runs:
                    yield Stop(egress_id)
            case _ if runs:  # the track has its egress: two would only cost twice
                yield Stop(egress_id)

    def _follow(self, at: float, track: _Track, piece: Piece) -> Iterator[Action]:
        """What a piece's new status means for its track."""
        if getattr(track.state, "egress_id", None) != piece.egress_id:
            return
        if piece.status == "active" and isinstance(track.state, Accepted | Gone):
            track.state = Active(piece.egress_id)
            yield Relief("service", "LiveKit Egress records again.")
            yield Relief(f"voice:{track.who}", f"LiveKit Egress records {track.name} again.")
        if piece.status not in OVER:
            return
        if isinstance(track.state, Ending):
            track.state = Over()
            lost = piece.status == "failed" and piece.active_at is not None
        else:
            lost = piece.status != "complete" or piece.active_at is None
            steady = piece.active_at is not None and at - piece.active_at >= self._rules.steady_s
            track.failures = lost if steady else track.failures + lost
            track.state = Waiting(at + (self._retry_s(track) if lost else self._rules.settle_s))
        if lost:
            yield self._lost(track, piece.error or f"it ended as {piece.status}")

    def _tick(self, at: float, track: _Track) -> Iterator[Action]:
        match track.state:
            case Accepted(egress_id, until) if until is not None and until <= at:
                track.state = Accepted(egress_id, None)
                text = f"LiveKit Egress has not begun to record {track.name}. The recording on this machine goes on."
                yield Trouble(f"voice:{track.who}", text)
            case Gone(egress_id, until) if until <= at:
                piece = self._pieces[egress_id] = replace(self._pieces[egress_id], status="lost")
                track.failures += 1
                track.state = Waiting(at + self._rules.settle_s)
                yield Log("lost", piece.who, piece.track_id, egress_id, "it left the room without a word")
                yield self._lost(track, "it left the room without a word")
            case Waiting(until) if until <= at:
                yield from self._ask(at, track)

    def _lost(self, track: _Track, reason: str) -> Trouble:
        text = f"LiveKit Egress has lost a part of {track.name}: {reason}. The recording on this machine goes on."
        return Trouble(f"voice:{track.who}", text)

    def _retry_s(self, track: _Track) -> float:
        waits = self._rules.retry_s
        return waits[min(track.failures, len(waits)) - 1]
