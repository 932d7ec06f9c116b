"""THE VERBS of the shop, read top to bottom: on_scan, on_other_person, on_consent, ...

Each verb looks things up, decides with pure functions, writes ONE transaction to the ledger, and
only then answers: what was acknowledged has been fsynced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from store_agent import briefing
from store_agent.clock import Clock, is_plausible
from store_agent.config import StoreSettings
from store_agent.domain import events
from store_agent.domain.answer import QUIET_FOR, Answer, Outcome
from store_agent.domain.consent import ConsentDecision
from store_agent.domain.customer import PersonState
from store_agent.domain.errors import Conflict, NotFound, NotWritable
from store_agent.domain.greeting import Briefing, Greeting, Verdict, Visit
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.naming import counts_as_visitor, why_unnamed
from store_agent.domain.scan import OnceCode, Resolution, Scan, ScanReason
from store_agent.identity.resolve import resolve
from store_agent.outgoing import emit
from store_agent.storage import (
    Connection,
    Storage,
    View,
    answers,
    consents,
    once_codes,
    persons,
    topics,
    visits,
)
from store_agent.storage.pass_book import StoredPassBook
from sync.lookup import Wanted
from sync.lookup_desk import LookupDesk

SCAN_DOOR = "scan"


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """`answer` is what the caller is told; `greeting` is None when it was told so before."""

    answer: bytes
    greeting: Greeting | None

    @property
    def is_recorded(self) -> bool:
        """Whether it is durable; False on a full disk, where people are shown all the same."""
        return self.greeting is None or self.greeting.is_recorded


@dataclass(frozen=True, slots=True)
class _Found:
    """What the look-up of a scan brought: a person who may be named, or the reason why not.

    `wanted` is what the platform may know more about.
    """

    resolution: Resolution
    reason: ScanReason | None
    briefing: Briefing | None = None
    open_visit: Visit | None = None
    wanted: Wanted | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One scan, with the id of the event it becomes, whenever that is recorded."""

    scan: Scan
    event_id: str
    body_hash: bytes  # empty without a scan_id


