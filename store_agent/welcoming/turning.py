"""Turn a tablet to a customer and back. While it is turned, nobody works on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from store_agent import briefing
from store_agent.clock import Clock
from store_agent.domain.errors import NotFound
from store_agent.domain.naming import why_unnamed
from store_agent.domain.turned import Grant, TurnedPage
from store_agent.storage import Connection, Storage, View, access_log, sessions, turned

TOUCH_EVERY = timedelta(seconds=5)  # more often is not worth a write
ACTION = "turned"


class Turning:
    """The verbs that turn a tablet."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        """Over one storage."""
        self._storage = storage
        self._clock = clock

    async def turn(
        self, device_id: str, customer_id: str, page: TurnedPage, language: str, staff_id: str
    ) -> None:
        """Lend the tablet to a customer; whoever worked on it is signed out in the same breath.

        Raises NotFound for somebody who may not be named here.
        """
        now = self._clock.now()
        grant = Grant(device_id, customer_id, page, language, staff_id, now, now)

        def look(view: View) -> str:
            return may_be_turned_to(view, customer_id)

        def record(tx: Connection, owner: str) -> None:
            sessions.end_for_device(tx, device_id)
            turned.put(tx, replace(grant, customer_id=owner))
            access_log.record(tx, now, staff_id, device_id, owner, ACTION)

        await self._storage.decide(look, record)

    async def look(self, device_id: str) -> Grant | None:
        """What the tablet is turned to, also when that is over; None: it is not turned."""
        return await self._storage.read(lambda view: turned.get(view.ledger, device_id))

    async def stay(self, device_id: str) -> None:
        """A tap. Nothing when it is over already: a page that closed stays closed."""
        now = self._clock.now()
        grant = await self.look(device_id)
        if grant is None or not grant.is_open(now) or now - grant.last_at < TOUCH_EVERY:
            return

        def record(tx: Connection) -> None:
            current = turned.get(tx, device_id)
            if current is not None and current.is_open(now):
                turned.touch(tx, device_id, now)

        await self._storage.write(record)

    async def speak(self, device_id: str, language: str) -> None:
        """Show the page in another language. Raises NotFound when it is over."""
        now = self._clock.now()

        def record(tx: Connection) -> None:
            turned.put(tx, replace(open_grant(tx, device_id, now), language=language, last_at=now))

        await self._storage.write(record)

    async def close(self, device_id: str) -> None:
        """The customer is done; the tablet waits for somebody who works here."""
        await self._storage.write(lambda tx: turned.close(tx, device_id))

    async def turn_back(self, device_id: str) -> None:
        """After somebody's PIN: it is the staff's tablet again."""
        await self._storage.write(lambda tx: turned.end(tx, device_id))


def open_grant(ledger: Connection, device_id: str, now: datetime, *pages: TurnedPage) -> Grant:
    """What may be answered on this tablet now. Raises NotFound when it is over, or another page."""
    grant = turned.get(ledger, device_id)
    if grant is None or not grant.is_open(now) or (pages and grant.page not in pages):
        raise NotFound("this page is closed", hint="Ask somebody who works here to open it again.")
    return grant


def may_be_turned_to(view: View, customer_id: str) -> str:
    """The id of a customer who may be named here. Raises NotFound."""
    person = briefing.customer(view, customer_id)
    if person is None or why_unnamed(person) is not None:
        raise NotFound("nobody who may be named here", field="customer_id")
    return person.id
