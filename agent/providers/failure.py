"""What went wrong with a provider, from whatever its client raised: a kind, plain words, and whether to ask again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx2 as httpx
from livekit.agents import APIError, APITimeoutError


class Kind(StrEnum):
    """Each asks for another remedy, or for another next step."""

    KEY = "key"  # refused
    CREDIT = "credit"  # none left
    RATE = "rate"  # too many requests
    OVERLOADED = "overloaded"
    BROKEN = "broken"  # an error of the provider's own
    MODEL = "model"  # not offered
    ADDRESS = "address"  # something else answers there
    UNREACHABLE = "unreachable"
    SILENT = "silent"  # no words in time
    STALLED = "stalled"  # no further words in time
    SLOW = "slow"  # words too rare to be spoken
    CUT = "cut"  # the stream broke off
    GARBLED = "garbled"  # not the protocol
    EMPTY = "empty"  # complete, and without a word
    TOO_LONG = "too long"  # more than the model can read
    REQUEST = "request"  # refused for another reason


# How long there is no use in asking again, seconds, doubled by each trial that fails; None: it may pass at once. What
# costs no more than a round trip is tried often, what costs silence is tried seldom. Ours to choose.
LASTS_S: Mapping[Kind, float | None] = {
    Kind.KEY: 60.0,
    Kind.CREDIT: 60.0,
    Kind.RATE: 5.0,  # unless the provider says how long
    Kind.OVERLOADED: 8.0,
    Kind.BROKEN: None,
    Kind.MODEL: 60.0,
    Kind.ADDRESS: 30.0,
    Kind.UNREACHABLE: 5.0,
    Kind.SILENT: 6.0,
    Kind.STALLED: None,
    Kind.SLOW: None,
    Kind.CUT: None,
    Kind.GARBLED: None,
    Kind.REQUEST: None,
}

# Until somebody has done something: the key, the account, the settings, the request itself
LASTING = frozenset({Kind.KEY, Kind.CREDIT, Kind.MODEL, Kind.ADDRESS, Kind.TOO_LONG, Kind.REQUEST})

# The same request may succeed a moment later
PASSING = frozenset({Kind.RATE, Kind.OVERLOADED, Kind.BROKEN, Kind.UNREACHABLE, Kind.CUT, Kind.GARBLED})

_LONGEST_RETRY_AFTER_S = 600.0

# The `type` and `code` of error bodies: Anthropic's (docs.anthropic.com, "Errors"), OpenAI's ("Error codes") and those
# of servers that speak its protocol, llama.cpp among them.
_BY_CODE: Mapping[str, Kind] = {
    "authentication_error": Kind.KEY,
    "permission_error": Kind.KEY,
    "invalid_api_key": Kind.KEY,
    "billing_error": Kind.CREDIT,
    "insufficient_quota": Kind.CREDIT,
    "rate_limit_error": Kind.RATE,
    "rate_limit_exceeded": Kind.RATE,
    "overloaded_error": Kind.OVERLOADED,
    "unavailable_error": Kind.OVERLOADED,
    "api_error": Kind.BROKEN,
    "timeout_error": Kind.BROKEN,
    "server_error": Kind.BROKEN,
    "not_found_error": Kind.MODEL,
    "model_not_found": Kind.MODEL,
    "context_length_exceeded": Kind.TOO_LONG,
    "exceed_context_size_error": Kind.TOO_LONG,
    "request_too_large": Kind.TOO_LONG,
    "invalid_request_error": Kind.REQUEST,
}
_BY_STATUS: Mapping[int, Kind] = {
    401: Kind.KEY,
    402: Kind.CREDIT,
    403: Kind.KEY,
    404: Kind.MODEL,
    405: Kind.ADDRESS,
    408: Kind.BROKEN,
    413: Kind.TOO_LONG,
    429: Kind.RATE,
    503: Kind.OVERLOADED,
    529: Kind.OVERLOADED,
}
_TOO_LONG = re.compile(
    r"too long|too large|context (?:length|window|size)|maximum context|too many (?:input )?tokens|reduce the length",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"credit balance|insufficient (?:credit|balance|funds|quota)|exceeded your current quota", re.I)
_KEYLIKE = re.compile(r"\b(?:sk|gsk|xai|tgp|pk|key)[-_][\w*.-]{6,}|(?<=Bearer )\S+", re.IGNORECASE)


# WebSocket close codes of the speech services that stand for an HTTP status (AssemblyAI's streaming API, "Session
# errors and closures"; 1008 is RFC 6455's policy violation, which it sends for a wrong key).
_CLOSE_CODES: Mapping[int, int] = {1008: 401, 4001: 401, 4002: 402, 4003: 403, 4029: 429, 4008: 429, 3009: 429}

_NO_CONNECTION = frozenset({"ClientConnectorError", "ClientConnectorDNSError", "gaierror"})  # aiohttp's and Python's
_NO_CREDENTIALS = frozenset({"RefreshError", "DefaultCredentialsError"})  # Google's library asks for a token first


class BadAudio(Exception):
    """A provider answered, but not with sound."""


class StreamBroken(httpx.RemoteProtocolError):
    """A stream of events that ended before its end."""


class NotAStream(httpx.RemoteProtocolError):
    """An answer without any event in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """
    Attributes:
        status: of HTTP, where there was one.
        retry_after_s: what the provider asked for.
        words: the provider's own, for the log; may hold a key until `redacted`.
    """

    kind: Kind
    status: int | None = None
    retry_after_s: float | None = None
    words: str = field(default="", repr=False)

    @property
    def lasting(self) -> bool:
        """It stays until somebody has done something."""
        return self.kind in LASTING

    @property
    def lasts_s(self) -> float | None:
        """How long there is no use in asking again, seconds; None: it may pass at once."""
        lasts_s = LASTS_S.get(self.kind)
        if self.retry_after_s is not None and self.kind in PASSING:
            return max(self.retry_after_s, 1.0)
        return lasts_s


