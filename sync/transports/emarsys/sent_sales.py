"""What became of each receipt that goes to a receiver without deduplication. In the ledger.

    prepared   decided to send; nothing is on its way
    sent       on its way, or its answer was lost: never sent again by itself
    confirmed  the receiver has it
    void       taken back before it was sent, and never to be sent

`sent` is written before the first byte leaves, so that no crash can send anything twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from sync.outbox import Connection

KEPT = 50_000  # orders remembered for returns and repeats; about 15 MB
FORGET_STEP = 200  # rows deleted at a time

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "emarsys_001_sent_sales",
        """
        CREATE TABLE emarsys_sales (
            n INTEGER PRIMARY KEY AUTOINCREMENT,
            merchant TEXT NOT NULL,
            order_id TEXT NOT NULL,
            epoch TEXT NOT NULL,
            seq INTEGER NOT NULL,
            state TEXT NOT NULL,
            receipt BLOB NOT NULL,
            UNIQUE (merchant, order_id)
        ) STRICT;
        """,
    ),
)


class State(StrEnum):
    """How far an order has come."""

    PREPARED = "prepared"
    SENT = "sent"
    CONFIRMED = "confirmed"
    VOID = "void"


class Claim(Enum):
    """What may be done with an order now."""

    SEND = auto()
    HOLD = auto()  # nobody knows whether it arrived
    DONE = auto()
    VOID = auto()


@dataclass(frozen=True, slots=True)
class Order:
    """One receipt to be sent. `seq` is its place in the outbox of the ledger `epoch`."""

    id: str
    epoch: str
    seq: int
    receipt: bytes


@dataclass(frozen=True, slots=True)
class KnownSale:
    """A sale as it was sent, for what comes back of it."""

    state: State
    receipt: bytes


def prepare(tx: Connection, merchant: str, orders: Iterable[Order]) -> dict[str, Claim]:
    """Note the orders that are new; what may be done with each, by id.

    One that is `sent` is sent again only under a later `seq`: somebody has looked, and put it back
    into the queue. In another epoch, after a damaged ledger, numbers say nothing: it is held first.
    """
    return {order.id: _claim(tx, merchant, order) for order in orders}


def mark(tx: Connection, merchant: str, order_ids: Iterable[str], state: State) -> None:
    """Move orders to another state."""
    for order_id in order_ids:
        tx.execute(
            "UPDATE emarsys_sales SET state = ? WHERE merchant = ? AND order_id = ?",
            (str(state), merchant, order_id),
        )


def void(tx: Connection, merchant: str, order: Order) -> KnownSale | None:
    """Take a sale back: one that was not sent never will be. The sale, if it was sent."""
    known = find(tx, merchant, order.id)
    if known is not None and known.state in {State.SENT, State.CONFIRMED}:
        return known
    if known is None:
        _insert(tx, merchant, order, State.VOID)
    else:
        mark(tx, merchant, [order.id], State.VOID)
    return None


def find(conn: Connection, merchant: str, order_id: str) -> KnownSale | None:
    """What is known of a sale."""
    row = conn.execute(
        "SELECT state, receipt FROM emarsys_sales WHERE merchant = ? AND order_id = ?",
        (merchant, order_id),
    ).fetchone()
    return KnownSale(State(row[0]), row[1]) if row else None


def forget(tx: Connection, kept: int = KEPT) -> None:
    """Delete some of the oldest orders that are over, beyond `kept`: by number, by no clock."""
    tx.execute(
        "DELETE FROM emarsys_sales WHERE n IN (SELECT n FROM emarsys_sales"
        " WHERE n <= (SELECT max(n) FROM emarsys_sales) - ? ORDER BY n LIMIT ?)"
        " AND state IN ('confirmed', 'void')",
        (kept, FORGET_STEP),
    )


def _claim(tx: Connection, merchant: str, order: Order) -> Claim:
    row = tx.execute(
        "SELECT state, epoch, seq FROM emarsys_sales WHERE merchant = ? AND order_id = ?",
        (merchant, order.id),
    ).fetchone()
    if row is None:
        _insert(tx, merchant, order, State.PREPARED)
        return Claim.SEND
    state, is_later = State(row[0]), row[1] == order.epoch and order.seq > row[2]
    if state is State.CONFIRMED:
        return Claim.DONE
    if state is State.VOID:
        return Claim.VOID
    if state is State.SENT and not is_later:
        if row[1] != order.epoch:
            _place(tx, merchant, order, State.SENT)
        return Claim.HOLD
    _place(tx, merchant, order, State.PREPARED)
    return Claim.SEND


def _place(tx: Connection, merchant: str, order: Order, state: State) -> None:
    tx.execute(
        "UPDATE emarsys_sales SET state = ?, epoch = ?, seq = ?"
        " WHERE merchant = ? AND order_id = ?",
        (str(state), order.epoch, order.seq, merchant, order.id),
    )


def _insert(tx: Connection, merchant: str, order: Order, state: State) -> None:
    tx.execute(
        "INSERT INTO emarsys_sales (merchant, order_id, epoch, seq, state, receipt)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (merchant, order.id, order.epoch, order.seq, str(state), order.receipt),
    )
