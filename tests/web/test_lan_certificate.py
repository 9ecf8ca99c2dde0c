"""The certificate for the network: made once, renewed when it must be, and good for nothing else."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from agent.errors import StudioError
from agent.settings import WebSettings
from agent.web.lan.certificate import Certificate, fingerprint, given, kept
from agent.web.lan.origin import open_lan

NAMES = ("studio", "studio.local", "192.168.1.20")
NOW = datetime.now(UTC)


def chain(certificate: Certificate) -> tuple[x509.Certificate, x509.Certificate]:
    leaf, root = x509.load_pem_x509_certificates(certificate.chain.read_bytes())
    return leaf, root


def test_it_is_made_once(tmp_path: Path) -> None:
    first = kept(tmp_path, NAMES)
    before = first.chain.read_bytes()
    again = kept(tmp_path, NAMES)
    assert first.fresh
    assert not again.fresh
    assert again.chain.read_bytes() == before
    again.context()
    for key in ("certificate.key", "authority.key"):
        assert stat.S_IMODE((tmp_path / key).stat().st_mode) == 0o600
    assert len(fingerprint(tmp_path / "authority.pem")) == 95


def test_another_address_gets_a_new_one_of_the_same_authority(tmp_path: Path) -> None:
    _, root = chain(kept(tmp_path, NAMES))
    moved = kept(tmp_path, (*NAMES[:2], "10.0.0.7"))
    leaf, same = chain(moved)
    assert not moved.fresh
    assert same == root
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]
    leaf.verify_directly_issued_by(root)


def test_it_is_renewed_before_it_ends(tmp_path: Path) -> None:
    leaf, root = chain(kept(tmp_path, NAMES))
    early, _ = chain(kept(tmp_path, NAMES, now=NOW + timedelta(days=200)))
    assert early == leaf
    late, same = chain(kept(tmp_path, NAMES, now=NOW + timedelta(days=330)))
    assert late.not_valid_after_utc > leaf.not_valid_after_utc
    assert same == root
    assert kept(tmp_path, NAMES, now=NOW + timedelta(days=3400)).fresh, "an authority that ends before it is another"


@pytest.mark.parametrize("names", [("other", "192.168.1.20"), ("studio", "8.8.8.8")])
def test_what_the_authority_may_not_vouch_for_needs_a_new_one(tmp_path: Path, names: tuple[str, ...]) -> None:
    kept(tmp_path, NAMES)
    assert kept(tmp_path, names).fresh


@pytest.mark.parametrize("file", ["authority.pem", "authority.key", "certificate.pem", "certificate.key"])
def test_a_broken_file_is_made_anew(tmp_path: Path, file: str) -> None:
    kept(tmp_path, NAMES)
    (tmp_path / file).write_text("broken")
    assert kept(tmp_path, NAMES).fresh == file.startswith("authority")
    kept(tmp_path, NAMES).context()


def test_who_trusts_the_authority_accepts_the_names_and_no_others(tmp_path: Path) -> None:
    """By a verifier that is not the one that made it."""
    leaf, root = chain(kept(tmp_path, NAMES))
    builder = PolicyBuilder().store(Store([root]))
    builder.build_server_verifier(x509.DNSName("studio.local")).verify(leaf, [])
    with pytest.raises(VerificationError):
        builder.build_server_verifier(x509.DNSName("bank.example")).verify(leaf, [])
    limits = root.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert x509.DNSName("local") in (limits.value.permitted_subtrees or ())


def test_the_hosts_own_certificate_is_served_by_its_name(tmp_path: Path) -> None:
    made = kept(tmp_path, ("studio.example.org",))
    settings = WebSettings(certificate=made.chain, certificate_key=made.key)
    lan = open_lan(settings, tmp_path / "none", lambda _: None)
    assert lan.url(4000) == "https://studio.example.org:4000"
    assert lan.url(443) == "https://studio.example.org"
    assert lan.authority is None
    assert not (tmp_path / "none").exists()


def test_a_certificate_that_does_not_serve_is_told(tmp_path: Path) -> None:
    made = kept(tmp_path, NAMES)
    other = kept(tmp_path / "other", NAMES)
    with pytest.raises(StudioError, match="does not open"):
        given(made.chain, other.key).context()
    with pytest.raises(StudioError, match="is valid from") as caught:
        given(made.chain, made.key, now=NOW + timedelta(days=500))
    assert "renew it" in caught.value.fix
    with pytest.raises(StudioError, match="holds no certificate"):
        given(made.key, made.key)
