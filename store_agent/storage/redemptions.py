"""Rights that were spent, and points that came or went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from store_agent.domain.basket import Allocation
from store_agent.domain.greeting import OfferReason
from store_agent.domain.offer import Caps, RestorePolicy
from store_agent.domain.rights import (
    Conflict,
    PointsEntry,
    PointsKind,
    Redemption,
    RedemptionState,
    Used,
)
from store_agent.storage import codec
from store_agent.storage.connection import Connection, Row, marks
from store_agent.storage.times import from_text, from_text_or_none, to_text, to_text_or_none

_COLUMNS = (
    "id, txn_id, offer_id, voucher_id, lot_id, customer_id, units, amount_minor, currency, till,"
    " business_date, at, state, points, returned_minor, reason, doc"
)


@dataclass(frozen=True, slots=True)
class _Rest:
    """What of a redemption is only read with it."""

    allocations: tuple[Allocation, ...]
    restore: RestorePolicy


def insert(tx: Connection, one: Redemption) -> None:
    """Keep a redemption. The driver's integrity error for a second accepted one of a voucher."""
    tx.execute(
        f"INSERT INTO redemptions ({_COLUMNS}) VALUES ({', '.join('?' * 17)})",  # noqa: S608  constant
        (
            one.id,
            one.txn_id,
            one.offer_id,
            one.voucher_id,
            one.lot_id,
            one.customer_id,
            one.units,
            one.amount_minor,
            one.currency,
            one.till,
            one.business_date.isoformat(),
            to_text(one.at),
            one.state.value,
            one.points,
            one.returned_minor,
            one.reason.value if one.reason else None,
            codec.dump(_Rest(one.allocations, one.restore)),
        ),
    )


