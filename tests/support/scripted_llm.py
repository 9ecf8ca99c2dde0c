"""An LLM vendor that says what it is told, at a set speed: OpenAI's chat completions, streamed, over real HTTP.

`python -m tests.support.scripted_llm --port 17310 --ttft 0.15 --words-per-s 60`; in tests: `scripted_llm(...)`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TEXT = (
    "That is a fair question, and I have a clear view on it. Running a model at home changes who holds the keys. "
    "You can read every word it was given, and nobody can switch it off on a whim. The price is patience, since a "
    "small machine thinks slowly. Still, most of what we ask for is small, and small models do small things well."
)


@dataclass
class ScriptedVendor:
    """What it says and does; may be changed while it runs.

    Attributes:
        replies: said in turn, the last one for ever.
        first_token_s, words_per_s: its speed.
        stall_after: words after which it says nothing more and keeps the connection; None: it never does.
        fail_first: requests that it answers with 503 before it works.
        requests: the body of each request.
        hung_up: requests whose client went away before the end.
    """

    replies: Sequence[str] = (TEXT,)
    first_token_s: float = 0.15
    words_per_s: float = 60.0
    stall_after: int | None = None
    fail_first: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    hung_up: int = 0
    address: str = ""

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/v1/models", self._models)
        application.router.add_post("/v1/chat/completions", self._chat)
        return application

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        count = len(self.requests)
        if count <= self.fail_first:
            return web.json_response({"error": {"message": "overloaded", "type": "server_error"}}, status=503)
        text = self.replies[min(count - self.fail_first, len(self.replies)) - 1]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        base = {"id": f"x{count}", "object": "chat.completion.chunk", "created": 0, "model": body.get("model")}

        async def send(choices: list[dict[str, Any]], **more: Any) -> None:
            await response.write(b"data: " + json.dumps(base | {"choices": choices} | more).encode() + b"\n\n")

        try:
            await response.prepare(request)
            await asyncio.sleep(self.first_token_s)
            words = text.split(" ")
            for index, word in enumerate(words):
                if index == self.stall_after:
                    await asyncio.sleep(3600)
                delta = {"role": "assistant", "content": (" " if index else "") + word}
                await send([{"index": 0, "delta": delta, "finish_reason": None}])
                await asyncio.sleep(1 / self.words_per_s)
            await send([{"index": 0, "delta": {}, "finish_reason": "stop"}])
            usage = {"prompt_tokens": 10, "completion_tokens": len(words), "total_tokens": 10 + len(words)}
            await send([], usage=usage)
            await response.write(b"data: [DONE]\n\n")
        except ConnectionError:  # an interrupted AI hangs up in mid-sentence
            self.hung_up += 1
        except asyncio.CancelledError:
            self.hung_up += 1
            raise
        return response


@asynccontextmanager
async def scripted_llm(vendor: ScriptedVendor | None = None, *, port: int = 0) -> AsyncIterator[ScriptedVendor]:
    """Serve `vendor` on loopback; its `address` is the base URL for an OpenAI client. `port` 0: any free one."""
    vendor = vendor or ScriptedVendor()
    runner = web.AppRunner(vendor.application(), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        vendor.address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield vendor
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=17310)
    parser.add_argument("--ttft", type=float, default=0.15)
    parser.add_argument("--words-per-s", type=float, default=60)
    parser.add_argument("--text", action="append")
    arguments = parser.parse_args()
    vendor = ScriptedVendor(
        replies=arguments.text or (TEXT,), first_token_s=arguments.ttft, words_per_s=arguments.words_per_s
    )
    web.run_app(vendor.application(), host="127.0.0.1", port=arguments.port, print=None, handler_cancellation=True)


if __name__ == "__main__":
    main()
