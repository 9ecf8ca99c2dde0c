"""Keys and configuration of the LiveKit server."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import yaml

from agent.errors import StudioError
from agent.services import livekit_server
from agent.services.livekit_server import Address, ensure_keys, find_binary, go_problem, render_config

ROOT = Path(__file__).resolve().parents[2]


def test_keys_are_made_once_and_are_private(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    assert ensure_keys(tmp_path) == keys
    assert ensure_keys(tmp_path / "other") != keys
    assert stat.S_IMODE((tmp_path / "livekit.keys").stat().st_mode) == 0o600
    assert len(keys.secret) >= 32
    assert keys.secret not in repr(keys)


def test_a_broken_key_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "livekit.keys").write_text("devkey: secret\n")
    with pytest.raises(StudioError, match="holds no valid key") as caught:
        ensure_keys(tmp_path)
    assert "delete it" in caught.value.fix


def test_the_shipped_configuration_is_loopback_only() -> None:
    config = yaml.safe_load(render_config((ROOT / "livekit.yaml").read_text(), Address(port=1, udp_port=2)))
    assert config["port"] == 1
    assert config["bind_addresses"] == ["127.0.0.1"]
    assert config["rtc"]["udp_port"] == 2
    assert config["rtc"]["tcp_port"] == 0
    assert config["rtc"]["use_external_ip"] is False
    assert "keys" not in config


def test_only_media_come_from_the_network_and_only_when_it_is_served() -> None:
    address = Address(port=1, udp_port=2, lan="192.168.1.20")
    config = yaml.safe_load(render_config((ROOT / "livekit.yaml").read_text(), address))
    assert config["bind_addresses"] == ["127.0.0.1"]
    assert config["rtc"]["node_ip"] == "192.168.1.20"
    assert config["rtc"]["ips"]["includes"] == ["192.168.1.20/32"]
    assert config["rtc"]["tcp_port"] == 0


@pytest.mark.parametrize("text", ["port: [", "- a list", "", "rtc: 5"])
def test_a_broken_configuration_is_told(text: str) -> None:
    with pytest.raises(StudioError, match=r"livekit\.yaml is not valid"):
        render_config(text, Address())


def test_the_own_binary_comes_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = tmp_path / "path" / "livekit-server"
    own = tmp_path / "home" / "bin" / "livekit-server"
    for file in (on_path, own):
        file.parent.mkdir(parents=True)
        file.touch(0o755)
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert find_binary(tmp_path / "home") == own
    assert find_binary(tmp_path) == on_path
    monkeypatch.setenv("PATH", "")
    assert find_binary(tmp_path) is None


def test_without_go_the_remedies_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    problem = go_problem()
    assert problem is not None
    assert "go.dev/dl" in problem.fix
    assert "LIVEKIT_URL" in problem.fix


def test_an_old_go_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go1.19.8\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    problem = go_problem()
    assert problem is not None
    assert "go1.19.8" in problem.problem


def test_a_failed_build_tells_the_last_line_of_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\nif [ "$1" = env ]; then echo go1.26.8; exit; fi\necho no such host >&2; exit 1\n')
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    said: list[str] = []
    with pytest.raises(StudioError, match="no such host"):
        livekit_server.install(tmp_path / "home", said.append)
    assert said == ["building the LiveKit server v1.13.5 with Go, about 2 minutes, once"]
    assert find_binary(tmp_path / "home") is None


def test_a_build_leaves_the_binary_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\nif [ "$1" = env ]; then echo go1.26.8; exit; fi\necho ok >"$GOBIN/server"\n')
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    binary = livekit_server.install(tmp_path / "home", lambda _: None)
    assert binary.read_text() == "ok\n"
    assert not (tmp_path / "home" / "build").exists()
