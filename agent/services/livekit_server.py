"""The LiveKit server: found on PATH, or built once from its source; started on loopback with keys of its own."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import secrets
import shutil
import signal
import string
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from agent.errors import StudioError
from agent.services.child import Child
from agent.services.ports import require_free
from agent.services.probe import fetch
from agent.settings.environment import child_environment

VERSION = "v1.13.5"  # newer ones replace modules in go.mod, which `go install` refuses
MODULE = f"github.com/livekit/livekit-server/cmd/server@{VERSION}"
GO_VERSION = (1, 26)  # what the server's go.mod asks for

_READY_S = 15.0
_CHECK_S = 10.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs tokens. The server wants a secret of 32 characters or more."""

    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the server listens. Signalling is TCP, all media share one UDP port.

    Attributes:
        lan: where media are instead of at `host`; signalling stays there.
    """

    host: str = "127.0.0.1"
    port: int = 7880
    udp_port: int = 7882
    lan: str | None = None

    @property
    def url(self) -> str:
        return f"ws://{self.host}:{self.port}"


def find_binary(home: Path) -> Path | None:
    """A server that is there already: ours in `home`/bin, else one on PATH."""
    own = home / "bin" / "livekit-server"
    if own.is_file() and os.access(own, os.X_OK):
        return own
    found = shutil.which("livekit-server")
    return Path(found) if found else None


def go_problem() -> StudioError | None:
    """Why the server could not be built here, or None when it can."""
    fix = "install Go 1.26 from https://go.dev/dl, put a livekit-server on PATH, or set LIVEKIT_URL"
    try:
        said = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return StudioError("Go is missing, and it builds the LiveKit server", fix=fix)
    match = re.match(r"go(\d+)\.(\d+)", said)
    if match is None or (int(match[1]), int(match[2])) < GO_VERSION:
        return StudioError(f"Go is too old for the LiveKit server ({said.strip() or 'unknown version'})", fix=fix)
    return None


def install(home: Path, report: Report) -> Path:
    """Build the server into `home`/bin: about two minutes once. Two installers at once share one build.

    Args:
        report: told how it goes, one line at a time.
    Raises:
        StudioError: no Go, or the build failed.
    """
    target = home / "bin" / "livekit-server"
    with _lock(home / "install.lock"):
        if target.exists():
            return target
        if problem := go_problem():
            raise problem
        workshop = home / "build"
        workshop.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        report(f"building the LiveKit server {VERSION} with Go, about 2 minutes, once")
        _build(workshop, report)
        (workshop / "server").replace(target)  # whole or not at all
        shutil.rmtree(workshop, ignore_errors=True)
    return target


def _build(workshop: Path, report: Report) -> None:
    env = child_environment({"GOBIN": str(workshop.resolve()), "GOFLAGS": ""})
    child = Child.spawn("go", ["go", "install", MODULE], log=workshop / "go.log", env=env)
    began = time.monotonic()
    next_report_s = 10.0
    try:
        while child.poll() is None:
            time.sleep(0.2)
            elapsed_s = time.monotonic() - began
            if elapsed_s >= next_report_s:
                report(f"still building the LiveKit server: {elapsed_s:.0f} s")
                next_report_s += 10.0
    finally:
        child.kill()
    if child.poll():
        raise StudioError(
            f"building the LiveKit server failed: {child.last_line()}",
            fix=f"see {child.log}; check the network and 'go env GOPROXY', or put a livekit-server on PATH",
        )


def ensure_keys(home: Path) -> Keys:
    """The installation's own keys, made at the first start; readable by this user only."""
    file = home / "livekit.keys"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        letters = string.ascii_letters + string.digits
        key = "API" + "".join(secrets.choice(letters) for _ in range(12))
        with contextlib.suppress(FileExistsError):  # another start was first: its keys are as good
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as output:
                output.write(f"{key}: {secrets.token_urlsafe(32)}\n")
    key, _, secret = file.read_text().strip().partition(": ")
    if not key or len(secret) < 32 or "\n" in secret:
        raise StudioError(f"{file} holds no valid key", fix="delete it; the next start makes new keys")
    return Keys(key, secret)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the server tells what happens. Only what a show cannot see for itself is asked for."""

    url: str
    key: str

    def config(self) -> dict[str, Any]:
        """As it stands in livekit.yaml."""
        events = ["egress_started", "egress_updated", "egress_ended", "participant_left"]
        return {"api_key": self.key, "urls": [self.url], "filter_params": {"include_events": events}}


def render_config(template: str, address: Address, webhook: Webhook | None = None) -> str:
    """The server's configuration: the template with the addresses of this installation.

    Args:
        webhook: None for none; a template that has its own keeps that.
    Raises:
        StudioError: the template is not a YAML mapping.
    """
    try:
        config: dict[str, Any] = yaml.safe_load(template)
        config["port"] = address.port
        config["bind_addresses"] = [address.host]
        rtc = config.setdefault("rtc", {})
        rtc["udp_port"] = address.udp_port
        if address.lan is not None:
            # The server tells its clients of node_ip alone, and those on this machine reach that, too.
            rtc["node_ip"] = address.lan
            rtc.setdefault("ips", {})["includes"] = [f"{address.lan}/32"]
        if webhook is not None:
            config.setdefault("webhook", webhook.config())
    except (yaml.YAMLError, TypeError, AttributeError) as error:
        raise StudioError(f"livekit.yaml is not valid: {error}", fix="correct it, or restore it with git") from error
    return yaml.safe_dump(config, sort_keys=False)


class LiveKitServer:
    """A LiveKit server as a child process."""

    def __init__(
        self,
        binary: Path,
        *,
        template: str,
        address: Address,
        keys: Keys,
        folder: Path,
        log: Path | None = None,
        webhook_url: str | None = None,
    ) -> None:
        """
        Args:
            template: the text of livekit.yaml.
            folder: where its key file is kept.
            log: in `folder` by default.
            webhook_url: told of egresses, signed with `keys`.
        """
        self.address = address
        self.keys = keys
        self._binary = binary
        webhook = Webhook(webhook_url, keys.key) if webhook_url else None
        self._config = render_config(template, address, webhook)
        self._folder = folder
        self._log = log or folder / "livekit-server.log"

    def start(self) -> Child:
        """Start the process. It is of use once `wait_until_ready` has returned.

        Raises:
            PortInUse: with the process that has the port.
        """
        host = self.address.host
        require_free(self.address.port, variable="STUDIO_LIVEKIT__PORT", host=host)
        media = self.address.lan or host
        require_free(self.address.udp_port, variable="STUDIO_LIVEKIT__UDP_PORT", host=media, protocol="udp")
        self._folder.mkdir(parents=True, exist_ok=True)
        key_file = self._folder / "server.keys"
        with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
            output.write(f"{self.keys.key}: {self.keys.secret}\n")
        # A configuration in the environment is not for us, and no part of ours shows in the process list.
        env = {name: value for name, value in child_environment().items() if not name.startswith("LIVEKIT_")}
        return Child.spawn(
            "livekit-server",
            [str(self._binary), "--key-file", str(key_file)],
            log=self._log,
            env=env | {"LIVEKIT_CONFIG": self._config},
            # It would wait for the last listener to leave, whose show has ended with this process.
            death_signal=signal.SIGKILL,
        )

    def wait_until_ready(self, child: Child, *, limit_s: float = _READY_S) -> None:
        """Block until it answers.

        Raises:
            StudioError: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise StudioError(f"the LiveKit server ended at once: {child.last_line()}", fix=f"see {child.log}")
            if answers(self.address):
                return
            time.sleep(0.05)
        raise StudioError(f"the LiveKit server did not answer within {limit_s:.0f} s", fix=f"see {child.log}")


