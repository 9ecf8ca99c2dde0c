"""Ports: is one free, and if not, who has it."""

from __future__ import annotations

import random
import socket
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

import psutil

from agent.errors import StudioError

Protocol = Literal["tcp", "udp"]

_NOT_EPHEMERAL = (12_000, 32_000)
_given: set[int] = set()
_random = random.SystemRandom()  # a seed that a program sets must not lead two of them to one port


@dataclass(frozen=True, slots=True)
class Holder:
    """The process behind a port. `pid` is None when it belongs to another user."""

    pid: int | None
    command: str

    def __str__(self) -> str:
        return f"{self.command} (pid {self.pid})" if self.pid is not None else self.command


class PortInUse(StudioError):
    def __init__(self, port: int, holder: Holder, *, variable: str) -> None:
        end = f"end it (kill {holder.pid})" if holder.pid is not None else "end that process"
        super().__init__(f"port {port} is in use by {holder}", fix=f"{end}, or set {variable} to a free port")
        self.port = port
        self.holder = holder


def is_free(port: int, *, host: str = "127.0.0.1", protocol: Protocol = "tcp") -> bool:
    """Whether a server could listen on it now."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        if protocol == "tcp":
            # As servers do: a port whose last connections are still in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def holder(port: int, *, protocol: Protocol = "tcp") -> Holder:
    """Who has the port, as far as this user may see."""
    try:
        for connection in psutil.net_connections(kind=protocol):
            listening = protocol == "udp" or connection.status == psutil.CONN_LISTEN
            if listening and connection.laddr and connection.laddr.port == port and connection.pid:
                return Holder(connection.pid, _command(connection.pid))
    except psutil.AccessDenied:  # macOS shows other processes' sockets to root only
        pass
    return Holder(None, "a process of another user")


def require_free(port: int, *, variable: str, host: str = "127.0.0.1", protocol: Protocol = "tcp") -> None:
    """
    Args:
        variable: the setting that moves the port, for the message.
    Raises:
        PortInUse: with the process that has it.
    """
    if not is_free(port, host=host, protocol=protocol):
        raise PortInUse(port, holder(port, protocol=protocol), variable=variable)


def free_port(*, host: str = "127.0.0.1") -> int:
    """
    A port that is free for TCP and UDP at this moment, and that this process was not given before.

    It lies below the ports that systems hand to outgoing connections (32768 and up on Linux, 49152 elsewhere), so that
    none of these takes it between the question and the use.

    Raises:
        StudioError: none is free.
    """
    for port in _random.sample(range(*_NOT_EPHEMERAL), k=200):
        if port not in _given and is_free(port, host=host) and is_free(port, host=host, protocol="udp"):
            _given.add(port)
            return port
    raise StudioError("no free port found", fix="close programs that hold many connections")


def _command(pid: int) -> str:
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:
        return "a process"
    text = " ".join(words) or "a process"
    return text if len(text) <= 80 else f"{text[:77]}..."
