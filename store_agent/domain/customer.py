"""A customer as this shop knows them: the shape of the platform's customer document.

Documents travel as JSON of exactly these fields; unknown fields are ignored on reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from store_agent.domain.consent import ConsentDecision


class PersonState(StrEnum):
    """States that act at once and offline (capability A11)."""

    NOT_THIS_PERSON = "not_this_person"  # a shared pass: somebody else carries it
    DO_NOT_APPROACH = "do_not_approach"
    GIFT = "gift"  # buys for somebody else: say nothing about what was bought
    UNDER_16 = "under_16"
    DECEASED = "deceased"
    COLLEAGUE = "colleague"


class Lifecycle(StrEnum):
    """Where a customer stands with the brand."""

    LEAD = "lead"
    FIRST_TIME = "first_time"
    ACTIVE = "active"
    LAPSING = "lapsing"
    LAPSED = "lapsed"
    WON_BACK = "won_back"


class AddressForm(StrEnum):
    """How the customer wants to be addressed."""

    FORMAL = "formal"
    INFORMAL = "informal"


class Origin(StrEnum):
    """Where a fact about a person comes from."""

    TOLD = "told"
    OBSERVED = "observed"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Fact:
    """One profile field that can age, e.g. label "size.shoes", value "39"."""

    label: str
    value: str
    origin: Origin
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Tier:
    """The loyalty tier and the way to the next one (amounts in minor units)."""

    name: str
    next_name: str | None = None
    missing_minor: int | None = None
    progress: float = 0.0  # 0..1 of the way to `next_name`


@dataclass(frozen=True, slots=True)
class Affinity:
    """A share of this customer's purchases, 0..1, in one category."""

    category: str
    share: float


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A click & collect or online order that matters in this shop."""

    id: str
    kind: str  # "pickup" | "return" | "delivery"
    title: str
    ready_since: datetime | None = None
    place: str | None = None  # e.g. "Regal C4"


class CaseKind(StrEnum):
    """What a service case is about."""

    COMPLAINT = "complaint"
    LATE_DELIVERY = "late_delivery"
    REPAIR = "repair"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class ServiceCase:
    """Something the shop still owes an answer or a remedy for; while it is open nobody sells."""

    id: str
    kind: CaseKind
    title: str
    since: datetime
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class LeftLine:
    """One article in a basket that was left behind."""

    sku: str
    title: str
    amount_minor: int
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class LeftBasket:
    """A basket of the online shop that was filled and not paid."""

    at: datetime
    lines: tuple[LeftLine, ...] = ()


@dataclass(frozen=True, slots=True)
class LastTouch:
    """When the customer was last contacted through a channel ("email", "phone", "store", ...)."""

    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownValue:
    """What the platform worked out about a customer; each field wins over the box's own figure.

    `lifetime_minor` is net of returns, `churn` a probability 0..1.
    """

    as_of: datetime
    lifetime_minor: int | None = None
    currency: str = "EUR"
    next_purchase_at: datetime | None = None
    churn: float | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """One person; every optional field may be missing, and then nothing is claimed about it."""

    id: str
    display_name: str
    as_of: datetime
    first_name: str = ""
    last_name: str = ""
    salutation: str = ""
    address_form: AddressForm = AddressForm.FORMAL
    language: str = "de"
    member_number: str = ""
    phone: str = ""
    email: str = ""
    birthday: date | None = None
    tier: Tier | None = None
    points: int = 0
    points_as_of: datetime | None = None
    lifecycle: Lifecycle = Lifecycle.LEAD
    segments: tuple[str, ...] = ()
    first_purchase_at: datetime | None = None
    last_purchase_at: datetime | None = None
    last_visit_at: datetime | None = None
    purchase_count: int = 0
    rfm_band: str = ""  # recency, frequency, monetary, as the platform names it
    wish_list: tuple[str, ...] = ()  # product ids (sku)
    facts: tuple[Fact, ...] = ()
    affinities: tuple[Affinity, ...] = ()
    open_orders: tuple[OpenOrder, ...] = ()
    consents: tuple[ConsentDecision, ...] = ()
    states: tuple[PersonState, ...] = ()
    assignments: tuple[str, ...] = ()  # "offer-id:control" or "offer-id:shown", platform's own
    home_store: str = ""
    basket: LeftBasket | None = None
    viewed: tuple[str, ...] = ()  # product ids (sku) looked at online, the latest first
    cases: tuple[ServiceCase, ...] = ()
    last_touch: tuple[LastTouch, ...] = ()
    advisor: str = ""  # id of the member of staff who looks after this customer
    value: KnownValue | None = None
    # Only what recognises and addresses somebody (docs/feed.md): of the rest nothing is known here.
    stub: bool = False
