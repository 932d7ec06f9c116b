"""The store's own certificate authority, so that tablets speak HTTPS from day one.

Root: EC P-256, 825 days (Apple's ceiling for every CA), critical name constraints, so that a stolen
key is worth little outside the shop. Leaf: 397 days, renewed when less than 30 are left.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 825
LEAF_DAYS = 397  # what browsers accept for any leaf
RENEW_BEFORE = timedelta(days=30)
# A box without a real-time clock may issue a minute "before" the tablet thinks it is.
BACKDATE = timedelta(days=1)

PrivateNetworks = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7")


@dataclass(frozen=True, slots=True)
class Certificates:
    """File names of the store's CA certificate and the listener's certificate and key."""

    ca: Path
    leaf: Path
    leaf_key: Path
    not_after: datetime


def ensure(directory: Path, store_name: str, names: Iterable[str], now: datetime) -> Certificates:
    """Create or renew what is missing, expiring, or lacks one of `names` (DNS names or IPs)."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    wanted = tuple(dict.fromkeys(names))
    ca_path, ca_key_path = directory / "ca.crt", directory / "ca.key"
    if not _usable(ca_path, ca_key_path, now):
        _issue_ca(ca_path, ca_key_path, store_name, wanted, now)
        (directory / "store.crt").unlink(missing_ok=True)
    ca = x509.load_pem_x509_certificate(ca_path.read_bytes())
    if not _permits(ca, wanted):
        _issue_ca(ca_path, ca_key_path, store_name, wanted, now)
        (directory / "store.crt").unlink(missing_ok=True)
    leaf_path, leaf_key_path = directory / "store.crt", directory / "store.key"
    if not (_usable(leaf_path, leaf_key_path, now) and _covers(leaf_path, wanted)):
        _issue_leaf(directory, wanted, now)
    leaf = x509.load_pem_x509_certificate(leaf_path.read_bytes())
    return Certificates(ca_path, leaf_path, leaf_key_path, leaf.not_valid_after_utc)


def _usable(certificate: Path, key: Path, now: datetime) -> bool:
    if not (certificate.exists() and key.exists()):
        return False
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except ValueError:
        return False
    same_key = secret.public_key() == loaded.public_key()
    # A clock in 1970 must not throw away a good certificate: only the end counts.
    return same_key and now + RENEW_BEFORE < loaded.not_valid_after_utc


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _covers(leaf: Path, names: tuple[str, ...]) -> bool:
    loaded = x509.load_pem_x509_certificate(leaf.read_bytes())
    san = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return all(_general_name(name) in san for name in names)


def _constraints(names: tuple[str, ...]) -> list[x509.GeneralName]:
    networks = [x509.IPAddress(ipaddress.ip_network(net)) for net in PrivateNetworks]
    hosts = {name for name in names if isinstance(_general_name(name), x509.DNSName)}
    public = [
        x509.IPAddress(ipaddress.ip_network(name))
        for name in names
        if name not in hosts and not ipaddress.ip_address(name).is_private
    ]
    return [x509.DNSName("local"), *(x509.DNSName(h) for h in sorted(hosts)), *networks, *public]


def _permits(ca: x509.Certificate, names: tuple[str, ...]) -> bool:
    permitted = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    return set(_constraints(names)) <= set(permitted or ())


def _issue_ca(
    path: Path, key_path: Path, store_name: str, names: tuple[str, ...], now: datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{store_name[:40]} Store CA")])
    builder = _builder(subject, subject, key.public_key(), now, CA_DAYS)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=_constraints(names), excluded_subtrees=None),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_pair(path, certificate, key_path, key)


def _issue_leaf(directory: Path, names: tuple[str, ...], now: datetime) -> None:
    ca = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
    ca_key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), password=None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError("ca.key is not an EC key")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        _builder(subject, ca.subject, key.public_key(), now, LEAF_DAYS)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    _write_pair(directory / "store.crt", certificate, directory / "store.key", key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now - BACKDATE + timedelta(days=days))
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_pair(
    path: Path, certificate: x509.Certificate, key_path: Path, key: ec.EllipticCurvePrivateKey
) -> None:
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _replace(key_path, secret, 0o600)
    _replace(path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write beside and rename, so that a power cut leaves the old file or the new one."""
    beside = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
