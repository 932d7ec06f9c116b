"""The rows of the floor as HTML: printed once per row, language and minute, then reused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from markupsafe import Markup

from kiosk_ui.model import FloorRow
from kiosk_ui.printer import Printer, short_key

Key = tuple[FloorRow, str, str]  # the row; how long here, and how long unseen, in words
UNSEEN = timedelta(minutes=5)  # younger evidence is as good as new


class RowPrinter:
    """Keeps the rows of the last floor of each language; whoever left is forgotten with it."""

    def __init__(self, printer: Printer) -> None:
        """Nothing is printed yet."""
        self._printer = printer
        self._kept: dict[str, dict[Key, Markup]] = {}

    def rows(
        self, floor: Iterable[FloorRow], language: str, now: datetime
    ) -> dict[FloorRow, Markup]:
        """One `<li>` per row, in the order of `floor`."""
        lasting = self._printer.formats(language).lasting
        before = self._kept.get(language, {})
        kept: dict[Key, Markup] = {}
        printed: dict[FloorRow, Markup] = {}
        for row in floor:
            seen = "" if row.seen_at is None else lasting(row.seen_at, now)
            unseen = "" if row.seen_at is None or now - row.seen_at < UNSEEN else seen
            # `seen_at` moves with every sighting; only what it says in words is a change.
            key = (replace(row, seen_at=None), lasting(row.since, now), unseen)
            kept[key] = before.get(key) or self._print(key, language, now)
            printed[row] = kept[key]
        self._kept[language] = kept
        return printed

    def _print(self, key: Key, language: str, now: datetime) -> Markup:
        row, here, unseen = key
        person = self._printer.page(
            "fragments/person.html", language, now, row=row, here=here, unseen=unseen
        )
        item = Markup('<li id="r-{}" data-v="{}">{}</li>')
        return item.format(short_key(row.visit_id), short_key(person), person)
