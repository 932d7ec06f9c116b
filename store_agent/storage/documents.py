"""How the documents of each feed collection go into the cache: one table row per collection.

`changes` (a few at a time) and the snapshot importer (a million) write through the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from store_agent.domain.catalog import (
    Offer,
    Product,
    Purchase,
    SigningKey,
    StaffMember,
    Stock,
    Voucher,
    WalletPass,
)
from store_agent.domain.customer import Customer
from store_agent.domain.errors import InvalidInput
from store_agent.identity import rotating
from store_agent.storage import codec, words
from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text


@dataclass(frozen=True, slots=True)
class Collection:
    """`columns` picks the searched columns out of a checked document."""

    table: str
    shape: Any
    columns: tuple[str, ...] = ()
    pick: Callable[[Any], tuple[Any, ...]] = lambda _value: ()

    @property
    def upsert_sql(self) -> str:
        """Insert or replace one row: id, the searched columns, doc."""
        names = ("id", *self.columns, "doc")
        marks = ", ".join("?" * len(names))
        return f"INSERT OR REPLACE INTO {self.table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  constants

    def row(self, key: str, doc: Any, value: Any) -> tuple[Any, ...]:
        """The parameters of `upsert_sql`; the document is kept as it came."""
        return (key, *self.pick(value), codec.dump(doc))

    def checked(self, key: str, doc: object) -> Any:
        """The value of `doc`. InvalidInput when it cannot be read or is not the one of `key`."""
        value = codec.check(self.shape, doc)
        named = getattr(value, "id", None)
        if named is not None and named != key:
            raise InvalidInput("the document's id is not its key")
        return value


def _of_pass(one: WalletPass) -> tuple[Any, ...]:
    if one.rotation is None:
        return (one.customer_id, one.message, None, None)
    anchor = rotating.anchor(one.rotation.pattern, one.rotation.fields)
    return (one.customer_id, one.message, anchor.text, anchor.offset)


COLLECTIONS: Mapping[str, Collection] = MappingProxyType(
    {
        "customers": Collection("customers", Customer),
        "passes": Collection(
            "passes",
            WalletPass,
            ("customer_id", "message", "anchor", "anchor_offset"),
            _of_pass,
        ),
        "signing_keys": Collection("signing_keys", SigningKey),
        "offers": Collection("offers", Offer),
        "vouchers": Collection(
            "vouchers", Voucher, ("customer_id",), lambda one: (one.customer_id,)
        ),
        "purchases": Collection(
            "purchases",
            Purchase,
            ("customer_id", "at", "gift"),
            lambda one: (one.customer_id, to_text(one.at), int(one.gift)),
        ),
        "products": Collection("products", Product),
        "stock": Collection("stock", Stock, ("sku",), lambda one: (one.sku,)),
        "staff": Collection("staff", StaffMember),
        "fences": Collection("fences", dict[str, Any]),
    }
)


def upsert(tx: Connection, collection: str, key: str, doc: Any, value: Any) -> None:
    """Put one checked document in, and what is derived from it."""
    if collection == "customers":
        _forget_words(tx, key)  # replacing gives the customer a new number
    kind = COLLECTIONS[collection]
    tx.execute(kind.upsert_sql, kind.row(key, doc, value))
    _derive(tx, collection, key, value)


def _derive(tx: Connection, collection: str, key: str, value: Any) -> None:
    if collection == "customers":
        tx.execute(
            "INSERT INTO customer_words (rowid, words) SELECT n, ? FROM customers WHERE id = ?",
            (words.of_customer(value), key),
        )
        tx.execute("DELETE FROM merged_customers WHERE old_id = ?", (key,))
    elif collection == "passes" and value.rotation is not None:
        note_anchor(tx, value)


def note_anchor(tx: Connection, one: WalletPass) -> None:
    """Remember the shape of a rotating pass's anchor."""
    if one.rotation is not None:
        anchor = rotating.anchor(one.rotation.pattern, one.rotation.fields)
        tx.execute(
            "INSERT INTO anchor_shapes (anchor_offset, length) VALUES (?, ?)"
            " ON CONFLICT DO NOTHING",
            (anchor.offset, len(anchor.text)),
        )


def delete(tx: Connection, collection: str, key: str) -> bool:
    """Remove one document and what is derived from it. False when it was not there."""
    if collection == "customers":
        _forget_words(tx, key)
    table = COLLECTIONS[collection].table
    return bool(
        tx.execute(f"DELETE FROM {table} WHERE id = ? RETURNING 1", (key,)).fetchall()  # noqa: S608  constant
    )


def _forget_words(tx: Connection, customer_id: str) -> None:
    tx.execute(
        "DELETE FROM customer_words WHERE rowid = (SELECT n FROM customers WHERE id = ?)",
        (customer_id,),
    )
