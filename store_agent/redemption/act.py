"""What every step of a redemption needs: the open transaction, the time, the store, and new ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store_agent.domain import rights_events
from store_agent.domain.events import Event
from store_agent.domain.ids import NewId
from store_agent.domain.rights import PointsEntry, PointsKind
from store_agent.outgoing import emit
from store_agent.storage import Connection, redemptions


@dataclass(frozen=True, slots=True)
class Act:
    """One transaction of the ledger. `now` never runs backwards (`moment.effective_now`)."""

    tx: Connection
    now: datetime
    new_id: NewId

    def emit(self, event: Event) -> None:
        """Tell the platform, if and only if the transaction commits."""
        emit(self.tx, event)

    def enter_points(self, customer_id: str, kind: PointsKind, points: int, txn_id: str) -> None:
        """Book points; nothing for zero."""
        if points == 0:
            return
        entry = PointsEntry(self.new_id(), customer_id, kind, points, self.now, txn_id)
        redemptions.enter_points(self.tx, entry)
        self.emit(rights_events.points_entered(entry))
