"""What was given away without a right: noted for the back office, and without any other effect."""

from __future__ import annotations

from sync.reference_platform.rules import Documents, PlatformEvent

CONFLICTS = "conflicts"


def note(documents: Documents, event: PlatformEvent, redemption_id: str, reason: str) -> None:
    """Keep one conflict per redemption; the first reason stands."""
    if documents.get(CONFLICTS, redemption_id) is None:
        told = {name: event.data.get(name) for name in ("txn_id", "till", "offer_id", "voucher_id")}
        money = {name: event.data.get(name) for name in ("amount", "currency")}
        found = {"redemption_id": redemption_id, "store_id": event.store_id, "reason": reason}
        documents.put(CONFLICTS, redemption_id, {**found, **told, **money, "at": event.time})
