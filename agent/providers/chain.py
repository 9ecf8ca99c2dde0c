"""Several minds behind each other, as one LiveKit LLM: `GUEST=groq,local`.

Each is asked in order until one has given words that can be spoken, or the time before dead air is used up. What has
been passed on may have been said already, so after that a failure ends the reply; the chain never begins again.
LiveKit's own FallbackAdapter takes the first chunk of any kind for success, and tries a provider that is out at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from livekit.agents import APIConnectOptions, llm
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN

from agent.errors import ServiceFailed, raise_if_cancelled
from agent.providers.event_client import Answer, noting
from agent.providers.failure import PASSING, Failure, Kind, judge, redacted
from agent.providers.mind import Asking, Mind
from agent.providers.pace import Pace
from agent.providers.shortening import chars, shortened
from agent.providers.useful import can_be_spoken, says_something

# The floor says "One moment." after 3 s of silence, and "Still thinking." 3.6 s later: nobody should hear 4 s of it.
# With these, two AIs that are asked one after the other, each of a sole provider that hangs, have given up after 8.5 s.
WITH_ANOTHER_S = 2.5  # to the first words, when another mind stands behind
ALONE_S = 4.0  # likewise, of a sole mind; a local one may take all the time there is, since it may just be slow
TRIAL_S = 1.5  # likewise, of a provider that was out, when another stands behind
_PAUSES_S = (0.3, 0.7)  # before the same mind is asked again, when no other is there to be asked
_ROUND_TRIP_S = 0.3  # what must be left after a wait for it to be of any use
_SHORTENINGS = 3
_OF_A_BUSY_MACHINE = (Kind.STALLED, Kind.SLOW)  # no outage of a local model: it may do better in the next turn
_HTTP_S = 20.0  # the client's own limit, between two reads; the limits here are quicker


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A request that came to nothing, for the event log.

    Attributes:
        waited_s: from the request to the failure.
        said_chars: of its reply that had been passed on by then.
        words: the provider's own, without keys.
    """

    service: str
    kind: str
    text: str
    waited_s: float
    said_chars: int
    words: str = ""


class Chain(llm.LLM[Any]):
    """
    Args:
        minds: in the order in which they are asked.
        next_words_s: a mind that falls silent in mid-reply for so long has failed.
        on_missed: told of each request that came to nothing.
    """

    def __init__(
        self, minds: Sequence[Mind], *, next_words_s: float, on_missed: Callable[[Missed], None] = lambda missed: None
    ) -> None:
        super().__init__()
        if not minds:
            raise ValueError("a chain needs a mind")
        self.minds = tuple(minds)
        self.next_words_s = next_words_s
        self.on_missed = on_missed
        for mind in self.minds:
            mind.engine.on("metrics_collected", self._pass_on_metrics)

    @property
    def next(self) -> Mind:
        """Who would be asked now."""
        return next((mind for mind in self.minds if mind.admits), self.minds[0])

    @property
    def model(self) -> str:
        return self.next.service.model

    @property
    def provider(self) -> str:
        return self.next.service.name

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: Any = NOT_GIVEN,
        tool_choice: Any = NOT_GIVEN,
        extra_kwargs: Any = NOT_GIVEN,
    ) -> llm.LLMStream:
        """A reply. `conn_options.timeout` is the time to its first words, whoever gives them; the stream raises
        ServiceFailed when nobody does. Retrying is the chain's own business, and `max_retry` is not read."""
        options = replace(conn_options, max_retry=0)
        return ChainStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=options)

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.minds[0].engine.prewarm(loop=loop)

    async def aclose(self) -> None:
        for mind in self.minds:
            mind.engine.off("metrics_collected", self._pass_on_metrics)
            await mind.engine.aclose()

    def _pass_on_metrics(self, *told: Any) -> None:
        self.emit("metrics_collected", *told)


