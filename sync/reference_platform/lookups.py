"""Answering a shop that does not know a pass or has a stub only: all documents of one customer."""

from __future__ import annotations

from typing import Any

from sync.reference_platform import finders, scope
from sync.reference_platform.store import PlatformStore

KINDS = (
    "pass_id",
    "customer_id",
    "barcode_sha256",
    "voucher",
    "member_number",
    "phone_sha256",
    "email_sha256",
)


def find(store: PlatformStore, kind: str, value: str) -> list[dict[str, Any]]:
    """Documents as the snapshot has them, the customer first; none when nobody is found.

    A pass without an owner is an answer of its own.
    """
    finders.ensure(store)
    found = _lead(store, kind, value)
    if not found:
        return []
    collection, key = found[0]
    owner = key if collection == "customers" else _owner(store, collection, key)
    if owner is None or store.get("customers", owner) is None:
        return _documents(store, found[:1])
    return _documents(store, scope.documents_of(store, owner))


def customer_in(documents: list[dict[str, Any]]) -> str | None:
    """Who an answer is about."""
    first = documents[0] if documents else {}
    return first["key"] if first.get("collection") == "customers" else None


def _lead(store: PlatformStore, kind: str, value: str) -> list[tuple[str, str]]:
    direct = {"pass_id": "passes", "customer_id": "customers", "voucher": "vouchers"}.get(kind)
    if direct is not None and store.get(direct, value) is not None:
        return [(direct, value)]
    return store.find(kind, value)


def _owner(store: PlatformStore, collection: str, key: str) -> str | None:
    owner = (store.get(collection, key) or {}).get("customer_id")
    return owner if isinstance(owner, str) else None


def _documents(store: PlatformStore, names: list[tuple[str, str]]) -> list[dict[str, Any]]:
    found = ((collection, key, store.get(collection, key)) for collection, key in names)
    return [
        {"collection": collection, "key": key, "doc": doc}
        for collection, key, doc in found
        if doc is not None
    ]
