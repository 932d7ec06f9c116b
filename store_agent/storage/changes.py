"""The feed's changes, applied to the cache in one transaction with the cursor they lead to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from store_agent.domain.errors import Conflict, InvalidInput
from store_agent.storage import codec, documents, meta, scope
from store_agent.storage.connection import Connection
from store_agent.storage.documents import COLLECTIONS
from store_agent.storage.times import to_text

_CURSOR = "cursor"
_AS_OF = "as_of"
# Tables whose rows follow a customer into the one they were merged with.
_OWNED_BY_CUSTOMER = ("passes", "vouchers", "purchases", "notes", "tasks", "touches")
# Counted by name, but a platform's names must not fill the file.
MAX_IGNORED_COLLECTIONS = 100
MAX_COLLECTION_NAME = 100


class ChangeOp(StrEnum):
    """What happened to a document."""

    UPSERT = "upsert"
    DELETE = "delete"
    MERGE = "merge"  # two customers are one: `key` is the old id, the document names `new_id`


@dataclass(frozen=True, slots=True)
class Change:
    """One document's change. `confirms`: the id of the shop's own event that it contains.

    `version` is that of the collection's schema.
    """

    collection: str
    key: str
    op: str
    doc: dict[str, Any] | None = None
    confirms: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Census:
    """What came from the platform and cannot be used: `unreadable` is kept, `unknown` is not."""

    unreadable: int = 0
    unknown: int = 0
    collections: tuple[str, ...] = ()  # those with unreadable documents


@dataclass(slots=True)
class AppliedChanges:
    """What became of a batch. `confirmed` are event ids for consents.confirm, persons.confirm."""

    upserts: int = 0
    deletes: int = 0
    merges: int = 0
    outdated: int = 0  # a profile that is here says more
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


def take(tx: Connection, documents_found: Iterable[Change], at: datetime) -> AppliedChanges:
    """Put in what a look-up brought; the place in the feed stays. Raises nothing of its own.

    What cannot be read is left out: the feed has the last word on every document.
    """
    applied = AppliedChanges()
    touched: set[str] = set()
    for change in documents_found:
        if change.collection not in COLLECTIONS or change.op != ChangeOp.UPSERT:
            applied.ignored_unknown += 1
            continue
        try:
            if _take_one(tx, change, at):
                touched.add(change.collection)
                applied.upserts += 1
            else:
                applied.outdated += 1
        except InvalidInput:
            applied.quarantined += 1
    bump_versions(tx, touched)
    return applied


def _take_one(tx: Connection, change: Change, at: datetime) -> bool:
    doc = change.doc or {}
    if change.collection != "customers":
        documents.upsert(tx, change.collection, change.key, doc, change.version)
        return True
    if scope.is_outdated(tx, change.key, doc):
        return False
    known = scope.held(tx, change.key)
    documents.upsert(tx, change.collection, change.key, doc, change.version)
    if doc.get("stub") is not True and (known is None or known.stub):
        scope.note_look_up(tx, change.key, at)
    return True


def read_again(tx: Connection) -> int:
    """Take up documents that an earlier release could not read; how many it were."""
    readable = 0
    rows = tx.execute("SELECT collection, key, doc, version FROM quarantine").fetchall()
    for collection, key, raw, version in rows:
        try:
            documents.upsert(tx, collection, key, orjson.loads(raw), version)
        except (InvalidInput, KeyError, orjson.JSONDecodeError):
            continue
        tx.execute("DELETE FROM quarantine WHERE collection = ? AND key = ?", (collection, key))
        bump_versions(tx, (collection,))
        readable += 1
    return readable


def census(cache: Connection) -> Census:
    """What lies in quarantine, and what was ignored since the last snapshot."""
    rows = cache.execute(
        "SELECT collection, count(*) FROM quarantine GROUP BY collection ORDER BY collection"
    ).fetchall()
    unknown = cache.execute("SELECT coalesce(sum(n), 0) FROM ignored").fetchall()[0][0]
    return Census(sum(row[1] for row in rows), unknown, tuple(row[0] for row in rows))


def note_ignored(tx: Connection, collection: str, number: int = 1) -> None:
    """Count documents of a collection this release does not know."""
    tx.execute(
        "INSERT INTO ignored (collection, n) SELECT ?1, ?2"
        " WHERE (SELECT count(*) FROM ignored) < ?3"
        " OR EXISTS (SELECT 1 FROM ignored WHERE collection = ?1)"
        " ON CONFLICT (collection) DO UPDATE SET n = n + excluded.n",
        (collection[:MAX_COLLECTION_NAME], number, MAX_IGNORED_COLLECTIONS),
    )


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
    tx: Connection,
    collection: str,
    key: str,
    doc: bytes,
    reason: str,
    at: datetime,
    version: int = 1,
) -> None:
    """Put a document aside that this release cannot read; `read_again` may."""
    tx.execute(
        "INSERT OR REPLACE INTO quarantine (collection, key, reason, at, doc, version)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (collection, key, reason, to_text(at), doc, version),
    )


def _apply_one(tx: Connection, change: Change, at: datetime, applied: AppliedChanges) -> bool:
    if change.collection not in COLLECTIONS:
        applied.ignored_unknown += 1
        note_ignored(tx, change.collection)
        return False
    try:
        if change.op == ChangeOp.UPSERT:
            _upsert(tx, change, applied)
        elif change.op == ChangeOp.DELETE:
            documents.delete(tx, change.collection, change.key)
            applied.deletes += 1
        elif change.op == ChangeOp.MERGE and change.collection == "customers":
            _merge(tx, change)
            applied.merges += 1
        else:
            raise InvalidInput("unknown operation")  # noqa: TRY301  one way into quarantine
    except InvalidInput as error:
        doc = codec.dump(change.doc)
        quarantine(tx, change.collection, change.key, doc, str(error), at, change.version)
        applied.quarantined += 1
        return False
    if change.collection == "customers":
        applied.customers.add(change.key)
        if change.op != ChangeOp.UPSERT:
            scope.take_over(tx, change.key)
    tx.execute(
        "DELETE FROM quarantine WHERE collection = ? AND key = ?", (change.collection, change.key)
    )
    return True


def _upsert(tx: Connection, change: Change, applied: AppliedChanges) -> None:
    if change.collection == "customers":
        if scope.is_older_stub(tx, change.key, change.doc or {}):
            applied.outdated += 1
            return
        scope.take_over(tx, change.key)
        if scope.becomes_stub(tx, change.key, change.doc or {}):
            scope.drop_belongings(tx, change.key)
    documents.upsert(tx, change.collection, change.key, change.doc, change.version)
    applied.upserts += 1


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
