"""Contacts recorded in this shop until the feed has them, and those of the feed."""

from __future__ import annotations

from store_agent.domain.touch import Channel, Touch
from store_agent.storage import codec
from store_agent.storage.connection import Connection, Row
from store_agent.storage.times import from_text, to_text

_COLUMNS = "id, customer_id, channel, at, staff_id, store"


def put(tx: Connection, touch: Touch, event_id: str, *, removed: bool = False) -> None:
    """Keep a contact, or that it was a slip; the feed confirms `event_id`."""
    tx.execute(
        f"INSERT OR REPLACE INTO touches ({_COLUMNS}, removed, event_id, confirmed)"  # noqa: S608  constant
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (
            touch.id,
            touch.customer_id,
            touch.channel.value,
            to_text(touch.at),
            touch.staff_id,
            touch.store,
            int(removed),
            event_id,
        ),
    )


def confirm(tx: Connection, event_id: str) -> None:
    """The feed contains this now; unknown ids are ignored."""
    tx.execute("UPDATE touches SET confirmed = 1 WHERE event_id = ?", (event_id,))


def of(ledger: Connection, cache: Connection, *customer_ids: str) -> list[Touch]:
    """All contacts with a customer, under all its ids, the newest first."""
    marks = ", ".join("?" * len(customer_ids))
    sql = f"SELECT doc FROM touches WHERE customer_id IN ({marks})"  # noqa: S608  marks
    found = (codec.read(Touch, row[0]) for row in cache.execute(sql, customer_ids).fetchall())
    by_id = {touch.id: touch for touch in found}
    rows = ledger.execute(
        f"SELECT {_COLUMNS}, removed FROM touches WHERE customer_id IN ({marks})",  # noqa: S608  marks
        customer_ids,
    ).fetchall()
    for row in rows:
        if row[6]:
            by_id.pop(row[0], None)
        else:
            by_id[row[0]] = _touch(row)
    return sorted(by_id.values(), key=lambda touch: (touch.at, touch.id), reverse=True)


def _touch(row: Row) -> Touch:
    return Touch(row[0], row[1], Channel(row[2]), from_text(row[3]), row[4], row[5])
