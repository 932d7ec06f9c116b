"""The shipped fake: a shop in memory with an invented cast, for tests, screenshots and design.

Everything is real but the people: a scan moves somebody onto the floor, marks act at once and
live pages hear of it through the hub.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kiosk_ui.errors import LoginReason, LoginRefused, PairingRefused
from kiosk_ui.live import Hub
from kiosk_ui.model import (
    Answered,
    ArrivalRow,
    BasketNote,
    Claim,
    ConflictRow,
    CustomerPage,
    Device,
    Evidence,
    Floor,
    FloorPlan,
    FloorRow,
    GuestRow,
    Money,
    OfferInBasket,
    OpenedBy,
    Outcome,
    PersonMark,
    ProposalNote,
    ProposalState,
    Role,
    ScanOutcome,
    SearchHit,
    StaffChoice,
    Status,
    Viewer,
)

PIN = "2468"  # of everybody in the fake
PAIRING_CODE = "MUSTER-7"
CLAIM_LENGTH = timedelta(minutes=20)
LOCKED_FOR = timedelta(minutes=5)
FAILURES_ALLOWED = 5


@dataclass(eq=False, slots=True)
class FakeShop:
    """`kiosk_ui.ports.Shop` in memory. `people` maps a language to customer pages by id."""

    hub: Hub
    now: Callable[[], datetime]
    people: Mapping[str, Mapping[str, CustomerPage]]
    state: Status
    rows: Mapping[str, dict[str, FloorRow]] = field(default_factory=dict)
    guests: list[GuestRow] = field(default_factory=list)
    passes: Mapping[str, str] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    answers: dict[str, Answered] = field(default_factory=dict)
    not_them: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)  # the "access log"
    latest: str | None = None  # who was scanned last
    coming: Mapping[str, tuple[ArrivalRow, ...]] = field(default_factory=dict)
    plan: FloorPlan | None = None
    baskets: dict[str, BasketNote] = field(default_factory=dict)  # by customer
    in_basket: Mapping[str, Mapping[str, OfferInBasket]] = field(default_factory=dict)
    proposals: dict[tuple[str, str], ProposalNote] = field(default_factory=dict)
    given: Mapping[str, tuple[ConflictRow, ...]] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)

    async def floor(self, viewer: Viewer) -> Floor:
        """Everybody in `rows` who was not marked as somebody else."""
        rows = (r for r in self.rows[viewer.language].values() if r.visit_id not in self.not_them)
        newest_first = tuple(sorted(rows, key=lambda row: row.since, reverse=True))
        coming = self.coming.get(viewer.language, ())
        arrival = await self._arrival(viewer)
        return Floor(newest_first, tuple(self.guests), arrival, coming, self.plan)

    async def _arrival(self, viewer: Viewer) -> CustomerPage | None:
        if self.latest is None:
            return None
        try:
            page = await self.refresh(self.latest, viewer)
        except LookupError:  # "not this person"
            return None
        return None if page.mark is PersonMark.DO_NOT_APPROACH else page

    async def customer(self, customer_id: str, viewer: Viewer) -> CustomerPage:
        """The page, remembered as looked at."""
        page = await self.refresh(customer_id, viewer)
        self.seen.append(customer_id)
        return page

    async def refresh(self, customer_id: str, viewer: Viewer) -> CustomerPage:
        """The page as it is now."""
        page = self._at_till(self.people[viewer.language][customer_id], viewer.language)
        row = self.rows[viewer.language].get(customer_id)
        if row and row.visit_id in self.not_them:
            raise LookupError(customer_id)
        if row is None:
            return replace(page, visit_id=None, in_shop_since=None, lane="")
        answered = self.answers.get(row.visit_id)
        return replace(
            page,
            sentence=None if answered else page.sentence,
            answered=answered,
            visit_id=row.visit_id,
            in_shop_since=row.since,
            lane=row.lane,
            opened_by=OpenedBy.SCAN,
            said=row.visit_id in self.said,
            zone=row.zone,
            seen_at=row.seen_at,
            evidence=row.evidence,
            confidence=row.confidence,
            claim=row.claim,
        )

    def _at_till(self, page: CustomerPage, language: str) -> CustomerPage:
        """The card with the basket that stands on a till, if one does, and what was proposed."""
        basket = self.baskets.get(page.customer_id)
        inside = self.in_basket.get(language, {}) if basket else {}
        offers = tuple(
            replace(
                offer,
                in_basket=inside.get(offer.id),
                proposal=self.proposals.get((page.customer_id, offer.id)),
            )
            for offer in page.offers
        )
        return replace(page, basket=basket, offers=offers)

    async def search(self, query: str, viewer: Viewer) -> tuple[SearchHit, ...]:
        """Everybody whose name contains all words of `query`."""
        words = query.casefold().split()
        rows = self.rows[viewer.language]
        return tuple(
            SearchHit(
                page.customer_id,
                page.name,
                hint=f"… {100 + number}",
                tier=page.tier.name if page.tier else "",
                in_shop_since=rows[page.customer_id].since if page.customer_id in rows else None,
            )
            for number, page in enumerate(self.people[viewer.language].values())
            if all(word in page.name.casefold() for word in words)
        )

    async def scan(self, data: str, viewer: Viewer) -> ScanOutcome:
        """A known pass brings its owner onto the floor; others are guests."""
        text = data[3:] if data.startswith("]") else data
        customer_id = self.passes.get(text)
        if customer_id is None:
            self.guest("unknown_pass", viewer.device_name)
            return ScanOutcome(reason="unknown_pass")
        self.arrive(customer_id)
        return ScanOutcome(customer_id=customer_id)

    async def status(self) -> Status:
        """What was set."""
        return self.state

    async def mark_not_this_person(self, visit_id: str, viewer: Viewer) -> None:
        """Off the floor."""
        self._change(visit_id, self.not_them.add)

    async def undo_not_this_person(self, visit_id: str, viewer: Viewer) -> None:
        """Back on the floor."""
        self._change(visit_id, self.not_them.discard)

    async def note_answer(
        self, visit_id: str, topic: str, outcome: Outcome, viewer: Viewer
    ) -> None:
        """The sentence rests."""
        del viewer
        self._change(visit_id, lambda _: None)
        self.answers[visit_id] = Answered(topic, outcome)
        if outcome is Outcome.SAID:
            self.said.add(visit_id)

    async def take_back_answer(self, visit_id: str, topic: str, viewer: Viewer) -> None:
        """The sentence is back."""
        del topic, viewer
        self._change(visit_id, self.said.discard)
        self.answers.pop(visit_id, None)

    async def claim(self, visit_id: str, viewer: Viewer, instead_of: str = "") -> None:
        """ "I'm with her", unless somebody unseen was first."""
        now = self.now()
        rows = self.rows[viewer.language].values()
        held = next((row.claim for row in rows if row.visit_id == visit_id), None)
        if held is not None and held.staff_id not in {viewer.staff_id, instead_of}:
            return
        taken = Claim(viewer.staff_id, viewer.staff_name, now, now + CLAIM_LENGTH)
        self._set_claim(visit_id, taken)

    async def release(self, visit_id: str, viewer: Viewer) -> None:
        """Nobody is with them."""
        self._set_claim(visit_id, None)

    async def propose(self, customer_id: str, offer_id: str, viewer: Viewer) -> None:
        """It waits at the till until `answer`."""
        basket = self.baskets[customer_id]
        note = ProposalNote(basket.till, ProposalState.WAITING, self.now())
        self._note(customer_id, offer_id, note)

    async def conflicts(self, viewer: Viewer) -> tuple[ConflictRow, ...]:
        """What nobody has seen yet; nothing for associates."""
        if viewer.role is not Role.MANAGER:
            return ()
        rows = self.given.get(viewer.language, ())
        return tuple(row for row in rows if row.id not in self.checked)

    async def conflict_seen(self, conflict_id: str, viewer: Viewer) -> None:
        """Off the list."""
        if not any(row.id == conflict_id for rows in self.given.values() for row in rows):
            raise LookupError(conflict_id)
        self.checked.add(conflict_id)

    def answer(
        self, customer_id: str, offer_id: str, state: ProposalState, total: Money | None = None
    ) -> None:
        """What the till makes of a proposal."""
        note = self.proposals[customer_id, offer_id]
        self._note(customer_id, offer_id, replace(note, state=state, total=total))

    def _note(self, customer_id: str, offer_id: str, note: ProposalNote) -> None:
        self.proposals[customer_id, offer_id] = note
        self.hub.customer_changed(customer_id)
        self.hub.floor_changed()

    def _set_claim(self, visit_id: str, claim: Claim | None) -> None:
        for rows in self.rows.values():
            for customer_id, row in rows.items():
                if row.visit_id == visit_id:
                    rows[customer_id] = replace(row, claim=claim)
        self._change(visit_id, lambda _: None)

    def move(self, customer_id: str, zone_id: str) -> None:
        """Somebody walks into another zone."""
        names = {zone.id: zone.name for zone in self.plan.zones} if self.plan else {}
        for rows in self.rows.values():
            row = rows[customer_id]
            rows[customer_id] = replace(
                row, zone_id=zone_id, zone=names.get(zone_id, ""), evidence=Evidence.BEACON
            )
        self.hub.floor_changed()
        self.hub.customer_changed(customer_id)

    def arrive(self, customer_id: str, *, lane: str = "", wanting: bool = True) -> None:
        """A scan at the door: onto the floor, in every language."""
        self.latest = customer_id
        for language, rows in self.rows.items():
            page = self.people[language][customer_id]
            rows[customer_id] = FloorRow(
                visit_id=f"visit-{customer_id}",
                customer_id=customer_id,
                name=page.name,
                since=self.now(),
                lane=lane,
                reason=page.sentence.why if page.sentence else "",
                needs_someone=wanting and page.mark is PersonMark.NONE,
                mark=page.mark,
            )
        self.hub.floor_changed()
        self.hub.customer_changed(customer_id)

    def guest(self, reason: str, lane: str = "") -> None:
        """A scan that names nobody."""
        self.guests.insert(0, GuestRow(f"guest-{len(self.guests)}", self.now(), reason, lane))
        self.hub.floor_changed()

    def set_status(self, state: Status) -> None:
        """The line went up or down, or something else about the box changed."""
        self.state = state
        self.hub.status_changed()

    def _change(self, visit_id: str, change: Callable[[str], None]) -> None:
        for rows in self.rows.values():
            for customer_id, row in rows.items():
                if row.visit_id == visit_id:
                    change(visit_id)
                    self.hub.floor_changed()
                    self.hub.customer_changed(customer_id)
                    return
        raise LookupError(visit_id)


@dataclass(eq=False, slots=True)
class FakeAccess:
    """`kiosk_ui.ports.Access` in memory: everybody's PIN is `PIN`."""

    staff: tuple[StaffChoice, ...]
    now: Callable[[], datetime]
    devices: dict[str, Device] = field(default_factory=dict)
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)  # token -> device, staff
    failures: dict[str, int] = field(default_factory=dict)

    async def pair(self, code: str, name: str) -> str:
        """One code fits all."""
        if code.upper() != PAIRING_CODE:
            raise PairingRefused("no such code")
        device = Device(f"device-{len(self.devices) + 1}", name or "Tablet")
        token = f"token-of-{device.id}"
        self.devices[token] = device
        return token

    async def staff_choices(self, device: Device) -> tuple[StaffChoice, ...]:
        """Everybody."""
        return self.staff

    async def login(self, device: Device, staff_id: str, pin: str) -> str:
        """Locks a name after too many failures."""
        if self.failures.get(staff_id, 0) >= FAILURES_ALLOWED:
            raise LoginRefused(LoginReason.LOCKED, until=self.now() + LOCKED_FOR)
        if pin != PIN or not any(choice.id == staff_id for choice in self.staff):
            self.failures[staff_id] = self.failures.get(staff_id, 0) + 1
            raise LoginRefused(LoginReason.WRONG_PIN)
        self.failures.pop(staff_id, None)
        token = f"session-{len(self.sessions) + 1}"
        self.sessions[token] = (device.id, staff_id)
        return token

    async def lock(self, device: Device, session_token: str) -> None:
        """Forget the session."""
        self.sessions.pop(session_token, None)

    async def device(self, device_token: str) -> Device | None:
        """Whose cookie this is."""
        return self.devices.get(device_token)

    async def viewer(self, device: Device, session_token: str, language: str) -> Viewer | None:
        """Who is signed in there."""
        device_id, staff_id = self.sessions.get(session_token, ("", ""))
        for choice in self.staff:
            if choice.id == staff_id and device_id == device.id:
                return Viewer(device.id, device.name, choice.id, choice.name, choice.role, language)
        return None


def default_staff() -> tuple[StaffChoice, ...]:
    """Who works in the invented shop."""
    names: Iterable[tuple[str, str, Role]] = (
        ("bea", "Bea Beispiel", Role.ASSOCIATE),
        ("emil", "Emil Entwurf", Role.ASSOCIATE),
        ("max", "Max Muster", Role.MANAGER),
        ("noor", "نور نموذج", Role.ASSOCIATE),
        ("lene", "Lene-Charlotte von Beispielshausen", Role.ASSOCIATE),
    )
    return tuple(StaffChoice(*entry) for entry in names)
