"""One customer, as the page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk_ui.model.money import Money
from kiosk_ui.model.offers import BasketNote, OfferCard
from kiosk_ui.model.presence import Claim, Confidence, Evidence, PersonMark


class Origin(StrEnum):
    """Where a fact comes from."""

    TOLD = "told"
    OBSERVED = "observed"
    INFERRED = "inferred"


class AddressForm(StrEnum):
    """How the customer wants to be addressed."""

    FORMAL = "formal"
    INFORMAL = "informal"


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that ages. `label` is a code ("size.shoes", "fit") or, if unknown here, a text."""

    label: str
    value: str
    origin: Origin
    as_of: datetime


@dataclass(frozen=True, slots=True)
class TierProgress:
    """Loyalty tier; `progress` 0..1 of the way to `next_name`, `missing` the rest in money."""

    name: str
    next_name: str = ""
    missing: Money | None = None
    progress: float = 0.0


@dataclass(frozen=True, slots=True)
class Points:
    """Loyalty points, what they are worth, and when the balance was known."""

    balance: int
    value: Money
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """The one thing to say, and why."""

    text: str
    why: str
    topic: str = ""


class Outcome(StrEnum):
    """What became of the sentence."""

    SAID = "said"
    NOT_NOW = "not_now"
    NOT_INTERESTED = "not_interested"


@dataclass(frozen=True, slots=True)
class Answered:
    """The last answer of this visit, which can be taken back."""

    topic: str
    outcome: Outcome


class OrderKind(StrEnum):
    """Why an order matters in this shop."""

    PICKUP = "pickup"
    RETURN = "return"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order waiting for the customer."""

    id: str
    kind: OrderKind
    title: str
    ready_since: datetime | None = None
    place: str = ""


class Channel(StrEnum):
    """Where something was bought."""

    STORE = "store"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    """One article bought or brought back (`returned`: `amount` is negative)."""

    title: str
    at: datetime
    channel: Channel
    place: str
    amount: Money
    category: str = ""
    size: str = ""
    returned: bool = False
    gift: bool = False
    sku: str = ""  # "" = there is no sheet of this article


@dataclass(frozen=True, slots=True)
class Affinity:
    """A share (0..1) of this customer's purchases in one category."""

    category: str
    share: float


@dataclass(frozen=True, slots=True)
class Consent:
    """One purpose ("clienteling", "location", "marketing.email") and the customer's answer."""

    purpose: str
    granted: bool
    decided_at: datetime | None = None


class OpenedBy(StrEnum):
    """How the customer page came to be open."""

    SCAN = "scan"
    CHECK_IN = "check_in"
    SEARCH = "search"


class Profile(StrEnum):
    """How much of a profile is on this box."""

    WHOLE = "whole"
    FETCHING = "fetching"  # only name and consents yet; the platform is being asked
    ELSEWHERE = "elsewhere"  # only name and consents; the platform cannot be asked now


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Everything the customer page shows; a missing optional value is left out, never guessed.

    `said` = something was said in this visit, so that nothing else is suggested. `visit_id` is
    None when the person is not in the shop. What `mark` forbids (sentence, offers) is already left
    out by the agent.
    """

    customer_id: str
    name: str
    as_of: datetime
    visit_id: str | None = None
    in_shop_since: datetime | None = None
    lane: str = ""
    opened_by: OpenedBy = OpenedBy.SEARCH
    zone: str = ""  # the name of the zone they are in, "" = not known
    seen_at: datetime | None = None
    evidence: Evidence = Evidence.SCAN
    confidence: Confidence = Confidence.HIGH
    claim: Claim | None = None
    address_form: AddressForm | None = None
    language: str = ""
    mark: PersonMark = PersonMark.NONE
    tier: TierProgress | None = None
    points: Points | None = None
    sentence: Sentence | None = None
    said: bool = False
    answered: Answered | None = None
    offers: tuple[OfferCard, ...] = ()
    basket: BasketNote | None = None
    last_visit_at: datetime | None = None
    facts: tuple[Fact, ...] = ()
    open_orders: tuple[OpenOrder, ...] = ()
    purchases: tuple[PurchaseRow, ...] = ()
    purchase_count: int = 0
    affinities: tuple[Affinity, ...] = ()
    consents: tuple[Consent, ...] = ()
    profile: Profile = Profile.WHOLE
