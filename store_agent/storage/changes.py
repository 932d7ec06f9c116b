"""The feed's changes, applied to the cache in one transaction with the cursor they lead to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from store_agent.domain.errors import Conflict, InvalidInput
from store_agent.storage import codec, documents, meta
from store_agent.storage.connection import Connection
from store_agent.storage.documents import COLLECTIONS
from store_agent.storage.times import to_text

_CURSOR = "cursor"
_AS_OF = "as_of"
# Tables whose rows follow a customer into the one they were merged with.
_OWNED_BY_CUSTOMER = ("passes", "vouchers", "purchases")


class ChangeOp(StrEnum):
    """What happened to a document."""

    UPSERT = "upsert"
    DELETE = "delete"
    MERGE = "merge"  # two customers are one: `key` is the old id, the document names `new_id`


@dataclass(frozen=True, slots=True)
class Change:
    """One document's change. `confirms`: the id of the shop's own event that it contains."""

    collection: str
    key: str
    op: str
    doc: dict[str, Any] | None = None
    confirms: str | None = None


@dataclass(slots=True)
class AppliedChanges:
    """What became of a batch. `confirmed` are event ids for consents.confirm, persons.confirm."""

    upserts: int = 0
    deletes: int = 0
    merges: int = 0
    ignored_unknown: int = 0
    quarantined: int = 0
    confirmed: tuple[str, ...] = ()
    customers: set[str] = field(default_factory=set)  # ids whose document has changed


def apply(
    tx: Connection,
    changes: Iterable[Change],
    next_cursor: str,
    at: datetime,
    *,
    since: str | None = None,
) -> AppliedChanges:
    """Apply a batch; unknown collections are counted, unreadable documents put into quarantine.

    `at` is the platform's time of the batch (`as_of`). With `since` = the cursor the batch was
    asked for, Conflict when the cache has moved on meanwhile (a snapshot was swapped in).
    """
    if since is not None and since != cursor(tx):
        raise Conflict(
            "the cache has another cursor than the batch starts at",
            hint="Ask the platform again from the stored cursor.",
        )
    applied = AppliedChanges()
    touched: set[str] = set()
    for change in changes:
        if not _apply_one(tx, change, at, applied):
            continue  # what it confirms is not in the cache: the local change must go on acting
        touched.add(change.collection)
        if change.confirms is not None:
            applied.confirmed += (change.confirms,)
    bump_versions(tx, touched)
    set_cursor(tx, next_cursor, at)
    return applied


def cursor(cache: Connection) -> str | None:
    """Where the feed goes on; None: a snapshot is needed."""
    return meta.get(cache, _CURSOR)


def as_of(cache: Connection) -> datetime | None:
    """The platform's time of the newest batch or snapshot in here."""
    return meta.get_time(cache, _AS_OF)


def set_cursor(tx: Connection, next_cursor: str, at: datetime) -> None:
    """Note how far the cache has come."""
    meta.put(tx, _CURSOR, next_cursor)
    meta.put_time(tx, _AS_OF, at)


def bump_versions(tx: Connection, touched: Iterable[str]) -> None:
    """Tell readers that what they have decoded of these collections is old."""
    for collection in touched:
        tx.execute(
            "INSERT INTO versions (collection, version) VALUES (?, 1)"
            " ON CONFLICT (collection) DO UPDATE SET version = version + 1",
            (collection,),
        )


def quarantine(  # noqa: PLR0913, PLR0917  one column each
    tx: Connection, collection: str, key: str, doc: bytes, reason: str, at: datetime
) -> None:
    """Put a document aside that this release cannot read."""
    tx.execute(
        "INSERT OR REPLACE INTO quarantine (collection, key, reason, at, doc)"
        " VALUES (?, ?, ?, ?, ?)",
        (collection, key, reason, to_text(at), doc),
    )


def _apply_one(tx: Connection, change: Change, at: datetime, applied: AppliedChanges) -> bool:
    if change.collection not in COLLECTIONS:
        applied.ignored_unknown += 1
        return False
    try:
        if change.op == ChangeOp.UPSERT:
            documents.upsert(tx, change.collection, change.key, change.doc)
            applied.upserts += 1
        elif change.op == ChangeOp.DELETE:
            documents.delete(tx, change.collection, change.key)
            applied.deletes += 1
        elif change.op == ChangeOp.MERGE and change.collection == "customers":
            _merge(tx, change)
            applied.merges += 1
        else:
            raise InvalidInput("unknown operation")  # noqa: TRY301  one way into quarantine
    except InvalidInput as error:
        quarantine(tx, change.collection, change.key, codec.dump(change.doc), str(error), at)
        applied.quarantined += 1
        return False
    if change.collection == "customers":
        applied.customers.add(change.key)
    tx.execute(
        "DELETE FROM quarantine WHERE collection = ? AND key = ?", (change.collection, change.key)
    )
    return True


def _merge(tx: Connection, change: Change) -> None:
    """Everything of the old customer belongs to the new one from now on."""
    new_id = (change.doc or {}).get("new_id")
    if not isinstance(new_id, str) or not new_id or new_id == change.key:
        raise InvalidInput("a merge needs the new_id of another customer")
    for table in _OWNED_BY_CUSTOMER:
        tx.execute(
            f"UPDATE {table} SET customer_id = ?,"  # noqa: S608  constant
            " doc = CAST(json_set(CAST(doc AS TEXT), '$.customer_id', ?) AS BLOB)"
            " WHERE customer_id = ?",
            (new_id, new_id, change.key),
        )
    documents.delete(tx, "customers", change.key)
    tx.execute("UPDATE merged_customers SET new_id = ? WHERE new_id = ?", (new_id, change.key))
    tx.execute(
        "INSERT OR REPLACE INTO merged_customers (old_id, new_id) VALUES (?, ?)",
        (change.key, new_id),
    )
    bump_versions(tx, _OWNED_BY_CUSTOMER)
