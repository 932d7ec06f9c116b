"""Paired tablets. Only the hash of a device's cookie is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store_agent.storage.connection import Connection, Row
from store_agent.storage.times import from_text, from_text_or_none, to_text, to_text_or_none

_COLUMNS = "id, name, paired_at, last_seen_at, revoked_at"


@dataclass(frozen=True, slots=True)
class Device:
    """One tablet. A revoked one stays on record and is let in no more."""

    id: str
    name: str
    paired_at: datetime
    last_seen_at: datetime
    revoked_at: datetime | None = None


def add(tx: Connection, device: Device, cookie_hash: str) -> None:
    """Remember a freshly paired device."""
    tx.execute(
        "INSERT INTO devices (id, name, cookie_hash, paired_at, last_seen_at, revoked_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            device.id,
            device.name,
            cookie_hash,
            to_text(device.paired_at),
            to_text(device.last_seen_at),
            to_text_or_none(device.revoked_at),
        ),
    )


def by_cookie(connection: Connection, cookie_hash: str) -> Device | None:
    """The device with this cookie, revoked or not (the caller looks at `revoked_at`)."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM devices WHERE cookie_hash = ?",  # noqa: S608  constant
        (cookie_hash,),
    ).fetchall()
    return _device(rows[0]) if rows else None


def touch(tx: Connection, device_id: str, at: datetime) -> None:
    """The device was in use."""
    tx.execute("UPDATE devices SET last_seen_at = ? WHERE id = ?", (to_text(at), device_id))


def revoke(tx: Connection, device_id: str, at: datetime) -> None:
    """Lock the device out; the first time counts."""
    tx.execute(
        "UPDATE devices SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        (to_text(at), device_id),
    )


def all(connection: Connection) -> list[Device]:  # noqa: A001  reads as devices.all(...)
    """Every device ever paired, the oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM devices ORDER BY paired_at, id"  # noqa: S608  constant
    )
    return [_device(row) for row in rows]


def _device(row: Row) -> Device:
    device_id, name, paired_at, last_seen_at, revoked_at = row
    return Device(
        device_id,
        name,
        from_text(paired_at),
        from_text(last_seen_at),
        from_text_or_none(revoked_at),
    )
