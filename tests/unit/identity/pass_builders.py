"""Builders with defaults for passes, keys and a pass map in memory. All data is invented."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store_agent.domain.catalog import Rotation, SigningKey, TotpField, WalletPass
from store_agent.domain.scan import OnceCode, Resolution
from store_agent.identity.resolve import resolve
from store_agent.identity.rotating import anchor
from store_agent.identity.signed import PassClaims

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TEST_SEED = bytes(range(32))
RFC_KEY_HEX = "3132333435363738393031323334353637383930"
RFC_PATTERN = "MyRotatingBarcode-{totp_timestamp_seconds}-{totp_value_0}"


@dataclass
class MemoryBook:
    """A pass map that also notes what it was asked."""

    passes: Sequence[WalletPass] = ()
    keys: Sequence[SigningKey] = ()
    used: set[OnceCode] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def by_message(self, message: str) -> WalletPass | None:
        message.encode()  # a data base takes no lone surrogates
        self.asked.append(message)
        return next((p for p in self.passes if p.message == message), None)

    def by_id(self, pass_id: str) -> WalletPass | None:
        return next((p for p in self.passes if p.id == pass_id), None)

    def rotating_for(self, data: str) -> Sequence[WalletPass]:
        data.encode()
        return [
            p
            for p in self.passes
            if p.rotation and anchor(p.rotation.pattern, p.rotation.fields).fits(data)
        ]

    def signing_key(self, key_id: str) -> SigningKey | None:
        return next((k for k in self.keys if k.id == key_id), None)

    def is_used(self, code: OnceCode) -> bool:
        return code in self.used


def static_pass(message: str = "MUSTERFRAU-0001", **changes: Any) -> WalletPass:
    return WalletPass(
        **{"id": f"pass of {message!r}", "customer_id": "c-musterfrau", "message": message}
        | changes
    )


def rotation(**changes: Any) -> Rotation:
    fields = (TotpField(RFC_KEY_HEX, 8),)
    return Rotation(**{"pattern": RFC_PATTERN, "period_ms": 30_000, "fields": fields} | changes)


def rotating_pass(pass_id: str = "r-1", turning: Rotation | None = None, **changes: Any):
    known = {"id": pass_id, "customer_id": f"owner of {pass_id}"}
    return WalletPass(**known | {"rotation": turning or rotation()} | changes)


def private_key(seed: bytes = TEST_SEED) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def signing_key(key_id: str = "2026-a", seed: bytes = TEST_SEED, **changes: Any) -> SigningKey:
    raw = private_key(seed).public_key().public_bytes_raw()
    text = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return SigningKey(**{"id": key_id, "public_key": text} | changes)


def claims(**changes: Any) -> PassClaims:
    return PassClaims(
        **{
            "key_id": "2026-a",
            "pass_id": "p-000123",
            "customer_id": "c-musterfrau",
            "expires_at": NOW + timedelta(days=30),
        }
        | changes
    )


def scan(
    data: str,
    book: MemoryBook,
    *,
    now: datetime = NOW,
    symbology: str | None = None,
    clock_trusted: bool = True,
    **options: Any,
) -> Resolution:
    return resolve(data, symbology, book, now, clock_trusted, **options)
