"""Clients: look after somebody, let go, and note that somebody was contacted."""

from __future__ import annotations

from collections.abc import Callable

from store_agent.advising.author import Author, ids_of, nameable
from store_agent.clock import Clock
from store_agent.domain import events
from store_agent.domain.customer import Customer
from store_agent.domain.errors import Conflict
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.touch import Channel, Touch, contact
from store_agent.outgoing import emit
from store_agent.storage import Connection, Storage, View, clients, touches


class Clients:
    """The verbs on clients. `changed` is told whose page is another one now."""

    def __init__(
        self,
        storage: Storage,
        cap: int,
        clock: Clock,
        changed: Callable[[str], None],
        make_id: NewId = new_id,
    ) -> None:
        """Over one storage; `cap` contacts in 30 days are enough."""
        self._storage = storage
        self._cap = cap
        self._clock = clock
        self._changed = changed
        self._new_id = make_id

    async def look_after(self, customer_id: str, staff_id: str) -> None:
        """`staff_id` looks after this customer from now on, "" = nobody. Raises NotFound."""
        now, event_id = self._clock.now(), self._new_id()

        def record(tx: Connection, person: Customer) -> None:
            if clients.advisor(tx, person.id, person.advisor) == staff_id:
                return
            clients.set_advisor(tx, person.id, staff_id, event_id)
            emit(tx, events.client_changed(event_id, now, person.id, staff_id))

        await self._storage.decide(lambda view: nameable(view, customer_id), record)
        self._changed(customer_id)

    async def touch(
        self, touch_id: str, customer_id: str, channel: Channel, author: Author
    ) -> None:
        """Somebody was contacted; the same `touch_id` again is the same contact.

        Raises NotFound, and Conflict when this channel is closed to us now.
        """
        now, event_id = self._clock.now(), self._new_id()

        def look(view: View) -> tuple[Customer, list[Touch]]:
            person = nameable(view, customer_id)
            return person, touches.of(view.ledger, view.cache, *ids_of(view, person))

        def record(tx: Connection, found: tuple[Customer, list[Touch]]) -> None:
            person, known = found
            if any(one.id == touch_id for one in known):
                return
            if contact(person, known, now, self._cap).get(channel) is not None:
                raise Conflict("this customer does not wish to be contacted so now")
            store = self._storage.store_id
            touch = Touch(touch_id, person.id, channel, now, author.staff_id, store)
            touches.put(tx, touch, event_id)
            emit(tx, events.touch_recorded(event_id, now, touch, removed=False))

        await self._storage.decide(look, record)
        self._changed(customer_id)

    async def take_touch_back(self, touch_id: str, customer_id: str) -> None:
        """It was a slip; nothing if there was none. Raises NotFound."""
        now, event_id = self._clock.now(), self._new_id()

        def look(view: View) -> list[Touch]:
            person = nameable(view, customer_id)
            known = touches.of(view.ledger, view.cache, *ids_of(view, person))
            return [one for one in known if one.id == touch_id]

        def record(tx: Connection, found: list[Touch]) -> None:
            for touch in found:
                touches.put(tx, touch, event_id, removed=True)
                emit(tx, events.touch_recorded(event_id, now, touch, removed=True))

        await self._storage.decide(look, record)
        self._changed(customer_id)
