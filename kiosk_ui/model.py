"""What the pages show: frozen values that the agent fills and the templates print.

Texts about a person (sentence, reason, offer title) arrive decided and in the viewer's language;
closed sets arrive as enums or codes and get their label here. Times are aware UTC, amounts integer
minor units with their ISO 4217 currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody at the tablet may see and do."""

    ASSOCIATE = "associate"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class Device:
    """A paired tablet."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: a member of staff at a paired tablet. `language` is "de" or "en"."""

    device_id: str
    device_name: str
    staff_id: str
    staff_name: str
    role: Role
    language: str


@dataclass(frozen=True, slots=True)
class StaffChoice:
    """One name on the login page."""

    id: str
    name: str
    role: Role = Role.ASSOCIATE


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's smallest unit."""

    amount_minor: int
    currency: str = "EUR"


class ComponentState(StrEnum):
    """How one part of the agent is doing; the same words as in /readyz."""

    OK = "ok"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Component:
    """One row of the status page. `name` is a code such as "ledger"; `reason` is a sentence."""

    name: str
    state: ComponentState
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot being loaded: `done` of `total` entries (`total` 0 = not known yet)."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Status:
    """The line and the state of the box, as the top line and the status page show it."""

    online: bool
    line_since: datetime
    waiting_events: int = 0
    quarantined: int = 0
    profiles_as_of: datetime | None = None
    profiles_stale: bool = False  # older than the agent is willing to vouch for
    bootstrap: Progress | None = None
    components: tuple[Component, ...] = ()


class PersonMark(StrEnum):
    """A state of a person that changes how staff behave; shown quietly, never as a reproach."""

    NONE = "none"
    DO_NOT_APPROACH = "do_not_approach"
    GIFT = "gift"
    UNDER_16 = "under_16"
    COLLEAGUE = "colleague"


class Evidence(StrEnum):
    """What told that somebody is here."""

    SCAN = "scan"
    BEACON = "beacon"
    FENCE = "fence"
    TILL = "till"


class Confidence(StrEnum):
    """How sure the agent is of a place; shown in words, never as a number."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Claim:
    """ "I'm with her": who has taken a customer on, until they let go or `until` has come."""

    staff_id: str
    staff_name: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class FloorRow:
    """One named customer in the shop. `reason` is why now, in words ("" = nothing special).

    `zone_id` names a zone of the plan ("" = somewhere in the shop); `seen_at` is the last evidence.
    """

    visit_id: str
    customer_id: str
    name: str
    since: datetime
    lane: str = ""
    reason: str = ""
    needs_someone: bool = False
    mark: PersonMark = PersonMark.NONE
    tier: str = ""
    zone_id: str = ""
    zone: str = ""  # its name
    seen_at: datetime | None = None
    evidence: Evidence = Evidence.SCAN
    confidence: Confidence = Confidence.HIGH
    claim: Claim | None = None


class ArrivalStage(StrEnum):
    """How far somebody is who comes for something."""

    APPROACHING = "approaching"
    NEARBY = "nearby"
    AT_CURBSIDE = "at_curbside"
    AT_STORE = "at_store"  # a phone says so, nothing in the shop does: nobody is sent to greet


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """Somebody on the way, or here without agreeing to be addressed: then only the need is told.

    `name` and `customer_id` are "" for the latter; `need` is what to prepare, in words, never "".
    `eta_at` is when they should be here, as of `as_of`.
    """

    id: str
    stage: ArrivalStage
    need: str
    as_of: datetime
    since: datetime
    eta_at: datetime | None = None
    confidence: Confidence = Confidence.MEDIUM
    customer_id: str = ""
    name: str = ""
    place: str = ""  # where the order lies, e.g. "Regal C4"
    zone_id: str = ""


@dataclass(frozen=True, slots=True)
class GuestRow:
    """A scan that names nobody. `reason` is a code of `ScanReason`, e.g. "no_consent"."""

    id: str
    at: datetime
    reason: str
    lane: str = ""


class PlanKind(StrEnum):
    """What an outline on the plan is."""

    STORE = "store"
    ZONE = "zone"
    CURBSIDE = "curbside"
    AREA = "area"


Outline = tuple[tuple[float, float], ...]  # (x, y) in metres, y downwards; closed by the reader


@dataclass(frozen=True, slots=True)
class PlanZone:
    """One outline of the plan. The first outline of each part is its border, then its holes.

    `blind` = the radios that watch this zone are silent: who is there is not known now.
    """

    id: str
    name: str
    kind: PlanKind
    parts: tuple[tuple[Outline, ...], ...]
    blind: bool = False


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """The shop from above, drawn from its fences; largest outline first."""

    width_m: float
    height_m: float
    zones: tuple[PlanZone, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """Who is in the shop, newest first, and the guests scanned lately.

    `arrival` = whoever was scanned in the last moments: a tablet where nobody is open shows the
    card by itself. None for people who must not be approached.
    """

    rows: tuple[FloorRow, ...] = ()
    guests: tuple[GuestRow, ...] = ()
    arrival: CustomerPage | None = None
    coming: tuple[ArrivalRow, ...] = ()  # soonest first
    plan: FloorPlan | None = None  # None: no zones are drawn for this shop


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One customer found. `hint` tells namesakes apart without showing data, e.g. "…23 125"."""

    customer_id: str
    name: str
    hint: str = ""
    tier: str = ""
    in_shop_since: datetime | None = None


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


