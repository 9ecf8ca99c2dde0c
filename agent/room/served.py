"""Who is in a room, as the LiveKit server tells: people, and the studio's agent or its dispatch."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from livekit import api
from livekit.protocol.agent_dispatch import AgentDispatch
from livekit.protocol.models import ParticipantInfo

HUMAN_KINDS = (ParticipantInfo.Kind.STANDARD, ParticipantInfo.Kind.SIP, ParticipantInfo.Kind.CONNECTOR)
ON_ITS_WAY_S = 30.0
"""From the dispatch to the agent in the room, at most: a process may have to load its models first."""
_NS = 1e-9


def called_at_s(dispatch: AgentDispatch) -> float:
    """When the agent was called, seconds since 1970 on the server's clock."""
    return dispatch.state.created_at * _NS


async def is_served(server: api.LiveKitAPI, room: str, agent_name: str, *, but: str = "") -> bool:
    """Whether the agent is in the room, or on its way.

    Args:
        but: id of a dispatch that does not count: its job is known to have died.

    Raises:
        api.TwirpError: the server refuses.
    """
    found = await server.agent_dispatch.list_dispatch(room)
    dispatches = [one for one in found if one.agent_name == agent_name and one.id != but]
    if not dispatches:
        return False
    present = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
    identities = {participant.identity for participant in present}
    now_s = datetime.now(UTC).timestamp()
    return any(_serves(dispatch, identities, now_s=now_s) for dispatch in dispatches)


def _serves(dispatch: AgentDispatch, present: AbstractSet[str], *, now_s: float) -> bool:
    """Whether one of these is the dispatch's agent, or it may still come.

    LiveKit lists a job seconds after it has been assigned, never says of it that it ended, and does not look again for
    a worker where there was none.
    """
    if now_s - called_at_s(dispatch) < ON_ITS_WAY_S:
        return True
    return any(job.state.participant_identity in present for job in dispatch.state.jobs)
