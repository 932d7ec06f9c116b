"""Finding a customer's documents by what a shop knows of them. Built at the first question.

Kept in the platform's file beside the documents and from then on with every document written.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from sync.reference_platform.store import PlatformStore

DOCUMENTS_PER_STEP = 2000
OWNER = "owner"  # of a pass, a voucher, a purchase: finds the documents of one customer
_OWNED = ("passes", "vouchers", "purchases")
_building = threading.Lock()


def ensure(store: PlatformStore) -> None:
    """Build the finders unless they are there. Takes a while for a million customers."""
    with _building:
        if store.finders_ready:
            return
        store.find_with(entries)  # what is written meanwhile is found as well
        after = 0
        while (last := store.index_documents(after, DOCUMENTS_PER_STEP)) is not None:
            after = last
        store.finders_ready = True


def entries(collection: str, doc: bytes) -> list[tuple[str, str]]:
    """(kind, value) pairs that lead to this document."""
    if collection not in {"customers", *_OWNED}:
        return []
    content = orjson.loads(doc)
    return list(_entries(collection, content)) if isinstance(content, dict) else []


def _entries(collection: str, doc: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if collection in _OWNED and isinstance(doc.get("customer_id"), str):
        yield OWNER, doc["customer_id"]
    if collection == "passes" and isinstance(doc.get("message"), str):
        yield "barcode_sha256", hashed(doc["message"])
    if collection == "vouchers" and doc.get("code"):
        yield "voucher", str(doc["code"])
    if collection == "customers":
        if doc.get("member_number"):
            yield "member_number", str(doc["member_number"])
        if doc.get("phone"):
            yield "phone_sha256", hashed(str(doc["phone"]))
        if doc.get("email"):
            yield "email_sha256", hashed(str(doc["email"]).strip().lower())


def hashed(text: str) -> str:
    """SHA-256 of the UTF-8 text, in hex: what a shop sends instead of it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