def judge(error: BaseException, *, after_s: float | None = None) -> Failure:
    """What an error of a vendor's client means, whatever LiveKit's plugin has wrapped it in.

    Args:
        after_s: the answer's Retry-After, seconds.
    """
    chain = list(_causes(error))
    body: Mapping[str, object] = next(filter(None, map(_body, chain)), {})
    status = next(filter(None, map(_status, chain)), None)
    words = str(body.get("message") or "") or _words(chain)
    return Failure(kind=_kind(chain, status, body, words), status=status, retry_after_s=after_s, words=words)


def is_unclear(error: BaseException) -> bool:
    """Whether the library has lost what the service said: asked again, it may keep it.

    gRPC's asyncio call says so when it was writing at the moment at which the service ended the call: the service's own
    status is overwritten then (`set_internal_error` in grpc/aio/_call.py).
    """
    return any("Internal error from Core" in str(cause) for cause in _causes(error))


def redacted(text: str, *secrets: str) -> str:
    """`text` without the secrets, and without anything that looks like a key: a provider may send it back."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return _KEYLIKE.sub("***", text)


def _kind(chain: list[BaseException], status: int | None, body: Mapping[str, object], words: str) -> Kind:
    codes = [str(body[name]) for name in ("code", "type") if body.get(name)]
    kinds = [_BY_CODE[code] for code in codes if code in _BY_CODE]
    kind = next((kind for kind in kinds if kind is not Kind.REQUEST), None)
    if _NO_CREDIT.search(words) and (status is None or status >= 400 or kinds):
        return Kind.CREDIT
    if _TOO_LONG.search(words) and (kind is None or status == 413) and (status in (400, 413, 422) or kinds):
        return Kind.TOO_LONG
    if kind is not None:
        return kind
    if status is not None:
        if status in _BY_STATUS:
            return Kind.ADDRESS if status == 404 and not body else _BY_STATUS[status]
        if status < 400:
            return Kind.ADDRESS  # a redirect
        return Kind.BROKEN if status >= 500 else Kind.REQUEST
    if kinds or body:
        return Kind.BROKEN  # an error event that names no kind of its own
    return _kind_of_transport(chain)


def _kind_of_transport(chain: list[BaseException]) -> Kind:
    for cause in reversed(chain):  # the root first
        if isinstance(cause, NotAStream):
            return Kind.ADDRESS
        if isinstance(cause, BadAudio):
            return Kind.GARBLED
        if type(cause).__name__ in _NO_CREDENTIALS:
            return Kind.KEY
        if type(cause).__name__ in _NO_CONNECTION:
            return Kind.UNREACHABLE
        if type(cause) is APIError and cause.message.startswith("no audio"):
            return Kind.EMPTY  # how LiveKit's streams of speech end when nothing has come
        if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol | httpx.InvalidURL):
            return Kind.UNREACHABLE
        if isinstance(cause, httpx.TimeoutException | TimeoutError | APITimeoutError):
            return Kind.SILENT
        if isinstance(cause, httpx.TransportError | httpx.StreamError | ConnectionResetError | BrokenPipeError):
            return Kind.CUT
    root = chain[-1]
    if isinstance(root, OSError):
        return Kind.UNREACHABLE
    unreadable = any(isinstance(cause, ValueError | TypeError | LookupError | AttributeError) for cause in chain)
    # LiveKit's own error, with none of a parser behind it, says that a stream ended
    return Kind.CUT if isinstance(chain[0], APIError) and not unreadable else Kind.GARBLED


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it hides: LiveKit's plugins raise theirs from the vendor's, some of them "from None"."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status(cause: BaseException) -> int | None:
    for attribute in ("status_code", "status", "code"):  # LiveKit's, aiohttp's and Google's names of it
        status = getattr(cause, attribute, None)
        if isinstance(status, int) and not isinstance(status, bool):
            status = _CLOSE_CODES.get(int(status), int(status))
            if 300 <= status < 600:  # an error event comes inside of a 200
                return status
    return None


def _body(cause: BaseException) -> Mapping[str, object]:
    body = getattr(cause, "body", None)
    while isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        body = body["error"]
    return body if isinstance(body, Mapping) else {}


def _words(chain: list[BaseException]) -> str:
    named = getattr(chain[0], "message", "") or str(chain[0])
    root = chain[-1]
    return named if root is chain[0] else f"{type(root).__name__}: {root}"


def retry_after_s(headers: httpx.Headers) -> float | None:
    """When an answer says that it is worth to ask again (RFC 9110, 10.2.3), seconds from now; ten minutes at most."""
    if (wait_s := _number(headers.get("retry-after-ms"))) is not None:
        wait_s /= 1000
    elif (wait_s := _number(value := headers.get("retry-after"))) is None and value:
        try:
            wait_s = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return None if wait_s is None else min(max(0.0, wait_s), _LONGEST_RETRY_AFTER_S)


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None
