"""A tiny world of lots, small enough to look at all of it: one centre, two shops, a network.

The network never forgets: whatever was sent may arrive at any later time, any number of times, or
never. Loss, duplication and reordering so come free, and a crash before the commit is a step that
was not taken. Each clock runs on its own, so a shop may lag behind the centre as far as time goes.
What a shop decides is decided by `store_agent.redemption.escrow`, the code that runs on the box.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from store_agent.domain import rights
from store_agent.domain.offer import BudgetUnit
from store_agent.redemption import escrow

START = datetime(2026, 11, 21, 11, tzinfo=UTC)
ENDS_AT = 1  # the tick at which every lot ends
OPEN, SETTLED, WRITTEN_OFF = "open", "settled", "written_off"


@dataclass(frozen=True)
class Rules:
    """The design for strict lots; each field that differs is a known mistake.

    `bounded_risk`: the promise is no longer the budget, but the budget and what was reclaimed.
    """

    bounded_risk: bool = False
    remembers_closed_lots: bool = True
    takes_a_grant_once: bool = True
    counts_a_report_once: bool = True
    settles_a_statement_once: bool = True
    reclaims_after: int | None = None  # ticks after the end, by the centre's clock; None = never
    new_epoch_after_disk_loss: bool = True
    frees_what_was_written_off: bool = False


@dataclass(frozen=True)
class Size:
    """How big the world may get."""

    budget: int = 1
    shops: int = 2
    grants: int = 2  # for each shop
    voids: int = 0
    disk_losses: int = 0
    ticks: int = 2


class Lot(NamedTuple):
    """A lot as the centre keeps it; its number is its place in `World.lots`."""

    shop: int
    epoch: int
    amount: int
    state: str
    consumed: int


class Held(NamedTuple):
    """An open lot as a shop keeps it."""

    number: int
    remaining: int


class Shop(NamedTuple):
    """What stands in a shop's ledger. `past`: lots it would know again."""

    clock: int
    epoch: int
    lots: tuple[Held, ...]
    past: frozenset[int]


class Spend(NamedTuple):
    """A redemption: what is true of it, and what of that has reached the centre."""

    lot: int
    is_reported: bool = False
    voided: str = ""  # back to the "lot" or the "centre"
    void_is_reported: bool = False


class World(NamedTuple):
    """Everything there is. `spends` and `stated` are on the network for ever."""

    clock: int
    free: int
    lots: tuple[Lot, ...]
    shops: tuple[Shop, ...]
    spends: tuple[Spend, ...] = ()  # sorted: which of two alike came first does not matter
    stated: frozenset[tuple[int, int]] = frozenset()  # lot, consumed in the end
    ever_closed: frozenset[int] = frozenset()
    reclaimed: int = 0
    losses: int = 0

    def with_lot(self, number: int, lot: Lot, **more: object) -> "World":
        return self._replace(lots=_put(self.lots, number, lot), **more)

    def with_shop(self, number: int, shop: Shop, **more: object) -> "World":
        return self._replace(shops=_put(self.shops, number, shop), **more)


class Found(NamedTuple):
    """What a search came to: how many states it saw, and how deep the first broken promise was."""

    states: int
    broken: str | None = None
    depth: int = 0


def search(rules: Rules, size: Size, watched: str | None = None) -> Found:
    """Breadth first through every state there is, or up to the first broken promise.

    `watched`: only this promise counts, and the search goes on past others.
    """
    shops = tuple(Shop(0, 0, (), frozenset()) for _ in range(size.shops))
    start = World(0, size.budget, (), shops)
    seen, queue = {start}, deque([(start, 0)])
    while queue:
        world, depth = queue.popleft()
        for broken in broken_promises(world, rules, size):
            if watched in {None, broken}:
                return Found(len(seen), broken, depth)
        for after in steps(world, rules, size):
            if after not in seen:
                seen.add(after)
                queue.append((after, depth + 1))
    return Found(len(seen))


def steps(world: World, rules: Rules, size: Size) -> Iterator[World]:
    """Every world one step away."""
    yield from _clocks(world, size)
    yield from _grants(world, size)
    for number in range(len(world.shops)):
        yield from _deliveries(world, rules, number)
        yield from _spends(world, number)
        yield from _closes(world, rules, number)
        yield from _disk_losses(world, rules, size, number)
    yield from _voids(world, size)
    yield from _arrivals(world, rules)
    if rules.reclaims_after is not None and world.clock >= ENDS_AT + rules.reclaims_after:
        yield from _reclaims(world)