class ChainStream(llm.LLMStream):
    """Passes on one mind's chunks. The first with text says whose they are: `delta.extra["service"]`."""

    # The minds' own spans say all that there is to say
    _llm_request_span_name: ClassVar[str] = "llm_chain"
    _llm_attempt_span_name: ClassVar[str | None] = None
    _genai_operation_name: ClassVar[str | None] = None

    def __init__(self, chain: Chain, **options: Any) -> None:
        self._chain = chain
        self._passed_on = 0  # characters
        super().__init__(chain, **options)

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        over_at = now() + self._conn_options.timeout
        texts: list[str] = []
        empty = False
        for place, mind in enumerate(self._chain.minds):
            asking = mind.begin()
            if asking is None:
                texts.append(mind.outage_text)
                continue
            others = sum(other.admits for other in self._chain.minds[place + 1 :])
            sole = len(self._chain.minds) == 1
            limit_s = _limit_s(mind, over_at - now(), others, sole=sole, trial=asking.trial)
            request = _Request(mind, asking, by=now() + limit_s)
            request.alone = others == 0
            try:
                failure = await self._persist(request)
            finally:  # unless it has been told what became of it
                if self._passed_on:
                    asking.succeeded()  # somebody has heard enough
                asking.abandoned()
            if failure is None:
                return
            texts.append(mind.service.explain(failure, request.waited_s))
            empty = failure.kind is Kind.EMPTY
            if self._passed_on:
                break
        raise ServiceFailed("; ".join(dict.fromkeys(filter(None, texts))), empty=empty)

    async def _persist(self, request: _Request) -> Failure | None:
        """Ask one mind, and again where that may help and there is time for it."""
        now = asyncio.get_running_loop().time
        pauses = list(_PAUSES_S)
        shortenings = 0
        context = self._chat_ctx
        limit_chars = request.mind.fits_chars
        if limit_chars is not None and chars(context) > limit_chars:
            context = shortened(context, limit_chars)
        while True:
            failure = await self._ask(request, context)
            if failure is None:
                return None
            if self._passed_on:
                return self._give_up(request, failure)
            if failure.kind is Kind.TOO_LONG and shortenings < _SHORTENINGS:
                shorter = shortened(context, chars(context) // 2)
                if chars(shorter) < chars(context) and now() < request.by:
                    shortenings += 1
                    context, request.mind.fits_chars = shorter, chars(shorter)
                    self._report(request, failure)
                    continue
            wait_s = _pause_s(failure, pauses, alone=request.alone)
            if wait_s is None or now() + wait_s + _ROUND_TRIP_S > request.by:
                return self._give_up(request, failure)
            self._report(request, failure)
            await asyncio.sleep(wait_s)

    def _give_up(self, request: _Request, failure: Failure) -> Failure:
        text = self._report(request, failure)
        if request.mind.service.local and failure.kind in _OF_A_BUSY_MACHINE:
            request.asking.abandoned()
        else:
            request.asking.failed(failure, text)
        return failure

    def _report(self, request: _Request, failure: Failure) -> str:
        service = request.mind.service
        text = service.explain(failure, request.waited_s)
        self._chain.on_missed(
            Missed(
                service=str(service),
                kind=failure.kind,
                text=text,
                waited_s=round(request.waited_s, 3),
                said_chars=self._passed_on,
                words=redacted(failure.words, service.secret)[:300],
            )
        )
        return text

    async def _ask(self, request: _Request, context: llm.ChatContext) -> Failure | None:
        """One request, its stream to the end; None when the reply is complete."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        failure: Failure | None = None
        options = APIConnectOptions(max_retry=0, timeout=_HTTP_S)
        asked: llm.LLMStream | None = None
        answer = Answer()
        try:
            with noting(answer):
                asked = request.mind.engine.chat(chat_ctx=context, tools=self._tools, conn_options=options)
            async with asked, asyncio.timeout_at(request.by) as limit:
                failure = await self._pass_on(asked, request, limit)
        except TimeoutError:
            raise_if_cancelled()
            failure = Failure(kind=Kind.STALLED if self._passed_on else Kind.SILENT)
        except Exception as error:  # a plugin may raise whatever its vendor's library does
            raise_if_cancelled()
            failure = judge(error, after_s=answer.retry_after_s)
        if asked is not None:
            _forget_error(asked)
        request.waited_s = loop.time() - (request.last_words_at or began)
        return failure

    async def _pass_on(self, stream: llm.LLMStream, request: _Request, limit: asyncio.Timeout) -> Failure | None:
        now = asyncio.get_running_loop().time
        held: list[llm.ChatChunk] = []
        text = ""
        pace = Pace(now())
        async for chunk in stream:
            words = chunk.delta.content if chunk.delta else None
            if not words:
                if chunk.usage:
                    self._event_ch.send_nowait(chunk)
                continue
            if not self._passed_on:
                held.append(chunk)
                text += words
                if not can_be_spoken(text):
                    continue
                self._release(held, request.mind)
                pace = Pace(now())
            else:
                self._send(chunk)
            if not words.strip():
                continue
            request.last_words_at = now()
            limit.reschedule(request.last_words_at + self._chain.next_words_s)
            if pace.too_slow(len(words), request.last_words_at):
                return Failure(kind=Kind.SLOW)
        if not self._passed_on:
            if not says_something(text):
                return Failure(kind=Kind.EMPTY)
            self._release(held, request.mind)
        request.asking.succeeded()
        return None

    def _release(self, held: list[llm.ChatChunk], mind: Mind) -> None:
        delta = held[0].delta
        assert delta is not None
        delta.extra = {**(delta.extra or {}), "service": str(mind.service)}
        for chunk in held:
            self._send(chunk)
        held.clear()

    def _send(self, chunk: llm.ChatChunk) -> None:
        if chunk.delta and chunk.delta.content:
            self._passed_on += len(chunk.delta.content)
        self._event_ch.send_nowait(chunk)

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[llm.ChatChunk]) -> None:
        """Nothing: each mind's own stream tells its usage, and the chain passes it on."""
        async for _ in event_aiter:
            pass


@dataclass(slots=True)
class _Request:
    """
    Attributes:
        by: loop time at which it must have given words.
        alone: nobody else could be asked.
        waited_s: for words in vain, in the end.
    """

    mind: Mind
    asking: Asking
    by: float
    alone: bool = False
    last_words_at: float | None = None
    waited_s: float = 0.0


def _limit_s(mind: Mind, left_s: float, others: int, *, sole: bool, trial: bool) -> float:
    """How long one mind may take to its first words."""
    if not others and mind.service.local:
        return left_s
    if sole:
        return min(left_s, ALONE_S)
    return min(TRIAL_S if trial and others else WITH_ANOTHER_S, left_s / (others + 1))


def _pause_s(failure: Failure, pauses: list[float], *, alone: bool) -> float | None:
    """How long to wait before the same mind is asked again; None: it is not."""
    if failure.kind not in PASSING or not pauses:
        return None
    pause_s = pauses.pop(0)
    if failure.retry_after_s is not None:
        return max(failure.retry_after_s, 0.05)
    return pause_s if alone else None


def _forget_error(stream: llm.LLMStream) -> None:
    """A stream that was closed just as it failed leaves an error that nobody has seen; asyncio would log it with the
    provider's words, which may hold the key."""
    task = stream._task
    if task.done() and not task.cancelled():
        task.exception()
