"""The certificate for the network: the host's own, or one of a small authority that this installation keeps.

A phone has to trust an authority once, by hand. So the authority stays the same while addresses come and go, and can
vouch for nothing but this machine's names and private addresses (name constraints, RFC 5280 section 4.2.1.10): whoever
steals its key cannot pass for a bank.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.errors import StudioError

E = TypeVar("E", bound=x509.ExtensionType)

_AUTHORITY_LIFE = timedelta(days=3650)
_LIFE = timedelta(days=397)  # Apple's limit for public ones is 398 days, for others 825
_RENEW_BEFORE = timedelta(days=90)  # looked at when a studio opens; one that is open longer than that is rare
_CLOCKS_DIFFER = timedelta(days=1)
# RFC 1918, RFC 3927, and the shared space of RFC 6598, which overlay networks use.
_PRIVATE = tuple(
    ipaddress.IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    Attributes:
        chain: PEM, the server's certificate first.
        key: PEM.
        names: host names and addresses that it is good for, without wildcards.
        authority: what phones have to trust once, PEM; None where the host's own certificate is served.
        fresh: whether the authority was made just now, so that no phone can know it yet.
    """

    chain: Path
    key: Path
    names: tuple[str, ...]
    authority: Path | None = None
    fresh: bool = False

    def context(self) -> ssl.SSLContext:
        """For a server.

        Raises:
            StudioError: key and certificate do not fit.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.chain, self.key, password=lambda: "")  # never asks at the terminal
        except (OSError, ssl.SSLError) as error:
            fix = "give the private key of this certificate, PEM, without a password"
            raise StudioError(f"the key {self.key} does not open {self.chain}: {error}", fix=fix) from error
        return context


def given(chain: Path, key: Path, *, now: datetime | None = None) -> Certificate:
    """The host's own certificate.

    Raises:
        StudioError: it cannot be read, or its time is over.
    """
    now = now or datetime.now(UTC)
    try:
        leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
        names = _names(leaf)
    except (OSError, ValueError) as error:
        fix = "set STUDIO_WEB__CERTIFICATE to a certificate chain in PEM, as 'fullchain.pem'"
        raise StudioError(f"{chain} holds no certificate: {error}", fix=fix) from error
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        until = f"{leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}"
        raise StudioError(
            f"{chain} is valid from {until} only",
            fix="renew it, set this machine's clock, or remove STUDIO_WEB__CERTIFICATE to have one made",
        )
    return Certificate(chain, key, names)


def kept(folder: Path, names: Sequence[str], *, now: datetime | None = None) -> Certificate:
    """The one in `folder`; made where it is missing, ends soon, or is not good for all of `names`.

    Args:
        names: host names and IPv4 addresses.
    Raises:
        StudioError: the folder cannot be written.
    """
    now = now or datetime.now(UTC)
    authority, authority_key = folder / "authority.pem", folder / "authority.key"
    chain, key = folder / "certificate.pem", folder / "certificate.key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        root = _load(authority)
        root_key = _load_key(authority_key)
        fresh = root is None or root_key is None or not _may_vouch(root, root_key, names, now)
        if root is None or root_key is None or fresh:
            root, root_key = _make_authority(names, now)
            _write_key(authority_key, root_key)
            _write(authority, _pem(root))
        leaf = _load(chain)
        if fresh or leaf is None or not _serves(leaf, _load_key(key), names, now):
            leaf, leaf_key = _issue(root, root_key, names, now)
            _write_key(key, leaf_key)
            _write(chain, _pem(leaf) + _pem(root))
    except OSError as error:
        fix = "make that folder writable, or set STUDIO_HOME to one that is"
        raise StudioError(f"the certificate cannot be kept in {folder}: {error}", fix=fix) from error
    return Certificate(chain, key, tuple(names), authority, fresh)


def fingerprint(certificate: Path) -> str:
    """SHA-256 of a PEM certificate, in pairs, as phones show it."""
    digest = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def _make_authority(names: Iterable[str], now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Roundtable"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Roundtable studio, made {now:%Y-%m-%d %H:%M}"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(subject, subject, public, now, _AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.NameConstraints(list(_permitted(names)), None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    return builder.sign(key, hashes.SHA256()), key


def _issue(
    root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, names: Iterable[str], now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Roundtable")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(subject, root.subject, public, now, _LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    builder = builder.add_extension(signer, critical=False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    return builder.sign(root_key, hashes.SHA256()), key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now - _CLOCKS_DIFFER + life)
    )


def _permitted(names: Iterable[str]) -> Iterable[x509.GeneralName]:
    yield x509.DNSName("local")
    yield from (x509.IPAddress(network) for network in _PRIVATE)
    for name in names:
        address = _address(name)
        if address is None and not name.endswith(".local"):
            yield x509.DNSName(name)
        elif address is not None and not any(address in network for network in _PRIVATE):
            yield x509.IPAddress(ipaddress.IPv4Network(address))


def _may_vouch(root: x509.Certificate, key: ec.EllipticCurvePrivateKey, names: Iterable[str], now: datetime) -> bool:
    """Whether an authority that phones may know already is good for these names, for as long as a new certificate."""
    constraints = _extension(root, x509.NameConstraints)
    permitted = set(constraints.permitted_subtrees or ()) if constraints else set()
    return (
        root.public_key() == key.public_key()
        and root.not_valid_before_utc <= now
        and now + _LIFE <= root.not_valid_after_utc
        and permitted >= set(_permitted(names))
    )


def _serves(
    leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey | None, names: Sequence[str], now: datetime
) -> bool:
    return (
        key is not None
        and leaf.public_key() == key.public_key()
        and leaf.not_valid_before_utc <= now
        and now + _RENEW_BEFORE <= leaf.not_valid_after_utc
        and set(_names(leaf)) == set(names)
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    found = _extension(certificate, x509.SubjectAlternativeName)
    if found is None:
        return ()
    names = [name.lower() for name in found.get_values_for_type(x509.DNSName) if not name.startswith("*")]
    return (*names, *(str(address) for address in found.get_values_for_type(x509.IPAddress)))


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _general(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _address(name: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(name)
    except ValueError:
        return None


def _load(file: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (FileNotFoundError, ValueError):  # a broken one is as good as none
        return None


def _load_key(file: Path) -> ec.EllipticCurvePrivateKey | None:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(file, text, mode=0o600)


def _write(file: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Whole or not at all."""
    draft = file.with_suffix(f"{file.suffix}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as output:
        output.write(content)
    draft.replace(file)
