"""PIN hashes of the staff, and how often somebody guessed wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text_or_none, to_text, to_text_or_none


@dataclass(frozen=True, slots=True)
class StaffPin:
    """The hash and the guesses since the last success."""

    hash: str
    failures: int
    locked_until: datetime | None


def set_pin(tx: Connection, staff_id: str, pin_hash: str, at: datetime) -> None:
    """Give a PIN, or a new one; wrong guesses are forgotten."""
    tx.execute(
        "INSERT INTO staff_pins (staff_id, pin_hash, set_at) VALUES (?, ?, ?)"
        " ON CONFLICT (staff_id) DO UPDATE SET pin_hash = excluded.pin_hash,"
        " set_at = excluded.set_at, failures = 0, locked_until = NULL",
        (staff_id, pin_hash, to_text(at)),
    )


def get(connection: Connection, staff_id: str) -> StaffPin | None:
    """The PIN of a member of staff, or None when there is none."""
    rows = connection.execute(
        "SELECT pin_hash, failures, locked_until FROM staff_pins WHERE staff_id = ?", (staff_id,)
    ).fetchall()
    return StaffPin(rows[0][0], rows[0][1], from_text_or_none(rows[0][2])) if rows else None


def note_failure(tx: Connection, staff_id: str, locked_until: datetime | None) -> None:
    """A wrong guess; the caller decides whether that locks the PIN, and until when."""
    tx.execute(
        "UPDATE staff_pins SET failures = failures + 1, locked_until = ? WHERE staff_id = ?",
        (to_text_or_none(locked_until), staff_id),
    )


def note_success(tx: Connection, staff_id: str) -> None:
    """The right PIN; wrong guesses are forgotten."""
    tx.execute(
        "UPDATE staff_pins SET failures = 0, locked_until = NULL WHERE staff_id = ?", (staff_id,)
    )
