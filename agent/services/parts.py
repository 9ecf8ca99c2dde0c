"""The services of a studio, made from its settings: LiveKit server, local mind, local voice, worker."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from livekit.plugins.piper import VoiceMissing, find_voice

from agent.errors import StudioError
from agent.services import llama
from agent.services.child import Child
from agent.services.livekit_server import Keys, LiveKitServer, answers
from agent.services.ports import free_port
from agent.services.probe import fetch
from agent.services.supervisor import Service
from agent.settings import Settings
from agent.settings.choices import own_voice
from agent.settings.environment import child_environment

# Seconds on a quiet machine, a minute on a busy one, and more for a large model of the user's own.
_ENGINE_READY_S = 120.0
_WORKER_READY_S = 240.0


def livekit_service(server: LiveKitServer) -> Service:
    """The LiveKit server, on the ports of its configuration."""
    address = server.address
    return Service(
        name="livekit-server",
        about=f"{address.url}, media on UDP {address.udp_port}",
        spawn=server.start,
        answers=lambda: answers(address),
    )


def llama_service(settings: Settings) -> tuple[Service, str]:
    """The local mind and its address up to /v1.

    Raises:
        StudioError: its model is not there.
    """
    services = settings.services
    model = services.llama_model or llama.built_in_model()
    port = free_port()
    command = llama.command(
        port=port,
        model=model,
        context=services.llama_context,
        parallel=services.llama_parallel,
        threads=services.llama_threads,
    )
    service = Service(
        name="llama",
        about=model.stem,
        spawn=lambda: Child.spawn("llama", command, log=log_of(settings, "llama"), env=child_environment()),
        answers=lambda: fetch(f"http://127.0.0.1:{port}/health") is not None,
        ready_limit_s=_ENGINE_READY_S,
    )
    return service, f"http://127.0.0.1:{port}/v1"


def piper_service(settings: Settings) -> tuple[Service, str]:
    """The local voice and its address.

    Raises:
        StudioError: a persona's voice is not there.
    """
    port = free_port()
    personas = settings.personas
    # A request without a name gets the first voice: the built-in one, where somebody has it.
    voices_of = {own_voice("piper", voice) for voice in (personas.claude.voice, personas.guest.voice)}
    wanted = sorted(voices_of, key=lambda voice: voice is not None)
    try:
        voices = [find_voice(voice) for voice in wanted]
    except VoiceMissing as error:
        raise StudioError(str(error), fix="") from error
    command = [sys.executable, "-m", "livekit.plugins.piper.server", "--port", str(port)]
    for voice in voices:
        command += ["--voice", str(voice.model)]
    service = Service(
        name="piper",
        about=", ".join(voice.name for voice in voices),
        spawn=lambda: Child.spawn("piper", command, log=log_of(settings, "piper"), env=child_environment()),
        answers=lambda: fetch(f"http://127.0.0.1:{port}/health") is not None,
        ready_limit_s=_ENGINE_READY_S,
    )
    return service, f"http://127.0.0.1:{port}"


def worker_service(
    settings: Settings, *, url: str, keys: Keys, llama_url: str | None, piper_url: str | None
) -> tuple[Service, str]:
    """The worker, and the address of its status page.

    Args:
        url, keys: of the LiveKit server.
        llama_url, piper_url: of the engines started here, if any.
    """
    port = settings.worker.port or free_port()
    env = {
        "LIVEKIT_URL": url,
        "LIVEKIT_API_KEY": keys.key,
        "LIVEKIT_API_SECRET": keys.secret,
        "STUDIO_WORKER__PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    if llama_url:
        env["STUDIO_SERVICES__LLAMA_URL"] = llama_url
    if piper_url:
        env["STUDIO_SERVICES__PIPER_URL"] = piper_url
    service = Service(
        name="worker",
        about=f"up to {settings.worker.max_shows} shows at once",
        spawn=lambda: Child.spawn(
            "worker",
            [sys.executable, "-m", "agent.cli", "worker", "start"],
            log=log_of(settings, "worker"),
            env=child_environment(env, secrets=True),
            death_signal=signal.SIGTERM,  # it seals its shows before it goes
        ),
        answers=lambda: _worker_answers(port),
        ready_limit_s=_WORKER_READY_S,
    )
    return service, f"http://127.0.0.1:{port}"


def log_of(settings: Settings, name: str) -> Path:
    """Where a service's output goes."""
    return settings.logs / f"{name}.log"


def _worker_answers(port: int) -> bool:
    said = fetch(f"http://127.0.0.1:{port}/worker")
    if said is None:
        return False
    try:
        return json.loads(said).get("connected", True) is True
    except (ValueError, AttributeError):
        return False
