"""Who looks after whom: as the feed says it, and as it was changed here since."""

from __future__ import annotations

from store_agent.storage.connection import Connection

# Spelled as in the index: the expression decides whether it is used.
_ADVISOR = "json_extract(CAST(doc AS TEXT), '$.advisor')"


def set_advisor(tx: Connection, customer_id: str, staff_id: str, event_id: str) -> None:
    """`staff_id` looks after this customer from now on, "" = nobody."""
    tx.execute(
        "INSERT OR REPLACE INTO clients (customer_id, staff_id, event_id, confirmed)"
        " VALUES (?, ?, ?, 0)",
        (customer_id, staff_id, event_id),
    )


def confirm(tx: Connection, event_id: str) -> None:
    """The feed contains this now; unknown ids are ignored."""
    tx.execute("DELETE FROM clients WHERE event_id = ?", (event_id,))


def advisor(ledger: Connection, customer_id: str, of_feed: str) -> str:
    """Who looks after this customer, `of_feed` if nothing was changed here since."""
    rows = ledger.execute(
        "SELECT staff_id FROM clients WHERE customer_id = ?", (customer_id,)
    ).fetchall()
    return str(rows[0][0]) if rows else of_feed


def of(ledger: Connection, cache: Connection, staff_id: str, limit: int) -> list[str]:
    """The ids of at most `limit` customers somebody looks after."""
    pending = ledger.execute("SELECT customer_id, staff_id FROM clients").fetchall()
    changed: dict[str, str] = {row[0]: row[1] for row in pending}
    rows = cache.execute(
        f"SELECT id FROM customers WHERE {_ADVISOR} = ? LIMIT ?",  # noqa: S608  constant
        (staff_id, limit),
    )
    kept = [row[0] for row in rows.fetchall() if changed.get(row[0], staff_id) == staff_id]
    taken = [key for key, owner in changed.items() if owner == staff_id]
    return list(dict.fromkeys([*taken, *kept]))[:limit]
