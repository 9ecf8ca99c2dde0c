"""A real LiveKit server, without an egress service: its errors, its own webhooks, and the way of one to a show."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from livekit import api, rtc

from agent.clock import EpisodeClock
from agent.recording.egress.back_end import EgressBackEnd
from agent.recording.egress.ledger import Rules
from agent.recording.egress.outputs import SharedFolder
from agent.recording.egress.service import EgressError, LiveKitEgress
from agent.recording.egress.voices import watch_voices
from agent.recording.egress.webhooks import TOPIC, WebhookGate, unpack
from agent.room.people import People
from agent.services.livekit_server import Keys
from agent.services.ports import free_port
from tests.recording.egress.signed import Egress, hook
from tests.recording.media import Host
from tests.room.test_people_real import Listener, Somebody
from tests.support.livekit import LiveKit, running_server
from tests.web.table import eventually, open_studio

pytestmark = pytest.mark.real

OUTPUT = SharedFolder(Path("/out"), "/out")


@asynccontextmanager
async def egress_of(livekit: LiveKit, room: str, *, start_s: float = 0.5) -> AsyncIterator[LiveKitEgress]:
    async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret, failover=False) as server:
        yield LiveKitEgress(server, room=room, episode="pilot", output=OUTPUT, start_s=start_s)


async def test_a_server_without_redis_is_known_at_once(livekit: LiveKit) -> None:
    async with egress_of(livekit, "egress-none") as egress:
        began = time.monotonic()
        with pytest.raises(EgressError) as caught:
            await egress.start("anna", "TR_a")
        assert time.monotonic() - began < 2.0
        assert "has no Redis" in caught.value.problem
        assert "same Redis" in caught.value.fix
        assert not caught.value.lasting


async def test_a_service_that_is_missing_costs_our_deadline_and_not_the_servers(
    livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with egress_of(livekit, "egress-missing") as egress, livekit.api() as server:
        await server.room.create_room(api.CreateRoomRequest(name="egress-missing"))

        async def list_is_empty() -> list[object]:
            return []  # as with a Redis and no service

        monkeypatch.setattr(egress, "list", list_is_empty)
        began = time.monotonic()
        with pytest.raises(EgressError, match=r"answered within 0\.5 s") as caught:
            await egress.start("anna", "TR_a")
        assert time.monotonic() - began < 2.0
        assert "start the egress service" in caught.value.fix


async def test_a_wrong_room_and_a_wrong_key_are_not_asked_again(
    livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def list_is_empty() -> list[object]:
        return []

    async with egress_of(livekit, "no-such-room") as egress:
        monkeypatch.setattr(egress, "list", list_is_empty)
        with pytest.raises(EgressError, match="room does not exist") as caught:
            await egress.start("anna", "TR_a")
        assert caught.value.lasting
    async with api.LiveKitAPI(livekit.url, livekit.key, "w" * 40, failover=False) as server:
        egress = LiveKitEgress(server, room="r", episode="pilot", output=OUTPUT, start_s=0.5)
        with pytest.raises(EgressError, match="refuses this key") as caught:
            await egress.start("anna", "TR_a")
        assert caught.value.lasting


async def test_a_server_that_is_not_there_is_told() -> None:
    async with api.LiveKitAPI(f"ws://127.0.0.1:{free_port()}", "k", "s" * 32, failover=False) as server:
        egress = LiveKitEgress(server, room="r", episode="pilot", output=OUTPUT, start_s=0.5)
        with pytest.raises(EgressError, match="does not answer"):
            await egress.list()


class Voices:
    """Writes down which voices a back end would be told of."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.there: dict[str, str] = {}

    def published(self, who: str, name: str, track_id: str) -> None:
        if track_id not in self.there:
            self.log.append(f"{who} on")
        self.there[track_id] = who

    def unpublished(self, track_id: str) -> None:
        if who := self.there.pop(track_id, None):
            self.log.append(f"{who} off")