def of_txn(connection: Connection, txn_id: str) -> list[Redemption]:
    """All redemptions of a sale, in the order they were made."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM redemptions WHERE txn_id = ? ORDER BY id",  # noqa: S608  constant
        (txn_id,),
    ).fetchall()
    return [_redemption(row) for row in rows]


def set_state(tx: Connection, redemption_id: str, state: RedemptionState) -> None:
    """What became of it."""
    tx.execute("UPDATE redemptions SET state = ? WHERE id = ?", (state.value, redemption_id))


def set_returned(tx: Connection, redemption_id: str, returned_minor: int) -> None:
    """How much of it was given on lines that came back."""
    tx.execute(
        "UPDATE redemptions SET returned_minor = ? WHERE id = ?", (returned_minor, redemption_id)
    )


def is_redeemed(connection: Connection, voucher_id: str) -> bool:
    """Whether this voucher was redeemed here, and neither voided nor restored."""
    rows = connection.execute(
        "SELECT 1 FROM redemptions WHERE voucher_id = ? AND state = 'redeemed'", (voucher_id,)
    ).fetchall()
    return bool(rows)


def used(  # noqa: PLR0913, PLR0917  the question has that many sides
    connection: Connection,
    offer_id: str,
    caps: Caps,
    customer_ids: tuple[str, ...],
    day: date,
    now: datetime,
    but_txn: str,
) -> Used:
    """How often an offer was redeemed, or is held by other baskets; only what `caps` bound.

    `customer_ids` are all ids of one person; none for somebody unknown.
    """
    mine, own = f"customer_id IN ({marks(customer_ids)})", customer_ids
    held = connection.execute(
        f"SELECT count(*), sum(r.{mine}) FROM holds h JOIN reservations r USING (txn_id)"  # noqa: S608  marks
        " WHERE h.offer_id = ? AND h.voucher_id IS NULL AND r.state = 'live' AND r.expires_at > ?"
        " AND h.txn_id <> ?",
        (*own, offer_id, to_text(now), but_txn),
    ).fetchall()[0]
    every, held_own = held[0], held[1] or 0
    today = day.isoformat()
    asks = {  # each is answered by an index alone, however many redemptions there are
        "person": (caps.per_person, held_own, f" AND {mine}", own),
        "person_day": (
            caps.per_person_day,
            held_own,
            f" AND {mine} AND business_date = ?",
            (*own, today),
        ),
        "store": (caps.per_store, every, "", ()),
        "store_day": (caps.per_store_day, every, " AND business_date = ?", (today,)),
    }
    found = {
        name: more + _count(connection, offer_id, where, values)
        for name, (cap, more, where, values) in asks.items()
        if cap is not None
    }
    return Used(**found)


def _count(connection: Connection, offer_id: str, where: str, values: tuple[str, ...]) -> int:
    rows = connection.execute(
        "SELECT count(*) FROM redemptions WHERE offer_id = ?"  # noqa: S608  constants and marks
        f" AND voucher_id IS NULL AND state = 'redeemed'{where}",
        (offer_id, *values),
    ).fetchall()
    return int(rows[0][0])


def conflicts(connection: Connection, *, unseen: bool, limit: int = 100) -> list[Conflict]:
    """What was given without a right, the newest first."""
    rows = connection.execute(
        "SELECT id, txn_id, till, offer_id, voucher_id, amount_minor, currency, reason, at, seen_at"
        " FROM redemptions WHERE state = 'conflict' AND (seen_at IS NULL OR ?)"
        " ORDER BY at DESC LIMIT ?",
        (not unseen, limit),
    ).fetchall()
    return [
        Conflict(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            OfferReason(row[7]),
            from_text(row[8]),
            from_text_or_none(row[9]),
        )
        for row in rows
    ]


def mark_seen(tx: Connection, redemption_id: str, at: datetime) -> bool:
    """Somebody has seen this conflict; False when it is none."""
    rows = tx.execute(
        "UPDATE redemptions SET seen_at = coalesce(seen_at, ?) WHERE id = ? AND state = 'conflict'"
        " RETURNING 1",
        (to_text(at), redemption_id),
    ).fetchall()
    return bool(rows)


def enter_points(tx: Connection, entry: PointsEntry) -> None:
    """Keep one movement of points."""
    tx.execute(
        "INSERT INTO points (id, customer_id, kind, points, at, txn_id, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            entry.customer_id,
            entry.kind.value,
            entry.points,
            to_text(entry.at),
            entry.txn_id,
            to_text_or_none(entry.expires_at),
        ),
    )


def pending_points(connection: Connection, customer_ids: tuple[str, ...]) -> int:
    """What the platform's balance of a person (all of its ids) does not contain yet."""
    rows = connection.execute(
        "SELECT coalesce(sum(points), 0) FROM points"  # noqa: S608  marks
        f" WHERE customer_id IN ({marks(customer_ids)}) AND confirmed = 0",
        customer_ids,
    ).fetchall()
    return int(rows[0][0])


def points_of_txn(connection: Connection, txn_id: str) -> list[PointsEntry]:
    """All movements of one sale."""
    rows = connection.execute(
        "SELECT id, customer_id, kind, points, at, txn_id, expires_at FROM points"
        " WHERE txn_id = ? ORDER BY id",
        (txn_id,),
    ).fetchall()
    return [_entry(row) for row in rows]


def confirm_points(tx: Connection, entry_id: str) -> None:
    """The platform's balance contains this entry now; unknown ids are ignored."""
    tx.execute("UPDATE points SET confirmed = 1 WHERE id = ?", (entry_id,))


def _entry(row: Row) -> PointsEntry:
    id_, customer_id, kind, points, at, txn_id, expires_at = row
    return PointsEntry(
        id_,
        customer_id,
        PointsKind(kind),
        points,
        from_text(at),
        txn_id,
        from_text_or_none(expires_at),
    )


def _redemption(row: Row) -> Redemption:
    rest: _Rest = codec.read(_Rest, row[16])
    return Redemption(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        date.fromisoformat(row[10]),
        from_text(row[11]),
        RedemptionState(row[12]),
        rest.allocations,
        row[13],
        rest.restore,
        row[14],
        OfferReason(row[15]) if row[15] else None,
    )
