"""A show and its egress service, in virtual time: what is asked of it, what the host is told, what the log keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from livekit import rtc
from livekit.rtc._proto.room_pb2 import DataPacketKind
from pydantic import JsonValue

from agent.recording.egress.back_end import ASK_EVERY_S, EgressBackEnd
from agent.recording.egress.ledger import Rules
from agent.recording.egress.reports import EgressFile, EgressReport, Status
from agent.recording.egress.service import EgressError
from agent.recording.egress.webhooks import TOPIC, WebhookGate, pack
from tests.recording.egress.signed import KEY, SECRET, Egress, Hook, hook
from tests.recording.media import Host
from tests.support.virtual_time import VirtualClock, run_virtual


class EgressService:
    """Takes its time, keeps its list, and fails as it is told to."""

    def __init__(self) -> None:
        self.answers_in_s = 0.4
        self.missing = False
        self.asked: list[str] = []
        self.stopped: list[str] = []
        self.reports: dict[str, EgressReport] = {}

    async def start(self, who: str, track_id: str) -> str:
        self.asked.append(track_id)
        if self.missing:
            await asyncio.sleep(8.0)
            raise EgressError("no egress service has answered within 8 s", fix="start the egress service")
        await asyncio.sleep(self.answers_in_s)
        egress_id = f"EG_{track_id}"
        self.tell(egress_id, track_id, "starting")
        return egress_id

    async def stop(self, egress_id: str) -> None:
        await asyncio.sleep(self.answers_in_s)
        if self.missing:
            raise EgressError("no egress service has answered within 5 s", fix="start the egress service")
        self.stopped.append(egress_id)
        self.tell(egress_id, self.reports[egress_id].track_id, "complete")

    async def list(self) -> list[EgressReport]:
        if self.missing:
            raise EgressError("no egress service has answered within 5 s", fix="start the egress service")
        return list(self.reports.values())

    def tell(self, egress_id: str, track_id: str, status: Status) -> None:
        file = EgressFile(name=f"/out/{track_id}.ogg", started_at=1.0, duration_s=1.0, bytes=1)
        self.reports[egress_id] = EgressReport(
            egress_id=egress_id,
            room="show",
            track_id=track_id,
            status=status,
            file=file if status == "complete" else None,
        )


class Show:
    """A back end at work, its host and its log."""

    def __init__(self, service: EgressService) -> None:
        self.host = Host()
        self.log: list[tuple[str, JsonValue, JsonValue]] = []
        self.back_end = EgressBackEnd(
            "show",
            service=service,
            gate=WebhookGate(KEY, SECRET),
            clock=VirtualClock(),
            rules=Rules(),
            tell=self.host,
            log=self._log,
        )

    def _log(self, at: float, kind: str, **fields: JsonValue) -> None:
        assert kind == "recording.egress"
        self.log.append((str(fields["status"]), fields["who"], fields["egress_id"]))

    def webhook(self, signed: Hook, *, topic: str = TOPIC) -> None:
        """As the web process hands it on."""
        packet = pack(signed.body, signed.authorization)
        assert packet is not None
        self.back_end.data_received(rtc.DataPacket(packet, DataPacketKind.KIND_RELIABLE, None, topic))


def held(story: Callable[[Show, EgressService], Coroutine[None, None, None]]) -> tuple[Show, EgressService]:
    """Run a show to the end of `story`, and end its egresses."""

    async def hold() -> tuple[Show, EgressService]:
        service = EgressService()
        show = Show(service)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(show.back_end.run())
            await story(show, service)
            running.cancel()
        await show.back_end.end(limit_s=12.0)
        return show, service

    return run_virtual(hold())


def statuses(show: Show) -> dict[str, str]:
    return {piece.egress_id: piece.status for piece in show.back_end.pieces}


def test_each_voice_is_asked_for_and_ended_and_its_file_is_known() -> None:
    async def story(show: Show, service: EgressService) -> None:
        show.back_end.published("claude", "Claude", "TR_c")
        show.back_end.published("anna", "Anna", "TR_a")
        await asyncio.sleep(1.0)
        show.webhook(hook(Egress(egress_id="EG_TR_a", track_id="TR_a").updated("ACTIVE")))
        assert statuses(show) == {"EG_TR_c": "starting", "EG_TR_a": "active"}

    show, service = held(story)
    assert sorted(service.stopped) == ["EG_TR_a", "EG_TR_c"]
    assert statuses(show) == {"EG_TR_c": "complete", "EG_TR_a": "complete"}
    assert [piece.file.name for piece in show.back_end.pieces if piece.file] == ["/out/TR_c.ogg", "/out/TR_a.ogg"]
    assert ("active", "anna", "EG_TR_a") in show.log
    assert show.host.told == []


def test_where_no_webhook_can_come_the_list_is_asked() -> None:
    async def story(show: Show, service: EgressService) -> None:
        show.back_end.published("anna", "Anna", "TR_a")
        await asyncio.sleep(1.0)
        service.tell("EG_TR_a", "TR_a", "active")
        await asyncio.sleep(ASK_EVERY_S)
        assert statuses(show) == {"EG_TR_a": "active"}

    show, _ = held(story)
    assert show.host.told == []


def test_a_missing_service_is_told_once_in_plain_words_and_found_when_it_comes() -> None:
    async def story(show: Show, service: EgressService) -> None:
        service.missing = True
        for who in ("claude", "guest", "anna"):
            show.back_end.published(who, who.title(), f"TR_{who}")
        await asyncio.sleep(9.0)
        assert len(show.host.told) == 1
        assert show.host.heard("warning", "start the egress service")
        assert show.host.heard("warning", "The recording on this machine goes on")
        service.missing = False
        await asyncio.sleep(30.0)
        for who in ("claude", "guest", "anna"):
            service.tell(f"EG_TR_{who}", f"TR_{who}", "active")
        await asyncio.sleep(ASK_EVERY_S)
        assert set(statuses(show).values()) == {"active"}
        assert show.host.heard("info", "records again")

    _, service = held(story)
    assert len(service.asked) == 6


def test_a_service_that_dies_at_the_end_costs_no_more_than_the_limit() -> None:
    async def story(show: Show, service: EgressService) -> None:
        show.back_end.published("anna", "Anna", "TR_a")
        await asyncio.sleep(1.0)
        service.missing = True

    show, _ = held(story)
    assert statuses(show) == {"EG_TR_a": "starting"}
    assert show.back_end._clock.now() < 14.0


def test_a_start_that_is_not_answered_when_the_show_ends_is_ended_all_the_same() -> None:
    async def story(show: Show, service: EgressService) -> None:
        show.back_end.published("anna", "Anna", "TR_a")
        await asyncio.sleep(0.1)
        service.tell("EG_late", "TR_a", "active")  # the service has begun; its answer never came here

    show, service = held(story)
    assert service.stopped == ["EG_late"]
    assert statuses(show) == {"EG_late": "complete"}


def test_webhooks_that_are_forged_known_or_of_other_rooms_change_nothing() -> None:
    async def story(show: Show, service: EgressService) -> None:
        show.back_end.published("anna", "Anna", "TR_a")
        await asyncio.sleep(1.0)
        ours = Egress(egress_id="EG_TR_a", track_id="TR_a")
        show.webhook(hook(ours.failed("no"), secret="another-secret-of-more-than-32-chars"))
        show.webhook(hook(ours.failed("no")), topic="roundtable.levels")
        show.webhook(hook(Egress(egress_id="EG_TR_a", track_id="TR_a", room="other").failed("no")))
        show.webhook(hook({"event": "room_started", "room": {"name": "show"}}))
        show.back_end.data_received(rtc.DataPacket(b"{}", DataPacketKind.KIND_RELIABLE, None, TOPIC))
        assert statuses(show) == {"EG_TR_a": "starting"}
        active = hook(ours.updated("ACTIVE"))
        show.webhook(active)
        show.webhook(active)
        assert [line for line in show.log if line[0] == "active"] == [("active", "anna", "EG_TR_a")]

    held(story)


def test_an_egress_that_is_killed_is_told_and_begun_again() -> None:
    async def story(show: Show, service: EgressService) -> None:
        show.back_end.published("anna", "Anna", "TR_a")
        await asyncio.sleep(1.0)
        ours = Egress(egress_id="EG_TR_a", track_id="TR_a")
        show.webhook(hook(ours.updated("ACTIVE")))
        show.webhook(hook(ours.left()))
        await asyncio.sleep(8.0)
        assert show.host.heard("warning", "lost a part of Anna")
        assert service.asked == ["TR_a", "TR_a"]

    held(story)


def test_a_fault_of_ours_ends_no_show() -> None:
    async def story(show: Show, service: EgressService) -> None:
        async def broken(who: str, track_id: str) -> str:
            raise RuntimeError("a bug")

        service.start = broken  # type: ignore[method-assign]
        show.back_end.published("anna", "Anna", "TR_a")
        await asyncio.sleep(1.0)
        assert show.host.heard("warning", "no longer watched")

    held(story)
