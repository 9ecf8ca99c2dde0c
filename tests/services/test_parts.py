"""Services made from settings: their command lines, and what their environment holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from livekit.plugins.piper import find_voice

from agent.errors import StudioError
from agent.services import parts
from agent.services.child import Child
from agent.services.livekit_server import Keys
from agent.settings import Settings, load

KEY = "sk-REALKEY0123456789"


class Spawned:
    """What would have been started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.command: Sequence[str] = ()
        self.env: Mapping[str, str] = {}

        def spawn(name: str, command: Sequence[str], *, env: Mapping[str, str], **_: Any) -> None:
            self.command, self.env = command, env

        monkeypatch.setattr(Child, "spawn", spawn)


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> Spawned:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("LIVEKIT_API_SECRET", "s" * 40)
    return Spawned(monkeypatch)


def settings(**environ: str) -> Settings:
    return load(environ, env_file=None).settings


def voice(folder: Path, name: str) -> str:
    for suffix in (".onnx", ".onnx.json"):
        (folder / f"{name}{suffix}").touch()
    return str(folder / f"{name}.onnx")


def voices_of(command: Sequence[str]) -> list[str]:
    return [after for option, after in pairwise(command) if option == "--voice"]


def test_the_worker_alone_gets_keys(spawned: Spawned) -> None:
    llama, llama_url = parts.llama_service(settings())
    llama.spawn()
    assert KEY not in spawned.env.values()
    assert "LIVEKIT_API_SECRET" not in spawned.env
    piper, piper_url = parts.piper_service(settings())
    piper.spawn()
    assert KEY not in spawned.env.values()
    worker, _ = parts.worker_service(
        settings(), url="ws://127.0.0.1:1", keys=Keys("APIx", "t" * 40), llama_url=llama_url, piper_url=piper_url
    )
    worker.spawn()
    assert spawned.env["ANTHROPIC_API_KEY"] == KEY
    assert spawned.env["LIVEKIT_URL"] == "ws://127.0.0.1:1"
    assert spawned.env["LIVEKIT_API_SECRET"] == "t" * 40
    assert spawned.env["STUDIO_SERVICES__LLAMA_URL"] == llama_url
    assert spawned.env["STUDIO_SERVICES__PIPER_URL"] == piper_url
    assert spawned.command == [sys.executable, "-m", "agent.cli", "worker", "start"]


def test_what_the_worker_is_given_is_what_it_reads(spawned: Spawned) -> None:
    worker, url = parts.worker_service(
        settings(),
        url="ws://127.0.0.1:1",
        keys=Keys("APIx", "t" * 40),
        llama_url="http://127.0.0.1:2/v1",
        piper_url=None,
    )
    worker.spawn()
    read = load(spawned.env, env_file=None).settings
    assert read.livekit.url == "ws://127.0.0.1:1"
    assert read.services.llama_url == "http://127.0.0.1:2/v1"
    assert url == f"http://127.0.0.1:{read.worker.port}"
    assert not read.needs_llama


def test_the_built_in_voice_comes_first_since_it_has_no_name(spawned: Spawned, tmp_path: Path) -> None:
    anna = voice(tmp_path, "anna")
    piper, _ = parts.piper_service(settings(STUDIO_PERSONAS__CLAUDE__VOICE=anna))
    piper.spawn()
    assert voices_of(spawned.command) == [str(find_voice(None).model), anna]
    assert piper.about == "en_US-joe-medium, anna"


def test_a_voice_of_two_is_loaded_once_and_that_of_a_guest_who_may_come_too(spawned: Spawned, tmp_path: Path) -> None:
    anna = voice(tmp_path, "anna")
    piper, _ = parts.piper_service(settings(STUDIO_PERSONAS__CLAUDE__VOICE=anna, STUDIO_PERSONAS__GUEST__VOICE=anna))
    piper.spawn()
    assert voices_of(spawned.command) == [str(find_voice(None).model), anna]


def test_a_missing_voice_is_told(tmp_path: Path) -> None:
    (tmp_path / "anna.onnx").touch()
    with pytest.raises(StudioError, match=r"anna\.onnx\.json"):
        parts.piper_service(settings(STUDIO_PERSONAS__CLAUDE__VOICE=str(tmp_path / "anna.onnx")))


def test_a_model_of_ones_own_is_served(spawned: Spawned, tmp_path: Path) -> None:
    (tmp_path / "own.gguf").touch()
    llama, _ = parts.llama_service(settings(STUDIO_SERVICES__LLAMA_MODEL=str(tmp_path / "own.gguf")))
    llama.spawn()
    assert spawned.command[-2:] == ["--model", str(tmp_path / "own.gguf")]
    assert llama.about == "own"