def _clocks(world: World, size: Size) -> Iterator[World]:
    if world.clock < size.ticks:
        yield world._replace(clock=world.clock + 1)
    for number, shop in enumerate(world.shops):
        if shop.clock < world.clock:  # it may lag; running ahead only stops it earlier
            yield world.with_shop(number, shop._replace(clock=shop.clock + 1))


def _grants(world: World, size: Size) -> Iterator[World]:
    for number, shop in enumerate(world.shops):
        if sum(lot.shop == number for lot in world.lots) < size.grants:
            for amount in range(1, world.free + 1):
                lot = Lot(number, shop.epoch, amount, OPEN, 0)
                yield world._replace(free=world.free - amount, lots=(*world.lots, lot))


def _deliveries(world: World, rules: Rules, number: int) -> Iterator[World]:
    shop = world.shops[number]
    for id_, lot in enumerate(world.lots):
        known = id_ in shop.past or any(held.number == id_ for held in shop.lots)
        known = known and rules.takes_a_grant_once
        if _may_take_in(lot.shop, lot.epoch, number, shop.epoch, known):
            others = tuple(held for held in shop.lots if held.number != id_)
            mine = Held(id_, lot.amount)
            yield world.with_shop(number, shop._replace(lots=tuple(sorted((*others, mine)))))


def _spends(world: World, number: int) -> Iterator[World]:
    shop = world.shops[number]
    for held in shop.lots:
        if _can_spend(held.remaining, shop.clock):
            after = world.with_shop(number, _keep(shop, held, -1))
            yield after._replace(spends=_sorted(world.spends, None, Spend(held.number)))


def _closes(world: World, rules: Rules, number: int) -> Iterator[World]:
    shop = world.shops[number]
    for held in shop.lots:
        after = shop._replace(lots=tuple(one for one in shop.lots if one != held))
        if rules.remembers_closed_lots:
            after = after._replace(past=after.past | {held.number})
        consumed = world.lots[held.number].amount - held.remaining
        yield world.with_shop(
            number,
            after,
            stated=world.stated | {(held.number, consumed)},
            ever_closed=world.ever_closed | {held.number},
        )


def _voids(world: World, size: Size) -> Iterator[World]:
    if sum(bool(one.voided) for one in world.spends) >= size.voids:
        return
    for one in set(world.spends):
        lot = world.lots[one.lot]
        shop = world.shops[lot.shop]
        if one.voided or shop.epoch != lot.epoch:
            continue  # the ledger that knew this sale is gone
        held = next((held for held in shop.lots if held.number == one.lot), None)
        after = one._replace(voided="centre" if held is None else "lot")
        spends = _sorted(world.spends, one, after)
        if held is None:
            yield world._replace(spends=spends)
        else:
            yield world.with_shop(lot.shop, _keep(shop, held, 1), spends=spends)


def _disk_losses(world: World, rules: Rules, size: Size, number: int) -> Iterator[World]:
    """The ledger is gone. The operator writes its lots off; they stay out of `free`."""
    shop = world.shops[number]
    if world.losses >= size.disk_losses:
        return
    fresh = Shop(shop.clock, shop.epoch + 1, (), frozenset())
    if not rules.new_epoch_after_disk_loss:
        yield world.with_shop(number, fresh._replace(epoch=shop.epoch), losses=world.losses + 1)
        return
    lots, free = list(world.lots), world.free
    for id_, lot in enumerate(lots):
        if lot.shop == number and lot.state == OPEN:
            lots[id_] = lot._replace(state=WRITTEN_OFF)
            free += lot.amount - lot.consumed if rules.frees_what_was_written_off else 0
    after = world._replace(lots=tuple(lots), free=free, losses=world.losses + 1)
    yield after.with_shop(number, fresh)


def _arrivals(world: World, rules: Rules) -> Iterator[World]:
    for one in set(world.spends):
        if not one.is_reported or not rules.counts_a_report_once:
            yield _count(world, one)
        if one.voided and not one.void_is_reported:
            yield _take_back(world, one)
    for id_, consumed in world.stated:
        lot = world.lots[id_]
        again = lot.state == SETTLED and not rules.settles_a_statement_once
        if lot.state == OPEN or again:
            yield _settle(world, id_, consumed)


