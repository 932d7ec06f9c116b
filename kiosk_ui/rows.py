"""The rows of the floor as HTML: printed once per row, language and minute, then reused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from markupsafe import Markup

from kiosk_ui.model import FloorRow
from kiosk_ui.printer import Printer, short_key

Key = tuple[FloorRow, str]  # the row, and how long the person is here in words


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
        for row in floor:
            key = (row, lasting(row.since, now))
            kept[key] = before.get(key) or self._print(row, key[1], language, now)
        self._kept[language] = kept
        return {row: html for (row, _), html in kept.items()}

    def _print(self, row: FloorRow, here: str, language: str, now: datetime) -> Markup:
        person = self._printer.page("fragments/person.html", language, now, row=row, here=here)
        item = Markup('<li id="r-{}" data-v="{}">{}</li>')
        return item.format(short_key(row.visit_id), short_key(person), person)
