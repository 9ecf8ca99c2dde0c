"""The second recording back end: LiveKit Egress, one track egress a published voice; never in the way of `local`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from livekit import rtc
from pydantic import JsonValue

from agent.clock import EpisodeClock
from agent.recording.egress.ledger import Action, Ledger, Log, Piece, Relief, Rules, Start, Stop, Trouble
from agent.recording.egress.reports import EgressLeft, Report, of_webhook
from agent.recording.egress.service import EgressError, Service
from agent.recording.egress.webhooks import TOPIC, WebhookGate, WebhookRefused, unpack
from agent.recording.trouble import OnTrouble, Troubles

logger = logging.getLogger("roundtable.recording")

ASK_EVERY_S = 10.0  # webhooks are faster; where none can come, this is how a report does
ASK_AT_THE_END_S = 0.5
_WAITING_ACTIONS = 512  # starts and stops; more wait only when the process has stood still


class BackEnd(Protocol):
    """What a show tells of the voices to be recorded. Nothing here waits or fails."""

    def published(self, who: str, name: str, track_id: str) -> None: ...

    def unpublished(self, track_id: str) -> None: ...


class LogLine(Protocol):
    """`EpisodeRecorder.event`."""

    def __call__(self, at: float, kind: str, **fields: JsonValue) -> None: ...


class EgressBackEnd:
    """The shell of a `Ledger`: its actions are done, each in a task of its own, and what comes back is told to it."""

    def __init__(
        self,
        room: str,
        *,
        service: Service,
        gate: WebhookGate,
        clock: EpisodeClock,
        rules: Rules,
        tell: OnTrouble,
        log: LogLine,
    ) -> None:
        """
        Args:
            gate: of this process: it verifies again what the web process has handed on.
            tell: a sentence for the host.
            log: into events.jsonl.
        """
        self._room = room
        self._service = service
        self._gate = gate
        self._clock = clock
        self._ledger = Ledger(rules)
        self._troubles = Troubles(tell)
        self._log = log
        self._work: asyncio.Queue[Start | Stop] = asyncio.Queue(_WAITING_ACTIONS)
        self._changed = asyncio.Event()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What has been recorded so far, and how it is."""
        return self._ledger.pieces

    def published(self, who: str, name: str, track_id: str) -> None:
        self._do(self._ledger.published(self._clock.now(), who, name, track_id))

    def unpublished(self, track_id: str) -> None:
        self._do(self._ledger.unpublished(track_id))

    def data_received(self, packet: rtc.DataPacket) -> None:
        """The room's data: webhooks among it. What is forged, stale or known is refused and logged."""
        if packet.topic != TOPIC:
            return
        try:
            event = self._gate.admit(*unpack(packet.data))
        except WebhookRefused as refused:
            sender = packet.participant.identity if packet.participant else "the server"
            logger.warning("refused a webhook that %s handed on: %s", sender, refused)
            return
        report = of_webhook(event)
        if report is not None and report.room == self._room:
            self._take(report)

    async def run(self) -> None:
        """Until cancelled. What fails here ends nothing but itself: the host is told."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tick(), name="egress:deadlines")
                tasks.create_task(self._ask(ASK_EVERY_S), name="egress:reports")
                while True:
                    work = await self._work.get()
                    tasks.create_task(self._carry_out(work), name=f"egress:{work}")
        except Exception as error:
            logger.exception("egress failed")
            text = f"LiveKit Egress is no longer watched ({error!r}). The recording on this machine goes on."
            self._do([Trouble("back end", text)])

    async def end(self, *, limit_s: float) -> None:
        """Stop every egress, and wait until all have said how they ended, for `limit_s` at most. `run` is over."""
        try:
            async with asyncio.timeout(limit_s), asyncio.TaskGroup() as tasks:
                self._forget_starts()
                self._do(self._ledger.finish(self._clock.now()))
                asking = tasks.create_task(self._ask(ASK_AT_THE_END_S), name="egress:reports")
                while self._ledger.unsettled:
                    while not self._work.empty():
                        tasks.create_task(self._carry_out(self._work.get_nowait()), name="egress:stop")
                    self._changed.clear()
                    await self._changed.wait()
                asking.cancel()
        except TimeoutError:
            logger.warning("not every egress has said how it ended within %g s", limit_s)
        except Exception:
            logger.exception("egress failed at the end of the show")

    def _forget_starts(self) -> None:
        while not self._work.empty():
            self._work.get_nowait()

    def _take(self, report: Report) -> None:
        now = self._clock.now()
        if isinstance(report, EgressLeft):
            self._do(self._ledger.left(now, report.egress_id))
        else:
            self._do(self._ledger.reported(now, report))

    def _do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Start() | Stop():
                    try:
                        self._work.put_nowait(action)
                    except asyncio.QueueFull:
                        logger.error("egress: %s is dropped, %d wait", action, _WAITING_ACTIONS)
                case Log():
                    self._write(action)
                case Trouble(key, text):
                    self._troubles.come(key, "warning", text)
                case Relief(key, text):
                    self._troubles.go(key, text)
        self._changed.set()

    def _write(self, line: Log) -> None:
        self._log(
            self._clock.now(),
            "recording.egress",
            who=line.who,
            status=line.status,
            track_id=line.track_id,
            egress_id=line.egress_id,
            reason=line.reason,
        )

    async def _carry_out(self, work: Start | Stop) -> None:
        try:
            if isinstance(work, Start):
                egress_id = await self._service.start(work.who, work.track_id)
                self._do(self._ledger.started(self._clock.now(), work.track_id, egress_id))
            else:
                await self._service.stop(work.egress_id)
        except EgressError as error:
            if isinstance(work, Start):
                now = self._clock.now()
                self._do(self._ledger.refused(now, work.track_id, str(error), lasting=error.lasting))
            else:
                logger.warning("egress %s could not be stopped: %s", work.egress_id, error)

    async def _tick(self) -> None:
        while True:
            self._changed.clear()
            deadline = self._ledger.deadline
            wait_s = None if deadline is None else max(0.0, deadline - self._clock.now())
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                self._do(self._ledger.tick(max(deadline or 0.0, self._clock.now())))

    async def _ask(self, every_s: float) -> None:
        """How the egresses are, as the server's list has it."""
        while True:
            await asyncio.sleep(every_s)
            if not self._ledger.unsettled:
                continue
            try:
                reports = await self._service.list()
            except EgressError as error:
                logger.warning("the egresses cannot be listed: %s", error)
                continue
            for report in reports:
                self._take(report)
