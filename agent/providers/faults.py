"""What is wrong with a provider, in words for people, with the remedy.

The words are ours: what a provider or its library says may quote the key, and the address may hold one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from livekit.agents import APIError, APITimeoutError


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A provider in one role.

    Attributes:
        name: for people.
        key: the variable of its key or credentials; None where it needs none.
        base: the variable of its address.
        instead: the setting that does without it.
    """

    name: str
    key: str | None
    base: str
    instead: str


# WebSocket close codes of the speech services that stand for an HTTP status (AssemblyAI's streaming API, "Session
# errors and closures"; 1008 is RFC 6455's policy violation, which it sends for a wrong key).
_CLOSE_CODES = {1008: 401, 4001: 401, 4002: 402, 4003: 403, 4029: 429, 4008: 429, 3009: 429}


def status_of(error: BaseException) -> int | None:
    """The HTTP status that the error, or what caused it, stands for."""
    for each in _causes(error):
        for attribute in ("status_code", "status", "code"):  # LiveKit's, aiohttp's and Google's names of it
            status = getattr(each, attribute, None)
            if isinstance(status, int) and not isinstance(status, bool):
                status = _CLOSE_CODES.get(int(status), int(status))
                if 400 <= status < 600:
                    return status
    return None


def is_unclear(error: BaseException) -> bool:
    """Whether the library has lost what the service said: asked again, it may keep it.

    gRPC's asyncio call says so when it was writing at the moment at which the service ended the call: the service's own
    status is overwritten then (`set_internal_error` in grpc/aio/_call.py).
    """
    return any("Internal error from Core" in str(each) for each in _causes(error))


def is_lasting(error: BaseException) -> bool:
    """Whether it stays so until somebody has done something: the key, the account, the request itself."""
    status = status_of(error)
    return _refuses_credentials(error) or (status is not None and 400 <= status < 500 and status not in (408, 429))


def explain(error: BaseException, service: Service) -> str:
    """One line: what is wrong, and what to do."""
    return "; ".join(diagnose(error, service))


def diagnose(error: BaseException, service: Service) -> tuple[str, str]:
    """What is wrong, and what to do."""
    wrong, remedy = _diagnose(error, service)
    return f"{service.name} {wrong}", f"{remedy}, or set {service.instead}"


def _diagnose(error: BaseException, service: Service) -> tuple[str, str]:
    status, causes = status_of(error), list(_causes(error))
    if status in (401, 403) or _refuses_credentials(error):
        told = f" ({status})" if status else ""
        if service.key is None:
            return f"refuses us{told}", f"check {service.base}"
        return f"refuses the key{told}", f"set {service.key} to a valid one"
    if status == 402:
        return "has no credit left for this account (402)", "top it up"
    if status == 429:
        return "takes no more requests for now (429)", "wait, raise the account's limit"
    if status is not None and status >= 500:
        return f"is in trouble ({status})", "wait"
    if status is not None:
        return f"does not take our request ({status})", f"check its model, voice, language and {service.base}"
    if any(isinstance(each, TimeoutError | asyncio.TimeoutError | APITimeoutError) for each in causes):
        return "does not answer in time", f"check the network and {service.base}"
    if any(isinstance(each, BadAudio) or _without_audio(each) for each in causes):
        return "sends no usable audio", f"check its model, voice and {service.base}"
    if any(isinstance(each, ConnectionRefusedError) for each in causes) or _cannot_connect(error):
        return "cannot be reached", f"check the network and {service.base}"
    key = f"{service.key}, " if service.key else ""  # some services hang up when they refuse one
    return "broke the connection off", f"check {key}{service.base} and the network"


class BadAudio(Exception):
    """A provider answered, but not with sound."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, innermost last; ten at most, since a chain may go in circles."""
    each: BaseException | None = error
    for _ in range(10):
        if each is None:
            return
        yield each
        each = each.__cause__ or each.__context__


def _without_audio(error: BaseException) -> bool:
    """LiveKit's streams of speech end with this when nothing has come."""
    return type(error) is APIError and error.message.startswith("no audio")


def _refuses_credentials(error: BaseException) -> bool:
    """Google's library asks for a token first, and that is refused with errors of its own."""
    return any(type(each).__name__ in ("RefreshError", "DefaultCredentialsError") for each in _causes(error))


def _cannot_connect(error: BaseException) -> bool:
    """aiohttp's and httpx's names for it, both without a common base class."""
    names = {"ClientConnectorError", "ClientConnectorDNSError", "ConnectError", "gaierror"}
    return any(type(each).__name__ in names for each in _causes(error))
