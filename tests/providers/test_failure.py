"""What errors mean, in whatever form a provider or its client brings them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2 as httpx
import pytest
from livekit.agents import APIConnectionError, APIStatusError

from agent.providers.failure import Kind, NotAStream, StreamBroken, judge, redacted, retry_after_s
from agent.providers.mind import Service

ERRORS: list[tuple[int, object, Kind]] = [
    (400, {"error": {"message": "This model's maximum context length is 8192 tokens"}}, Kind.TOO_LONG),
    (400, {"error": {"code": 400, "type": "exceed_context_size_error", "message": "n"}}, Kind.TOO_LONG),
    (413, {"error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "Request too large"}}, Kind.TOO_LONG),
    (413, None, Kind.TOO_LONG),
    (400, {"error": {"message": "temperature must be below 2"}}, Kind.REQUEST),
    (429, {"error": {"code": "insufficient_quota", "message": "n"}}, Kind.CREDIT),
    (429, {"error": {"message": "Rate limit reached for tokens per minute: too many tokens"}}, Kind.RATE),
    (
        400,
        {"type": "error", "error": {"type": "invalid_request_error", "message": "credit balance too low"}},
        Kind.CREDIT,
    ),
    (404, {"error": {"code": "model_not_found", "message": "no such model"}}, Kind.MODEL),
    (404, None, Kind.ADDRESS),
    (405, None, Kind.ADDRESS),
    (307, None, Kind.ADDRESS),
    (500, "<html>oops</html>", Kind.BROKEN),
    (502, None, Kind.BROKEN),
    (503, {"error": {"type": "unavailable_error", "message": "Loading model"}}, Kind.OVERLOADED),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, Kind.OVERLOADED),
    # Inside of a stream, whose status is 200
    (200, {"type": "error", "error": {"type": "api_error", "message": "Internal"}}, Kind.BROKEN),
    (200, {"type": "error", "error": {"type": "authentication_error", "message": "no"}}, Kind.KEY),
]


@pytest.mark.parametrize(("status", "body", "kind"), ERRORS)
def test_a_status_and_a_body_make_a_kind(status: int, body: object, kind: Kind) -> None:
    failure = judge(APIStatusError("n", status_code=status, body=body))
    assert failure.kind is kind
    assert failure.status == (None if status == 200 else status)


REQUEST = httpx.Request("POST", "http://127.0.0.1/v1")


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (httpx.ConnectError("refused", request=REQUEST), Kind.UNREACHABLE),
        (httpx.ConnectTimeout("slow", request=REQUEST), Kind.UNREACHABLE),
        (httpx.ReadTimeout("slow", request=REQUEST), Kind.SILENT),
        (httpx.ReadError("reset", request=REQUEST), Kind.CUT),
        (StreamBroken("over"), Kind.CUT),
        (NotAStream("a page"), Kind.ADDRESS),
        (ValueError("not JSON"), Kind.GARBLED),
        (KeyError("choices"), Kind.GARBLED),
        (OSError("no route to host"), Kind.UNREACHABLE),
    ],
)
def test_what_the_transport_raises_is_found_inside_of_what_the_plugin_does(cause: Exception, kind: Kind) -> None:
    error = APIConnectionError()
    error.__cause__ = cause
    assert judge(error).kind is kind


def test_when_to_come_back_comes_in_three_forms() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert retry_after_s(httpx.Headers({"retry-after": "7"})) == 7
    assert retry_after_s(httpx.Headers({"retry-after-ms": "250", "retry-after": "9"})) == 0.25
    assert retry_after_s(httpx.Headers({"retry-after": soon})) == pytest.approx(19.5, abs=1)
    assert retry_after_s(httpx.Headers({"retry-after": "a while"})) is None
    assert retry_after_s(httpx.Headers({"retry-after": "999999"})) == 600
    assert retry_after_s(httpx.Headers()) is None


def test_a_key_is_not_repeated() -> None:
    words = "Incorrect API key: sk-proj-abcdef123456, use Bearer topsecret or the key own"
    assert redacted(words, "own") == "Incorrect API key: ***, use Bearer *** or the key ***"
    service = Service(
        name="Groq",
        model="m",
        address="https://me:own@api.example.com/v1?key=own",
        key_variable="GROQ_API_KEY",
        address_variable="GROQ_BASE_URL",
        model_variable="GROQ_MODEL",
        secret="own",
    )
    failure = judge(APIStatusError("n", status_code=400, body={"message": "the key own is odd"}))
    assert service.explain(failure, 1.0) == "Groq refused the request (400): the key *** is odd"
    assert "own" not in repr((service, failure))
