"""What phones and other machines of the network find, where the studio is to serve them."""

from __future__ import annotations

import asyncio
import ssl

from cryptography import x509

from agent.doctor.findings import Finding, fault, of_error, ok
from agent.errors import StudioError
from agent.services.ports import holder
from agent.settings import Settings
from agent.web.lan.origin import Lan, open_lan

_ABOUT = "network"
_LIMIT_S = 5.0


async def network(settings: Settings) -> list[Finding]:
    """An address, a certificate for it, and, when the studio is open, a handshake with it as a phone would have one."""
    if not settings.web.lan:
        return []
    try:
        lan = await asyncio.to_thread(open_lan, settings.web, settings.home / "lan", lambda _: None)
    except StudioError as error:
        return [of_error(_ABOUT, error)]
    port = settings.web.port
    url = lan.url(port)
    try:
        served = await _served(lan, port)
    except ConnectionRefusedError:
        media = f"UDP {settings.livekit.udp_port}" if settings.livekit.url is None else "your LiveKit server's ports"
        return [ok(_ABOUT, f"phones will find {url}; open {port} and {media} in a firewall")]
    except (OSError, TimeoutError) as error:  # ssl.SSLError is one
        who = await asyncio.to_thread(holder, port)
        fix = f"end {who}, or set PORT to a free one"
        return [fault(_ABOUT, f"what answers at {url} speaks no https: {error or 'it says nothing'}", fix)]
    chain = settings.web.certificate or settings.home / "lan" / "certificate.pem"
    if served != x509.load_pem_x509_certificates(chain.read_bytes())[0]:
        fix = "start the studio anew, so that it reads the certificate; or set PORT to a free one"
        return [fault(_ABOUT, f"what answers at {url} has another certificate than {chain}", fix)]
    return [ok(_ABOUT, f"the studio answers at {url} with its certificate")]


async def _served(lan: Lan, port: int) -> x509.Certificate:
    """The certificate that a phone is shown. Whether to trust it is the phone's business."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(_LIMIT_S):
        _, writer = await asyncio.open_connection(lan.address, port, ssl=context, server_hostname=lan.host)
    try:
        return x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    finally:
        writer.close()
