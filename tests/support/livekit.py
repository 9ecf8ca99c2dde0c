"""A real LiveKit server for tests: free ports, keys of its own, loopback only."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from livekit import api

from agent.services.child import Child
from agent.services.livekit_server import Address, Keys, LiveKitServer, ensure_keys, find_binary, install
from agent.services.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKit:
    """A running server."""

    url: str
    key: str
    secret: str
    process: Child

    def token(
        self, identity: str, room: str, *, name: str = "", agent: bool = False, can_subscribe: bool = True
    ) -> str:
        """A token that may join, publish and set its own attributes; of kind agent when asked."""
        grants = api.VideoGrants(
            room_join=True, room=room, can_subscribe=can_subscribe, can_update_own_metadata=True, agent=agent
        )
        token = api.AccessToken(self.key, self.secret).with_identity(identity).with_name(name or identity)
        return token.with_grants(grants).with_kind("agent" if agent else "standard").to_jwt()

    def api(self) -> api.LiveKitAPI:
        """The server's API; use it as `async with`."""
        return api.LiveKitAPI(self.url, self.key, self.secret)

    @property
    def env(self) -> dict[str, str]:
        """For a child process."""
        return {"LIVEKIT_URL": self.url, "LIVEKIT_API_KEY": self.key, "LIVEKIT_API_SECRET": self.secret}


def server_binary() -> Path:
    """$ROUNDTABLE_TEST_LIVEKIT, the project's own, or PATH; built when there is none."""
    named = os.environ.get("ROUNDTABLE_TEST_LIVEKIT")
    if named:
        return Path(named)
    home = ROOT / ".studio"
    return find_binary(home) or install(home, lambda line: print(line, file=sys.stderr, flush=True))


@contextmanager
def running_server(
    *, keys: Keys | None = None, address: Address | None = None, webhook_url: str | None = None
) -> Iterator[LiveKit]:
    """A server of one's own, for tests that kill it; the `livekit` fixture's is shared."""
    with tempfile.TemporaryDirectory(prefix="livekit-") as folder:
        server = LiveKitServer(
            server_binary(),
            template=(ROOT / "livekit.yaml").read_text(),
            address=address or Address(port=free_port(), udp_port=free_port()),
            keys=keys or ensure_keys(Path(folder)),
            folder=Path(folder),
            webhook_url=webhook_url,
        )
        child = server.start()
        try:
            server.wait_until_ready(child)
            yield LiveKit(url=server.address.url, key=server.keys.key, secret=server.keys.secret, process=child)
        finally:
            child.stop(grace_s=0.5)
