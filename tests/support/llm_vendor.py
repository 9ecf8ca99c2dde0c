"""An LLM vendor that says what it is told, at a set speed, and fails as it is told: OpenAI's chat completions and
Anthropic's Messages, streamed, over real HTTP.

A scene is what one request gets; `vendor.scenes` are played in order, the last one for ever.

`python -m tests.support.llm_vendor --protocol anthropic --port 17311 --text "Yes, I think so."` says one thing to all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from aiohttp import web

Protocol = Literal["openai", "anthropic"]


@dataclass(frozen=True)
class Refuse:
    """An HTTP error with a body of the protocol's own form."""

    status: int
    message: str = "no"
    type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Something else than the protocol: HTML, with 200."""

    text: str = "<html>Sign in to the hotel's Wi-Fi</html>"


@dataclass(frozen=True)
class Say:
    """Text, a word a chunk."""

    text: str
    words_per_s: float = 100.0


@dataclass(frozen=True)
class Think:
    """Reasoning that nobody is to hear."""

    text: str


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class Ping:
    """A keep-alive: a comment line, or Anthropic's ping event."""


@dataclass(frozen=True)
class Role:
    """A chunk with a role and no text."""


@dataclass(frozen=True)
class ErrorEvent:
    """An error inside of a 200 stream."""

    type: str = "overloaded_error"
    message: str = "Overloaded"


@dataclass(frozen=True)
class Raw:
    """These bytes."""

    data: bytes


@dataclass(frozen=True)
class HangUp:
    """The connection is cut."""


@dataclass(frozen=True)
class StopEarly:
    """The body ends in good order, before the reply does."""


Step: TypeAlias = Say | Think | Wait | Ping | Role | ErrorEvent | Raw | HangUp | StopEarly
Scene: TypeAlias = Refuse | Page | Sequence[Step]


@dataclass
class Vendor:
    """
    Attributes:
        requests: the body of each, with the loop's time at which it came.
        headers: of each request.
        prompt_tokens, cached_tokens: of each prompt, as usage tells, and of these in the cache.
        hung_up: requests whose client went away before the end.
    """

    protocol: Protocol = "openai"
    scenes: Sequence[Scene] = ((Say("Yes, I think so."),),)
    first_token_s: float = 0.15
    prompt_tokens: int = 30
    cached_tokens: int = 0
    hung_up: int = 0
    requests: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    address: str = ""

    @property
    def asked_at(self) -> list[float]:
        return [at for at, _ in self.requests]

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._reply)
        application.router.add_post("/v1/messages", self._reply)
        application.router.add_get("/v1/models", self._models)
        return application

    def scene(self, body: Mapping[str, Any]) -> Scene:
        """What the latest request gets."""
        return self.scenes[min(len(self.requests), len(self.scenes)) - 1]

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [], "has_more": False})

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append((asyncio.get_running_loop().time(), body))
        self.headers.append(dict(request.headers))
        scene = self.scene(body)
        await asyncio.sleep(self.first_token_s)
        if isinstance(scene, Refuse):
            error = {"type": scene.type or "invalid_request_error", "message": scene.message}
            return web.json_response({"type": "error", "error": error}, status=scene.status, headers=scene.headers)
        if isinstance(scene, Page):
            return web.Response(text=scene.text, content_type="text/html")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        stream = (_Anthropic if self.protocol == "anthropic" else _OpenAI)(
            response, prompt_tokens=self.prompt_tokens, cached_tokens=self.cached_tokens
        )
        try:
            await stream.begin()
            for step in scene:
                if isinstance(step, StopEarly):
                    return response
                if isinstance(step, HangUp):
                    assert request.transport is not None
                    request.transport.abort()
                    return response
                await stream.play(step)
            await stream.end()
        except ConnectionError:  # an interrupted AI hangs up in mid-sentence
            self.hung_up += 1
        except asyncio.CancelledError:
            self.hung_up += 1
            raise
        return response


