"""What the tablet asks about somebody's buying, answered: cases, wishes, what is next, the picture.

What a state of the person hides is left out here: beside a gift nothing of what was bought or
wanted, to people under 16 and colleagues nothing that sells.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from kiosk_ui.errors import ShopUnavailable
from kiosk_ui.model import Viewer
from kiosk_ui.picture import model
from store_agent import briefing
from store_agent.clock import Clock
from store_agent.config import StoreSettings
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.errors import Unavailable
from store_agent.domain.naming import why_unnamed
from store_agent.insight import action, milestones, next_best, picture
from store_agent.insight.history import History, history
from store_agent.insight.peers import Peers
from store_agent.storage import Connection, Storage, View, access_log, catalog, learned, shelves
from store_agent.tablet import picture_rows as rows
from store_agent.tablet.articles import ArticleBook

PURCHASES = 500  # of one customer; older ones change no picture
LYING = 400  # articles and sizes looked through for what goes with something
NOTHING_SOLD = frozenset({PersonState.UNDER_16, PersonState.COLLEAGUE, PersonState.DO_NOT_APPROACH})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Learned:
    day: date
    peers: Peers


class TabletPicture:
    """Implements `kiosk_ui.picture.port.Insight`."""

    def __init__(self, storage: Storage, store: StoreSettings, clock: Clock) -> None:
        """Over one storage; nothing is read before somebody asks."""
        self._storage = storage
        self._store = store
        self._clock = clock
        self._zone = ZoneInfo(store.zone)
        self._learned: _Learned | None = None

    async def cases(self, customer_id: str) -> tuple[model.CaseRow, ...]:
        """The open ones first."""
        return await self._about(customer_id, lambda view, person: rows.cases(person))

    async def wishes(self, customer_id: str) -> model.Wishes:
        """Wish list, basket and what was looked at, without what is owned by now."""

        def read(view: View, person: Customer) -> model.Wishes:
            if _is_gift(person):
                return model.Wishes()
            past = self._past(view, person)
            return rows.wishes(person, past, self._book(view, person))

        return await self._about(customer_id, read)

    async def ahead(self, customer_id: str) -> model.Ahead:
        """One deed, the coming days, and up to three articles."""

        def read(view: View, person: Customer) -> model.Ahead:
            peers = self._peers(view)
            past = self._past(view, person)
            book = self._book(view, person)
            today = self._today()
            marks = self._milestones(view, person, past, today)
            shown = self._suggestions(view, person, past, peers, book)
            worked_out = picture.picture(person, past, peers, today)
            deed = action.next_action(person, worked_out, marks, shown)
            return rows.ahead(deed, marks, shown, past, person, book)

        return await self._about(customer_id, read)

    async def picture(self, customer_id: str) -> model.ValuePicture | None:
        """None beside a gift, of children, and of people of whom nothing is known here."""

        def read(view: View, person: Customer) -> model.ValuePicture | None:
            if _is_gift(person) or PersonState.UNDER_16 in person.states or person.stub:
                return None
            past = self._past(view, person)
            if not past.orders and person.value is None:
                return None
            worked_out = picture.picture(person, past, self._peers(view), self._today())
            return rows.value_picture(worked_out, past, person)

        return await self._about(customer_id, read)

    async def timeline(self, customer_id: str) -> tuple[model.TouchRow, ...]:
        """Visits here, purchases anywhere, contacts by channel."""

        def read(view: View, person: Customer) -> tuple[model.TouchRow, ...]:
            past = None if _is_gift(person) else self._past(view, person)
            return rows.timeline(view, person, past, self._store.name)

        return await self._about(customer_id, read)

    async def article(self, sku: str, customer_id: str, viewer: Viewer) -> model.ArticleSheet:
        """The sheet; who looked for whom is in that customer's access log."""
        if not customer_id:
            sheet = await self._storage.read(
                lambda view: self._book(view, None).sheet(sku, None, None), is_long=True
            )
            return _there(sheet, sku)

        def read(view: View, person: Customer) -> model.ArticleSheet | None:
            past = None if _is_gift(person) else self._past(view, person)
            return self._book(view, person).sheet(sku, person, past)

        found = _there(await self._about(customer_id, read), sku)
        now = self._clock.now()

        def log(tx: Connection) -> None:
            access_log.record(
                tx, now, viewer.staff_id, viewer.device_id, found.customer_id, "article"
            )

        await _durable(self._storage.write_or_keep(log))
        return found

    async def _about(self, customer_id: str, read: Callable[[View, Customer], T]) -> T:
        def work(view: View) -> T:
            person = briefing.customer(view, customer_id)
            if person is None or why_unnamed(person) is not None:
                raise LookupError(customer_id)
            return read(view, person)

        return await self._storage.read(work, is_long=True)

    def _past(self, view: View, person: Customer) -> History:
        found = catalog.purchases_of(view.cache, person.id, PURCHASES)
        return history(found, self._store.currency, self._zone)

    def _book(self, view: View, person: Customer | None) -> ArticleBook:
        owned = catalog.owned_skus(view.cache, person.id) if person else frozenset()
        return ArticleBook(view.cache, self._store.id, owned)

    def _milestones(
        self, view: View, person: Customer, past: History, today: date
    ) -> tuple[milestones.Milestone, ...]:
        if PersonState.DO_NOT_APPROACH in person.states:
            return ()
        vouchers = catalog.vouchers_of(view.cache, person.id)
        found = milestones.milestones(person, past, vouchers, today)
        if not _sells_to(person):
            return tuple(one for one in found if one.kind not in milestones.SELLING)
        if _is_gift(person):
            return tuple(one for one in found if one.kind in rows.GIFT_MARKS)
        return found

    def _suggestions(
        self, view: View, person: Customer, past: History, peers: Peers, book: ArticleBook
    ) -> tuple[next_best.Suggestion, ...]:
        if _is_gift(person) or not _sells_to(person):
            return ()
        last = past.orders[-1].lines if past.orders else ()
        wanted = {then for line in last for then in peers.goes_with.get(line.category, ())}
        near = shelves.lying_here(view.cache, self._store.id, wanted, LYING) if wanted else ()
        goods = next_best.Goods(book.shelves(person, near), peers.goes_with)
        return next_best.suggestions(person, past, book.owned, goods)

    def _peers(self, view: View) -> Peers:
        """What this shop has learned of its customers; worked out anew once a day."""
        today = self._today()
        if self._learned is None or self._learned.day != today:
            found = learned.peers(view.cache, self._store.currency, self._zone, today)
            self._learned = _Learned(today, found)
        return self._learned.peers

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()


def _is_gift(person: Customer) -> bool:
    return PersonState.GIFT in person.states


def _sells_to(person: Customer) -> bool:
    """Whether anything may be sold now: not to everybody, and not while the shop owes an answer."""
    return NOTHING_SOLD.isdisjoint(person.states) and not any(c.is_open for c in person.cases)


def _there(sheet: model.ArticleSheet | None, sku: str) -> model.ArticleSheet:
    if sheet is None:
        raise LookupError(sku)
    return sheet


async def _durable(work: Awaitable[T]) -> T:
    try:
        return await work
    except Unavailable as error:
        raise ShopUnavailable(str(error), retry_after_s=error.retry_after_s) from error
