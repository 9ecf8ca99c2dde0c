"""The humans of a room: who is there, and what their microphones bring."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from livekit import rtc

from agent.clock import EpisodeClock
from agent.room.roles import Role, role_of
from agent.room.slugs import unique_slug

logger = logging.getLogger(__name__)

SAMPLE_RATE_HZ = 48_000
# As they come out of the jitter buffer: the detectors look every 10.7 ms while an AI is heard, and frames as long as
# their windows (32 ms) kept all of those looks for one moment, and an AI gave way 13 ms later (bench/manners.py).
FRAME_MS = 10
_BACKLOG_FRAMES = 1000  # 10 s of a stream that a starved process does not read; the SDK drops the oldest beyond

# Egress and ingress recorders, SIP trunks' bots and other agents have kinds of their own. A phone call is a person.
_HUMAN_KINDS = (
    rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
    rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
    rtc.ParticipantKind.PARTICIPANT_KIND_CONNECTOR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A human speaker. The id stays the same however often the participant leaves and returns."""

    who: str
    identity: str
    name: str


class PeopleListener(Protocol):
    """What the episode does with people; called on the event loop, must not wait."""

    def person_joined(self, person: Person) -> None: ...

    def person_left(self, person: Person) -> None: ...

    def person_muted(self, person: Person, *, muted: bool) -> None: ...

    def person_heard(self, person: Person, at: float, pcm: np.ndarray) -> None:
        """`pcm`: int16, (samples,), 48 kHz mono; `at`: episode time of its first sample."""


class People:
    """Subscribes to each human's microphone once and hands its frames on.

    A second microphone track of the same person (a republish, or a second device under the same identity) replaces
    the first: one voice, one file.
    """

    def __init__(
        self, room: rtc.Room, *, clock: EpisodeClock, listener: PeopleListener, reserved: frozenset[str]
    ) -> None:
        self._room = room
        self._clock = clock
        self._listener = listener
        self._taken = set(reserved)
        self._people: dict[str, Person] = {}  # by identity, everyone who was ever here
        self._present: set[str] = set()
        self._tracks: dict[str, rtc.RemoteAudioTrack] = {}  # by identity
        self._new_tracks: asyncio.Queue[tuple[Person, rtc.RemoteAudioTrack]] = asyncio.Queue()

    @property
    def present(self) -> tuple[Person, ...]:
        return tuple(self._people[identity] for identity in sorted(self._present))

    @property
    def everyone(self) -> tuple[Person, ...]:
        """All humans who were ever in this room."""
        return tuple(self._people.values())

    def who(self, identity: str) -> str | None:
        """The speaker's id of a participant who is here."""
        return self._people[identity].who if identity in self._present else None

    def role(self, identity: str) -> Role:
        """What a participant may do, as the studio signed it: read anew each time, since one may return as another."""
        participant = self._room.remote_participants.get(identity)
        return role_of(participant.metadata) if participant is not None else "audience"

    def track_sid(self, identity: str) -> str | None:
        """The microphone track that is heard at this moment."""
        track = self._tracks.get(identity)
        return track.sid if track else None

    def watch(self) -> None:
        """Follow the room's events, and take in who is there already. Call once, after connecting."""
        room = self._room
        room.on("participant_connected", self._joined)
        room.on("participant_disconnected", self._left)
        room.on("track_published", self._published)
        room.on("track_subscribed", self._subscribed)
        room.on("track_unsubscribed", self._unsubscribed)
        room.on("track_muted", lambda participant, publication: self._muted(participant, publication, True))
        room.on("track_unmuted", lambda participant, publication: self._muted(participant, publication, False))
        for participant in list(room.remote_participants.values()):
            self._joined(participant)

    async def run(self) -> None:
        """Read every subscribed microphone until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                person, track = await self._new_tracks.get()
                tasks.create_task(self._read(person, track), name=f"microphone:{person.who}")

    async def _read(self, person: Person, track: rtc.RemoteAudioTrack) -> None:
        stream = rtc.AudioStream.from_track(
            track=track,
            sample_rate=SAMPLE_RATE_HZ,
            num_channels=1,
            frame_size_ms=FRAME_MS,
            capacity=_BACKLOG_FRAMES,
        )
        try:
            async for event in stream:
                if self._tracks.get(person.identity) is not track:
                    return  # replaced by a newer track of the same person
                pcm = np.frombuffer(event.frame.data, np.int16)
                self._listener.person_heard(person, self._clock.now() - len(pcm) / SAMPLE_RATE_HZ, pcm)
        finally:
            await stream.aclose()

    def _joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind not in _HUMAN_KINDS or role_of(participant.metadata) == "audience":
            return
        person = self._people.get(participant.identity)
        if person is None:
            who = unique_slug(participant.identity, self._taken, default="you")
            self._taken.add(who)
            person = Person(who=who, identity=participant.identity, name=participant.name or participant.identity)
            self._people[participant.identity] = person
        if participant.identity not in self._present:
            self._present.add(participant.identity)
            self._listener.person_joined(person)
        for publication in participant.track_publications.values():
            self._published(publication, participant)

    def _left(self, participant: rtc.RemoteParticipant) -> None:
        person = self._people.get(participant.identity)
        if person is None or participant.identity not in self._present:
            return
        # The same identity from another device takes this one's place: the room then still has the newer one.
        current = self._room.remote_participants.get(participant.identity)
        if current is not None and current.sid != participant.sid:
            return
        self._present.discard(participant.identity)
        self._tracks.pop(participant.identity, None)
        self._listener.person_left(person)

    def _published(self, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        if (
            participant.identity in self._people
            and publication.kind == rtc.TrackKind.KIND_AUDIO
            and publication.source in (rtc.TrackSource.SOURCE_MICROPHONE, rtc.TrackSource.SOURCE_UNKNOWN)
        ):
            publication.set_subscribed(True)

    def _subscribed(
        self, track: rtc.Track, _publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        person = self._people.get(participant.identity)
        if person is None or not isinstance(track, rtc.RemoteAudioTrack):
            return
        self._tracks[participant.identity] = track
        self._new_tracks.put_nowait((person, track))

    def _unsubscribed(
        self, track: rtc.Track, _publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if self._tracks.get(participant.identity) is track:
            del self._tracks[participant.identity]

    def _muted(self, participant: rtc.Participant, publication: rtc.TrackPublication, muted: bool) -> None:
        person = self._people.get(participant.identity)
        if person is not None and publication.source == rtc.TrackSource.SOURCE_MICROPHONE:
            self._listener.person_muted(person, muted=muted)
