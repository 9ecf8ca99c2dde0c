"""Invitations of the studio that runs, asked for by its own interface: one process keeps them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import aiohttp

from agent.errors import StudioError
from agent.room.roles import Role

_LIMIT_S = 15.0
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

Answer = dict[str, Any]


def parse_life(text: str) -> timedelta:
    """`90m`, `2h`, `7d`.

    Raises:
        StudioError: it is none of these.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text.strip())
    if found is None:
        raise StudioError(f"{text!r} is no length of time", fix="write it like 90m, 2h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


class Inviting:
    """The running studio's interface. Every call raises StudioError when it refuses or does not answer."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._base_url = base_url

    async def make(self, role: Role, *, room: str | None, name: str, life: timedelta) -> Answer:
        """A new invitation with its `link` and its `signed` text."""
        if room is None and role != "host":
            room = await self._only_show()
        asked = {"role": role, "room": room, "name": name, "expires_s": round(life.total_seconds())}
        return await self._ask("POST", "/api/invitations", asked)

    async def all(self) -> list[Answer]:
        """Newest first, also those that are over."""
        return cast("list[Answer]", (await self._ask("GET", "/api/invitations"))["invitations"])

    async def revoke(self, identifier: str) -> Answer:
        """Withdraw one; `sent_out` people had come by it."""
        if re.fullmatch(r"[0-9a-f]+", identifier) is None:
            raise StudioError(f"{identifier!r} is no id of an invitation", fix="see 'studio invite --list'")
        return await self._ask("DELETE", f"/api/invitations/{identifier}")

    async def token(self, invitation: Answer, *, name: str) -> Answer:
        """A place by an invitation, for a client that is no browser: `url`, `token`, `room`, `identity`."""
        return await self._ask("POST", "/api/join", {"name": name, "invitation": invitation["signed"]})

    async def _only_show(self) -> str:
        shows = (await self._ask("GET", "/api/shows"))["shows"]
        if len(shows) != 1:
            names = ", ".join(show["room"] for show in shows)
            fix = f"name one with --room: {names}" if shows else "name the one that it is for with --room"
            raise StudioError(f"{len(shows) or 'no'} shows are running", fix=fix)
        return str(shows[0]["room"])

    async def _ask(self, method: str, path: str, body: Answer | None = None) -> Answer:
        try:
            async with self._session.request(method, self._base_url + path, json=body) as response:
                answer: Answer = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise StudioError(
                f"no studio answers at {self._base_url}", fix="start it with 'studio up', or set PORT"
            ) from error
        if response.status != 200:
            fix = str(answer.get("fix", "see 'studio doctor'"))
            raise StudioError(str(answer.get("error", response.status)), fix=fix)
        return answer


@asynccontextmanager
async def open_inviting(base_url: str) -> AsyncIterator[Inviting]:
    """
    Args:
        base_url: of the web server, on loopback: that is where no invitation is needed.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_LIMIT_S)) as session:
        yield Inviting(session, base_url)
