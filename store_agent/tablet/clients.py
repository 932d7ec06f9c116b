"""Whom staff look after, and how they may be reached: read for the tablet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kiosk_ui.advice import model
from store_agent import briefing
from store_agent.advising.author import ids_of, nameable
from store_agent.advising.clients import Clients
from store_agent.clock import Clock
from store_agent.domain.customer import Customer
from store_agent.domain.naming import counts_as_visitor, why_unnamed
from store_agent.domain.task import Task, TaskState, overlay
from store_agent.domain.touch import Channel, Touch, contact
from store_agent.greeting import LONG_ABSENCE_DAYS
from store_agent.insight import clients as insight
from store_agent.storage import Storage, View, catalog, clients, tasks, touches

MOST_CLIENTS = 1000  # of one member of staff; nobody keeps more in mind


class ClientDesk:
    """Reads clients and contacts; `verbs` change them."""

    def __init__(
        self, storage: Storage, zone: ZoneInfo, clock: Clock, verbs: Clients, cap: int
    ) -> None:
        """`cap` contacts in 30 days are enough; days are those of `zone`."""
        self.verbs = verbs
        self._storage = storage
        self._zone = zone
        self._clock = clock
        self._cap = cap

    async def card(self, customer_id: str) -> model.ContactCard:
        """Who looks after one customer, how they may be reached, and when they were. NotFound."""
        now = self._clock.now()

        def read(view: View) -> model.ContactCard:
            person = nameable(view, customer_id)
            known = touches.of(view.ledger, view.cache, *ids_of(view, person))
            staff = {one.id: one.name for one in catalog.staff(view.cache)}
            advisor = clients.advisor(view.ledger, person.id, person.advisor)
            return model.ContactCard(
                advisor,
                staff.get(advisor, advisor),
                self._ways(person, known, now),
                _row(known[0], staff) if known else None,
            )

        return await self._storage.read(read, is_long=True)

    async def rows(self, staff_id: str) -> tuple[model.ClientRow, ...]:
        """The clients of one member of staff who may be named, by need."""
        now = self._clock.now()
        today = now.astimezone(self._zone).date()

        def read(view: View) -> tuple[model.ClientRow, ...]:
            due = _open_tasks(view, self._storage.store_id, now)
            found, known = [], {}
            for customer_id in clients.of(view.ledger, view.cache, staff_id, MOST_CLIENTS):
                person = briefing.customer(view, customer_id)
                if person is None or why_unnamed(person) or not counts_as_visitor(person):
                    continue
                known[person.id] = touches.of(view.ledger, view.cache, *ids_of(view, person))
                last = _last_contact(person, known[person.id])
                found.append(
                    insight.client(person, due[person.id], last, now, today, LONG_ABSENCE_DAYS)
                )
            return tuple(
                self._client(one, known[one.customer.id], now) for one in insight.by_need(found)
            )

        return await self._storage.read(read, is_long=True)

    def _client(
        self, one: insight.Client, known: Iterable[Touch], now: datetime
    ) -> model.ClientRow:
        return model.ClientRow(
            one.customer.id,
            one.customer.display_name,
            tuple(reason.value for reason in one.reasons),
            one.days_since_purchase,
            one.days_since_contact,
            one.birthday_in_days,
            self._ways(one.customer, known, now),
        )

    def _ways(
        self, person: Customer, known: Iterable[Touch], now: datetime
    ) -> tuple[model.ContactWay, ...]:
        addresses = {Channel.PHONE: person.phone, Channel.EMAIL: person.email}
        return tuple(
            model.ContactWay(
                model.ContactChannel(channel),
                why_not.value if why_not else "",
                "" if why_not else addresses.get(channel, ""),
            )
            for channel, why_not in contact(person, known, now, self._cap).items()
        )


def _open_tasks(view: View, store: str, now: datetime) -> dict[str, list[Task]]:
    """By customer."""
    found: dict[str, list[Task]] = defaultdict(list)
    local = tasks.local(view.ledger, now - timedelta(minutes=10))
    for task in overlay(tasks.open_in(view.cache, store), local):
        if task.customer_id is not None and task.state is TaskState.OPEN:
            found[task.customer_id].append(task)
    return found


def _last_contact(person: Customer, known: Iterable[Touch]) -> datetime | None:
    told = [one.at for one in person.last_touch]
    return max([*told, *(touch.at for touch in known)], default=None)


def _row(touch: Touch, staff: dict[str, str]) -> model.TouchRow:
    channel = model.ContactChannel(touch.channel)
    return model.TouchRow(touch.id, channel, touch.at, staff.get(touch.staff_id, touch.staff_id))
