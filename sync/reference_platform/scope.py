"""Whose full documents a store gets when it is not everybody's.

In scope are the customers at home in the store, and those who were looked up or seen there within
`STAY`. All others reach it as stubs, which hold what is needed to recognise somebody and to respect
them; their vouchers and purchases stay here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from sync.reference_platform import finders
from sync.reference_platform.store import PlatformStore

STAY_DAYS = 90
STUB_FIELDS = (
    "id",
    "as_of",
    "display_name",
    "salutation",
    "address_form",
    "language",
    "consents",
    "states",
    "home_store",
)
FOLLOWING = ("vouchers", "purchases")  # reach a store with the full customer only
IN_SCOPE = (
    "SELECT key FROM documents WHERE collection = 'customers'"
    " AND CAST(doc AS TEXT) ->> 'home_store' = :store_id"
    " UNION SELECT customer_id FROM visitors WHERE store_id = :store_id"
)


def stub(doc: Mapping[str, Any]) -> dict[str, Any]:
    """What a store holds of somebody out of its scope."""
    return {name: doc[name] for name in STUB_FIELDS if name in doc} | {"stub": True}


def is_in_scope(tx: sqlite3.Connection, store_id: str, customer_id: str) -> bool:
    """Whether the store gets the full customer."""
    row = tx.execute(
        "SELECT 1 FROM documents WHERE collection = 'customers' AND key = :customer_id"
        " AND CAST(doc AS TEXT) ->> 'home_store' = :store_id"
        " UNION ALL SELECT 1 FROM visitors"
        " WHERE store_id = :store_id AND customer_id = :customer_id",
        {"store_id": store_id, "customer_id": customer_id},
    ).fetchone()
    return row is not None


def enter(store: PlatformStore, store_id: str, customer_id: str, at: str) -> None:
    """Somebody was looked up or seen in this store: the full documents follow in its feed."""
    with store.transaction() as tx:
        was_in = is_in_scope(tx, store_id, customer_id)
        tx.execute(
            "INSERT INTO visitors VALUES (?, ?, ?)"
            " ON CONFLICT (store_id, customer_id) DO UPDATE SET at = excluded.at",
            (store_id, customer_id, at),
        )
        if was_in:
            return
        for collection, key in documents_of(store, customer_id):
            doc = store.get(collection, key)
            if doc is not None and collection != "passes":  # every store has all passes
                store.tell_store(store_id, collection, key, doc)


def leave(store: PlatformStore, before: str, at: str) -> None:
    """Those who were not seen since `before` become stubs again, as of `at`."""
    with store.transaction() as tx:
        gone = tx.execute(
            "DELETE FROM visitors WHERE at < ? RETURNING store_id, customer_id", (before,)
        ).fetchall()
        for store_id, customer_id in gone:
            doc = store.get("customers", customer_id)
            if doc is not None and not is_in_scope(tx, store_id, customer_id):
                store.tell_store(store_id, "customers", customer_id, stub(doc) | {"as_of": at})


def documents_of(store: PlatformStore, customer_id: str) -> list[tuple[str, str]]:
    """(collection, key) of a customer and all they own, the customer first."""
    finders.ensure(store)
    return [("customers", customer_id), *store.find(finders.OWNER, customer_id)]


def narrow(
    tx: sqlite3.Connection, store_id: str, change: dict[str, Any], doc: bytes | None
) -> dict[str, Any] | None:
    """The change as a store of narrow scope gets it; None when it does not get it at all."""
    collection = change["collection"]
    if doc is None or change["op"] != "upsert" or collection not in {"customers", *FOLLOWING}:
        return change
    content = orjson.loads(doc)
    owner = change["key"] if collection == "customers" else content.get("customer_id")
    if not isinstance(owner, str) or is_in_scope(tx, store_id, owner):
        return change
    if collection == "customers":
        return change | {"doc": stub(content)}
    return change if "confirms" in change else None
