"""The store's own CA: what tablets accept, and when it is renewed."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from store_agent import certificates

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
NAMES = ("kasse.store.test", "127.0.0.1")


def issue(folder: Path, names: tuple[str, ...] = NAMES, now: datetime = NOW):
    return certificates.ensure(folder / "tls", "Modehaus Muster", names, now)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def verify(issued: certificates.Certificates, name: str, now: datetime = NOW) -> None:
    policy = PolicyBuilder().store(Store([load(issued.ca)])).time(now)
    policy.build_server_verifier(x509.DNSName(name)).verify(load(issued.leaf), [])


def test_a_tablet_that_trusts_the_ca_accepts_the_store(tmp_path):
    verify(issue(tmp_path), "kasse.store.test")


def test_another_host_name_is_not_accepted(tmp_path):
    with pytest.raises(VerificationError):
        verify(issue(tmp_path), "bank.example.com")


def test_a_restart_keeps_the_certificate(tmp_path):
    before = issue(tmp_path).leaf.read_bytes()
    assert issue(tmp_path, now=NOW + timedelta(days=30)).leaf.read_bytes() == before


def test_the_leaf_is_renewed_before_it_ends_and_the_ca_stays(tmp_path):
    first = issue(tmp_path)
    ca, leaf = first.ca.read_bytes(), first.leaf.read_bytes()
    again = issue(tmp_path, now=NOW + timedelta(days=380))
    assert again.ca.read_bytes() == ca
    assert again.leaf.read_bytes() != leaf
    verify(again, "kasse.store.test", NOW + timedelta(days=380))


def test_a_new_name_gets_into_the_certificate(tmp_path):
    issue(tmp_path)
    verify(issue(tmp_path, (*NAMES, "laden.store.test")), "laden.store.test")


def test_a_stolen_ca_is_worth_nothing_outside_the_shop(tmp_path):
    constraints = load(issue(tmp_path).ca).extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = {str(name.value) for name in constraints.value.permitted_subtrees}
    assert {"kasse.store.test", "local"} <= permitted
    assert not any("example" in name for name in permitted)


def test_apple_accepts_the_life_times(tmp_path):
    issued = issue(tmp_path)
    for path, days in ((issued.ca, 825), (issued.leaf, 397)):
        loaded = load(path)
        assert loaded.not_valid_after_utc - loaded.not_valid_before_utc <= timedelta(days=days)


def test_keys_are_readable_by_the_owner_only(tmp_path):
    issued = issue(tmp_path)
    for key in (issued.leaf_key, issued.ca.with_suffix(".key")):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_damaged_certificate_is_issued_anew(tmp_path):
    issue(tmp_path).leaf.write_text("not a certificate")
    verify(issue(tmp_path), "kasse.store.test")
