"""Webhooks: genuine, fresh and new ones come in, in the shapes that a real egress sent; nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from livekit import api

from agent.recording.egress import webhooks
from agent.recording.egress.reports import EgressFile, EgressLeft, EgressReport, of_webhook
from agent.recording.egress.webhooks import FRESH_S, LIMIT_BYTES, WebhookGate, WebhookRefused, pack, unpack
from tests.recording.egress.signed import KEY, SECRET, Egress, Hook, hook, now, sign

EGRESS = Egress(started_at=1_795_697_977.123456789)


def admit(gate: WebhookGate, signed: Hook) -> EgressReport | EgressLeft | None:
    return of_webhook(gate.admit(signed.body, signed.authorization))


@pytest.fixture
def gate() -> WebhookGate:
    return WebhookGate(KEY, SECRET)


def test_started_has_no_status_and_is_not_active(gate: WebhookGate) -> None:
    assert admit(gate, hook(EGRESS.started())) == EgressReport(
        egress_id="EG_1", room="show", track_id="TR_a", status="starting"
    )


def test_updates_come_as_they_are_named(gate: WebhookGate) -> None:
    for told, status in (("ACTIVE", "active"), ("ENDING", "ending")):
        report = admit(gate, hook(EGRESS.updated(told)))
        assert isinstance(report, EgressReport)
        assert report.status == status


def test_a_file_comes_with_the_time_of_its_first_sample(gate: WebhookGate) -> None:
    report = admit(gate, hook(EGRESS.ended()))
    assert isinstance(report, EgressReport)
    assert (report.status, report.error) == ("complete", "Source closed")
    assert report.file is not None
    assert report.file.started_at == pytest.approx(EGRESS.started_at, abs=1e-6)
    assert report.file == EgressFile(
        name="/out/anna-TR_a.ogg", started_at=report.file.started_at, duration_s=3.0, bytes=9000
    )


def test_a_failure_without_an_id_is_one(gate: WebhookGate) -> None:
    report = admit(gate, hook(EGRESS.never_began("no response from servers")))
    assert report == EgressReport(
        egress_id="", room="show", track_id="", status="failed", error="no response from servers"
    )


def test_a_status_of_a_newer_protocol_does_not_count_as_recording(gate: WebhookGate) -> None:
    unknown = EGRESS.updated("ACTIVE")
    unknown["egressInfo"] = {**EGRESS.started()["egressInfo"], "status": 77}  # type: ignore[dict-item]
    report = admit(gate, hook(unknown))
    assert isinstance(report, EgressReport)
    assert report.status == "failed"


def test_an_egress_that_leaves_the_room_is_known_by_its_identity(gate: WebhookGate) -> None:
    assert admit(gate, hook(EGRESS.left())) == EgressLeft(egress_id="EG_1", room="show")
    person = {"event": "participant_left", "room": {"name": "show"}, "participant": {"identity": "anna"}}
    assert admit(gate, hook(person)) is None
    assert admit(gate, hook({"event": "room_started", "room": {"name": "show"}})) is None


def _join_token(signed: Hook) -> Hook:
    grants = api.VideoGrants(room_join=True, room="show")
    return Hook(signed.body, api.AccessToken(KEY, SECRET).with_identity("anna").with_grants(grants).to_jwt())


@pytest.mark.parametrize(
    "forge",
    [
        lambda signed: Hook(signed.body, ""),
        lambda signed: Hook(signed.body, "nonsense"),
        lambda signed: Hook(signed.body.replace(b"EG_1", b"EG_2"), signed.authorization),
        lambda signed: Hook(signed.body + b" ", signed.authorization),
        lambda signed: Hook(b"\xff" + signed.body, signed.authorization),
        lambda signed: Hook(signed.body, sign(signed.body, secret="another-secret-of-more-than-32-chars")),
        lambda signed: Hook(signed.body, sign(signed.body, key="APIother")),
        lambda signed: Hook(signed.body, sign(signed.body, valid=timedelta(minutes=-5))),
        lambda signed: Hook(b"[]", sign(b"[]")),
        lambda signed: Hook(b"{}", sign(b"{}")),
        _join_token,
    ],
)
def test_what_is_not_of_our_server_is_refused(gate: WebhookGate, forge: Callable[[Hook], Hook]) -> None:
    with pytest.raises(WebhookRefused) as caught:
        admit(gate, forge(hook(EGRESS.started())))
    assert caught.value.status == 401


@pytest.mark.parametrize("away_s", [-FRESH_S - 2, FRESH_S + 2])
def test_a_webhook_of_another_time_is_refused_though_its_signature_is_new(gate: WebhookGate, away_s: float) -> None:
    with pytest.raises(WebhookRefused) as caught:
        admit(gate, hook(EGRESS.started(), made_at=now() + away_s))
    assert caught.value.status == 401


def test_a_webhook_comes_in_once(gate: WebhookGate) -> None:
    signed = hook(EGRESS.started())
    admit(gate, signed)
    for again in (signed, Hook(signed.body, sign(signed.body))):
        with pytest.raises(WebhookRefused) as caught:
            admit(gate, again)
        assert caught.value.status == 409


def test_memory_is_bounded_and_what_is_forgotten_stays_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_REMEMBERED", 10)
    gate = WebhookGate(KEY, SECRET)
    first = hook(EGRESS.started(), made_at=now() - 60)
    admit(gate, first)
    for n in range(30):
        admit(gate, hook(EGRESS.started(), made_at=now() - 30 + n))
    assert len(gate._seen) <= 10
    with pytest.raises(WebhookRefused):
        admit(gate, first)


def test_what_is_stale_is_forgotten_at_no_cost_to_new_ones() -> None:
    time = [now()]
    gate = WebhookGate(KEY, SECRET, now=lambda: time[0])
    for _ in range(20):
        admit(gate, hook(EGRESS.started(), made_at=time[0]))
    time[0] += FRESH_S + 1
    admit(gate, hook(EGRESS.started(), made_at=time[0] - FRESH_S + 5))
    assert len(gate._seen) == 1


def test_a_body_without_end_is_refused(gate: WebhookGate) -> None:
    body = b" " * (LIMIT_BYTES + 1)
    with pytest.raises(WebhookRefused) as caught:
        gate.admit(body, sign(body))
    assert caught.value.status == 413


def test_a_packet_carries_a_webhook_whole_and_no_more_than_livekit_takes() -> None:
    signed = hook(EGRESS.failed("Källe öffnet nicht"))
    packet = pack(signed.body, signed.authorization)
    assert packet is not None
    assert unpack(packet) == (signed.body, signed.authorization)
    assert pack(b"x" * 16_000, signed.authorization) is None


@pytest.mark.parametrize("packet", [b"", b"null", b"[1]", b'{"body": "x"}', b"\xff\xfe", b'"text"'])
def test_a_packet_of_anybody_else_is_refused(packet: bytes) -> None:
    with pytest.raises(WebhookRefused):
        unpack(packet)
