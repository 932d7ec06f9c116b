"""Points at the centre: entries are added to the balance once, and confirmed with it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from sync.reference_platform.rules import Documents, PlatformEvent

CUSTOMERS, ENTRIES = "customers", "points_entries"


@dataclass(frozen=True, slots=True)
class _Entry:
    entry_id: str
    points: int


_read = TypeAdapter(_Entry).validate_python


def enter(event: PlatformEvent, documents: Documents) -> None:
    """Add one entry. A repeated one is confirmed as well: the shop waits for its own event."""
    entry = _read(event.data)
    customer = None if event.subject is None else documents.get(CUSTOMERS, event.subject)
    if event.subject is None or customer is None:
        return  # erased meanwhile
    if not is_known(documents, entry.entry_id):
        documents.put(ENTRIES, entry.entry_id, {"customer_id": event.subject})
        customer = {**customer, "points": customer.get("points", 0) + entry.points}
    documents.put(CUSTOMERS, event.subject, customer, confirms=event.id)


def is_known(documents: Documents, entry_id: str) -> bool:
    """Whether an entry is in the balance already."""
    return documents.get(ENTRIES, entry_id) is not None
