"""One question over HTTP to a service on this machine."""

from __future__ import annotations

from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

# A proxy of the environment is for the world outside.
_opener = build_opener(ProxyHandler({}))


def fetch(url: str, *, limit_s: float = 2.0) -> bytes | None:
    """The body of a 200 answer; None for anything else. Blocks for `limit_s` at most."""
    try:
        with _opener.open(url, timeout=limit_s) as response:
            return bytes(response.read()) if response.status == 200 else None
    except (OSError, HTTPException, ValueError):  # URLError and HTTPError are OSErrors
        return None