async def test_voices_come_and_go_and_an_egress_in_the_room_is_nobody(livekit: LiveKit) -> None:
    name = "egress-voices"
    early = await (await Somebody(livekit, name, "ben").join()).hum()
    room = rtc.Room()
    await room.connect(livekit.url, livekit.token("claude", name, agent=True), rtc.RoomOptions(False))
    listener, voices = Listener(), Voices()
    people = People(room, clock=EpisodeClock(), listener=listener, reserved=frozenset({"claude"}))
    people.watch()
    watch_voices(room, lambda identity: (who, who) if (who := people.who(identity)) else None, voices)
    # As egress joins, but for what hides it: of its own kind, its identity the egress's id; and with sound, to be sure
    recorder = rtc.Room()
    grants = api.VideoGrants(room_join=True, room=name, recorder=True)
    token = api.AccessToken(livekit.key, livekit.secret).with_identity("EG_0").with_kind("egress")
    await recorder.connect(livekit.url, token.with_grants(grants).to_jwt())
    track = rtc.LocalAudioTrack.create_audio_track("sound", rtc.AudioSource(48_000, 1))
    await recorder.local_participant.publish_track(track)
    anna = await (await Somebody(livekit, name, "anna").join()).hum()
    await eventually(lambda: "anna on" in voices.log, within_s=5)
    await anna.unpublish()
    await eventually(lambda: "anna off" in voices.log, within_s=5)
    await anna.hum()
    await eventually(lambda: voices.log.count("anna on") == 2, within_s=5)
    await anna.leave()
    await eventually(lambda: voices.log.count("anna off") == 2, within_s=5)
    await asyncio.gather(recorder.disconnect(), early.leave(), room.disconnect())
    assert voices.log[0] == "ben on"
    assert not [line for line in (*voices.log, *listener.log) if line.startswith(("EG", "eg"))]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveKit, int]]:
    """A server that sends its webhooks to a port of this machine."""
    port = free_port()
    with running_server(webhook_url=f"http://127.0.0.1:{port}/livekit/webhook") as server:
        yield server, port


async def test_the_servers_own_webhooks_are_genuine_and_reach_a_show_through_its_room(
    told: tuple[LiveKit, int], tmp_path: Path
) -> None:
    livekit, port = told
    name = "egress-hooks"
    packets: list[rtc.DataPacket] = []
    async with open_studio(livekit, tmp_path, port=port) as (_url, _):
        claude, anna = rtc.Room(), rtc.Room()
        claude.on("data_received", packets.append)
        await claude.connect(livekit.url, livekit.token("claude", name, agent=True), rtc.RoomOptions(False))
        await anna.connect(livekit.url, livekit.token("anna", name))
        overheard: list[rtc.DataPacket] = []
        anna.on("data_received", overheard.append)
        # The server's own hand: an egress leaves the room
        recorder = rtc.Room()
        grants = api.VideoGrants(room_join=True, room=name, hidden=True, recorder=True)
        token = api.AccessToken(livekit.key, livekit.secret).with_identity("EG_real").with_kind("egress")
        await recorder.connect(livekit.url, token.with_grants(grants).to_jwt())
        await recorder.disconnect()
        await eventually(lambda: bool(packets), within_s=5)
        (packet,) = packets
        assert (packet.topic, packet.participant) == (TOPIC, None)
        event = WebhookGate(livekit.key, livekit.secret).admit(*unpack(packet.data))
        assert (event.event, event.participant.identity) == ("participant_left", "EG_real")
        assert overheard == []
        await asyncio.gather(claude.disconnect(), anna.disconnect())


async def test_a_show_takes_a_webhook_from_the_web_process_and_none_from_its_guests(
    told: tuple[LiveKit, int], tmp_path: Path
) -> None:
    livekit, port = told
    name = "egress-show"
    host, log = Host(), []
    async with open_studio(livekit, tmp_path, port=port) as (url, _), egress_of(livekit, name) as service:
        claude, eve = rtc.Room(), rtc.Room()
        await claude.connect(livekit.url, livekit.token("claude", name, agent=True), rtc.RoomOptions(False))
        await eve.connect(livekit.url, livekit.token("eve", name))
        back_end = EgressBackEnd(
            name,
            service=service,
            gate=WebhookGate(livekit.key, livekit.secret),
            clock=EpisodeClock(),
            rules=Rules(),
            tell=host,
            log=lambda at, kind, **fields: log.append(fields),
        )
        claude.on("data_received", back_end.data_received)
        running = asyncio.get_running_loop().create_task(back_end.run())
        back_end.published("anna", "Anna", "TR_a")
        await eventually(lambda: host.heard("warning", "has no Redis"), within_s=5)
        keys = Keys(livekit.key, livekit.secret)
        theirs = hook(Egress(room=name).updated("ACTIVE"), secret="e" * 40, key=keys.key)
        packet = f'{{"authorization": "{theirs.authorization}", "body": {{}}}}'
        await eve.local_participant.publish_data(packet, topic=TOPIC, destination_identities=["claude"])
        ours = hook(Egress(room=name).updated("ACTIVE"), secret=keys.secret, key=keys.key)
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/livekit/webhook", data=ours.body, headers=ours.headers) as answer:
                assert answer.status == 200
        await eventually(lambda: bool(back_end.pieces), within_s=5)
        assert [piece.status for piece in back_end.pieces] == ["active"]
        assert [line["status"] for line in log] == ["asked", "refused", "starting", "active"]
        assert host.heard("info", "records again")
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await asyncio.gather(claude.disconnect(), eve.disconnect())
