"""Questions to the egress service, through the LiveKit server's API; each with a deadline of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp
from google.protobuf.message import DecodeError
from livekit import api

from agent.errors import StudioError
from agent.recording.egress.outputs import Output
from agent.recording.egress.reports import EgressReport, of_info

QUESTION_S = 5.0  # for a list or a stop: the first is the server's own, the second goes to a service that runs

_REDIS = "give the LiveKit server and the egress service the same Redis"
_SERVICE = f"start the egress service, and {_REDIS}"


class EgressError(StudioError):
    """An egress could not be asked for, or ended.

    Attributes:
        lasting: whether asking again could not help.
    """

    def __init__(self, problem: str, *, fix: str, lasting: bool = False) -> None:
        super().__init__(problem, fix=fix)
        self.lasting = lasting


class Service(Protocol):
    """What the back end asks. All raise `EgressError`, within seconds."""

    async def start(self, who: str, track_id: str) -> str:
        """Begin to record a track; the egress's id."""

    async def stop(self, egress_id: str) -> None:
        """End an egress. One that has ended already is no error."""

    async def list(self) -> list[EgressReport]:
        """All egresses of the room, those included that have ended."""


class LiveKitEgress:
    """The service that the LiveKit server has, for one room."""

    def __init__(self, server: api.LiveKitAPI, *, room: str, episode: str, output: Output, start_s: float) -> None:
        """
        Args:
            server: without failover, which would double the deadlines.
            episode: the folder's name, under which files are put.
            start_s: without an answer by then the service counts as missing. LiveKit itself waits 23 s.
        """
        self._egress = server.egress
        self._room = room
        self._episode = episode
        self._output = output
        self._start_s = start_s

    async def start(self, who: str, track_id: str) -> str:
        # The server knows at once when it has no Redis; without this question, that takes the whole deadline.
        await self.list()
        request = api.TrackEgressRequest(
            room_name=self._room, track_id=track_id, file=self._output.request(self._episode, who)
        )
        async with _explained(self._start_s):
            return (await self._egress.start_track_egress(request)).egress_id

    async def stop(self, egress_id: str) -> None:
        try:
            async with _explained(QUESTION_S):
                await self._egress.stop_egress(api.StopEgressRequest(egress_id=egress_id))
        except EgressError as error:
            ended = isinstance(error.__cause__, api.TwirpError) and error.__cause__.code in (
                api.TwirpErrorCode.FAILED_PRECONDITION,
                api.TwirpErrorCode.NOT_FOUND,
            )
            if not ended:
                raise

    async def list(self) -> list[EgressReport]:
        async with _explained(QUESTION_S):
            found = await self._egress.list_egress(api.ListEgressRequest(room_name=self._room))
        return [of_info(info) for info in found.items]


@asynccontextmanager
async def _explained(limit_s: float) -> AsyncIterator[None]:
    """Every error as an `EgressError` that says what to do; no answer within `limit_s` is one of them."""
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        raise EgressError(f"no egress service has answered within {limit_s:g} s", fix=_SERVICE) from error
    except api.TwirpError as error:
        raise _of_twirp(error) from error
    except (aiohttp.ClientError, OSError, DecodeError) as error:
        raise EgressError(f"the LiveKit server does not answer ({error!r})", fix="see its log") from error


def _of_twirp(error: api.TwirpError) -> EgressError:
    said = error.message.removeprefix("twirp error unknown: ")
    codes = api.TwirpErrorCode
    if "redis required" in said:
        return EgressError("the LiveKit server has no Redis, and knows of no egress service", fix=_REDIS)
    if error.status in (401, 403):  # without a code: the server refuses before its API is reached
        fix = "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a pair that may record rooms"
        return EgressError("the LiveKit server refuses this key", fix=fix, lasting=True)
    match error.code:
        case codes.UNAVAILABLE | codes.DEADLINE_EXCEEDED | codes.CANCELED:
            return EgressError(f"no egress service has answered ({said})", fix=_SERVICE)
        case codes.RESOURCE_EXHAUSTED:
            return EgressError(f"the egress service has no place left ({said})", fix="give it more processors")
        case codes.NOT_FOUND:
            return EgressError(f"what was to be recorded is gone ({said})", fix="", lasting=True)
        case codes.INVALID_ARGUMENT:
            fix = "check the STUDIO_RECORDING__EGRESS settings"
            return EgressError(f"the egress service does not take this request ({said})", fix=fix, lasting=True)
    return EgressError(f"the egress service says: {said or error.code}", fix="see its log")
