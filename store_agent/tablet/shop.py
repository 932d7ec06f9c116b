"""What the tablet asks of the agent: floor, customer, search, scan, status, and three taps."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from kiosk_ui import model
from kiosk_ui.errors import ShopUnavailable
from store_agent import briefing
from store_agent.clienteling import Clienteling
from store_agent.clock import Clock
from store_agent.config import StoreSettings
from store_agent.domain.answer import Outcome
from store_agent.domain.customer import Customer
from store_agent.domain.errors import NotFound, Unavailable
from store_agent.domain.greeting import Greeting, Visit
from store_agent.domain.naming import why_unnamed
from store_agent.domain.scan import Scan, ScanSource
from store_agent.presence.fence_book import FenceBook
from store_agent.presence.people import showable
from store_agent.redemption import conflicts as rights
from store_agent.storage import (
    Connection,
    Storage,
    View,
    access_log,
    catalog,
    customers,
    topics,
    visits,
)
from store_agent.tablet import cards, coming, conflicts, till
from store_agent.tablet.floor import FloorBook
from store_agent.tablet.plan import floor_plan
from store_agent.till_board import TillBoard

HITS = 20
ARRIVAL_SHOWN = timedelta(minutes=2)  # then the card of the last scan makes room again
PURCHASES_ON_CARD = 12
GUESTS_KEPT = 12
GUEST_SHOWN = timedelta(minutes=5)  # a nameless scan matters while the person still stands there
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Places:
    """What the tablet shows of where people are. `blind` are zones whose radios are silent."""

    book: FenceBook
    blind: Callable[[], frozenset[str]]
    claim_length: timedelta


class TabletShop:
    """Implements `kiosk_ui.ports.Shop`."""

    def __init__(  # noqa: PLR0913, PLR0917  what a tablet shows comes from everywhere
        self,
        storage: Storage,
        clienteling: Clienteling,
        store: StoreSettings,
        clock: Clock,
        status: Callable[[], model.Status],
        places: Places,
        board: TillBoard,
    ) -> None:
        """`status` reads the line and the components now."""
        self._board = board
        self._places = places
        self._storage = storage
        self._clienteling = clienteling
        self._store = store
        self._clock = clock
        self._status = status
        self._zone = ZoneInfo(store.zone)
        self._guests: deque[model.GuestRow] = deque(maxlen=GUESTS_KEPT)
        self._floor = FloorBook(self._zone)
        self._arrival: tuple[str, datetime] | None = None
        self._arrival_has_visit = True

    def note(self, greeting: Greeting | None) -> None:
        """Something durable happened: remember a nameless scan, forget what was worked out."""
        if greeting is None:
            self._floor.forget_all()
            return
        if greeting.customer is not None:
            self._floor.forget(greeting.customer.id)
            self._arrival = (greeting.customer.id, greeting.at)
            self._arrival_has_visit = greeting.is_recorded
        elif greeting.reason is not None:
            self._guests.appendleft(
                model.GuestRow(greeting.event_id, greeting.at, greeting.reason, greeting.lane)
            )

    def moved(self, customer_ids: frozenset[str]) -> None:
        """These people came, went, or are somewhere else."""
        for customer_id in customer_ids:
            self._floor.forget(customer_id)

    def profiles_changed(self) -> None:
        """The platform sent new data."""
        self._floor.forget_all()

    async def floor(self, viewer: model.Viewer) -> model.Floor:
        """Who is in the shop, newest first, and the nameless scans of the last minutes."""
        now = self._clock.now()

        def read(view: View) -> model.Floor:
            rows = self._floor.rows(view, viewer.language, self._words(view))
            return model.Floor(rows, coming=coming.rows(view, viewer.language))

        found = await self._storage.read(read, is_long=True)
        guests = tuple(guest for guest in self._guests if now - guest.at <= GUEST_SHOWN)
        plan = floor_plan(self._places.book.plan, self._places.blind())
        return replace(found, guests=guests, arrival=await self._arrived(viewer, now), plan=plan)

    def _words(self, view: View) -> cards.ShopWords:
        zones = {key: fence.name for key, fence in self._places.book.plan.fences.fences.items()}
        staff = {one.id: one.name for one in catalog.staff(view.cache)}
        return cards.ShopWords(zones, staff, self._places.claim_length, self._clock.now())

    async def _arrived(self, viewer: model.Viewer, now: datetime) -> model.CustomerPage | None:
        """Who was scanned in the last moments, unless nobody may go and greet them."""
        if self._arrival is None or now - self._arrival[1] > ARRIVAL_SHOWN:
            return None
        try:
            page = await self.refresh(self._arrival[0], viewer)
        except LookupError:  # a consent withdrawn since, or another person's pass
            return None
        left = page.visit_id is None and self._arrival_has_visit
        gone = left or page.mark is model.PersonMark.DO_NOT_APPROACH
        return None if gone else page

    async def customer(self, customer_id: str, viewer: model.Viewer) -> model.CustomerPage:
        """The card; the look is in the access log before it is shown."""
        page = await self.refresh(customer_id, viewer)
        now = self._clock.now()

        def log(tx: Connection) -> None:
            access_log.record(tx, now, viewer.staff_id, viewer.device_id, customer_id, "card")

        await self._durable(self._storage.write_or_keep(log))
        return page

    async def refresh(self, customer_id: str, viewer: model.Viewer) -> model.CustomerPage:
        """The card again, without another entry in the access log."""
        now = self._clock.now()

        def read(view: View) -> model.CustomerPage:
            person, visit = self._person(view, customer_id)
            brief = briefing.brief(view, person, now, self._zone, viewer.language)
            bought = catalog.purchases_of(view.cache, customer_id, PURCHASES_ON_CARD)
            page = cards.customer_page(
                brief, visit, bought, self._store.currency, self._words(view)
            )
            return replace(page, answered=_answered(view, person.id, visit))

        page = await self._storage.read(read, is_long=True)
        if page.profile is not model.Profile.WHOLE and self._clienteling.fetch_profile(
            page.customer_id
        ):
            page = replace(page, profile=model.Profile.FETCHING)
        return till.with_basket(page, self._board, viewer.language, now)

    def _person(self, view: View, customer_id: str) -> tuple[Customer, Visit | None]:
        person = briefing.customer(view, customer_id)
        if person is None or why_unnamed(person) is not None:
            raise LookupError(customer_id)
        visit = visits.find_open(view.ledger, person.id)
        return person, visit and showable(visit, person)

    async def search(self, query: str, viewer: model.Viewer) -> tuple[model.SearchHit, ...]:
        """People who may be named, best first."""

        def read(view: View) -> tuple[model.SearchHit, ...]:
            hits = []
            for hit in customers.search(view.cache, query, HITS):
                person = briefing.customer(view, hit.id)
                if person is not None and why_unnamed(person) is None:
                    visit = visits.find_open(view.ledger, person.id)
                    hits.append(cards.search_hit(person, visit))
            return tuple(hits)

        return await self._storage.read(read, is_long=True) if query.strip() else ()

    async def scan(self, data: str, viewer: model.Viewer) -> model.ScanOutcome:
        """A scan at the tablet itself."""
        scan = Scan(
            lane=viewer.device_name,
            data=data,
            source=ScanSource.TABLET,
            received_at=self._clock.now(),
        )
        outcome = await self._durable(self._clienteling.on_scan(scan))
        greeting = outcome.greeting
        if greeting is None or greeting.customer is None:
            return model.ScanOutcome(reason=greeting.reason if greeting else None)
        return model.ScanOutcome(customer_id=greeting.customer.id)

    async def status(self) -> model.Status:
        """The line and the components."""
        return self._status()

    async def mark_not_this_person(self, visit_id: str, viewer: model.Viewer) -> None:
        """Somebody else carries this pass."""
        await self._known(self._clienteling.on_other_person(visit_id, other=True))

    async def undo_not_this_person(self, visit_id: str, viewer: model.Viewer) -> None:
        """It is this person after all."""
        await self._known(self._clienteling.on_other_person(visit_id, other=False))

    async def note_answer(
        self, visit_id: str, topic: str, outcome: model.Outcome, viewer: model.Viewer
    ) -> None:
        """What became of the one thing to say."""
        await self._known(self._clienteling.on_answer(visit_id, topic, Outcome(outcome)))

    async def take_back_answer(self, visit_id: str, topic: str, viewer: model.Viewer) -> None:
        """It was a slip."""
        await self._known(self._clienteling.on_answer_taken_back(visit_id, topic))

    async def claim(self, visit_id: str, viewer: model.Viewer, instead_of: str = "") -> None:
        """ "I'm with her", unless somebody was first whom the viewer had not seen yet."""
        length = self._places.claim_length
        verb = self._clienteling.on_claim(
            visit_id, viewer.staff_id, length=length, instead_of=instead_of
        )
        await self._known(verb)

    async def release(self, visit_id: str, viewer: model.Viewer) -> None:
        """Nobody is with this customer any more."""
        await self._known(self._clienteling.on_release(visit_id))

    async def propose(self, customer_id: str, offer_id: str, viewer: model.Viewer) -> None:
        """Ask the till that has this customer's basket; it decides."""
        page = await self.refresh(customer_id, viewer)
        title = till.title_in(page, offer_id)
        if page.basket is None:
            raise LookupError(customer_id)
        now = self._clock.now()
        try:
            self._board.propose(
                page.basket.till, offer_id, title, customer_id, viewer.staff_id, now
            )
        except NotFound as error:
            raise LookupError(str(error)) from error

    def opens_by_itself(self, customer_id: str) -> bool:
        """Whether this customer's card is the one that opened at the last scan."""
        return self._arrival is not None and self._arrival[0] == customer_id

    async def conflicts(self, viewer: model.Viewer) -> tuple[model.ConflictRow, ...]:
        """What was given without a right; nothing of it is for anybody but a manager."""
        if viewer.role is not model.Role.MANAGER:
            return ()
        return await self._storage.read(lambda view: conflicts.rows(view, viewer.language))

    async def conflict_seen(self, conflict_id: str, viewer: model.Viewer) -> None:
        """A manager has looked at it."""
        if viewer.role is not model.Role.MANAGER:
            raise LookupError(conflict_id)
        now = self._clock.now()

        def record(tx: Connection) -> bool:
            return rights.mark_seen(tx, conflict_id, now)

        if not await self._durable(self._storage.write(record)):
            raise LookupError(conflict_id)

    async def _known(self, verb: Awaitable[None]) -> None:
        try:
            await self._durable(verb)
        except NotFound as error:
            raise LookupError(str(error)) from error

    async def _durable(self, verb: Awaitable[T]) -> T:
        try:
            return await verb
        except Unavailable as error:
            raise ShopUnavailable(str(error), retry_after_s=error.retry_after_s) from error


def _answered(view: View, customer_id: str, visit: Visit | None) -> model.Answered | None:
    """The last answer of this visit."""
    if visit is None:
        return None
    given = [one for one in topics.of(view.ledger, customer_id) if one.visit_id == visit.id]
    return model.Answered(given[-1].topic, model.Outcome(given[-1].outcome)) if given else None
