"""Virtual time for code that talks to itself over real sockets: a client and its server in one loop."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

from tests.support.virtual_time import VirtualTimeLoop

T = TypeVar("T")
_Ts = TypeVarTuple("_Ts")

_IN_FLIGHT_S = 0.0005  # what the kernel's loopback may take on a busy machine, real time
_SILENT_S = 5.0


class LoopbackTimeLoop(VirtualTimeLoop):
    """As VirtualTimeLoop, but before the clock jumps, what is on its way from one socket to another arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = 0  # at work, in real time
        selector = self._selector  # type: ignore[attr-defined]
        selector.select = _Patient(self, selector).select

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], T], *args: *_Ts
    ) -> asyncio.Future[T]:
        self.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, future: asyncio.Future[Any]) -> None:
        self.threads -= 1

    async def shutdown_default_executor(self, *args: Any) -> None:
        self.threads += 1
        await super().shutdown_default_executor(*args)
        self.threads -= 1


class _Patient:
    def __init__(self, loop: LoopbackTimeLoop, selector: selectors.BaseSelector) -> None:
        self._loop = loop
        self._selector = selector
        self._look = selectors.DefaultSelector.select

    def select(self, timeout: float | None = None) -> list[Any]:
        ready: list[Any] = self._look(self._selector, 0)  # type: ignore[arg-type]
        if ready or timeout == 0:
            return ready
        sockets = len(self._selector.get_map()) > 1  # one is the loop's own
        if self._loop.threads:
            return self._look(self._selector, _SILENT_S)  # type: ignore[arg-type]
        if timeout is None:
            ready = self._look(self._selector, _SILENT_S if sockets else 0)  # type: ignore[arg-type]
            if not ready:
                raise RuntimeError("deadlock: no task can run and no timer is set")
            return ready
        if sockets:
            ready = self._look(self._selector, _IN_FLIGHT_S)  # type: ignore[arg-type]
            if ready:
                return ready
        self._loop.jump(max(timeout, 1e-9))
        return []


def run_loopback(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in virtual time; tasks that it leaves behind are cancelled."""
    with asyncio.Runner(loop_factory=LoopbackTimeLoop) as runner:
        return runner.run(main)
