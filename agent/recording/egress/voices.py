"""Which tracks of the room are to be recorded: the microphones of those who have a seat at the table."""

from __future__ import annotations

from collections.abc import Callable

from livekit import rtc

from agent.recording.egress.back_end import BackEnd

# A speaker's id and name by the participant's identity; None for everybody else, such as an egress that records.
Speakers = Callable[[str], tuple[str, str] | None]


def watch_voices(room: rtc.Room, speakers: Speakers, back_end: BackEnd) -> None:
    """Tell `back_end` of every voice that is there, comes and goes. Call once, after connecting."""

    def published(publication: rtc.TrackPublication, identity: str) -> None:
        voice = publication.source in (rtc.TrackSource.SOURCE_MICROPHONE, rtc.TrackSource.SOURCE_UNKNOWN)
        if publication.kind == rtc.TrackKind.KIND_AUDIO and voice and (speaker := speakers(identity)):
            back_end.published(*speaker, publication.sid)

    def left(participant: rtc.RemoteParticipant) -> None:
        for sid in participant.track_publications:
            back_end.unpublished(sid)

    own = room.local_participant
    room.on("track_published", lambda publication, participant: published(publication, participant.identity))
    room.on("track_unpublished", lambda publication, participant: back_end.unpublished(publication.sid))
    room.on("participant_disconnected", left)
    room.on("local_track_published", lambda publication, track: published(publication, own.identity))
    room.on("local_track_unpublished", lambda publication: back_end.unpublished(publication.sid))
    for mine in own.track_publications.values():
        published(mine, own.identity)
    for participant in room.remote_participants.values():
        for publication in participant.track_publications.values():
            published(publication, participant.identity)
