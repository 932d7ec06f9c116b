"""Whose full profile this shop holds: stubs, look-ups, and the way back to a stub.

The feed decides who is full here. A look-up makes somebody full for a while; when nobody has had
to do with them for long, and the feed has not taken them up, they become a stub again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import orjson

from store_agent.domain.customer import Customer
from store_agent.storage import codec, documents
from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text

# What recognises and addresses somebody, and what they have forbidden.
STUB_FIELDS = (
    "id",
    "display_name",
    "salutation",
    "last_name",
    "address_form",
    "language",
    "home_store",
    "consents",
    "states",
    "as_of",
)
_COMES_WITH_THE_PROFILE = ("vouchers", "purchases")


def is_older_stub(cache: Connection, key: str, doc: dict[str, Any]) -> bool:
    """Whether `doc` is a stub, and older than the full profile that is here already."""
    if doc.get("stub") is not True:
        return False
    known = held(cache, key)
    return known is not None and not known.stub and codec.check(Customer, doc).as_of < known.as_of


def is_outdated(cache: Connection, key: str, doc: dict[str, Any]) -> bool:
    """Whether the profile that is here says more, or the same of a later time, than `doc`."""
    known = held(cache, key)
    if known is None:
        return False
    brought = codec.check(Customer, doc)
    if known.stub != brought.stub:
        return brought.stub and brought.as_of < known.as_of
    return brought.as_of < known.as_of


def held(cache: Connection, customer_id: str) -> Customer | None:
    """The document of exactly this id, stub or full."""
    rows = cache.execute("SELECT doc FROM customers WHERE id = ?", (customer_id,)).fetchall()
    return codec.read(Customer, rows[0][0]) if rows else None


def note_look_up(tx: Connection, customer_id: str, at: datetime) -> None:
    """This full profile is here because somebody asked for it."""
    tx.execute(
        "INSERT OR REPLACE INTO looked_up (customer_id, at) VALUES (?, ?)",
        (customer_id, to_text(at)),
    )


def take_over(tx: Connection, customer_id: str) -> None:
    """From now on the feed decides about this profile."""
    tx.execute("DELETE FROM looked_up WHERE customer_id = ?", (customer_id,))


def looked_up_before(cache: Connection, before: datetime) -> tuple[str, ...]:
    """Whose profile was asked for, and not taken up by the feed, before that time."""
    sql = "SELECT customer_id FROM looked_up WHERE at < ?"
    return tuple(row[0] for row in cache.execute(sql, (to_text(before),)))


def shrink(tx: Connection, customer_ids: Collection[str]) -> None:
    """Make stubs of these customers again: their profile is the platform's, not this shop's."""
    for customer_id in customer_ids:
        rows = tx.execute("SELECT doc FROM customers WHERE id = ?", (customer_id,)).fetchall()
        for (raw,) in rows:
            documents.upsert(tx, "customers", customer_id, stub_of(orjson.loads(raw)))
            drop_belongings(tx, customer_id)
        take_over(tx, customer_id)


def drop_belongings(tx: Connection, customer_id: str) -> None:
    """Whoever is a stub here has no vouchers and purchases here either."""
    for table in _COMES_WITH_THE_PROFILE:
        tx.execute(f"DELETE FROM {table} WHERE customer_id = ?", (customer_id,))  # noqa: S608  constants


def becomes_stub(cache: Connection, key: str, doc: dict[str, Any]) -> bool:
    """Whether `doc` takes somebody's whole profile away from this shop."""
    known = held(cache, key) if doc.get("stub") is True else None
    return known is not None and not known.stub


def stub_of(doc: dict[str, Any]) -> dict[str, Any]:
    """What is left of a profile where its customer does not belong."""
    return {name: doc[name] for name in STUB_FIELDS if name in doc} | {"stub": True}
