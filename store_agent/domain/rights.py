"""Lots, reservations, redemptions, points: what may be spent, is held, or was spent.

The protocol is escrow: nobody spends what it was not handed (O'Neil 1986; bounded counters,
Balegas et al., arXiv 1503.09052), so budgets hold while every line is cut.
See docs/redemption.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from store_agent.domain.basket import Allocation
from store_agent.domain.greeting import OfferReason
from store_agent.domain.offer import NO_CAPS, BudgetUnit, Caps, RestorePolicy


class LotClass(StrEnum):
    """Who may take back what a store did not spend."""

    STRICT = "strict"  # only the store itself, by its closing statement
    BOUNDED_RISK = "bounded_risk"  # the centre, by time; at worst the lot is spent twice


class LotState(StrEnum):
    """An active lot may be spent; a closed one never again."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LotGrant:
    """What the platform hands a store: one document of the feed collection `lots`."""

    lot_id: str
    offer_id: str
    store_id: str
    store_epoch: str
    amount: int  # in the offer's budget unit
    unit: BudgetUnit = BudgetUnit.USE
    lot_class: LotClass = LotClass.STRICT
    spend_until: datetime | None = None
    recalled: bool = False  # the platform asks for its closing statement


@dataclass(frozen=True, slots=True)
class Lot:
    """A grant as the ledger keeps it."""

    lot_id: str
    offer_id: str
    amount: int
    remaining: int
    unit: BudgetUnit
    lot_class: LotClass
    spend_until: datetime | None
    state: LotState


@dataclass(frozen=True, slots=True)
class Want:
    """One right a basket asks for, as the rules judged it: the input of a reservation.

    `budget`: it comes out of the offer's lots. `points`: points paid with, for the tender.
    """

    offer_id: str
    amount_minor: int
    allocations: tuple[Allocation, ...] = ()
    voucher_id: str | None = None
    voucher_grant: str = ""
    budget: BudgetUnit | None = None
    caps: Caps = NO_CAPS
    points: int = 0
    restore: RestorePolicy = RestorePolicy.FULL
    title: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A right that was not given, and why."""

    offer_id: str
    reason: OfferReason


class ReservationState(StrEnum):
    """A hold ends by itself, by the till, or by the sale."""

    LIVE = "live"
    RELEASED = "released"
    COMMITTED = "committed"


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is held for one basket. The same transaction extends or replaces it."""

    id: str
    txn_id: str
    till: str
    customer_id: str | None
    revision: int
    expires_at: datetime
    state: ReservationState
    wants: tuple[Want, ...]


class BasketState(StrEnum):
    """Where a till's transaction stands. A tombstone is a void that came before its commit."""

    OPEN = "open"
    COMMITTED = "committed"
    VOIDED = "voided"


class CommitStatus(StrEnum):
    """How a commit was taken; it is never refused."""

    COMMITTED = "committed"
    COMMITTED_LATE = "committed_late"  # without a live reservation, and every right was free
    CONFLICT = "conflict"  # something was spent that this sale had no right to


class RedemptionState(StrEnum):
    """What became of a redemption."""

    REDEEMED = "redeemed"
    CONFLICT = "conflict"  # given away at the till without a right; the back office knows
    VOIDED = "voided"  # taken back with its whole sale
    RESTORED = "restored"  # a return gave the right back


@dataclass(frozen=True, slots=True)
class Redemption:
    """One right spent in one sale. Key: `id`; the platform deduplicates on it."""

    id: str
    txn_id: str
    offer_id: str
    voucher_id: str | None
    lot_id: str | None
    customer_id: str | None
    units: int  # of the lot; 1 for a voucher
    amount_minor: int
    currency: str
    till: str
    business_date: date
    at: datetime
    state: RedemptionState
    allocations: tuple[Allocation, ...] = ()
    points: int = 0
    restore: RestorePolicy = RestorePolicy.FULL
    returned_minor: int = 0
    reason: OfferReason | None = None  # of a conflict


class PointsKind(StrEnum):
    """Why points came or went."""

    EARN = "earn"
    BURN = "burn"
    CLAWBACK = "clawback"  # a return takes earned points back
    RESTORE = "restore"  # a return or void gives burnt points back
    REVERSE = "reverse"  # a void takes earned points back


@dataclass(frozen=True, slots=True)
class PointsEntry:
    """One movement; a balance is the platform's last word plus what it has not confirmed yet."""

    id: str
    customer_id: str
    kind: PointsKind
    points: int  # signed: what it adds to the balance
    at: datetime
    txn_id: str
    expires_at: datetime | None = None


class VoucherAction(StrEnum):
    """What a return did to a right."""

    RESTORE = "restore"
    PARTIAL = "partial"
    KEEP = "keep"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class VoucherEffect:
    """The answer of a return about one redemption."""

    voucher_id: str
    action: VoucherAction
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something was given at a till without a right: a loss the manager should know about."""

    id: str
    txn_id: str
    till: str
    offer_id: str
    voucher_id: str | None
    amount_minor: int
    currency: str
    reason: OfferReason
    at: datetime
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """How often an offer was redeemed or is held, without the asking basket's own hold."""

    person: int = 0
    person_day: int = 0
    store: int = 0
    store_day: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says at one moment, for one customer and basket: the rules read it.

    `lot_left` counts units to spend now, by offer; `unavailable` says why a voucher cannot be used.
    `points` is the platform's last word with what it has not confirmed yet, less what is held.
    """

    used: Mapping[str, Used] = field(default_factory=dict)
    lot_left: Mapping[str, int] = field(default_factory=dict)
    unavailable: Mapping[str, OfferReason] = field(default_factory=dict)
    points: int = 0
