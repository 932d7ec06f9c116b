"""The shipped fake of the lines page: two receivers, one of which has trouble."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kiosk_ui.lines import LineRow, LineState, LinesView, RefusedRow
from kiosk_ui.model import Viewer


@dataclass(slots=True)
class FakeLines:
    """Implements `lines.Lines` in memory; `taken_by` collects who exported."""

    view: LinesView = field(default_factory=LinesView)
    changed: Callable[[], None] = lambda: None
    taken_by: list[str] = field(default_factory=list)

    async def look(self) -> LinesView:
        """See `Lines`."""
        return self.view

    async def retry(self, line: str, event_id: str, viewer: Viewer) -> None:
        """See `Lines`."""
        del viewer
        if not any((one.line, one.id) == (line, event_id) for one in self.view.refused):
            raise LookupError(event_id)
        self._take_out(lambda one: (one.line, one.id) == (line, event_id))

    async def retry_all(self, line: str, viewer: Viewer) -> None:
        """See `Lines`."""
        del viewer
        if not any(one.name == line for one in self.view.lines):
            raise LookupError(line)
        self._take_out(lambda one: one.line == line and one.code != "delivery_unknown")

    async def export(self, viewer: Viewer) -> AsyncIterator[bytes]:
        """See `Lines`."""
        self.taken_by.append(viewer.staff_id)
        for one in self.view.refused:
            yield b'{"id":"%s"}\n' % one.id.encode()

    def _take_out(self, chosen: Callable[[RefusedRow], bool]) -> None:
        left = tuple(one for one in self.view.refused if not chosen(one))
        lines = tuple(
            replace(line, refused=sum(one.line == line.name for one in left))
            for line in self.view.lines
        )
        self.view = LinesView(lines, left)
        self.changed()


def sample_lines(now: datetime) -> LinesView:
    """A platform that is there, a webhook that is not, and a receiver that refuses things."""
    ago = timedelta(minutes=1)
    return LinesView(
        lines=(
            LineRow("platform", LineState.ONLINE, now - 300 * ago, last_success_at=now),
            LineRow(
                "crm",
                LineState.ONLINE,
                now - 200 * ago,
                waiting=3,
                oldest_at=now - ago,
                last_success_at=now - ago,
                refused=3,
                passed_over=12,
            ),
            LineRow(
                "hook",
                LineState.OFFLINE,
                now - 90 * ago,
                waiting=1204,
                oldest_at=now - 90 * ago,
                reason="the platform answers 401",
                hint="The receiver refuses the signature: compare `secrets`, and both clocks.",
            ),
        ),
        refused=(
            RefusedRow("e-1", "crm", "store.sale.recorded", now - 70 * ago, "delivery_unknown", ""),
            RefusedRow("e-2", "crm", "store.fences.changed", now - 60 * ago, "too_large", ""),
            RefusedRow(
                "e-3",
                "crm",
                "store.scan.recorded",
                now - 30 * ago,
                "http_400",
                "the receiver answers 400 to this event",
            ),
        ),
    )
