"""Lots: what this store may spend of an offer's budget. Rows only; the rules: `redemption`."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.offer import BudgetUnit
from store_agent.domain.rights import Lot, LotClass, LotGrant, LotState
from store_agent.storage.connection import Connection, Row
from store_agent.storage.times import from_text_or_none, to_text, to_text_or_none

_SELECT = (
    "SELECT lot_id, offer_id, amount, remaining, unit, lot_class, spend_until, state FROM lots"
)


def is_known(connection: Connection, lot_id: str) -> bool:
    """Whether this lot was ever taken in, or closed."""
    rows = connection.execute(
        "SELECT 1 FROM lots WHERE lot_id = ? UNION ALL SELECT 1 FROM closed_lots WHERE lot_id = ?",
        (lot_id, lot_id),
    ).fetchall()
    return bool(rows)


def insert(tx: Connection, grant: LotGrant, at: datetime) -> None:
    """Take in a grant nobody has seen yet."""
    tx.execute(
        "INSERT INTO lots (lot_id, offer_id, amount, remaining, unit, lot_class, spend_until,"
        " state, granted_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'active', ?)",
        (
            grant.lot_id,
            grant.offer_id,
            grant.amount,
            grant.amount,
            grant.unit.value,
            grant.lot_class.value,
            to_text_or_none(grant.spend_until),
            to_text(at),
        ),
    )


def active(connection: Connection, offer_id: str | None = None) -> list[Lot]:
    """Open lots (of one offer), what ends first leading."""
    where = " WHERE state = 'active'" + ("" if offer_id is None else " AND offer_id = ?")
    rows = connection.execute(
        _SELECT + where + " ORDER BY spend_until IS NULL, spend_until, lot_id",
        () if offer_id is None else (offer_id,),
    ).fetchall()
    return [_lot(row) for row in rows]


def get(connection: Connection, lot_id: str) -> Lot | None:
    """One lot, or None."""
    rows = connection.execute(_SELECT + " WHERE lot_id = ?", (lot_id,)).fetchall()
    return _lot(rows[0]) if rows else None


def change_remaining(tx: Connection, lot_id: str, units: int) -> None:
    """Spend (negative) or give back; the table refuses to leave 0..amount."""
    tx.execute("UPDATE lots SET remaining = remaining + ? WHERE lot_id = ?", (units, lot_id))


def close(tx: Connection, lot_id: str, at: datetime) -> None:
    """Never spend it again, and remember so for ever."""
    tx.execute("UPDATE lots SET state = 'closed' WHERE lot_id = ?", (lot_id,))
    tx.execute(
        "INSERT INTO closed_lots (lot_id, at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (lot_id, to_text(at)),
    )


def held(connection: Connection, offer_id: str, now: str, but_txn: str) -> int:
    """Units that other baskets hold of an offer."""
    row = connection.execute(
        "SELECT coalesce(sum(h.units), 0) FROM holds h JOIN reservations r USING (txn_id)"
        " WHERE h.offer_id = ? AND r.state = 'live' AND r.expires_at > ? AND h.txn_id <> ?",
        (offer_id, now, but_txn),
    ).fetchall()
    return int(row[0][0])


def _lot(row: Row) -> Lot:
    return Lot(
        row[0],
        row[1],
        row[2],
        row[3],
        BudgetUnit(row[4]),
        LotClass(row[5]),
        from_text_or_none(row[6]),
        LotState(row[7]),
    )
