"""One port for https, and for those who forgot the s: browsers take a typed address for http."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import web

logger = logging.getLogger(__name__)

_TLS_HANDSHAKE = b"\x16"  # the first byte of TLS, RFC 8446 section 5.1; no HTTP request begins with it
_FIRST_BYTE_S = 10.0
_HANDSHAKE_S = 10.0
_MAX_WAITING = 256  # connections that have not shown yet what they speak; more are closed at once
_OUT_OF_FILES_S = 0.2


@asynccontextmanager
async def listen(runner: web.AppRunner, address: str, port: int, tls: ssl.SSLContext) -> AsyncIterator[None]:
    """Serve `runner` there, by TLS or plainly as each connection begins, until the context is left.

    Args:
        runner: set up. A request tells by `secure` how it came.
    Raises:
        OSError: the address cannot be listened on.
    """
    with socket.create_server((address, port), backlog=128) as server:
        server.setblocking(False)
        async with asyncio.TaskGroup() as tasks:
            door = _Door(runner, tls, tasks)
            accepting = tasks.create_task(door.accept(server), name="lan")
            try:
                yield
            finally:
                accepting.cancel()
                door.close()


class _Door:
    def __init__(self, runner: web.AppRunner, tls: ssl.SSLContext, tasks: asyncio.TaskGroup) -> None:
        self._runner = runner
        self._tls = tls
        self._tasks = tasks
        self._waiting: set[asyncio.Task[None]] = set()

    async def accept(self, server: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(server)
            except OSError as error:  # no more files, or a connection that was gone before it was taken
                logger.warning("a connection from the network was lost: %s", error)
                await asyncio.sleep(_OUT_OF_FILES_S)
                continue
            if len(self._waiting) >= _MAX_WAITING:
                connection.close()
                continue
            task = self._tasks.create_task(self._let_in(connection), name="lan connection")
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    def close(self) -> None:
        for task in tuple(self._waiting):
            task.cancel()

    async def _let_in(self, connection: socket.socket) -> None:
        """Hand it to the web server, which owns it from then on."""
        try:
            async with asyncio.timeout(_FIRST_BYTE_S):
                first = await _peek(connection)
            if not first:
                connection.close()
                return
            server = self._runner.server
            assert server is not None, "the runner is set up"
            speaks_tls = first == _TLS_HANDSHAKE
            await asyncio.get_running_loop().connect_accepted_socket(
                server,
                connection,
                ssl=self._tls if speaks_tls else None,
                ssl_handshake_timeout=_HANDSHAKE_S if speaks_tls else None,
            )
        except (OSError, TimeoutError) as error:  # also a phone that does not trust the certificate (yet)
            logger.debug("a connection from the network failed: %s", error)
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise


async def _peek(connection: socket.socket) -> bytes:
    """Its first byte, which stays to be read; empty when the other end has closed."""
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    while True:
        with suppress(BlockingIOError, InterruptedError):
            return connection.recv(1, socket.MSG_PEEK)
        readable = loop.create_future()
        loop.add_reader(connection, _wake, readable)
        try:
            await readable
        finally:
            loop.remove_reader(connection)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
