"""Events of the shop to one Emarsys account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync.errors import PostponedError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult
from sync.transports.emarsys.api import Api
from sync.transports.emarsys.calls import Calls
from sync.transports.emarsys.directory import check_opt_in, find_events, find_fields
from sync.transports.emarsys.sales_desk import SalesDesk
from sync.transports.emarsys.settings import MAIL_CONSENT, OPT_IN_FIELD, Settings
from sync.transports.emarsys.wishes import Account
from sync.transports.emarsys.work import Desk, Work

MAX_EVENTS = 500  # looked at in one step


class EmarsysTransport:
    """One account. Behind an event that has to wait others are sent, but none of its contact.

    Answers that cannot be given yet, because an earlier event is undecided, are remembered, so that
    nothing is sent again for that alone. A restart forgets them: every call bears a repeat, and
    receipts have their own ledger.
    """

    def __init__(
        self, api: Api, settings: Settings, store_id: str, sales: SalesDesk | None = None
    ) -> None:
        """`sales` is there when the settings name a sales data service."""
        self._api = api
        self._settings = settings
        self._store_id = store_id
        self._sales = sales
        self._desk: Desk | None = None
        self._answered: dict[str, EventResult] = {}

    @property
    def reconnect_window_s(self) -> float | None:
        """Emarsys announces none."""
        return None

    @property
    def server_time(self) -> datetime | None:
        """What Emarsys' clock said in its last answer."""
        return self._api.server_time

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Deliver the head of `batch`; see `Transport.send`."""
        desk = self._desk = self._desk or await self._open_desk()
        rows = batch[:MAX_EVENTS]
        work = Work(desk, self._answered)
        trouble = await work.through([row for row in rows if row.id not in self._answered])
        results = self._take_answers(rows)
        if results:
            return results
        if trouble is not None and trouble.permanent:
            self._desk = None  # whoever mends it may change the account's numbers
        raise trouble or PostponedError("Emarsys wants the next event later")

    async def close(self) -> None:
        """Close the lines."""
        await self._api.close()
        if self._sales is not None:
            await self._sales.close()

    def _take_answers(self, rows: Sequence[OutboxRow]) -> list[EventResult]:
        """The answers from the head on, up to the first that is missing or "not now"."""
        results: list[EventResult] = []
        for row in rows:
            if row.id not in self._answered:
                break
            results.append(self._answered.pop(row.id))
            if not _is_final(results[-1]):
                break
        ahead = {row.id for row in rows}
        self._answered = {
            event_id: result
            for event_id, result in self._answered.items()
            if event_id in ahead and _is_final(result)
        }
        return results

    async def _open_desk(self) -> Desk:
        settings = self._settings
        written = [rule.field for rule in settings.consents.values()]
        if settings.proof == "fields":
            written += [name for name in settings.proof_fields.model_dump().values() if name]
        fields = await find_fields(self._api, [settings.key, *written], written)
        events = await find_events(self._api, settings.event_names, create=settings.create_events)
        rule = settings.consents.get(MAIL_CONSENT)
        if rule is not None and fields[rule.field] == OPT_IN_FIELD:
            await check_opt_in(self._api, rule.granted, rule.withdrawn)
        key = fields[settings.key]
        calls = Calls(self._api, key, create_contacts=settings.create_contacts)
        return Desk(Account(self._store_id, settings, fields, events), key, calls, self._sales)


def _is_final(result: EventResult) -> bool:
    return result.delivered or result.permanent
