"""The worker: LiveKit's AgentServer under the name `roundtable`, one job process an episode."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from livekit.agents import AgentServer, AutoSubscribe, JobContext, JobProcess, JobRequest
from livekit.agents.worker import ServerEnvOption, WorkerPermissions
from livekit.protocol import models

from agent.plan import make_plan
from agent.room.seat import COLOUR_ATTRIBUTE
from agent.services.fork_server import PRELOADED
from agent.services.heartbeat import beat
from agent.services.revival import exit_as_failed, revive_shows
from agent.settings import COHOST, Settings, load
from agent.worker_page import add_worker_page

if TYPE_CHECKING:
    from agent.engines import Engines
    from agent.episode import Episode

logger = logging.getLogger(__name__)

AGENT_NAME = "roundtable"
# Loading the models takes 3 s on a quiet machine; a busy one that starts two shows at once needs patience.
_INITIALIZE_S = 120.0
_MEMORY_WARNING_MB = 2500  # the models take one gigabyte, and LiveKit's default of so much warns every few minutes
_PROMISE_S = 30.0  # a job that has not begun by then went elsewhere


def make_server(settings: Settings) -> AgentServer:
    """The worker for these settings; run it with LiveKit's command line or `server.run()`."""
    worker = settings.worker
    server = AgentServer(
        setup_fnc=prewarm,
        load_fnc=lambda server: len(server.active_jobs) / worker.max_shows,
        # LiveKit's default refuses jobs by CPU load, and local models alone exceed it; with any threshold it takes the
        # first of two jobs that come at once for a full load, and nobody asks again for the second. So `Places` counts.
        load_threshold=math.inf,
        num_idle_processes=ServerEnvOption(dev_default=worker.idle_processes, prod_default=worker.idle_processes),
        initialize_process_timeout=_INITIALIZE_S,
        job_memory_warn_mb=_MEMORY_WARNING_MB,
        # SIGTERM: LiveKit waits `drain_timeout` for shows to end by themselves, which no show does; then each is told
        # to end and seals its folder.
        drain_timeout=1,
        session_end_timeout=worker.drain_s,
        shutdown_process_timeout=worker.drain_s,
        permissions=WorkerPermissions(
            can_publish=True,
            can_subscribe=True,
            can_publish_data=True,
            can_update_metadata=True,  # without it set_attributes fails in silence
            can_publish_sources=[models.TrackSource.MICROPHONE],
        ),
        host="127.0.0.1",
        port=0,
        ws_url=settings.livekit.url,
        api_key=settings.livekit.api_key,
        api_secret=settings.livekit.api_secret.get_secret_value() if settings.livekit.api_secret else None,
        preload_modules=list(PRELOADED),
        log_level=settings.log_level.replace("warning", "warn").upper(),
    )
    places = Places(worker.max_shows, lambda: {job.job.id for job in server.active_jobs})

    async def admit(request: JobRequest) -> None:
        """Take the job as the co-host: a participant with a speaker's id and name."""
        if not places.take(request.id, time.monotonic()):
            logger.warning("refused the show in %s: %d are running", request.room.name, worker.max_shows)
            await request.reject()
            return
        claude = settings.cast()[0]
        await request.accept(identity=COHOST, name=claude.name, attributes={COLOUR_ATTRIBUTE: claude.colour})

    server.rtc_session(run_show, agent_name=AGENT_NAME, on_request=admit, on_session_end=end_show)
    add_worker_page(server, port=worker.port)
    revive_shows(server, settings, agent_name=AGENT_NAME)
    return server


def prewarm(process: JobProcess) -> None:
    """In a fresh job process, before it has a job: read the settings, load the models."""
    from agent.engines import Engines

    # They log each decoding
    for library in ("faster_whisper", "httpx", "httpx2"):
        logging.getLogger(library).setLevel(logging.WARNING)
    process.userdata["engines"] = Engines.load(load().settings)


class Places:
    """How many shows a worker holds at once, those counted that it was promised and that have not begun."""

    def __init__(self, most: int, running: Callable[[], set[str]]) -> None:
        """Args:
        most: shows at once.
        running: ids of the jobs that have begun and not ended.
        """
        self._most = most
        self._running = running
        self._promised: dict[str, float] = {}  # job to when

    def take(self, job: str, now: float) -> bool:
        """A place for a job; False when there is none.

        Args:
            now: seconds of a clock that does not jump.
        """
        running = self._running()
        self._promised = {
            promised: at for promised, at in self._promised.items() if promised not in running and now - at < _PROMISE_S
        }
        if job not in running and len(running | self._promised.keys()) >= self._most:
            return False
        self._promised[job] = now
        return True


async def run_show(ctx: JobContext) -> None:
    """The job: join the room and hold the show, until it ends or the process is told to end it."""
    from agent.episode import Episode

    engines: Engines = ctx.proc.userdata["engines"]
    settings = engines.settings
    ctx.proc.userdata["heartbeat"] = asyncio.get_running_loop().create_task(beat(), name="heartbeat")
    plan = make_plan(ctx.job.metadata, room_name=ctx.job.room.name, settings=settings, now=datetime.now().astimezone())
    ctx.log_context_fields = {"room": ctx.job.room.name, "episode": plan.slug}
    await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    episode = Episode(ctx.room, plan=plan, engines=engines)
    ctx.proc.userdata["episode"] = episode
    # The entry point returns once the show runs, as AgentSession's does: LiveKit calls on_session_end at once when the
    # job is to end, but only after it has waited for an entry point that is still running.
    task = asyncio.get_running_loop().create_task(episode.run(), name=f"episode:{plan.slug}")
    task.add_done_callback(lambda done: _show_is_over(ctx, done))


def _show_is_over(ctx: JobContext, task: asyncio.Task[str]) -> None:
    """The show has ended and its folder is sealed: end the job, too."""
    if task.cancelled():
        reason = "cancelled"
    elif error := task.exception():
        logger.error("the show ended by an error", exc_info=error)
        exit_as_failed()
        reason = "error"
    else:
        reason = task.result()
    ctx.shutdown(reason)


async def end_show(ctx: JobContext) -> None:
    """The job is to end: the room closed, the server went, or the worker was told to stop. Seals the folder."""
    from agent.recording.session import SHUTDOWN

    episode: Episode | None = ctx.proc.userdata.get("episode")
    if episode is not None:
        await episode.end(SHUTDOWN)
