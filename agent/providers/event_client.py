"""The HTTP client that minds are asked with. It notices a stream of events that stops before its end.

A connection that is cut raises an error. A proxy whose upstream has died, or a server that gave up, ends the body in
good order instead, and the vendors' clients take what came for the whole reply.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

import httpx2 as httpx

from agent.providers.failure import NotAStream, StreamBroken, retry_after_s

_STREAMS = ("/chat/completions", "/messages")
_END = re.compile(rb"\[DONE\]|\"(?:finish|stop)_reason\"\s*:\s*\"|\"message_stop\"|\"error\"")
_OVERLAP = 64  # an end may be split between two reads

_CONNECTIONS = httpx.Limits(max_connections=50, max_keepalive_connections=50, keepalive_expiry=120)  # as LiveKit's


@dataclass(slots=True)
class Answer:
    """What an HTTP response said in its headers, which LiveKit's plugins do not pass on with their errors."""

    retry_after_s: float | None = None


_answer: ContextVar[Answer | None] = ContextVar("answer", default=None)


@contextmanager
def noting(answer: Answer) -> Iterator[None]:
    """Into `answer` goes what the answer says to the request that is made here, also by a task that is started here."""
    token = _answer.set(answer)
    try:
        yield
    finally:
        _answer.reset(token)


def event_client(timeout: httpx.Timeout) -> httpx.AsyncClient:
    """A client whose streams of events raise StreamBroken or NotAStream where they end too early.

    It follows no redirects: they would carry a key to wherever an address points.
    """
    return httpx.AsyncClient(verify=_trust(), timeout=timeout, limits=_CONNECTIONS, event_hooks={"response": [_watch]})


@cache
def _trust() -> ssl.SSLContext:
    """Reading the world's certificates takes 30 ms, once a process."""
    return httpx.create_ssl_context()


async def _watch(response: httpx.Response) -> None:
    if (answer := _answer.get()) is not None:
        answer.retry_after_s = retry_after_s(response.headers)
    stream = response.stream
    watched = response.status_code == 200 and response.request.url.path.endswith(_STREAMS)
    if watched and isinstance(stream, httpx.AsyncByteStream):
        response.stream = _Watched(stream)


class _Watched(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        tail, ended, any_event = b"", False, False
        async for part in self._stream:
            seen = tail + part
            ended = ended or _END.search(seen) is not None
            any_event = any_event or b"data:" in seen
            tail = seen[-_OVERLAP:]
            yield part
        if not any_event:
            raise NotAStream("an answer without a single event")
        if not ended:
            raise StreamBroken("the stream of events ended before the reply did")

    async def aclose(self) -> None:
        await self._stream.aclose()
