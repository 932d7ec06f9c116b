"""What the sections need from the agent. Any method may raise ShopUnavailable.

Whatever names a customer raises LookupError for somebody who may not be named here. What a state
of the person hides (a gift: purchases; under 16: what sells) is left out by the agent.
"""

from __future__ import annotations

from typing import Protocol

from kiosk_ui.model import Viewer
from kiosk_ui.picture.model import (
    Ahead,
    ArticleSheet,
    CaseRow,
    TouchRow,
    ValuePicture,
    Wishes,
)


class Insight(Protocol):
    """What the shop knows about somebody's buying."""

    async def cases(self, customer_id: str) -> tuple[CaseRow, ...]:
        """Service cases: the open ones first, then the latest."""

    async def wishes(self, customer_id: str) -> Wishes:
        """Wish list, basket left online, and articles looked at."""

    async def ahead(self, customer_id: str) -> Ahead:
        """What comes next, and why."""

    async def picture(self, customer_id: str) -> ValuePicture | None:
        """The value picture; None when nothing may be said, or nothing is known."""

    async def timeline(self, customer_id: str) -> tuple[TouchRow, ...]:
        """The last contacts and visits by channel, the newest first; at most 12."""

    async def article(self, sku: str, customer_id: str, viewer: Viewer) -> ArticleSheet:
        """One article for a customer, or for nobody (""). LookupError when there is none."""
