"""What was given at a till without a right: the manager sees it, once."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.rights import Conflict
from store_agent.storage import Connection, redemptions


def open_ones(connection: Connection) -> list[Conflict]:
    """Those nobody has looked at yet, the newest first."""
    return redemptions.conflicts(connection, unseen=True)


def mark_seen(tx: Connection, conflict_id: str, now: datetime) -> bool:
    """Somebody has; False when there is no such conflict."""
    return redemptions.mark_seen(tx, conflict_id, now)
