"""`studio doctor` on ears and voices in the cloud: tried at the addresses that a show uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest

from agent.doctor import speech as examined
from agent.doctor.findings import Finding
from agent.doctor.providers import providers
from tests.hearing.cloud import settings
from tests.support.google_speech import google_cloud
from tests.support.speech_services import KEY, assemblyai, deepgram
from tests.support.speech_voices import speech_voice

SERVERS: dict[str, Any] = {
    "deepgram": deepgram,
    "assemblyai": assemblyai,
    "google ears": google_cloud,
    "google voices": google_cloud,
    "openai": speech_voice,
}


@asynccontextmanager
async def at(name: str, tmp_path: Path, **trouble: Any) -> AsyncIterator[tuple[Any, list[Finding]]]:
    """A server in some trouble, and what is found of it."""
    async with SERVERS[name]() as server:
        for attribute, value in trouble.items():
            setattr(server, attribute, value)
        chosen = settings(
            tmp_path,
            **{
                "deepgram": {"STT": "deepgram", "DEEPGRAM_BASE_URL": server.address},
                "assemblyai": {"STT": "assemblyai", "ASSEMBLYAI_BASE_URL": server.address},
                "google ears": {"STT": "google", "GOOGLE_STT_BASE_URL": server.address},
                "google voices": {"TTS": "google", "GOOGLE_TTS_BASE_URL": server.address},
                "openai": {"TTS": "openai", "OPENAI_BASE_URL": server.address},
            }[name],
        )
        found = await providers(chosen)
        yield server, [finding for finding in found if finding.about.startswith(("ears", "voices"))]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examined, "_STAYS_S", 0.1)


@pytest.mark.parametrize("name", SERVERS)
async def test_what_works_is_said_to_work(name: str, tmp_path: Path) -> None:
    async with at(name, tmp_path) as (_, found):
        (finding,) = found
        assert finding.state == "ok"
        assert finding.seen.startswith(("hears, with", "speaks, as"))


@pytest.mark.parametrize(
    ("name", "trouble", "state", "seen", "fix"),
    [
        ("deepgram", {"status": 401}, "fault", "refuses the key (401)", "set DEEPGRAM_API_KEY to a valid one, or set"),
        ("deepgram", {"status": 402}, "fault", "no credit left", "top it up"),
        ("deepgram", {"status": 429}, "warning", "takes no more requests", "wait"),
        ("deepgram", {"status": 400}, "fault", "does not take our request (400)", "check its model"),
        ("assemblyai", {"status": 401}, "fault", "refuses the key (401)", "set ASSEMBLYAI_API_KEY"),
        ("assemblyai", {"close_code": 1011}, "fault", "broke the connection off", "check ASSEMBLYAI_API_KEY"),
        ("assemblyai", {"handshake_s": 3600}, "fault", "does not answer in time", "check the network and ASSEMBLYAI_B"),
        ("google ears", {"code": grpc.StatusCode.UNAUTHENTICATED}, "fault", "refuses the key", "set GOOGLE_APPL"),
        ("google voices", {"code": grpc.StatusCode.PERMISSION_DENIED}, "fault", "refuses the key", "set GOOGLE_APPL"),
        ("google voices", {"empty": True}, "fault", "nothing usable", "check its model, voice and GOOGLE_TTS_BASE"),
        ("openai", {"status": 401}, "fault", "refuses the key (401)", "set OPENAI_API_KEY"),
        ("openai", {"body": b"<html>", "content_type": "text/html"}, "fault", "nothing usable", "check its model"),
    ],
)
async def test_what_does_not_is_told_with_its_remedy(
    name: str,
    trouble: dict[str, Any],
    state: str,
    seen: str,
    fix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "handshake_s" in trouble:
        monkeypatch.setattr(examined, "_LIMIT_S", 0.2)
    async with at(name, tmp_path, **trouble) as (_, found):
        (finding,) = found
        assert finding.state == state
        assert seen in finding.seen
        assert finding.fix.startswith(fix)
        assert KEY not in f"{finding}"
