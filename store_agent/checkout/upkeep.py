"""Keeps the rights of the shop in step with the platform; each step is one short transaction."""

from __future__ import annotations

from store_agent.checkout.cases import Counter
from store_agent.clock import Clock
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.offer import Offer, OfflineClass, Voucher
from store_agent.domain.rights import LotGrant
from store_agent.redemption import escrow, upkeep
from store_agent.redemption.act import Act
from store_agent.redemption.lots import WANTED
from store_agent.redemption.moment import effective_now
from store_agent.storage import Connection, Storage, View, catalog, lots, reservations


class Upkeep:
    """Takes in what the feed brings, and closes what has ended."""

    def __init__(
        self, storage: Storage, counter: Counter, clock: Clock, make_id: NewId = new_id
    ) -> None:
        """Over one storage."""
        self._storage = storage
        self._counter = counter
        self._clock = clock
        self._new_id = make_id

    async def take_news(self) -> None:
        """After each page of the feed and each snapshot, and now and then: a voucher that was held
        when the platform asked for it is given back later. Writes only when there is something."""
        grants, recalled = await self._storage.read(self._news)
        if grants or recalled:
            store_id, epoch = self._counter.store.id, self._storage.epoch
            await self._storage.write(
                lambda tx: upkeep.take_news(self._act(tx), store_id, epoch, grants, recalled)
            )
        await self.look_after()  # a new offer may need its first lot

    def _news(self, view: View) -> tuple[list[LotGrant], list[Voucher]]:
        grants = [
            one
            for one in catalog.lots_of(view.cache, self._counter.store.id)
            if one.recalled or not lots.is_known(view.ledger, one.lot_id)
        ]
        recalled = [
            one
            for one in catalog.recalled_vouchers(view.cache)
            if one.owner_store == self._counter.store.id
            and not reservations.is_released(view.ledger, one.id, one.grant)
        ]
        return grants, recalled

    async def look_after(self) -> None:
        """Lots that ended are closed, more is asked for, and old holds are forgotten."""
        offers, is_due = await self._storage.read(self._due)
        if is_due:
            await self._storage.write(lambda tx: upkeep.look_after(self._act(tx), offers))

    def _due(self, view: View) -> tuple[tuple[Offer, ...], bool]:
        """An empty write every minute would wear the card."""
        now = effective_now(view.ledger, self._clock.now())
        bounded = tuple(one for one in view.offers().bounded if one.offline is OfflineClass.LOT)
        open_lots = lots.active(view.ledger)
        ended = any(one.spend_until and escrow.has_ended(one, now) for one in open_lots)
        low = any(
            escrow.is_low([lot for lot in open_lots if lot.offer_id == one.id], now)
            for one in bounded
            if not reservations.is_wanted(view.ledger, WANTED, one.id)
        )
        old = reservations.have_ended(view.ledger, now - upkeep.KEPT)
        return bounded, ended or low or old

    def _act(self, tx: Connection) -> Act:
        return Act(tx, effective_now(tx, self._clock.now()), self._new_id)
