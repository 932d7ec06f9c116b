"""How the demo's platform settles budgets, lots, vouchers and points. See docs/platform-api.md.

Every rule may meet the same event, or the same right under another event id, any number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from store_agent.demo.settlement import budgets, points, redemptions, vouchers
from store_agent.domain.events import EventType
from sync.reference_platform.rules import Documents, PlatformEvent

RULES: Mapping[str, Callable[[PlatformEvent, Documents], None]] = {
    EventType.LOT_WANTED: budgets.want,
    EventType.LOT_CLOSED: budgets.close,
    EventType.LEDGER_REPLACED: budgets.write_off,
    EventType.REDEMPTION_RECORDED: redemptions.record,
    EventType.REDEMPTION_VOIDED: redemptions.undo,
    EventType.REDEMPTION_RESTORED: redemptions.undo,
    EventType.VOUCHER_WANTED: vouchers.want,
    EventType.VOUCHER_RELEASED: vouchers.release,
    EventType.POINTS_ENTERED: points.enter,
}
