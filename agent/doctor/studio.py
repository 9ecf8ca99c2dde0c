"""The studio's own parts: settings file, page, briefings, and the studio that may be running."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import stat
import sys
from pathlib import Path

from agent.briefings import BriefingError, find_briefing, list_briefings
from agent.doctor.findings import Finding, fault, ok, warning
from agent.services.probe import fetch
from agent.settings import Settings
from agent.settings.variables import variables

_SECRETS = {variable.name for variable in variables() if variable.secret}


def python() -> list[Finding]:
    """The interpreter, and whether what runs is what is installed."""
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        return [fault("python", version, "use Python 3.11, 3.12 or 3.13: remove .venv and run 'make setup'")]
    return [ok("python", version)]


def env_file(file: Path) -> list[Finding]:
    """Keys in a file are for its owner's eyes."""
    if not file.exists():
        return [ok("settings", "no .env: everything local")]
    holds_keys = any(line.partition("=")[0].removeprefix("export ").strip() in _SECRETS for line in _lines(file))
    if holds_keys and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return [
            warning("settings", f"{file} holds keys, and other users of this machine may read it", f"chmod 600 {file}")
        ]
    return [ok("settings", f"{file} and the environment are valid")]


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines()


def briefings(settings: Settings) -> list[Finding]:
    """Every briefing parses, and the default one is there."""
    found = list(list_briefings(settings.briefings.folder))
    faults = [fault_line for item in found if isinstance(item, BriefingError) for fault_line in item.faults]
    if faults:
        return [warning("briefings", line, "correct that line") for line in faults]
    if settings.briefings.default is not None:
        try:
            find_briefing(settings.briefings.folder, settings.briefings.default)
        except BriefingError as error:
            return [fault("briefings", str(error), "correct STUDIO_BRIEFINGS__DEFAULT")]
    if not found:
        return [warning("briefings", f"none in {settings.briefings.folder}/", "write one; see README, 'Briefings'")]
    return [ok("briefings", f"{len(found)} in {settings.briefings.folder}/")]


async def page(settings: Settings) -> list[Finding]:
    """Built, allowed to use a microphone, and reachable when the studio runs."""
    from agent.web.site import BUILT_PAGE

    found = []
    if not (BUILT_PAGE / "index.html").is_file():
        found.append(fault("page", "not built", "run 'make web'"))
    if not _is_loopback(settings.web.host):
        seen = f"listens on {settings.web.host} by http, where browsers give no microphone"
        found.append(warning("page", seen, "start with 'studio up --lan' instead, or put an https proxy before it"))
    return found + await asyncio.to_thread(_running, settings)


def _running(settings: Settings) -> list[Finding]:
    host = settings.web.host if settings.web.host not in ("0.0.0.0", "::") else "127.0.0.1"
    base = f"http://{host}:{settings.web.port}"
    if fetch(f"{base}/health") is None and fetch(f"{base}/") is None:
        return [ok("page", "built; the studio is not open now")]
    ready = fetch(f"{base}/ready")
    if ready is not None:
        return [ok("page", f"the studio is open at {base}, and a show could start")]
    health = fetch(f"{base}/health")
    reasons = json.loads(health).get("reasons", []) if health else ["it has lost its LiveKit server or its worker"]
    return [fault("page", f"the studio at {base} is not ready: {'; '.join(reasons)}", "see .studio/logs")]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
