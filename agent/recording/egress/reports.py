"""What LiveKit says of an egress, in this project's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from livekit import api
from livekit.protocol.egress import EgressInfo, EgressStatus, FileInfo
from livekit.protocol.models import ParticipantInfo

Status = Literal["starting", "active", "ending", "complete", "failed", "aborted", "limit_reached"]
OVER: frozenset[Status] = frozenset({"complete", "failed", "aborted", "limit_reached"})
WITH_FILE: frozenset[Status] = frozenset({"complete", "limit_reached"})

_NS = 1e9  # all of the protocol's times are Unix nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressFile:
    """
    Attributes:
        name: path or key, as the egress service knows it.
        started_at: Unix seconds of its first sample, on the clock of the egress service's machine; None when untold.
        duration_s: as the egress service measured it.
    """

    name: str
    started_at: float | None
    duration_s: float
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressReport:
    """How an egress is, from a webhook or from a list.

    Attributes:
        egress_id: empty in the late FAILED of an egress that never began.
        track_id: empty when it is no track egress.
        error: the service's own words; also why it ended well ("Source closed").
    """

    egress_id: str
    room: str
    track_id: str
    status: Status
    error: str = ""
    file: EgressFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressLeft:
    """An egress has left its room. It is a hidden participant there, whose identity is its id."""

    egress_id: str
    room: str


Report: TypeAlias = EgressReport | EgressLeft


def of_info(info: EgressInfo) -> EgressReport:
    """A status that this version does not know counts as failed: nothing says that it records."""
    return EgressReport(
        egress_id=info.egress_id,
        room=info.room_name,
        track_id=info.track.track_id if info.HasField("track") else "",
        status=_status(info.status),
        error=info.error or info.details,
        file=_file(info),
    )


def of_webhook(event: api.WebhookEvent) -> Report | None:
    """None for an event that is not about an egress."""
    if event.event in ("egress_started", "egress_updated", "egress_ended"):
        return of_info(event.egress_info)
    if event.event == "participant_left" and event.participant.kind == ParticipantInfo.Kind.EGRESS:
        return EgressLeft(egress_id=event.participant.identity, room=event.room.name)
    return None


def _status(value: int) -> Status:
    name = EgressStatus.Name(value).removeprefix("EGRESS_").lower() if value in EgressStatus.values() else ""
    return next((status for status in get_args(Status) if status == name), "failed")


def _file(info: EgressInfo) -> EgressFile | None:
    """The newer list of files first; older services fill the single field only."""
    found: FileInfo | None = None
    if info.file_results:
        found = info.file_results[0]
    elif info.HasField("file"):
        found = info.file
    if found is None or not found.filename:
        return None
    return EgressFile(
        name=found.filename,
        started_at=found.started_at / _NS if found.started_at else None,
        duration_s=found.duration / _NS,
        bytes=found.size,
    )
