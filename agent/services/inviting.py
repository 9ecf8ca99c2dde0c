"""An invitation from the studio that runs, as its page asks for one."""

from __future__ import annotations

from typing import Any

import aiohttp

from agent.errors import StudioError

_LIMIT_S = 15.0


async def ask_for_invitation(base_url: str, *, name: str, room: str | None) -> dict[str, Any]:
    """
    Args:
        base_url: of the web server.
        room: None for a new one.
    Raises:
        StudioError: no studio answers there, or it refuses.
    """
    body = {"name": name} | ({"room": room} if room else {})
    timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{base_url}/api/join", json=body) as response,
        ):
            answer: dict[str, Any] = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise StudioError(f"no studio answers at {base_url}", fix="start it with 'studio up', or set PORT") from error
    if response.status != 200:
        raise StudioError(str(answer.get("error", response.status)), fix=str(answer.get("fix", "see 'studio doctor'")))
    return answer
