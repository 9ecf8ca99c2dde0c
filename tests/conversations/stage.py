"""A process that holds shows one after the other, with models that are loaded once: a worker for `real_room`.

Told on its standard input, in JSON lines: what is to be held, then `"end"`. Answers `ready`, and `over` for each.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from livekit import rtc
from livekit.agents.utils import http_context
from livekit.plugins import piper

from agent.engines import Engines
from agent.episode import Episode
from agent.floor.rules import Rules
from agent.plan import make_plan
from agent.settings import load


def main() -> None:
    """Until standard input ends."""
    loaded = Engines.load(load({}, env_file=None).settings)
    voice = piper.TTS()  # holds the server of all voices
    voice.prewarm()
    print("ready", flush=True)
    for line in sys.stdin:
        asyncio.run(_hold(json.loads(line), loaded))
        print("over", flush=True)
    if loaded.recognizer is not None:
        loaded.recognizer.close()
    asyncio.run(voice.aclose())


async def _hold(wanted: Mapping[str, Any], loaded: Engines) -> None:
    rules = Rules.model_validate(wanted["rules"])
    settings = load(wanted["environ"], env_file=None).settings.model_copy(update={"floor": rules})
    plan = make_plan("", room_name=wanted["room"], settings=settings, now=datetime.now().astimezone())
    room = rtc.Room()
    async with http_context.open():
        await room.connect(settings.livekit.url or "", wanted["token"], rtc.RoomOptions(False))
        episode = Episode(room, plan=plan, engines=Engines(settings, loaded.recognizer))
        show = asyncio.get_running_loop().create_task(episode.run())
        await asyncio.to_thread(sys.stdin.readline)
        await episode.end("the talk is over")
        await show
        await room.disconnect()


if __name__ == "__main__":
    main()