def _count(world: World, one: Spend) -> World:
    lot = world.lots[one.lot]
    if lot.state == OPEN:
        lot = lot._replace(consumed=lot.consumed + 1)
    spends = _sorted(world.spends, one, one._replace(is_reported=True))
    return world.with_lot(one.lot, lot, spends=spends)


def _take_back(world: World, one: Spend) -> World:
    lot, free = world.lots[one.lot], world.free
    if one.voided == "centre" and lot.state == SETTLED:
        lot, free = lot._replace(consumed=lot.consumed - 1), free + 1
    spends = _sorted(world.spends, one, one._replace(void_is_reported=True))
    return world.with_lot(one.lot, lot, spends=spends, free=free)


def _settle(world: World, id_: int, stated: int) -> World:
    """By the shop's word, less what it took back later and told us before."""
    lot = world.lots[id_]
    back = sum(
        one.lot == id_ and one.voided == "centre" and one.void_is_reported for one in world.spends
    )
    consumed = stated - back
    free = world.free + lot.amount - consumed
    return world.with_lot(id_, lot._replace(state=SETTLED, consumed=consumed), free=free)


def _reclaims(world: World) -> Iterator[World]:
    for id_, lot in enumerate(world.lots):
        if lot.state == OPEN:
            rest = lot.amount - lot.consumed
            yield world.with_lot(
                id_,
                lot._replace(state=SETTLED),
                free=world.free + rest,
                reclaimed=world.reclaimed + lot.amount,
            )


def broken_promises(world: World, rules: Rules, size: Size) -> Iterator[str]:
    """Which invariants of docs/redemption.md do not hold."""
    given = sum(not one.voided for one in world.spends)
    if given > size.budget + (world.reclaimed if rules.bounded_risk else 0):
        yield "I8" if rules.bounded_risk else "I1"
    kept = sum(lot.consumed if lot.state == SETTLED else lot.amount for lot in world.lots)
    if world.free + kept != size.budget or world.free < 0:
        yield "I2"
    for id_, lot in enumerate(world.lots):
        if lot.consumed > sum(one.lot == id_ for one in world.spends):
            yield "I3"
    if any(one.number in world.ever_closed for shop in world.shops for one in shop.lots):
        yield "I7"
    if rules == Rules():
        yield from _untold(world)


def _untold(world: World) -> Iterator[str]:
    """Once everything has arrived, every closed lot is settled and the centre knows the truth."""
    while (after := next(_arrivals(world, Rules()), None)) is not None:
        world = after
    if any(world.lots[id_].state == OPEN for id_, _ in world.stated):
        yield "liveness"
    for id_, lot in enumerate(world.lots):
        own = [one for one in world.spends if one.lot == id_]
        kept = [one for one in own if not one.voided]
        if lot.state != WRITTEN_OFF and lot.consumed != len(kept if lot.state == SETTLED else own):
            yield "I3"


def _sorted(row: tuple[Spend, ...], old: Spend | None, new: Spend) -> tuple[Spend, ...]:
    rest = list(row)
    if old is not None:
        rest.remove(old)
    return tuple(sorted((*rest, new)))


def _keep(shop: Shop, held: Held, units: int) -> Shop:
    after = held._replace(remaining=held.remaining + units)
    return shop._replace(lots=tuple(after if one == held else one for one in shop.lots))


def _put(row: tuple, number: int, value: object) -> tuple:
    return (*row[:number], value, *row[number + 1 :])


# The decisions of the box, remembered: the search asks them millions of times.


@cache
def _may_take_in(lot_shop: int, lot_epoch: int, shop: int, epoch: int, is_known: bool) -> bool:
    grant = rights.LotGrant("lot", "offer", f"s{lot_shop}", f"e{lot_epoch}", 1)
    return escrow.may_take_in(grant, f"s{shop}", f"e{epoch}", is_known=is_known)


@cache
def _can_spend(remaining: int, clock: int) -> bool:
    lot = rights.Lot(
        "lot",
        "offer",
        9,
        remaining,
        BudgetUnit.USE,
        rights.LotClass.STRICT,
        START + timedelta(hours=ENDS_AT),
        rights.LotState.ACTIVE,
    )
    return bool(escrow.pick([lot], 1, START + timedelta(hours=clock)))
