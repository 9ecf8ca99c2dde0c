"""`studio`, the command line: help everywhere, one clear line for what is wrong, and the right exit code."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from agent.cli import main
from agent.services.ports import free_port
from agent.settings.show import example
from agent.settings.variables import variables
from tests.support.livekit import LiveKit

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-ant-REALKEY0123456789"


@pytest.fixture(autouse=True)
def clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder as a clone is, and an environment without settings."""
    for variable in variables():
        monkeypatch.delenv(variable.name, raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "livekit.yaml", tmp_path)
    shutil.copytree(ROOT / "briefings", tmp_path / "briefings")
    return tmp_path


def studio(*words: str, **environ: str) -> Result:
    return CliRunner().invoke(main, words, env=environ)


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    yield names
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield (*names, name)


@pytest.mark.parametrize("words", list(commands(main)), ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    result = studio(*words, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    assert len(result.output.split("Options:")[0].splitlines()) >= 3


def test_all_commands_of_the_studio_are_there() -> None:
    names = {" ".join(words) for words in commands(main)}
    for name in (
        "up",
        "worker start",
        "worker dev",
        "worker connect",
        "invite",
        "rehearse",
        "salvage",
        "replay",
        "export",
        "doctor",
    ):
        assert name in names


def test_usage_errors_are_exit_code_2() -> None:
    assert studio("worker", "connect").exit_code == 2
    assert studio("up", "--no-such-option").exit_code == 2
    assert studio("no-such-command").exit_code == 2


def test_every_wrong_setting_is_a_line_and_exit_code_1() -> None:
    result = studio("up", PORT="http", STUDIO_FLOR__MAX_AI_TURNS="2", GUEST="groq")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert [line.split(":")[0] for line in lines] == ["STUDIO_FLOR__MAX_AI_TURNS", "PORT", "GROQ_API_KEY"]
    assert "did you mean STUDIO_FLOOR__MAX_AI_TURNS?" in lines[0]


def test_a_network_that_cannot_be_served_is_told_before_anything_starts(clone: Path) -> None:
    result = studio("up", "--lan", PORT=str(free_port()), STUDIO_WEB__LAN_ADDRESS="203.0.113.9")
    assert result.exit_code == 1
    assert "from option      STUDIO_WEB__LAN=true" in result.output
    assert "this machine does not have the address 203.0.113.9" in result.output
    assert not (clone / ".studio").exists()


@pytest.mark.parametrize(
    ("wrong", "name", "says"),
    [
        ({"STUDIO_WEB__HOST": "0.0.0.0"}, "STUDIO_WEB__HOST", "STUDIO_WEB__LAN_ADDRESS"),
        ({"STUDIO_WEB__LAN_ADDRESS": "my-laptop"}, "STUDIO_WEB__LAN_ADDRESS", "192.168.1.20"),
        ({"STUDIO_WEB__CERTIFICATE": "livekit.yaml"}, "STUDIO_WEB__CERTIFICATE_KEY", "set both"),
        (
            {"STUDIO_WEB__CERTIFICATE": "no.pem", "STUDIO_WEB__CERTIFICATE_KEY": "livekit.yaml"},
            "STUDIO_WEB__CERTIFICATE",
            "no file no.pem",
        ),
    ],
)
def test_settings_of_the_network_that_do_not_go_together_are_told(wrong: dict[str, str], name: str, says: str) -> None:
    result = studio("up", "--lan", **wrong)
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith(f"{name}: ")
    assert says in line


def test_a_port_in_use_is_told_before_anything_starts(clone: Path) -> None:
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        result = studio("up", PORT=str(port))
    assert result.exit_code == 1
    (line,) = (line for line in result.output.splitlines() if line.startswith("error"))
    assert f"port {port} is in use by" in line
    assert "PORT" in line
    assert not (clone / ".studio").exists()


@pytest.mark.real
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"LIVEKIT_API_SECRET": "w" * 40}, "LIVEKIT_API_SECRET"),
        ({"LIVEKIT_URL": "ws://127.0.0.1:9"}, "no LiveKit server answers at LIVEKIT_URL"),
    ],
)
def test_a_wrong_server_or_key_is_told_before_anything_starts(
    livekit: LiveKit, clone: Path, wrong: dict[str, str], said: str
) -> None:
    result = studio("up", **(livekit.env | {"PORT": str(free_port())} | wrong))
    assert result.exit_code == 1
    errors = [line for line in result.output.splitlines() if line.startswith("error")]
    assert len(errors) == 1
    assert said in errors[0]
    assert not (clone / ".studio" / "logs").exists()


