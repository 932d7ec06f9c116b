"""Wallet passes in the cache: by what was scanned."""

from __future__ import annotations

from collections.abc import Sequence

from store_agent.domain.catalog import SigningKey, WalletPass
from store_agent.storage import codec
from store_agent.storage.connection import Connection


def by_message(cache: Connection, message: str) -> WalletPass | None:
    """The pass whose barcode text is exactly `message`; a valid one before a voided one."""
    rows = cache.execute("SELECT doc FROM passes WHERE message = ?", (message,)).fetchall()
    found = [codec.read(WalletPass, row[0]) for row in rows]
    return min(found, key=lambda one: one.voided, default=None)


def by_id(cache: Connection, pass_id: str) -> WalletPass | None:
    """The pass with this id."""
    rows = cache.execute("SELECT doc FROM passes WHERE id = ?", (pass_id,)).fetchall()
    return codec.read(WalletPass, rows[0][0]) if rows else None


def rotating_for(cache: Connection, data: str) -> Sequence[WalletPass]:
    """Rotating passes that may have shown `data`: those whose anchor stands in it at its place."""
    found: list[WalletPass] = []
    for offset, length in cache.execute(
        "SELECT anchor_offset, length FROM anchor_shapes"
    ).fetchall():
        anchor = data[offset : offset + length]
        if len(anchor) < length:
            continue
        rows = cache.execute(
            "SELECT doc FROM passes WHERE anchor = ? AND anchor_offset = ?", (anchor, offset)
        ).fetchall()
        found += (codec.read(WalletPass, row[0]) for row in rows)
    return found


def signing_key(cache: Connection, key_id: str) -> SigningKey | None:
    """The public key with this id."""
    rows = cache.execute("SELECT doc FROM signing_keys WHERE id = ?", (key_id,)).fetchall()
    return codec.read(SigningKey, rows[0][0]) if rows else None
