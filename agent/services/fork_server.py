"""The process that job processes are forked from: started before LiveKit's worker would start it."""

from __future__ import annotations

import multiprocessing.forkserver
import sys

# Imported once and shared by the job processes: what takes a second to import, and starts no threads by it
PRELOADED = ("agent.episode", "agent.engines", "livekit.plugins.openai", "livekit.plugins.piper", "faster_whisper")


def start_fork_server() -> None:
    """Start it now, so that it imports on a second core while this process imports LiveKit's worker.

    Job processes inherit its environment, so that has to be complete. LiveKit names the same modules when it starts its
    first job process, and finds the server running. Only on Linux, where LiveKit forks.
    """
    if sys.platform != "linux":
        return
    warm_up = ("livekit.agents.ipc._preload", "livekit.agents.ipc._preload_freeze")  # LiveKit's own, the freeze last
    multiprocessing.get_context("forkserver").set_forkserver_preload([*PRELOADED, *warm_up])
    multiprocessing.forkserver.ensure_running()
