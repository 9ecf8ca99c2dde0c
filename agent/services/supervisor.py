"""Keeps services running: starts them, notices the dead, starts those again, and ends them all."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from agent.errors import StudioError
from agent.services.child import Child

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 20.0
_STEADY_S = 60.0  # a service that ran so long starts again at once
_LAST_WORDS_S = 25.0  # what the children of a service that died get to end by themselves: shows seal their folders

State = Literal["starting", "running", "restarting", "stopped"]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """
    Attributes:
        name: as it is shown, and of its log.
        about: what it is, in a few words.
        spawn: starts the process; runs on the main thread.
        answers: whether it is of use now; blocks for 2 s at most.
        ready_limit_s: for it to answer after its start.
    """

    name: str
    about: str
    spawn: Callable[[], Child]
    answers: Callable[[], bool]
    ready_limit_s: float = 30.0


class Stopped(Exception):
    """The studio was told to end while a service was starting."""


class Supervisor:
    """All services of one studio.

    `start` each, then `watch` until cancelled, `stop` those that need time, and at last, whatever happened, `kill`.
    """

    def __init__(
        self, report: Report, stopping: asyncio.Event, *, on_remains_gone: Callable[[str], None] = lambda name: None
    ) -> None:
        """
        Args:
            report: told what people should see, one line at a time.
            stopping: once set, nothing is started any more.
            on_remains_gone: told the name of a service that died, once nothing that it had started runs any more; runs
                in a thread.
        """
        self._report = report
        self._stopping = stopping
        self._on_remains_gone = on_remains_gone
        self._services: dict[str, Service] = {}
        self._children: dict[str, Child] = {}
        self._states: dict[str, State] = {}
        self._launched: dict[str, float] = {}
        self._remains: list[tuple[float, Child]] = []  # when to kill what a dead service left behind

    @property
    def states(self) -> Mapping[str, State]:
        """Of each service by name."""
        return self._states

    @property
    def troubles(self) -> list[str]:
        """What is not running and should be, in plain words."""
        return [f"{name} is {state}" for name, state in self._states.items() if state in ("starting", "restarting")]

    def pid(self, name: str) -> int | None:
        """Of a service's process; None while there is none."""
        child = self._children.get(name)
        return child.pid if child is not None and child.poll() is None else None

    async def start(self, service: Service) -> None:
        """`launch`, then `ready`."""
        self.launch(service)
        await self.ready(service)

    def launch(self, service: Service) -> None:
        """Start its process; it is of use once `ready` has returned.

        Raises:
            Stopped: the studio ends.
        """
        if self._stopping.is_set():
            raise Stopped
        self._services[service.name] = service
        self._states.setdefault(service.name, "starting")
        self._children[service.name] = service.spawn()
        self._launched[service.name] = time.monotonic()

    async def ready(self, service: Service) -> None:
        """Wait until a launched service answers.

        Raises:
            StudioError: it ended, or did not answer in time.
            Stopped: the studio ends.
        """
        await self._until_it_answers(service)
        self._states[service.name] = "running"
        took_s = time.monotonic() - self._launched[service.name]
        self._report(f"{service.name:<16} {service.about:<44} ready in {took_s:.1f} s")

    async def _until_it_answers(self, service: Service) -> None:
        child = self._children[service.name]
        deadline = time.monotonic() + service.ready_limit_s
        while time.monotonic() < deadline:
            if self._stopping.is_set():
                raise Stopped
            if (code := child.poll()) is not None:
                raise StudioError(f"{service.name} ended ({_how(code)}): {child.last_line()}", fix=f"see {child.log}")
            if await asyncio.to_thread(service.answers):
                return
            await asyncio.sleep(_POLL_S)
        child.kill()
        raise StudioError(
            f"{service.name} did not answer within {service.ready_limit_s:.0f} s: {child.last_line()}",
            fix=f"see {child.log}",
        )

    async def watch(self) -> None:
        """Start again what dies, each time a little later. Until cancelled, or until the studio is stopping."""
        async with asyncio.TaskGroup() as tasks:
            for service in self._services.values():
                tasks.create_task(self._watch(service), name=f"watch:{service.name}")
            tasks.create_task(self._sweep(), name="watch:remains")

    async def _watch(self, service: Service) -> None:
        delay_s = 0.0
        while True:
            began = time.monotonic()
            code = await self._ended(self._children[service.name])
            if self._stopping.is_set():
                return
            self._states[service.name] = "restarting"
            child = self._children[service.name]
            why = f": {child.last_line()}" if code >= 0 else ""  # who is killed has no last words
            self._report(f"{service.name} ended ({_how(code)}){why}; starting it again")
            child.send_group(signal.SIGTERM)
            self._remains.append((time.monotonic() + _LAST_WORDS_S, child))
            if time.monotonic() - began >= _STEADY_S:
                delay_s = 0.0
            await asyncio.sleep(delay_s)
            delay_s = min(max(2 * delay_s, _FIRST_DELAY_S), _LONGEST_DELAY_S)
            try:
                self.launch(service)
                await self._until_it_answers(service)
            except Stopped:
                return
            except StudioError as error:
                self._report(f"{service.name} does not start: {error}; trying again in {delay_s:.0f} s")
            else:
                self._states[service.name] = "running"
                self._report(f"{service.name} runs again")

    async def _ended(self, child: Child) -> int:
        while (code := child.poll()) is None:  # noqa: ASYNC110 - a process sets no Event
            await asyncio.sleep(_POLL_S)
        return code

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            due = [child for at, child in self._remains if at <= time.monotonic()]
            self._remains = [(at, child) for at, child in self._remains if child not in due]
            for child in due:
                child.kill()
                await asyncio.to_thread(self._on_remains_gone, child.name)

    async def stop(self, name: str, *, grace_s: float) -> None:
        """End a service: SIGTERM, and after `grace_s` the whole group is killed. Only once the studio is stopping."""
        child = self._children.get(name)
        if child is None:
            return
        child.send(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while child.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S / 2)
        if child.poll() is None:
            self._report(f"{name} did not end within {grace_s:g} s: killed")
        child.kill()
        self._states[name] = "stopped"

    def kill(self) -> None:
        """Everything, now."""
        for child in (*self._children.values(), *(child for _, child in self._remains)):
            child.kill()


def _how(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
