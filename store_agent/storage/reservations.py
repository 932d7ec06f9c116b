"""What is held for baskets: reservations and their holds; voids; rights that were given back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from store_agent.domain.offer import BudgetUnit
from store_agent.domain.rights import Reservation, ReservationState, Want
from store_agent.storage import codec
from store_agent.storage.connection import Connection, marks
from store_agent.storage.times import from_text, to_text


def get(connection: Connection, txn_id: str) -> Reservation | None:
    """The reservation of a basket, whatever became of it."""
    rows = connection.execute(
        "SELECT id, till, customer_id, revision, expires_at, state FROM reservations"
        " WHERE txn_id = ?",
        (txn_id,),
    ).fetchall()
    if not rows:
        return None
    found = connection.execute(
        "SELECT doc FROM holds WHERE txn_id = ? ORDER BY n", (txn_id,)
    ).fetchall()
    id_, till, customer_id, revision, expires_at, state = rows[0]
    return Reservation(
        id_,
        txn_id,
        till,
        customer_id,
        revision,
        from_text(expires_at),
        ReservationState(state),
        tuple(codec.read(Want, row[0]) for row in found),
    )


def put(tx: Connection, one: Reservation) -> None:
    """Make or replace the reservation of its basket."""
    tx.execute(
        "INSERT OR REPLACE INTO reservations (txn_id, id, till, customer_id, revision, expires_at,"
        " state) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            one.txn_id,
            one.id,
            one.till,
            one.customer_id,
            one.revision,
            to_text(one.expires_at),
            one.state.value,
        ),
    )
    tx.execute("DELETE FROM holds WHERE txn_id = ?", (one.txn_id,))
    for n, want in enumerate(one.wants):
        tx.execute(
            "INSERT INTO holds (txn_id, n, offer_id, voucher_id, units, points, doc)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                one.txn_id,
                n,
                want.offer_id,
                want.voucher_id,
                units_of(want),
                want.points,
                codec.dump(want),
            ),
        )


def end(tx: Connection, txn_id: str, state: ReservationState) -> None:
    """Let go of a basket's holds."""
    tx.execute("UPDATE reservations SET state = ? WHERE txn_id = ?", (state.value, txn_id))
    tx.execute("DELETE FROM holds WHERE txn_id = ?", (txn_id,))


def cut(tx: Connection, *, ended_by: datetime, latest: datetime) -> None:
    """Let go of the live ones that had ended by then; the others end at `latest`."""
    tx.execute(
        "UPDATE reservations SET state = ? WHERE state = 'live' AND expires_at <= ?",
        (ReservationState.RELEASED.value, to_text(ended_by)),
    )
    tx.execute(
        "UPDATE reservations SET expires_at = min(expires_at, ?) WHERE state = 'live'",
        (to_text(latest),),
    )


def units_of(want: Want) -> int:
    """What it takes out of a lot; 0 when its budget is not bounded by lots."""
    if want.budget is None:
        return 0
    return 1 if want.budget is BudgetUnit.USE else want.amount_minor


def held_vouchers(
    connection: Connection, voucher_ids: Iterable[str], now: datetime, but_txn: str
) -> set[str]:
    """Those among `voucher_ids` that another basket holds now."""
    return {
        voucher_id
        for voucher_id in voucher_ids
        if connection.execute(
            "SELECT 1 FROM holds h JOIN reservations r USING (txn_id) WHERE h.voucher_id = ?"
            " AND r.state = 'live' AND r.expires_at > ? AND h.txn_id <> ?",
            (voucher_id, to_text(now), but_txn),
        ).fetchall()
    }


def held_points(
    connection: Connection, customer_ids: tuple[str, ...], now: datetime, but_txn: str
) -> int:
    """Points of a person (all of its ids) that other baskets hold."""
    rows = connection.execute(
        "SELECT coalesce(sum(h.points), 0) FROM reservations r JOIN holds h USING (txn_id)"  # noqa: S608  marks
        f" WHERE r.customer_id IN ({marks(customer_ids)})"
        " AND r.state = 'live' AND r.expires_at > ? AND r.txn_id <> ?",
        (*customer_ids, to_text(now), but_txn),
    ).fetchall()
    return int(rows[0][0])


def void(tx: Connection, txn_id: str, till: str, at: datetime, reason: str) -> None:
    """Note that a transaction is void, for ever."""
    tx.execute(
        "INSERT INTO voids (txn_id, till, at, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (txn_id, till, to_text(at), reason),
    )


def is_void(connection: Connection, txn_id: str) -> bool:
    """Whether a transaction was voided."""
    return bool(connection.execute("SELECT 1 FROM voids WHERE txn_id = ?", (txn_id,)).fetchall())


def release_voucher(tx: Connection, voucher_id: str, grant: str, at: datetime) -> None:
    """Give the ownership of a voucher back, for ever."""
    tx.execute(
        "INSERT INTO released_vouchers (voucher_id, grant_id, at) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (voucher_id, grant, to_text(at)),
    )


def is_released(connection: Connection, voucher_id: str, grant: str) -> bool:
    """Whether this ownership was given back."""
    return bool(
        connection.execute(
            "SELECT 1 FROM released_vouchers WHERE voucher_id = ? AND grant_id = ?",
            (voucher_id, grant),
        ).fetchall()
    )


def note_wanted(tx: Connection, kind: str, key: str, at: datetime) -> bool:
    """Remember what the platform is asked for; False when it was asked already."""
    rows = tx.execute(
        "INSERT INTO wanted (kind, key, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
        (kind, key, to_text(at)),
    ).fetchall()
    return bool(rows)


def forget_wanted(tx: Connection, kind: str, key: str) -> None:
    """It was answered: the next time may ask again."""
    tx.execute("DELETE FROM wanted WHERE kind = ? AND key = ?", (kind, key))


def is_wanted(connection: Connection, kind: str, key: str) -> bool:
    """Whether the platform was asked and has not answered yet."""
    rows = connection.execute("SELECT 1 FROM wanted WHERE kind = ? AND key = ?", (kind, key))
    return bool(rows.fetchall())


def have_ended(connection: Connection, before: datetime) -> bool:
    """Whether there is anything for `forget_ended`."""
    sql = "SELECT 1 FROM reservations WHERE expires_at < ? LIMIT 1"
    return bool(connection.execute(sql, (to_text(before),)).fetchall())


def forget_ended(tx: Connection, before: datetime, limit: int) -> None:
    """Drop at most `limit` reservations that ended before then."""
    some = "SELECT txn_id FROM reservations WHERE expires_at < ? ORDER BY txn_id LIMIT ?"
    for table in ("holds", "reservations"):
        tx.execute(f"DELETE FROM {table} WHERE txn_id IN ({some})", (to_text(before), limit))  # noqa: S608  constants
