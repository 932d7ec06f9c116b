"""THE VERBS of presence: on_fixes, on_observations, sweep, draw_fences.

As with a scan: look up and decide inside the writer's transaction, write state, visit and events
together, then tell the tablets. Who did not agree to be noticed leaves no trace but a number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import orjson

from geofences import rules
from geofences.engine import Step
from geofences.model import Fix, FixRefused, Observation
from store_agent import briefing
from store_agent.clock import Clock
from store_agent.domain import events
from store_agent.domain.arrival import Arrival
from store_agent.domain.greeting import Visit
from store_agent.domain.hours import Hours
from store_agent.domain.ids import NewId, new_id
from store_agent.outgoing import emit
from store_agent.presence import closing
from store_agent.presence.fence_book import FenceBook, Plan, plan
from store_agent.presence.footfall import Footfall
from store_agent.presence.people import Standing, standing
from store_agent.presence.record import Record, decoded, load, open_record
from store_agent.storage import Connection, Storage, View, arrivals, fences, visits, whereabouts

PER_WRITE = 50  # pieces of evidence in one transaction, so that a scan never waits long behind it
ARRIVAL_KEPT = timedelta(minutes=15)  # without news, of somebody who is not inside the fence
UNKNOWN_SUBJECT, NO_CONSENT, CLOSED = "unknown_subject", "no_consent", "closed"

T = TypeVar("T")
Standings = Mapping[str, Standing]
Changed = Callable[[frozenset[str]], None]


@dataclass(frozen=True, slots=True)
class Shop:
    """What presence knows of its shop."""

    book: FenceBook
    hours: Hours
    footfall: Footfall


class Noticing:
    """The verbs, over one storage. `changed` is told the customers whom tablets show anew."""

    def __init__(
        self,
        storage: Storage,
        shop: Shop,
        clock: Clock,
        *,
        changed: Changed,
        make_id: NewId = new_id,
    ) -> None:
        """Wire the verbs; nothing happens until one is called."""
        self._storage = storage
        self._shop = shop
        self._clock = clock
        self._changed = changed
        self._new_id = make_id

    @property
    def plan(self) -> Plan:
        """The fences in use."""
        return self._shop.book.plan

    # -- evidence -----------------------------------------------------------------------------

    async def on_fixes(self, fixes: Sequence[Fix]) -> list[str]:
        """Take positions, in the order they came. One reason per fix; "" = taken."""
        reasons: list[str] = []
        for part in _parts(fixes):
            subjects = frozenset(fix.subject for fix in part)
            reasons += await self._decide(subjects, partial(self._take_fixes, part))
        return reasons

    def _take_fixes(
        self, fixes: Sequence[Fix], tx: Connection, people: Standings
    ) -> tuple[list[str], frozenset[str]]:
        now, current = self._clock.now(), self.plan
        reasons: dict[int, str] = {}
        visible: set[str] = set()
        for subject, numbers in _by_subject(fixes).items():
            person = people[subject]
            mine = [(n, replace(fixes[n], subject=person.customer_id)) for n in numbers]
            why = _why_not(person)
            if why:
                self._count_outsider(person, current, (fix for _, fix in mine), why)
                reasons |= dict.fromkeys(numbers, why)
                continue
            record = open_record(tx, current, person, self._new_id)
            for number, fix in mine:
                reasons[number] = self._take_fix(record, fix, now)
            record.keep()
            if record.visible:
                visible.add(person.customer_id)
        return [reasons[number] for number in range(len(fixes))], frozenset(visible)

    def _take_fix(self, record: Record, fix: Fix, now: datetime) -> str:
        hours = self._shop.hours
        if closing.is_outside(hours, now, fix.fixed_at) and not record.state.inside():
            return CLOSED
        try:
            step = closing.told(record.plan.engine.on_fix(record.state, fix, now), hours)
        except FixRefused as refused:
            return refused.reason.value
        if step is None:
            return CLOSED
        record.apply(step)
        store = record.plan.store()
        if store is not None and store.id in record.state.inside():
            record.placed_inside(fix.fixed_at)
            self.count(fix.subject, fix.fixed_at)
        return ""

    async def on_observations(self, seen: Sequence[Observation]) -> None:
        """Take evidence from inside the shop; of people who may not be noticed none is kept."""
        for part in _parts(seen):
            subjects = frozenset(one.subject for one in part)
            await self._decide(subjects, partial(self._take_observations, part))

    def _take_observations(
        self, seen: Sequence[Observation], tx: Connection, people: Standings
    ) -> tuple[None, frozenset[str]]:
        now, current, hours = self._clock.now(), self.plan, self._shop.hours
        visible: set[str] = set()
        for one in seen:
            person = people[one.subject]
            if person.customer_id:
                self.count(person.customer_id, one.seen_at)
            if _why_not(person):
                continue
            record = open_record(tx, current, person, self._new_id)
            if closing.is_outside(hours, now, one.seen_at) and (
                not record.state.inside() or closing.begins_visit(record.visit, one)
            ):
                continue
            mine = replace(one, subject=person.customer_id)
            step = closing.told(current.engine.on_observation(record.state, mine, now), hours)
            if step is None:
                continue
            record.seen_inside(mine, step)
            record.keep()
            if record.visible:
                visible.add(person.customer_id)
        return None, frozenset(visible)

    def count(self, customer_id: str, at: datetime) -> None:
        """Somebody was in the shop, whatever they agreed to: one of the hour's number."""
        if self._shop.hours.is_open(at):
            self._shop.footfall.note(customer_id, at)

    def _count_outsider(
        self, person: Standing, current: Plan, fixes: Iterable[Fix], why: str
    ) -> None:
        """Who did not agree to be noticed is at most one of a number."""
        store = current.store()
        if why != NO_CONSENT or store is None:
            return
        for fix in fixes:
            placings = current.fences.place(fix.lat, fix.lon, 0.0)
            if any(one.inside and one.fence.id == store.id for one in placings):
                self.count(person.customer_id, fix.fixed_at)

    # -- time passes --------------------------------------------------------------------------

    async def sweep(self, blind: Collection[str] = ()) -> None:
        """New fences, consents withdrawn, time passed: whatever follows without new evidence.

        `blind` are zones whose radios are silent. To be called every `rules.TICK_S`, and at once
        after a consent or the fences changed.
        """
        now = self._clock.now()
        redrawn = await self._storage.read(
            lambda view: self._shop.book.refresh(view, now), is_long=True
        )
        due = await self._storage.read(
            lambda view: self._due(view, now, blind, redrawn), is_long=True
        )
        drawn = self._shop.book.drawn if redrawn else frozenset()
        for part in _parts(due):
            await self._decide(frozenset(part), partial(self._sweep_some, part, blind, drawn))
        await self._give_up(now)
        await self._count_hour(now)

    async def _give_up(self, now: datetime) -> None:
        """Forget who was on the way and has not been heard of: nobody waits for them any more."""
        before = now - ARRIVAL_KEPT

        def forget(tx: Connection) -> frozenset[str]:
            gone = _given_up(tx, before)
            for one in gone:
                arrivals.forget(tx, one.customer_id, one.fence_id)
            return frozenset(one.customer_id for one in gone)

        if await self._storage.read(lambda view: _given_up(view.ledger, before)):
            self._changed(await self._storage.write(forget))

    def _due(self, view: View, now: datetime, blind: Collection[str], redrawn: bool) -> list[str]:
        """Whose state must be looked at in a transaction."""
        docs = dict(whereabouts.everybody(view.ledger))
        open_visits = visits.present(view.ledger)
        arriving = {one.customer_id for one in arrivals.everybody(view.ledger)}
        ambient = {one.customer_id for one in open_visits if not one.lane}
        noticed = {*docs, *arriving, *ambient}
        everybody = {*noticed, *(one.customer_id for one in open_visits)}
        if redrawn or self._is_closed_for_good(now):
            return sorted(everybody if redrawn else noticed)
        engine = self.plan.engine

        def must_be_looked_at(subject: str) -> bool:
            person = standing(briefing.customer(view, subject))
            if _is_merged(person, subject) or (subject in ambient and not person.named):
                return True
            if subject not in docs:
                return subject in noticed and not _may_stay(person, subject)
            state = decoded(subject, docs[subject])
            return not _may_stay(person, subject) or (engine.tick(state, now, blind).state != state)

        return [subject for subject in sorted(everybody) if must_be_looked_at(subject)]

    def _sweep_some(
        self,
        subjects: Sequence[str],
        blind: Collection[str],
        drawn: Collection[str],
        tx: Connection,
        people: Standings,
    ) -> tuple[None, frozenset[str]]:
        now, current = self._clock.now(), self.plan
        visible: set[str] = set()
        for subject in subjects:
            person = people[subject]
            record = open_record(tx, current, person, self._new_id, subject)
            if not _may_stay(person, subject):
                # Under whatever id it stood: nothing of it stays.
                record.apply(current.engine.forget(record.state, now))
                if _is_merged(person, subject):
                    record.hand_over(now)
                if person.noticed:
                    record.forget(now)
                else:
                    record.wipe(now)
            elif self._is_closed_for_good(now):
                record.apply(current.engine.close(record.state, now))
                record.forget(now)
            else:
                self._apply(record, current.engine.fences_changed(record.state, now, drawn))
                self._apply(record, current.engine.tick(record.state, now, blind))
                record.hide(now)
                record.keep()
            if record.visible:
                visible.add(subject)
        return None, frozenset(visible)

    def _apply(self, record: Record, step: Step) -> None:
        told = closing.told(step, self._shop.hours)
        if told is not None:
            record.apply(told)

    def _is_closed_for_good(self, now: datetime) -> bool:
        closed = self._shop.hours.closed_since(now)
        return closed is not None and (now - closed).total_seconds() > rules.CLOSING_GRACE_S

    async def _count_hour(self, now: datetime) -> None:
        def close(tx: Connection) -> None:
            count = self._shop.footfall.close(now)
            if count is not None:
                emit(tx, events.footfall_counted(self._new_id(), now, count))

        if self._shop.footfall.is_over(now):
            await self._storage.write(close)
            await self._wipe_withdrawn()

    async def _wipe_withdrawn(self) -> None:
        """What ended visits tell of people who have withdrawn since, wherever they are now."""

        def find(view: View) -> list[str]:
            known = visits.told_by_radio(view.ledger)
            return [c for c in known if not standing(briefing.customer(view, c)).noticed]

        def wipe(tx: Connection, people: Standings) -> tuple[None, frozenset[str]]:
            for customer_id, person in people.items():
                if not person.noticed:
                    visits.wipe_told_by_radio(tx, customer_id)
            return None, frozenset()

        for part in _parts(await self._storage.read(find, is_long=True)):
            await self._decide(frozenset(part), wipe)

    # -- the fences ---------------------------------------------------------------------------

    async def draw_fences(self, drawn: object) -> None:
        """Use new fences from now on. Raises FencesRefused with every fault; then nothing changed.

        Who is inside a fence that changed is looked at again; nobody enters or leaves by a restart.
        """
        document = fences.collection([drawn])
        plan(document)
        event_id, now = self._new_id(), self._clock.now()

        def record(tx: Connection) -> None:
            fences.edit(tx, orjson.dumps(document), event_id, now)
            emit(tx, events.fences_changed(event_id, now, document))

        await self._storage.write(record)
        await self.sweep()

    # -- for readers --------------------------------------------------------------------------

    def expires_at(self, view: View, visit: Visit, idle: timedelta) -> datetime:
        """When an open visit ends without news; `idle` is what a shown pass is worth."""
        ends = visit.last_seen_at + idle
        store, now = self.plan.store(), self._clock.now()
        known = load(view.ledger, visit.customer_id)
        if store is None or store.id not in known.inside():
            return ends
        seen_at = known.fences[store.id].evidence_at or visit.last_seen_at
        closes = self._shop.hours.closes_at(now)
        if closes is not None:
            ends = min(ends, closes + timedelta(seconds=rules.CLOSING_GRACE_S))
        return min(ends, seen_at + timedelta(seconds=store.rules.expire_s))

    async def inside(self) -> dict[str, list[Standing]]:
        """Who is known to be in each fence, by fence id; whether to name them is the caller's."""

        def read(view: View) -> dict[str, list[Standing]]:
            found: dict[str, list[Standing]] = {}
            for subject, doc in whereabouts.everybody(view.ledger):
                person = standing(briefing.customer(view, subject))
                for fence_id in decoded(subject, doc).inside() if person.noticed else ():
                    found.setdefault(fence_id, []).append(person)
            return found

        return await self._storage.read(read, is_long=True)

    async def _decide(
        self,
        subjects: frozenset[str],
        work: Callable[[Connection, Standings], tuple[T, frozenset[str]]],
    ) -> T:
        def look(view: View) -> Standings:
            return {one: standing(briefing.customer(view, one)) for one in subjects}

        result, visible = await self._storage.decide(look, work)
        if visible:
            self._changed(visible)
        return result


def _why_not(person: Standing) -> str:
    """Why evidence of this person must not be used; "" = it may."""
    if not person.customer_id:
        return UNKNOWN_SUBJECT
    return "" if person.noticed else NO_CONSENT


def _may_stay(person: Standing, subject: str) -> bool:
    return person.noticed and person.customer_id == subject


def _is_merged(person: Standing, subject: str) -> bool:
    return person.customer_id not in {"", subject}


def _given_up(connection: Connection, before: datetime) -> list[Arrival]:
    """Arrivals without news since `before`, but for those whom a fence knows to be there."""
    return [
        one
        for one in arrivals.silent(connection, before)
        if one.fence_id not in load(connection, one.customer_id).inside()
    ]


def _parts(everything: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(everything), PER_WRITE):
        yield everything[start : start + PER_WRITE]


def _by_subject(fixes: Sequence[Fix]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = {}
    for number, fix in enumerate(fixes):
        numbers.setdefault(fix.subject, []).append(number)
    return numbers