def test_what_is_in_force_is_printed_without_secrets() -> None:
    result = studio("config", ANTHROPIC_API_KEY=KEY, PORT="4001")
    assert result.exit_code == 0
    assert KEY not in result.output
    rows = {line.split()[0]: line.split()[1:] for line in result.output.splitlines() if line}
    assert rows["ANTHROPIC_API_KEY"] == ["**********", "environment"]
    assert rows["PORT"] == ["4001", "environment"]
    assert rows["GUEST"] == ["-", "default"]
    assert rows["GUESTS"] == ["guest", "default"]
    assert rows["LIVEKIT_URL"] == ["-", "default"]


def test_the_start_tells_choices_changes_and_who_sits_in_claudes_chair() -> None:
    with closing(socket.socket()) as server:  # the start ends at the port, after it has told its settings
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = str(server.getsockname()[1])
        local = studio("up", PORT=port).output
        claude = studio("up", PORT=port, ANTHROPIC_API_KEY=KEY).output
    assert f"PORT={port}  STT=faster-whisper  TTS=piper" in local
    assert "at the table     Claude (local)  Guest (local)" in local
    assert "a small local model sits in Claude's chair" in local
    assert "ANTHROPIC_API_KEY=**********" in claude
    assert "chair" not in claude
    assert KEY not in claude


def test_the_example_file_can_be_made() -> None:
    assert studio("config", "--example").output == example()


def test_briefings_are_listed_and_a_faulty_one_is_told(clone: Path) -> None:
    result = studio("briefings")
    assert result.exit_code == 0
    assert "the-night-sky.md" in result.output
    (clone / "briefings" / "bad.md").write_text("---\ntitle: x\ntone: [\n---\n")
    result = studio("briefings")
    assert result.exit_code == 1
    assert "briefings/bad.md:4" in result.output
    assert "the-night-sky.md" in result.output
    shutil.rmtree(clone / "briefings")
    assert "there are no briefings" in studio("briefings").output


def test_salvage_says_what_it_did(clone: Path) -> None:
    result = studio("salvage")
    assert result.exit_code == 0
    assert result.output == "0 folders salvaged in recordings/\n"


def test_replay_of_no_episode_is_told(clone: Path) -> None:
    result = studio("replay", "last-night")
    assert result.exit_code == 1
    assert "there is no episode at recordings/last-night" in result.output
    folder = clone / "recordings" / "last-night"
    folder.mkdir(parents=True)
    (folder / "events.jsonl").write_text("not json\n")
    result = studio("replay", "last-night")
    assert result.exit_code == 1
    assert "holds no events of the floor" in result.output
    (folder / "events.jsonl").write_text('{"kind": "floor.event", "v": 99}\n')
    result = studio("replay", str(folder))
    assert result.exit_code == 1
    assert "version 99; this studio reads 1" in result.output


def test_an_invitation_without_a_studio_is_told() -> None:
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    result = studio("invite", "Anna", PORT=str(port))
    assert result.exit_code == 1
    assert "studio up" in result.output


def test_a_worker_without_a_server_is_told() -> None:
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    result = studio("worker", "start", STUDIO_LIVEKIT__PORT=str(port))
    assert result.exit_code == 1
    assert "no LiveKit server answers" in result.output
    assert "LIVEKIT_URL" in result.output
