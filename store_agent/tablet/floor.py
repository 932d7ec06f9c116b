"""The rows of the floor, worked out once per visit and kept until something about it changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from kiosk_ui import model
from store_agent import briefing
from store_agent.domain.greeting import Visit
from store_agent.presence.people import showable
from store_agent.storage import View, visits
from store_agent.tablet import cards

# Reasons such as "ends today" change with the hour, so a row is worked out again after this.
ROW_AGE = timedelta(minutes=5)

Key = tuple[str, str]  # customer id, language


class FloorBook:
    """Keeps the rows of a busy floor, so that one arrival costs one row and not sixty."""

    def __init__(self, zone: ZoneInfo) -> None:
        """`zone` is the store's."""
        self._zone = zone
        self._rows: dict[Key, tuple[Visit, datetime, model.FloorRow]] = {}
        self._lock = Lock()  # rows are worked out in reader threads
        self._edition = 0

    def forget_all(self) -> None:
        """Profiles or states changed: every row may be wrong."""
        with self._lock:
            self._edition += 1
            self._rows.clear()

    def forget(self, customer_id: str) -> None:
        """Something about one person changed."""
        with self._lock:
            self._edition += 1
            for key in [key for key in self._rows if key[0] == customer_id]:
                del self._rows[key]

    def rows(self, view: View, language: str, shop: cards.ShopWords) -> tuple[model.FloorRow, ...]:
        """One row per open visit of somebody who may be named, newest first."""
        rows = (self._row(view, visit, language, shop) for visit in visits.present(view.ledger))
        return tuple(row for row in rows if row is not None)

    def _row(
        self, view: View, visit: Visit, language: str, shop: cards.ShopWords
    ) -> model.FloorRow | None:
        now = shop.now
        key = (visit.customer_id, language)
        with self._lock:
            edition = self._edition
            kept = self._rows.get(key)
        if kept is not None and kept[0] == visit and now - kept[1] < ROW_AGE:
            # What ages by the minute is cheap: only reason and name need the whole person.
            return replace(
                kept[2],
                zone=shop.zones.get(kept[2].zone_id, ""),
                confidence=cards.confidence_now(visit, now),
                claim=cards.claim_of(visit, shop),
            )
        person = briefing.customer(view, visit.customer_id)
        shown = None if person is None else showable(visit, person)
        if person is None or shown is None:
            return None
        brief = briefing.brief(view, person, now, self._zone, language)
        row = cards.floor_row(shown, brief, shop)
        with self._lock:
            if edition == self._edition:  # else it was worked out from data that changed meanwhile
                self._rows[key] = (visit, now, row)
        return row
