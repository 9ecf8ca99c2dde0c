"""Where the network finds the page: address, names, certificate."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.settings import WebSettings
from agent.web.lan import certificate as certificates
from agent.web.lan.address import host_names, lan_address

AUTHORITY_PATH = "/roundtable.crt"  # where phones find the authority


@dataclass(frozen=True, slots=True, kw_only=True)
class Lan:
    """
    Attributes:
        address: IPv4, where the page listens and media come to.
        host: what stands in links: the address, or a name that the certificate has.
        names: all that the page is reached by there, addresses too.
        authority: PEM, what phones have to trust once; None with the host's own certificate.
    """

    address: str
    host: str
    names: frozenset[str]
    tls: ssl.SSLContext
    authority: bytes | None = None

    def url(self, port: int) -> str:
        """Of the page."""
        return f"https://{self.host}" if port == 443 else f"https://{self.host}:{port}"


def open_lan(settings: WebSettings, folder: Path, report: Callable[[str], None]) -> Lan:
    """Choose the address and have a certificate for it, made here where none is given.

    Args:
        folder: where the one that is made is kept.
        report: told of a new authority, which phones have to trust anew.
    Raises:
        StudioError: no address, or no certificate for it.
    """
    address = lan_address(settings.lan_address)
    if settings.certificate is not None and settings.certificate_key is not None:
        own = certificates.given(settings.certificate, settings.certificate_key)
        host = _host_of(own, address, settings.lan_name)
        return Lan(address=address, host=host, names=frozenset({*own.names, host, address}), tls=own.context())
    named = (settings.lan_name,) if settings.lan_name else ()
    names = tuple(dict.fromkeys((*named, *host_names(), address)))
    made = certificates.kept(folder, names)
    assert made.authority is not None, "made here"
    if made.fresh:
        report(f"made a certificate authority in {folder}; SHA-256 {certificates.fingerprint(made.authority)}")
    return Lan(
        address=address,
        host=settings.lan_name or address,
        names=frozenset(names),
        tls=made.context(),
        authority=made.authority.read_bytes(),
    )


def _host_of(own: certificates.Certificate, address: str, wanted: str | None) -> str:
    """What stands in links has to be what the certificate names."""
    if wanted is not None:
        return wanted
    if address in own.names or not own.names:
        return address
    return own.names[0]