class ProposalState(StrEnum):
    """What a till made of a proposal."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class ProposalNote:
    """An offer that was offered to a till. `total` is the basket as the till told it, if it did."""

    till: str
    state: ProposalState
    at: datetime
    total: Money | None = None


@dataclass(frozen=True, slots=True)
class OfferInBasket:
    """What an offer makes of the customer's basket now: `worth`, `points`, or why nothing.

    `why_not` is a sentence in the viewer's language, "" when it gives something.
    """

    worth: Money | None = None
    points: int = 0
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class BasketNote:
    """The customer's basket, which stands on `till` now."""

    till: str
    total: Money


@dataclass(frozen=True, slots=True)
class OfferCard:
    """An offer or voucher valid now. `worth` = what it is worth in money, where that is fixed.

    `reason` is the code of why it is shown ("issued_right", "matches"); `in_basket` is None while
    the customer's basket stands on no till, or no till has asked about this offer.
    """

    id: str
    title: str
    detail: str = ""
    is_voucher: bool = False
    worth: Money | None = None
    min_basket: Money | None = None
    valid_until: datetime | None = None
    reason: str = ""
    in_basket: OfferInBasket | None = None
    proposal: ProposalNote | None = None

    @property
    def can_be_proposed(self) -> bool:
        """Whether it gives something for the basket, and no proposal of it stands."""
        gives = self.in_basket is not None and not self.in_basket.why_not
        state = self.proposal.state if self.proposal else ProposalState.UNANSWERED
        return gives and state in {ProposalState.UNANSWERED, ProposalState.DECLINED}


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


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Everything the customer page shows; a missing optional value is left out, never guessed.

    `said` = the sentence was dismissed for this visit. `visit_id` is None when the person is not
    in the shop. What `mark` forbids (sentence, offers) is already left out by the agent.
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
    offers: tuple[OfferCard, ...] = ()
    basket: BasketNote | None = None
    last_visit_at: datetime | None = None
    facts: tuple[Fact, ...] = ()
    open_orders: tuple[OpenOrder, ...] = ()
    purchases: tuple[PurchaseRow, ...] = ()
    purchase_count: int = 0
    affinities: tuple[Affinity, ...] = ()
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """Something a till gave without a right. `why` is a sentence in the viewer's language."""

    id: str
    at: datetime
    till: str
    title: str
    amount: Money
    why: str


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """The answer to a scan at the tablet: a customer to open, or the code of the reason why not."""

    customer_id: str | None = None
    reason: str | None = None