class _Stream:
    def __init__(self, response: web.StreamResponse, *, prompt_tokens: int, cached_tokens: int) -> None:
        self._response = response
        self._prompt_tokens = prompt_tokens
        self._cached_tokens = cached_tokens
        self._words = 0

    async def begin(self) -> None: ...

    async def end(self) -> None: ...

    async def text(self, text: str) -> None: ...

    async def thought(self, text: str) -> None: ...

    async def ping(self) -> None: ...

    async def role(self) -> None: ...

    async def error(self, type_: str, message: str) -> None: ...

    async def play(self, step: Step) -> None:
        match step:
            case Say(text=text, words_per_s=words_per_s):
                for index, word in enumerate(text.split(" ")):
                    self._words += 1
                    await self.text((" " if index else "") + word)
                    await asyncio.sleep(1 / words_per_s)
            case Think(text=text):
                await self.thought(text)
            case Wait(seconds=seconds):
                await asyncio.sleep(seconds)
            case Ping():
                await self.ping()
            case Role():
                await self.role()
            case ErrorEvent(type=type_, message=message):
                await self.error(type_, message)
            case Raw(data=data):
                await self._response.write(data)
            case HangUp() | StopEarly():
                raise AssertionError("handled by the request")


class _OpenAI(_Stream):
    async def _send(self, choices: list[dict[str, Any]], **more: Any) -> None:
        base = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": choices}
        await self._response.write(b"data: " + json.dumps(base | more).encode() + b"\n\n")

    async def _delta(self, finish: str | None = None, **delta: Any) -> None:
        await self._send([{"index": 0, "delta": delta, "finish_reason": finish}])

    async def text(self, text: str) -> None:
        await self._delta(content=text)

    async def thought(self, text: str) -> None:
        await self._delta(reasoning_content=text, content=None)

    async def ping(self) -> None:
        await self._response.write(b": ping\n\n")

    async def role(self) -> None:
        await self._delta(role="assistant", content="")

    async def error(self, type_: str, message: str) -> None:
        await self._response.write(b"data: " + json.dumps({"error": {"type": type_, "message": message}}).encode())
        await self._response.write(b"\n\n")

    async def end(self) -> None:
        await self._delta(finish="stop")
        usage = {
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": self._words,
            "total_tokens": self._prompt_tokens + self._words,
            "prompt_tokens_details": {"cached_tokens": self._cached_tokens},
        }
        await self._send([], usage=usage)
        await self._response.write(b"data: [DONE]\n\n")


class _Anthropic(_Stream):
    async def _send(self, kind: str, **more: Any) -> None:
        data = json.dumps({"type": kind} | more)
        await self._response.write(f"event: {kind}\ndata: {data}\n\n".encode())

    async def begin(self) -> None:
        message: dict[str, Any] = {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": self._prompt_tokens - self._cached_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": self._cached_tokens,
                "output_tokens": 0,
            },
        }
        await self._send("message_start", message=message)
        await self._send("content_block_start", index=0, content_block={"type": "text", "text": ""})

    async def text(self, text: str) -> None:
        await self._send("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    async def thought(self, text: str) -> None:
        await self._send("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": text})

    async def ping(self) -> None:
        await self._send("ping")

    async def role(self) -> None:
        await self.text("")

    async def error(self, type_: str, message: str) -> None:
        await self._send("error", error={"type": type_, "message": message})

    async def end(self) -> None:
        await self._send("content_block_stop", index=0)
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        await self._send("message_delta", delta=delta, usage={"output_tokens": self._words})
        await self._send("message_stop")


@asynccontextmanager
async def serving(vendor: Vendor) -> AsyncIterator[Vendor]:
    """Serve `vendor` on loopback; its `address` is what the provider's `base_url` setting wants."""
    runner = web.AppRunner(vendor.application(), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        vendor.address = f"http://127.0.0.1:{runner.addresses[0][1]}" + (
            "" if vendor.protocol == "anthropic" else "/v1"
        )
        yield vendor
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", choices=get_args(Protocol), default="anthropic")
    parser.add_argument("--port", type=int, default=17311)
    parser.add_argument("--ttft", type=float, default=0.15)
    parser.add_argument("--words-per-s", type=float, default=60)
    parser.add_argument("--text", default="Yes, I think so.")
    arguments = parser.parse_args()
    vendor = Vendor(
        protocol=arguments.protocol,
        scenes=((Say(arguments.text, arguments.words_per_s),),),
        first_token_s=arguments.ttft,
    )
    web.run_app(vendor.application(), host="127.0.0.1", port=arguments.port, print=None, handler_cancellation=True)


if __name__ == "__main__":
    main()
