"""The rooms of the LiveKit server as shows: opened with the agent's dispatch, listed, and who is in them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

import aiohttp
from livekit import api
from livekit.protocol.models import ParticipantInfo

from agent.errors import StudioError
from agent.room.roles import invitation_of
from agent.room.served import HUMAN_KINDS, is_served
from agent.room.slugs import unique_slug
from agent.web.site import AGENT_NAME

_MOST_LISTED = 20
_RESERVED_S = 30.0  # an identity is kept for its browser from the exchange to the connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A room with the studio's agent. `people`: names of the humans in it."""

    room: str
    title: str
    people: tuple[str, ...] = ()
    started_at: int = 0  # seconds since 1970


class Shows:
    """Asks and tells the LiveKit server. Errors of the server are `StudioError`s with the remedy."""

    def __init__(
        self, server: api.LiveKitAPI, *, reserved: Collection[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._reserved = frozenset(reserved)
        self._clock = clock
        self._promised: dict[tuple[str, str], float] = {}  # (room, identity): until
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def find(self, room: str) -> Show | None:
        """The room as a show; None when there is no such room."""
        async with _explained():
            found = await self._server.room.list_rooms(api.ListRoomsRequest(names=[room]))
        return _show(found.rooms[0]) if found.rooms else None

    async def running(self) -> list[Show]:
        """Shows that somebody is in, newest first."""
        async with _explained():
            found = await self._server.room.list_rooms(api.ListRoomsRequest())
            # The server's own count of participants lags by seconds; so the rooms are asked.
            ours = sorted((room for room in found.rooms if _about(room.metadata)), key=lambda room: -room.creation_time)
            ours = ours[:_MOST_LISTED]
            people = await asyncio.gather(*(self._humans(room.name) for room in ours))
        shows = [_show(room, tuple(p.name or p.identity for p in who)) for room, who in zip(ours, people, strict=True)]
        return [show for show in shows if show.people]

    async def open(self, room: str, *, title: str, briefing: str | None) -> Show:
        """Make sure that the room is there and that the studio's agent is on its way to it."""
        lock = self._opening.setdefault(room, asyncio.Lock())  # two joins at once must not call two agents
        async with lock, _explained():
            about = {"title": title} | ({"briefing": briefing} if briefing else {})
            job = json.dumps({"episode": room, **about})
            dispatch = api.RoomAgentDispatch(agent_name=AGENT_NAME, metadata=job)
            made = await self._server.room.create_room(
                api.CreateRoomRequest(name=room, metadata=json.dumps(about), agents=[dispatch])
            )
            # The room may have been there, without an agent or with one that has ended
            if not await is_served(self._server, room, AGENT_NAME):
                await self._server.agent_dispatch.create_dispatch(
                    api.CreateAgentDispatchRequest(agent_name=AGENT_NAME, room=room, metadata=job)
                )
            return _show(made)

    async def identity(self, room: str, name: str, *, mine: str | None) -> str:
        """An identity for somebody called `name`: the slug of the name, with a number when it is taken.

        Args:
            mine: what this browser was before in this room; it gets that again.
        """
        async with _explained():
            taken = {participant.identity for participant in await self._humans(room)}
        now = self._clock()
        self._promised = {key: until for key, until in self._promised.items() if until > now}
        taken |= {identity for where, identity in self._promised if where == room}
        identity = mine or unique_slug(name, taken | self._reserved, default="you")
        self._promised[room, identity] = now + _RESERVED_S
        return identity

    async def send_out(self, invitations: Collection[str]) -> int:
        """Remove who came by one of these invitations from all rooms; how many there were."""
        async with _explained():
            rooms = (await self._server.room.list_rooms(api.ListRoomsRequest())).rooms
            sent_out = 0
            for room in rooms:
                for participant in await self._humans(room.name):
                    if invitation_of(participant.metadata) in invitations:
                        await self._remove(room.name, participant.identity)
                        sent_out += 1
        return sent_out

    async def _remove(self, room: str, identity: str) -> None:
        try:
            await self._server.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=identity))
        except api.TwirpError as error:
            if error.code != api.TwirpErrorCode.NOT_FOUND:  # else gone by itself
                raise

    async def _humans(self, room: str) -> list[ParticipantInfo]:
        found = await self._server.room.list_participants(api.ListParticipantsRequest(room=room))
        return [participant for participant in found.participants if participant.kind in HUMAN_KINDS]


def _about(metadata: str) -> dict[str, str] | None:
    try:
        about = json.loads(metadata)
    except ValueError:
        return None
    return about if isinstance(about, dict) and isinstance(about.get("title"), str) else None


def _show(room: api.Room, people: tuple[str, ...] = ()) -> Show:
    about = _about(room.metadata) or {}
    return Show(room=room.name, title=about.get("title") or room.name, people=people, started_at=room.creation_time)


@asynccontextmanager
async def _explained() -> AsyncIterator[None]:
    try:
        yield
    except api.TwirpError as error:
        if error.status in (401, 403):
            raise StudioError(
                "the LiveKit server refuses this studio's key",
                fix="set LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a pair of that server",
            ) from error
        raise StudioError(f"the LiveKit server says: {error.message}", fix="try again in a moment") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise StudioError(
            "the LiveKit server does not answer", fix="check that 'studio up' is running, and try again"
        ) from error
