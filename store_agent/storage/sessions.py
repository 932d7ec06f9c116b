"""Who works on which tablet. A session belongs to one device; only its token's hash is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text, to_text


@dataclass(frozen=True, slots=True)
class StaffSession:
    """One log-in. The caller judges `expires_at`."""

    device_id: str
    staff_id: str
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def start(  # noqa: PLR0913, PLR0917  one column each
    tx: Connection,
    token_hash: str,
    device_id: str,
    staff_id: str,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Log somebody in."""
    tx.execute(
        "INSERT INTO sessions (token_hash, device_id, staff_id, started_at, last_seen_at,"
        " expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (token_hash, device_id, staff_id, to_text(at), to_text(at), to_text(expires_at)),
    )


def find(connection: Connection, token_hash: str) -> StaffSession | None:
    """The session with this token, expired or not."""
    rows = connection.execute(
        "SELECT device_id, staff_id, started_at, last_seen_at, expires_at FROM sessions"
        " WHERE token_hash = ?",
        (token_hash,),
    ).fetchall()
    if not rows:
        return None
    device_id, staff_id, started_at, last_seen_at, expires_at = rows[0]
    return StaffSession(
        device_id, staff_id, from_text(started_at), from_text(last_seen_at), from_text(expires_at)
    )


def touch(tx: Connection, token_hash: str, at: datetime, expires_at: datetime) -> None:
    """The session was used; it lives until `expires_at`."""
    tx.execute(
        "UPDATE sessions SET last_seen_at = ?, expires_at = ? WHERE token_hash = ?",
        (to_text(at), to_text(expires_at), token_hash),
    )


def end(tx: Connection, token_hash: str) -> None:
    """Log out."""
    tx.execute("DELETE FROM sessions WHERE token_hash = ?", (token_hash,))


def end_for_device(tx: Connection, device_id: str) -> None:
    """Log everybody out of a device, e.g. when it is revoked."""
    tx.execute("DELETE FROM sessions WHERE device_id = ?", (device_id,))


def forget_before(tx: Connection, at: datetime) -> None:
    """Drop sessions that ended before `at`."""
    tx.execute("DELETE FROM sessions WHERE expires_at < ?", (to_text(at),))
