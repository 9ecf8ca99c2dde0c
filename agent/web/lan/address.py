"""Which of this machine's addresses the network knows it by."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from contextlib import closing

import psutil

from agent.errors import StudioError

_VARIABLE = "STUDIO_WEB__LAN_ADDRESS"
# TEST-NET-2 of RFC 5737: routed as any address beyond the network, and nothing is sent to it.
_ELSEWHERE = ("198.51.100.1", 9)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def lan_address(wanted: str | None) -> str:
    """This machine's IPv4 address in its network.

    Args:
        wanted: the one to take; None for that of the default route.
    Raises:
        StudioError: there is none, or the choice is not clear; with those there are.
    """
    return choose(addresses(), default=_of_default_route(), wanted=wanted)


def choose(found: Sequence[str], *, default: str | None, wanted: str | None) -> str:
    """
    Args:
        found: the machine's addresses.
        default: the one that the default route leaves by, if there is a default route.
        wanted: the one asked for.
    Raises:
        StudioError: as `lan_address`.
    """
    known = ", ".join(found)
    if wanted is not None:
        if wanted in found:
            return wanted
        fix = f"set {_VARIABLE} to one of {known}, or remove it" if found else "connect it to a network"
        raise StudioError(f"this machine does not have the address {wanted}", fix=fix)
    if default in found:
        return str(default)
    if len(found) == 1:
        return found[0]
    if not found:
        fix = "connect it to a Wi-Fi or a cable, or start without --lan (STUDIO_WEB__LAN=false)"
        raise StudioError("this machine has no IPv4 address in a network", fix=fix)
    raise StudioError(f"no default route tells which address phones reach: {known}", fix=f"set {_VARIABLE} to one")


def addresses() -> list[str]:
    """IPv4 addresses of the interfaces that are up, without loopback and those that no DHCP server gave."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = []
    for name, entries in psutil.net_if_addrs().items():
        for entry in entries:
            if entry.family != socket.AF_INET or name not in up:
                continue
            address = ipaddress.ip_address(entry.address)
            if not (address.is_loopback or address.is_link_local or address.is_unspecified):
                found.append(entry.address)
    return found


def host_names(full: str | None = None) -> tuple[str, ...]:
    """What the network may call this machine: its name, and its name in multicast DNS.

    Args:
        full: the host name; the machine's own by default. One that DNS does not allow gives no names.
    """
    name = (socket.gethostname() if full is None else full).lower().rstrip(".")
    labels = name.split(".")
    if name == "localhost" or not all(_LABEL.fullmatch(label) for label in labels):
        return ()
    return tuple(dict.fromkeys((name, f"{labels[0]}.local")))


def _of_default_route() -> str | None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(_ELSEWHERE)  # of UDP: chooses the route, sends nothing
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return address
