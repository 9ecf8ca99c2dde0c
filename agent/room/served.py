"""Who is in a room, as the LiveKit server tells: people, and the studio's agent or its dispatch."""

from __future__ import annotations

from livekit import api
from livekit.protocol import agent as agent_protocol
from livekit.protocol.models import ParticipantInfo

HUMAN_KINDS = (ParticipantInfo.Kind.STANDARD, ParticipantInfo.Kind.SIP, ParticipantInfo.Kind.CONNECTOR)
_OVER = (
    agent_protocol.JobStatus.JS_SUCCESS,
    agent_protocol.JobStatus.JS_FAILED,
    agent_protocol.JobStatus.JS_CANCELLED,
)


async def is_served(server: api.LiveKitAPI, room: str, agent_name: str, *, but: str = "") -> bool:
    """Whether the agent is in the room, or on its way.

    Args:
        but: id of a job that does not count: it is known to have died.

    Raises:
        api.TwirpError: the server refuses.
    """
    for dispatch in await server.agent_dispatch.list_dispatch(room):
        jobs = [job for job in dispatch.state.jobs if job.id != but]
        waits = not dispatch.state.jobs  # nobody has taken it yet
        if dispatch.agent_name == agent_name and (waits or any(job.state.status not in _OVER for job in jobs)):
            return True
    return False
