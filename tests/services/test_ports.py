"""Ports: free or not, and whose."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.services.ports import Holder, PortInUse, free_port, holder, is_free, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_free_port_is_free_for_both_protocols() -> None:
    port = free_port()
    assert is_free(port)
    assert is_free(port, protocol="udp")
    require_free(port, variable="PORT")


def test_a_port_in_use_names_process_variable_and_remedy(taken: int) -> None:
    with pytest.raises(PortInUse) as caught:
        require_free(taken, variable="PORT")
    assert caught.value.holder.pid == os.getpid()
    assert f"port {taken} is in use by " in caught.value.problem
    assert caught.value.fix == f"end it (kill {os.getpid()}), or set PORT to a free port"


def test_udp_and_tcp_are_told_apart(taken: int) -> None:
    assert not is_free(taken)
    assert is_free(taken, protocol="udp")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as media:
        media.bind(("127.0.0.1", 0))
        port = media.getsockname()[1]
        assert not is_free(port, protocol="udp")
        assert holder(port, protocol="udp").pid == os.getpid()


def test_a_port_with_closed_connections_is_free() -> None:
    with closing(socket.socket()) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))):
            server.accept()[0].close()
    assert is_free(port)


def test_a_process_of_another_user_is_said_to_be_one() -> None:
    assert str(Holder(None, "a process of another user")) == "a process of another user"
    problem = PortInUse(80, Holder(None, "a process of another user"), variable="PORT")
    assert problem.fix == "end that process, or set PORT to a free port"


def test_ports_of_one_studio_differ_even_before_any_is_used() -> None:
    ports = [free_port() for _ in range(40)]
    assert len(set(ports)) == len(ports)