class Clienteling:
    """The verbs, over one storage. `changed` is told after each durable change of the floor."""

    def __init__(  # noqa: PLR0913  whom the verbs need, by name
        self,
        storage: Storage,
        store: StoreSettings,
        clock: Clock,
        *,
        changed: Callable[[Greeting | None], None],
        make_id: NewId = new_id,
        desk: LookupDesk | None = None,
    ) -> None:
        """Wire the verbs; nothing happens until one is called. `desk` asks the platform."""
        self._desk = desk
        self._storage = storage
        self._store = store
        self._zone = ZoneInfo(store.zone)
        self._clock = clock
        self._changed = changed
        self._new_id = make_id
        self._shown_codes: set[OnceCode] = set()  # of scans that could not be recorded yet

    # -- a scan -------------------------------------------------------------------------------

    async def on_scan(self, scan: Scan) -> ScanOutcome:
        """Recognise, greet, record. Raises Conflict when `scan_id` was used for another scan.

        On a full disk the greeting comes from what is known; see `ScanOutcome.is_recorded`.
        """
        asked = _Asked(scan, self._new_id(), _hash_of_scan(scan) if scan.scan_id else b"")
        try:
            outcome = await self._decide(asked)
        except NotWritable:
            outcome = await self._show_only(asked)
        if outcome.greeting is not None:
            self._changed(outcome.greeting)
        return outcome

    async def _decide(self, asked: _Asked) -> ScanOutcome:
        """Record the scan; before that, once and within its budget, ask about a stranger."""
        look, record = self._steps(asked)
        if self._desk is None:
            return await self._storage.decide(look, record)

        def record_unless_wanted(tx: Connection, found: _Found) -> ScanOutcome | Wanted:
            told = _told_before(tx, asked.scan, asked.body_hash)
            return found.wanted if found.wanted and told is None else record(tx, found)

        outcome = await self._storage.decide(look, record_unless_wanted)
        if isinstance(outcome, ScanOutcome):
            return outcome
        await self._desk.ask(outcome)
        return await self._storage.decide(look, record)

    def _steps(
        self, asked: _Asked
    ) -> tuple[Callable[[View], _Found], Callable[[Connection, _Found], ScanOutcome]]:
        """What a scan looks up, and how that is recorded."""
        return (
            lambda view: self._look_up(view, asked.scan),
            lambda tx, found: self._record_scan(tx, asked, found),
        )

    async def _show_only(self, asked: _Asked) -> ScanOutcome:
        """Say who it is although nothing can be recorded; it is recorded when the disk takes it."""
        outcome = await self._storage.read(lambda view: self._without_record(view, asked))
        if outcome.greeting is not None:
            self._storage.decide_later(*self._steps(asked))
        return outcome

    def _without_record(self, view: View, asked: _Asked) -> ScanOutcome:
        scan = asked.scan
        told = _told_before(view.ledger, scan, asked.body_hash)
        if told is not None:
            return ScanOutcome(told, None)
        found = self._look_up(view, scan)
        once = found.resolution.once
        if once is not None:
            if once in self._shown_codes:
                found = _Found(found.resolution, ScanReason.REPLAYED)
            self._shown_codes.add(once)
        greeting = Greeting(
            event_id=asked.event_id,
            lane=scan.lane,
            at=scan.received_at,
            resolution=found.resolution,
            briefing=found.briefing,
            reason=found.reason,
            visit=found.open_visit,
            is_recorded=False,
        )
        return ScanOutcome(_json(briefing.scan_answer(greeting) | {"recorded": False}), greeting)

    async def catch_up(self) -> None:
        """Record what was shown while nothing could be recorded, as far as the disk takes it."""
        if await self._storage.catch_up():
            self._shown_codes.clear()
            self._changed(None)

    def _look_up(self, view: View, scan: Scan) -> _Found:
        now = scan.received_at
        book = StoredPassBook(view)
        resolution = resolve(scan.data, scan.symbology, book, now, is_plausible(now))
        if resolution.customer_id is None:
            wanted = briefing.wanted(resolution, scan.data, None, scan.symbology)
            return _Found(resolution, resolution.reason, wanted=wanted)
        customer = briefing.customer(view, resolution.customer_id)
        wanted = briefing.wanted(resolution, scan.data, customer)
        if customer is None:
            return _Found(resolution, ScanReason.CUSTOMER_GONE, wanted=wanted)
        visit = visits.find_open(view.ledger, customer.id)
        reason = why_unnamed(customer)
        if reason is None and visit is not None and visit.other_person:
            reason = ScanReason.NOT_THIS_PERSON
        if reason is not None:
            return _Found(resolution, reason)
        brief = briefing.brief(view, customer, now, self._zone, self._store.language)
        return _Found(resolution, None, brief, visit, wanted)

    def _record_scan(self, tx: Connection, asked: _Asked, found: _Found) -> ScanOutcome:
        scan, body_hash = asked.scan, asked.body_hash
        if scan.scan_id is not None:
            told = _told_before(tx, scan, body_hash)
            if told is not None:
                return ScanOutcome(told, None)
        once = found.resolution.once
        if once is not None and not once_codes.burn(tx, once, scan.received_at):
            found = _Found(found.resolution, ScanReason.REPLAYED)
        greeting = self._greeting(tx, asked, found)
        emit(tx, events.scan_recorded(greeting.event_id, scan, greeting))
        answer = _json(briefing.scan_answer(greeting))
        if scan.scan_id is not None:
            answers.remember(tx, SCAN_DOOR, scan.scan_id, body_hash, answer, scan.received_at)
        return ScanOutcome(answer, greeting)

    def _greeting(self, tx: Connection, asked: _Asked, found: _Found) -> Greeting:
        scan, brief, visit, is_new = asked.scan, found.briefing, None, False
        if brief is not None and counts_as_visitor(brief.customer):
            visit, is_new = self._enter(tx, brief, found.open_visit, scan)
        return Greeting(
            event_id=asked.event_id,
            lane=scan.lane,
            at=scan.received_at,
            resolution=found.resolution,
            briefing=brief,
            reason=found.reason,
            visit=visit,
            is_new_visit=is_new,
        )

    def _enter(
        self, tx: Connection, brief: Briefing, open_visit: Visit | None, scan: Scan
    ) -> tuple[Visit, bool]:
        """Start a visit, or go on with the open one."""
        at = scan.received_at
        if open_visit is not None:
            visits.touch(tx, open_visit.id, at, scan.lane)
            if not open_visit.lane:  # until now only a phone or a beacon told of this visit
                self._expose(tx, open_visit, brief)
            return open_visit, False
        visit = Visit(self._new_id(), brief.customer.id, at, at, scan.lane, indoor_at=at)
        visits.start(tx, visit)
        emit(tx, events.visit_started(self._new_id(), visit))
        self._expose(tx, visit, brief)
        return visit, True

    def _expose(self, tx: Connection, visit: Visit, brief: Briefing) -> None:
        """Note once per visit which offers were shown and which the control group withheld."""
        if any(offer.verdict is not Verdict.REFUSED for offer in brief.offers):
            emit(tx, events.offers_exposed(self._new_id(), visit, brief.offers))

    def fetch_profile(self, customer_id: str) -> bool:
        """Ask for the profile of a stub that somebody looks at; whether an answer is on its way."""
        return self._desk is not None and self._desk.fetch(briefing.whole(customer_id))

    # -- what staff and customers say ---------------------------------------------------------

    async def on_other_person(self, visit_id: str, *, other: bool) -> None:
        """Somebody else carries this pass (or not after all): nameless from now on, everywhere."""

        def record(tx: Connection) -> None:
            visit = _open_visit(tx, visit_id)
            if visit.other_person == other:
                return
            visits.mark_other_person(tx, visit_id, other)
            now = self._clock.now()
            emit(tx, events.pass_of_other_person(self._new_id(), now, visit, on=other))

        await self._storage.write(record)
        self._changed(None)

    async def on_answer(self, visit_id: str, topic: str, outcome: Outcome) -> None:
        """What became of the one thing to say: its topic rests, on all tablets.

        Once something was said, nothing else is suggested in this visit.
        """
        now, event_id = self._clock.now(), self._new_id()

        def record(tx: Connection) -> None:
            visit = _open_visit(tx, visit_id)
            topics.record(tx, visit.customer_id, Answer(topic, outcome, visit_id, now))
            topics.forget(tx, now - QUIET_FOR)
            if outcome is Outcome.SAID:
                visits.mark_said(tx, visit_id, True)
            emit(tx, events.sentence_answered(event_id, now, visit, topic, outcome))

        await self._storage.write(record)
        self._changed(None)

    async def on_answer_taken_back(self, visit_id: str, topic: str) -> None:
        """The last tap was a slip; nothing if there was none."""
        now, event_id = self._clock.now(), self._new_id()

        def record(tx: Connection) -> None:
            visit = _open_visit(tx, visit_id)
            if topics.take_back(tx, visit.customer_id, visit_id, topic):
                visits.mark_said(tx, visit_id, False)
                emit(tx, events.sentence_answered(event_id, now, visit, topic, None))

        await self._storage.write(record)
        self._changed(None)

    async def on_claim(
        self, visit_id: str, staff_id: str, *, length: timedelta, instead_of: str = ""
    ) -> None:
        """ "I'm with her": seen on all tablets, so that nobody is greeted twice.

        Of two who tap at once the first has her; taking over is for who saw with whom she is
        (`instead_of`). A claim lets go by itself after `length`, and with the visit.
        """
        now = self._clock.now()

        def record(tx: Connection) -> None:
            visit = _open_visit(tx, visit_id)
            is_free = visit.claimed_until(now, length) is None
            if is_free or visit.claimed_by in {staff_id, instead_of}:
                visits.claim(tx, visit_id, staff_id, now)

        await self._storage.write(record)
        self._changed(None)

    async def on_release(self, visit_id: str) -> None:
        """Nobody is with this customer any more; nothing if nobody was."""

        def record(tx: Connection) -> None:
            _open_visit(tx, visit_id)
            visits.claim(tx, visit_id, None, None)

        await self._storage.write(record)
        self._changed(None)

    async def on_person_state(self, customer_id: str, state: PersonState, *, on: bool) -> None:
        """Set or clear a state; effective at once and offline, sent when the line is back."""
        event_id, now = self._new_id(), self._clock.now()

        def record(tx: Connection) -> None:
            persons.set_state(tx, customer_id, state, on, event_id, now)
            emit(tx, events.person_changed(event_id, now, customer_id, state, on=on))

        await self._storage.write(record)
        self._changed(None)

    async def on_consent(self, customer_id: str, decision: ConsentDecision, device_id: str) -> None:
        """The customer's own answer; a withdrawal counts from this moment, whatever the feed says.

        Callers make sure that the customer answered in person, never the associate.
        """
        event_id = self._new_id()

        def record(tx: Connection) -> None:
            consents.record(tx, customer_id, replace(decision, event_id=event_id), device_id, None)
            emit(tx, events.consent_changed(event_id, customer_id, decision))

        await self._storage.write(record)
        self._changed(None)

    # -- time passes --------------------------------------------------------------------------

    async def end_idle_visits(self, idle: timedelta) -> int:
        """End each visit without evidence for `idle`; returns how many ended."""
        before = self._clock.now() - idle

        def record(tx: Connection) -> int:
            ended = visits.idle(tx, before)
            for visit in ended:
                visits.end(tx, visit.id, visit.last_seen_at)
                emit(tx, events.visit_ended(self._new_id(), visit, visit.last_seen_at))
            return len(ended)

        if not await self._storage.read(lambda view: visits.idle(view.ledger, before)):
            return 0
        count = await self._storage.write(record)
        self._changed(None)
        return count

    async def on_ledger_replaced(self, reason: str) -> None:
        """Tell the platform that a damaged ledger was moved aside and a new epoch began."""
        event = events.ledger_replaced(self._new_id(), self._clock.now(), reason)
        await self._storage.write(lambda tx: emit(tx, event))
        self._changed(None)


def _open_visit(tx: Connection, visit_id: str) -> Visit:
    visit = visits.get(tx, visit_id)
    if visit is None or visit.ended_at is not None:
        raise NotFound("no such visit", hint="It may have ended.", field="visit_id")
    return visit


def _told_before(conn: Connection, scan: Scan, body_hash: bytes) -> bytes | None:
    if scan.scan_id is None:
        return None
    return _same_answer(answers.find(conn, SCAN_DOOR, scan.scan_id), body_hash)


def _same_answer(stored: answers.StoredAnswer | None, body_hash: bytes) -> bytes | None:
    if stored is None:
        return None
    if stored.body_hash != body_hash:
        raise Conflict(
            "this key was used for another request", hint="Use a new key for a new request."
        )
    return stored.answer


def _json(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def _hash_of_scan(scan: Scan) -> bytes:
    said = [scan.lane, scan.data, scan.symbology, scan.scanned_at]
    return hashlib.sha256(orjson.dumps(said)).digest()
