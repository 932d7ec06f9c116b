"""How the documents of each feed collection go into the cache: one row of a table per collection.

`changes` (a few at a time) and the snapshot importer (a million) write the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from store_agent.domain.catalog import (
    Product,
    Purchase,
    SigningKey,
    StaffMember,
    Stock,
    Transmitter,
    WalletPass,
    Weather,
)
from store_agent.domain.customer import Customer
from store_agent.domain.errors import InvalidInput
from store_agent.domain.note import Note
from store_agent.domain.offer import Offer, Voucher
from store_agent.domain.rights import LotGrant
from store_agent.domain.task import Task
from store_agent.domain.touch import Touch
from store_agent.identity import rotating
from store_agent.offers import checks
from store_agent.storage import codec, words
from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text

INSERT_NAMES = "INSERT INTO customer_words (rowid, words) VALUES (?, ?)"
INSERT_NUMBER = "INSERT INTO customer_numbers (word, n) VALUES (?, ?) ON CONFLICT DO NOTHING"
INSERT_SHAPE = (
    "INSERT INTO anchor_shapes (anchor_offset, length) VALUES (?, ?) ON CONFLICT DO NOTHING"
)
MOST_FAULTS = 3  # named of one document


def _nothing(_value: object) -> tuple[Any, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection; `pick` takes the searched `columns` out of a checked document.

    `faults` says what is wrong with a document of the right shape; `key` is the field that holds
    the document's key, if it holds it. Of the collection's schema `version` is the newest known.
    """

    table: str
    shape: Any
    columns: tuple[str, ...] = ()
    pick: Callable[[Any], tuple[Any, ...]] = _nothing
    faults: Callable[[Any], Iterator[str]] | None = None
    key: str = "id"
    version: int = 1

    @property
    def insert_sql(self) -> str:
        """Insert or replace one row: id, the searched columns, doc."""
        names = ("id", *self.columns, "doc")
        marks = ", ".join("?" * len(names))
        return f"INSERT OR REPLACE INTO {self.table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  constants

    def checked(self, key: str, doc: object, version: int = 1) -> Any:
        """The value of `doc`. InvalidInput when it cannot be read or used, or is not `key`'s."""
        self.check_version(version)
        return self.of_key(key, codec.check(self.shape, doc))

    def check_version(self, version: int) -> None:
        """InvalidInput when a document of this schema version could be half understood at best."""
        if version > self.version:
            raise InvalidInput(f"schema version {version}, this release reads {self.version}")

    def of_key(self, key: str, value: Any) -> Any:
        """`value`; InvalidInput when it makes no sense or is not the one of `key`."""
        if getattr(value, self.key, key) != key:
            raise InvalidInput("the document's id is not its key")
        if self.faults is None:
            return value
        if faults := list(islice(self.faults(value), MOST_FAULTS)):
            raise InvalidInput(f"unusable document ({'; '.join(faults)})")
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
        "offers": Collection("offers", Offer, faults=checks.offer_faults),
        "vouchers": Collection(
            "vouchers",
            Voucher,
            ("customer_id", "code", "recalled"),
            lambda one: (one.customer_id, one.code or None, int(one.recalled)),
            checks.voucher_faults,
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
        "beacons": Collection("beacons", Transmitter),
        "lots": Collection(
            "lots",
            LotGrant,
            ("store_id",),
            lambda one: (one.store_id,),
            checks.lot_faults,
            key="lot_id",
        ),
        "weather": Collection("weather", Weather),
        "tasks": Collection(
            "tasks",
            Task,
            ("customer_id", "store", "state"),
            lambda one: (one.customer_id, one.store, one.state.value),
        ),
        "touches": Collection("touches", Touch, ("customer_id",), lambda one: (one.customer_id,)),
        "notes": Collection("notes", Note, ("customer_id",), lambda one: (one.customer_id,)),
    }
)


def upsert(tx: Connection, collection: str, key: str, doc: Any, version: int = 1) -> None:
    """Check a document and put it in, with what is derived from it. Raises InvalidInput."""
    kind = COLLECTIONS[collection]
    value = kind.checked(key, doc, version)
    if collection == "customers":
        _forget_customer(tx, key)
    tx.execute(kind.insert_sql, (key, *kind.pick(value), codec.dump(doc)))
    if collection == "customers":
        _index_customer(tx, key, value)
    elif collection == "passes":
        note_anchor(tx, value)


def delete(tx: Connection, collection: str, key: str) -> None:
    """Remove a document, and what is derived from it; one that is not there is no error."""
    if collection == "customers":
        _forget_customer(tx, key)
    table = COLLECTIONS[collection].table
    tx.execute(f"DELETE FROM {table} WHERE id = ?", (key,))  # noqa: S608  constant


def note_anchor(tx: Connection, one: WalletPass) -> None:
    """Remember the shape of a rotating pass's anchor, so that look-ups try it."""
    if one.rotation is not None:
        anchor = rotating.anchor(one.rotation.pattern, one.rotation.fields)
        tx.execute(INSERT_SHAPE, (anchor.offset, len(anchor.text)))


def _index_customer(tx: Connection, key: str, customer: Customer) -> None:
    number = tx.execute("SELECT n FROM customers WHERE id = ?", (key,)).fetchall()[0][0]
    tx.execute(INSERT_NAMES, (number, words.name_words(customer)))
    for word in words.number_words(customer):
        tx.execute(INSERT_NUMBER, (word, number))
    tx.execute("DELETE FROM merged_customers WHERE old_id = ?", (key,))


def _forget_customer(tx: Connection, key: str) -> None:
    """Take a customer out of the search; a changed one comes back under a new number."""
    for number, doc in tx.execute("SELECT n, doc FROM customers WHERE id = ?", (key,)).fetchall():
        tx.execute("DELETE FROM customer_words WHERE rowid = ?", (number,))
        for word in words.number_words(codec.read(Customer, doc)):
            tx.execute("DELETE FROM customer_numbers WHERE word = ? AND n = ?", (word, number))
