"""A show whose process died begins again while people are at its table: they go on talking, and are not recorded."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict, deque
from contextlib import suppress

from livekit import api
from livekit.agents import AgentServer
from livekit.agents.ipc.job_executor import JobExecutor
from livekit.protocol.agent import Job
from livekit.protocol.models import ParticipantInfo

from agent.room.served import HUMAN_KINDS, is_served
from agent.settings import Settings

logger = logging.getLogger(__name__)

MOST = 3  # of one room within `WITHIN_S`: a show that dies at once each time is not begun for ever
WITHIN_S = 600.0
_TRIES = 5
_WAIT_S = 2.0  # between two
_CHECKS, _CHECK_S = 20, 0.2


def revive_shows(server: AgentServer, settings: Settings, *, agent_name: str) -> None:
    """From the worker's start on, call the agent again into each room whose job died; not where it ended."""
    reviving: set[asyncio.Task[None]] = set()  # a task that nobody holds may be collected
    patience = Patience()

    def closed(process: JobExecutor) -> None:
        job = process.running_job
        # LiveKit tells of it by no public event. livekit-agents is pinned.
        if job is None or server.draining or not getattr(process, "exitcode", 0):
            return
        logger.error("the process of the show in %s has died", job.job.room.name)
        if not patience.lasts(job.job.room.name, time.monotonic()):
            logger.error("it has died %d times now, and is not begun again", MOST + 1)
            return
        task = asyncio.get_running_loop().create_task(_revive(settings, job.job, agent_name))
        reviving.add(task)
        task.add_done_callback(reviving.discard)

    server.on("worker_started", lambda: server._proc_pool.on("process_closed", closed))


class Patience:
    """How often a room's show may die."""

    def __init__(self) -> None:
        self._died: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MOST))

    def lasts(self, room: str, now: float) -> bool:
        """Whether a show that has died at `now` (seconds of a clock that does not jump) is to begin again."""
        died = self._died[room]
        if len(died) == MOST and now - died[0] < WITHIN_S:
            return False
        died.append(now)
        return True


async def _revive(settings: Settings, job: Job, agent_name: str) -> None:
    livekit = settings.livekit
    secret = livekit.api_secret.get_secret_value() if livekit.api_secret else None
    room = job.room.name
    async with api.LiveKitAPI(livekit.url, livekit.api_key, secret) as server:
        for _ in range(_TRIES):
            try:
                if await _clear(server, room) and not await is_served(server, room, agent_name, but=job.id):
                    metadata = _after_death(job.metadata)
                    wanted = api.CreateAgentDispatchRequest(agent_name=agent_name, room=room, metadata=metadata)
                    await server.agent_dispatch.create_dispatch(wanted)
                    logger.warning("a new show begins in %s", room)
                return  # else a page has called for one, or the next who comes in will
            except Exception:  # the server may have gone with it
                logger.warning("no new show could be begun in %s yet", room, exc_info=True)
            await asyncio.sleep(_WAIT_S)


async def _clear(server: api.LiveKitAPI, room: str) -> bool:
    """Take the dead AIs' seats out of the room; whether people are there.

    LiveKit keeps participants for a while that fell silent, and knows an agent's job by its identity: were the new
    co-host to take the place of the old one, the new job would be ended when the old one is seen to have left.
    """
    for _ in range(_CHECKS):
        found = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
        dead = [participant for participant in found if participant.kind == ParticipantInfo.Kind.AGENT]
        if not dead:
            return any(participant.kind in HUMAN_KINDS for participant in found)
        for participant in dead:
            with suppress(api.TwirpError):  # gone by itself
                await server.room.remove_participant(
                    api.RoomParticipantIdentity(room=room, identity=participant.identity)
                )
        await asyncio.sleep(_CHECK_S)
    raise TimeoutError(f"the AIs of the show that died are still in {room}")


def _after_death(metadata: str) -> str:
    """The job's metadata, with the word that one has died before it."""
    try:
        asked = json.loads(metadata or "{}")
    except ValueError:
        return metadata
    return json.dumps(asked | {"revived": True}) if isinstance(asked, dict) else metadata
