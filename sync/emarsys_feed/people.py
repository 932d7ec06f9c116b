"""What the loyalty programme said of customers, and whom the shop asked about. In the ledger.

It survives a restart, is encrypted like everything else, and joins the feed with the look-ups:
each reads what the other has learned. Members are kept as JSON, in the form of `Member`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import orjson

from sync.emarsys_feed.member import Member
from sync.outbox import Connection

KEPT = 200_000  # people; about 60 MB at most
FORGET_STEP = 200

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "emarsys_002_people",
        """
        CREATE TABLE emarsys_people (
            n INTEGER PRIMARY KEY AUTOINCREMENT,
            customer TEXT NOT NULL UNIQUE,
            member BLOB
        ) STRICT;
        """,
    ),
)


def remember(tx: Connection, people: Mapping[str, Member | None]) -> None:
    """Note what was learned of customers; None = asked about, and no member."""
    for customer, member in people.items():
        tx.execute("DELETE FROM emarsys_people WHERE customer = ?", (customer,))
        tx.execute(
            "INSERT INTO emarsys_people (customer, member) VALUES (?, ?)",
            (customer, None if member is None else _dump(member)),
        )
    tx.execute(
        "DELETE FROM emarsys_people WHERE n IN (SELECT n FROM emarsys_people"
        " WHERE n <= (SELECT max(n) FROM emarsys_people) - ? ORDER BY n LIMIT ?)",
        (KEPT, FORGET_STEP),
    )


def remember_and_read(
    tx: Connection, people: Mapping[str, Member | None], n: int
) -> tuple[Sequence[str], int]:
    """As `remember`; the customers others have noted behind `n`, and the new position."""
    rows = tx.execute("SELECT customer FROM emarsys_people WHERE n > ? ORDER BY n", (n,)).fetchall()
    remember(tx, people)
    return [row[0] for row in rows], last(tx)


def known(conn: Connection, customers: Iterable[str]) -> dict[str, Member | None]:
    """What is known of these customers; those nobody asked about are missing."""
    found: dict[str, Member | None] = {}
    for customer in customers:
        row = conn.execute(
            "SELECT member FROM emarsys_people WHERE customer = ?", (customer,)
        ).fetchone()
        if row is not None:
            found[customer] = None if row[0] is None else _load(row[0])
    return found


def since(conn: Connection, n: int, limit: int) -> tuple[Sequence[str], int]:
    """Customers noted behind position `n`, oldest first, and the new position."""
    rows = conn.execute(
        "SELECT customer, n FROM emarsys_people WHERE n > ? ORDER BY n LIMIT ?", (n, limit)
    ).fetchall()
    return [row[0] for row in rows], rows[-1][1] if rows else n


def last(conn: Connection) -> int:
    """The newest position."""
    return int(conn.execute("SELECT coalesce(max(n), 0) FROM emarsys_people").fetchone()[0])


def _dump(member: Member) -> bytes:
    return orjson.dumps(asdict(member), option=orjson.OPT_UTC_Z)


def _load(text: bytes) -> Member:
    document = orjson.loads(text)
    document["as_of"] = datetime.fromisoformat(document["as_of"])
    document["vouchers"] = tuple(document["vouchers"])
    return Member(**document)