def answers(address: Address) -> bool:
    """Whether a healthy server answers there now."""
    return fetch(f"http://{address.host}:{address.port}/") is not None


async def check_access(url: str, keys: Keys) -> None:
    """Ask the server for its rooms, to know now whether URL and keys are right.

    Raises:
        StudioError: naming the variable that is wrong.
    """
    # Imported where they are used: a start should not wait for what a server on this machine does not need.
    import aiohttp
    from google.protobuf.message import DecodeError
    from livekit import api

    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname:
        raise StudioError(
            f"LIVEKIT_URL is not a LiveKit address: {url!r}",
            fix="write it like wss://my-project.livekit.cloud or ws://127.0.0.1:7880",
        )
    unreachable = StudioError(
        f"no LiveKit server answers at LIVEKIT_URL ({url})",
        fix="check the address and that the server runs, or leave LIVEKIT_URL away to have one started here",
    )
    try:
        async with asyncio.timeout(_CHECK_S), api.LiveKitAPI(url, keys.key, keys.secret) as server:
            await server.room.list_rooms(api.ListRoomsRequest())
    except TimeoutError as error:
        raise unreachable from error
    except api.TwirpError as error:
        if error.status in (401, 403):
            raise StudioError(
                f"the LiveKit server at {url} refuses the key {keys.key}",
                fix="set LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a pair of that server",
            ) from error
        raise unreachable from error
    except (aiohttp.ClientError, OSError, ValueError, DecodeError) as error:
        raise unreachable from error


@contextlib.contextmanager
def _lock(file: Path) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
