"""LiveKit's signalling through the page's own origin: an https page may open no ws:// address.

Media do not come this way; they go by UDP straight to the LiveKit server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSMessage, WSMsgType, web
from yarl import URL

from agent.web.guard import RateLimit, Refusal, limited

# What LiveKit's clients open; /validate tells them the reason of a refusal.
PATHS = ("/rtc", "/rtc/validate", "/rtc/v1", "/rtc/v1/validate")
# Clients put their first offer into the address, and older browsers cannot compress it: aiohttp's 8 KiB are too few.
MAX_ADDRESS_BYTES = 64 * 1024
_MAX_MESSAGE_BYTES = 1024 * 1024
_MAX_ANSWER_BYTES = 64 * 1024
_MAX_CONNECTIONS = 200
_CONNECT_S = 5.0
_CLOSE_S = 2.0
_HEARTBEAT_S = 20.0  # a phone that has left the room without a word is noticed within twice that

# RFC 6455 section 7.4: others, such as 1005 and 1006, only tell how a connection was lost, and may not be sent.
_SENDABLE = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
_LOST = 1006

Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


def add_proxy(app: web.Application, livekit_url: str) -> None:
    """Routes for LiveKit's clients, to the server at `livekit_url`."""
    proxy = SignalProxy(livekit_url)
    app.cleanup_ctx.append(proxy.lifetime)
    app.on_shutdown.append(proxy.close)
    limit = RateLimit(burst=60, per_s=5.0)
    for path in PATHS:
        app.router.add_get(path, limited(limit, proxy.pass_on))


class SignalProxy:
    """Passes on what a client and the LiveKit server say to each other, unread and in order.

    Nothing is queued here: who reads slowly stops the other from being read.
    """

    def __init__(self, livekit_url: str) -> None:
        parts = urlsplit(livekit_url)
        scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
        self._base = parts._replace(scheme=scheme).geturl().rstrip("/")
        self._open: set[web.WebSocketResponse] = set()
        self._session: aiohttp.ClientSession

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """aiohttp's cleanup context: one HTTP client for as long as the page is served."""
        timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_S, sock_connect=_CONNECT_S)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as self._session:
            yield

    async def close(self, _: web.Application) -> None:
        """Tell every client that the studio closes."""
        closing = (socket.close(code=aiohttp.WSCloseCode.GOING_AWAY) for socket in tuple(self._open))
        await asyncio.gather(*closing, return_exceptions=True)

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """GET of one of PATHS, as a WebSocket or plainly."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._relay(request)
        return await self._fetch(request)

    async def _fetch(self, request: web.Request) -> web.Response:
        headers = _headers(request)
        try:
            async with (
                asyncio.timeout(_CONNECT_S),
                self._session.get(self._address(request), headers=headers, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(_MAX_ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unreachable() from error
        return web.Response(status=answer.status, body=body, content_type="text/plain")

    async def _relay(self, request: web.Request) -> web.StreamResponse:
        if len(self._open) >= _MAX_CONNECTIONS:
            raise Refusal(503, "too many people are connected", fix="wait until somebody has left")
        # The server first, so that its refusal is an answer to the client's handshake.
        server = await self._connect(request)
        client = web.WebSocketResponse(
            protocols=(server.protocol,) if server.protocol else (),
            max_msg_size=_MAX_MESSAGE_BYTES,
            heartbeat=_HEARTBEAT_S,
            timeout=_CLOSE_S,
            compress=False,
        )
        try:
            await client.prepare(request)
            self._open.add(client)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._to_server(client, server), name="signal to server")
                tasks.create_task(self._to_client(server, client, request), name="signal to client")
        finally:
            self._open.discard(client)
            await server.close()
        return client

    async def _connect(self, request: web.Request) -> aiohttp.ClientWebSocketResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await self._session.ws_connect(
                    self._address(request),
                    protocols=[name.strip() for name in offered.split(",") if name.strip()],
                    headers=_headers(request),
                    max_msg_size=_MAX_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
        except aiohttp.WSServerHandshakeError as error:
            status = error.status if error.status >= 400 else 502
            fix = "join again from the studio's page" if status in (401, 403) else "try again in a moment"
            raise Refusal(status, "the LiveKit server refuses this connection", fix=fix) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unreachable() from error

    async def _to_server(self, client: web.WebSocketResponse, server: aiohttp.ClientWebSocketResponse) -> None:
        code, reason = await _copy(client, server)
        # A lost client is one that went away: the server keeps its place for a while either way.
        await server.close(code=code if code in _SENDABLE else aiohttp.WSCloseCode.GOING_AWAY, message=reason)

    async def _to_client(
        self, server: aiohttp.ClientWebSocketResponse, client: web.WebSocketResponse, request: web.Request
    ) -> None:
        code, reason = await _copy(server, client)
        if code == _LOST and not client.closed and request.transport is not None:
            # A server that died is not one that said goodbye: the client has to see the difference, to reconnect.
            request.transport.abort()
            return
        await client.close(code=code if code in _SENDABLE else aiohttp.WSCloseCode.OK, message=reason)

    def _address(self, request: web.Request) -> URL:
        query = request.rel_url.raw_query_string
        return URL(f"{self._base}{request.path}{f'?{query}' if query else ''}", encoded=True)


async def _copy(source: Socket, sink: Socket) -> tuple[int, bytes]:
    """Everything, until one of them ends; the source's close code and reason."""
    while True:
        message: WSMessage = await source.receive()
        try:
            match message.type:
                case WSMsgType.TEXT:
                    await sink.send_str(message.data)
                case WSMsgType.BINARY:
                    await sink.send_bytes(message.data)
                case WSMsgType.CLOSE:
                    return int(message.data or aiohttp.WSCloseCode.OK), (message.extra or "").encode()
                case WSMsgType.ERROR:  # a message that is too big or makes no sense
                    return source.close_code or _LOST, b""
                case _:  # gone without a word, or closed from this side
                    return _LOST, b""
        except ConnectionError:
            return aiohttp.WSCloseCode.GOING_AWAY, b""


def _headers(request: web.Request) -> dict[str, str]:
    """LiveKit's SDKs for programs send their token in a header."""
    headers = {"X-Forwarded-For": request.remote or ""}
    if token := request.headers.get("Authorization"):
        headers["Authorization"] = token
    return headers


def _unreachable() -> Refusal:
    return Refusal(503, "the LiveKit server does not answer", fix="check that 'studio up' is running, and try again")
