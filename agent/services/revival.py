"""A show that died begins again while people are at its table: they go on talking, and are not recorded.

It died when its process did, when an error ended it (that one seals its folder, and its process says so by its exit),
or with its worker: then the next worker looks for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from collections import defaultdict, deque
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.util import Finalize

from livekit import api
from livekit.agents import AgentServer
from livekit.agents.ipc.job_executor import JobExecutor
from livekit.protocol.agent import Job
from livekit.protocol.models import ParticipantInfo

from agent.room.seat import COLOUR_ATTRIBUTE
from agent.room.served import HUMAN_KINDS, called_at_s, is_served
from agent.settings import Settings

logger = logging.getLogger(__name__)

MOST = 3  # of one room within `WITHIN_S`: a show that dies at once each time is not begun for ever
WITHIN_S = 600.0
_TRIES = 5
_WAIT_S = 2.0  # between two
_CHECKS, _CHECK_S = 20, 0.2
_LOOKS, _LOOK_S = 6, 8.0
_FAILED = 1


def revive_shows(server: AgentServer, settings: Settings, *, agent_name: str) -> None:
    """From the worker's start on, call the agent again into each room whose job died; not where it ended."""
    running: set[asyncio.Task[None]] = set()  # a task that nobody holds may be collected
    patience = Patience()

    def start(work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)

    def closed(process: JobExecutor) -> None:
        job = process.running_job
        # LiveKit tells of it by no public event. livekit-agents is pinned.
        if job is None or server.draining or not getattr(process, "exitcode", 0):
            return
        logger.error("the show in %s has died", job.job.room.name)
        if not patience.lasts(job.job.room.name, time.monotonic()):
            logger.error("it has died %d times now, and is not begun again", MOST + 1)
            return
        start(_revive(settings, job.job, agent_name))

    def started() -> None:
        server._proc_pool.on("process_closed", closed)
        start(_look_for_orphans(settings, agent_name))

    server.on("worker_started", started)


def exit_as_failed() -> None:
    """In a show's process: let it exit with a code that tells of a failure, once LiveKit has finished the job.

    LiveKit's own exit code is 0 for every job that ended, and its job's status a success.
    """
    Finalize(None, os._exit, args=(_FAILED,), exitpriority=-1)  # after all others


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
    room = job.room.name
    async with _api(settings) as server:
        for _ in range(_TRIES):
            try:
                if await _clear(server, room) and not await is_served(server, room, agent_name, but=job.dispatch_id):
                    await _call(server, room, agent_name, job.metadata)
                return  # else a page has called for one, or the next who comes in will
            except Exception:  # the server may have gone with it
                logger.warning("no new show could be begun in %s yet", room, exc_info=True)
            await asyncio.sleep(_WAIT_S)


async def _look_for_orphans(settings: Settings, agent_name: str) -> None:
    """Shows whose worker died, or was replaced: for a while, since LiveKit keeps the seats of who vanished."""
    started_s = datetime.now(UTC).timestamp()
    async with _api(settings) as server:
        for _ in range(_LOOKS):
            try:
                for room in (await server.room.list_rooms(api.ListRoomsRequest())).rooms:
                    await _adopt(server, room.name, agent_name, before_s=started_s)
            except Exception:
                logger.warning("shows that were left without a worker could not be looked for", exc_info=True)
            await asyncio.sleep(_LOOK_S * random.uniform(1, 2))  # other workers may have started at the same moment


async def _adopt(server: api.LiveKitAPI, room: str, agent_name: str, *, before_s: float) -> None:
    """Begin a new show where one was called before (seconds since 1970), and nobody serves people any more."""
    called = [one for one in await server.agent_dispatch.list_dispatch(room) if one.agent_name == agent_name]
    latest = max(called, key=called_at_s, default=None)
    if latest is None or called_at_s(latest) > before_s:
        return
    if not await is_served(server, room, agent_name) and await _clear(server, room):
        await _call(server, room, agent_name, latest.metadata)


async def _call(server: api.LiveKitAPI, room: str, agent_name: str, metadata: str) -> None:
    wanted = api.CreateAgentDispatchRequest(agent_name=agent_name, room=room, metadata=after_death(metadata))
    await server.agent_dispatch.create_dispatch(wanted)
    logger.warning("a new show begins in %s", room)


def _api(settings: Settings) -> api.LiveKitAPI:
    livekit = settings.livekit
    secret = livekit.api_secret.get_secret_value() if livekit.api_secret else None
    return api.LiveKitAPI(livekit.url, livekit.api_key, secret)


async def _clear(server: api.LiveKitAPI, room: str) -> bool:
    """Take the dead AIs' seats out of the room; whether people are there.

    LiveKit keeps participants for a while that fell silent, and knows an agent's job by its identity: were the new
    co-host to take the place of the old one, the new job would be ended when the old one is seen to have left.
    """
    for _ in range(_CHECKS):
        found = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
        dead = [one for one in found if one.kind == ParticipantInfo.Kind.AGENT and COLOUR_ATTRIBUTE in one.attributes]
        if not dead:
            return any(participant.kind in HUMAN_KINDS for participant in found)
        for participant in dead:
            with suppress(api.TwirpError):  # gone by itself
                await server.room.remove_participant(
                    api.RoomParticipantIdentity(room=room, identity=participant.identity)
                )
        await asyncio.sleep(_CHECK_S)
    raise TimeoutError(f"the AIs of the show that died are still in {room}")


def after_death(metadata: str) -> str:
    """The job's metadata, with the word that one has died before it."""
    try:
        asked = json.loads(metadata or "{}")
    except ValueError:
        return metadata
    return json.dumps(asked | {"revived": True}) if isinstance(asked, dict) else metadata
