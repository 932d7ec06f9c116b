"""What a scan leads to: a visit, ranked offers, one sentence, and what the tablet shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from store_agent.domain.customer import Customer
from store_agent.domain.offer import Benefit
from store_agent.domain.scan import Resolution, ScanReason


class Relationship(StrEnum):
    """The tone of the first sentence."""

    FIRST_MEETING = "first_meeting"
    REGULAR = "regular"
    LONG_ABSENCE = "long_absence"


class OfferReason(StrEnum):
    """Why an offer is shown, withheld or refused."""

    ISSUED_RIGHT = "issued_right"  # a voucher: always honoured
    MATCHES = "matches"
    CONTROL_GROUP = "control_group"
    STOPPED = "stopped"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    WRONG_DAY = "wrong_day"
    WRONG_TIME = "wrong_time"
    NOT_IN_SEGMENT = "not_in_segment"
    NOT_IN_TIER = "not_in_tier"
    NOT_IN_LIFECYCLE = "not_in_lifecycle"
    NO_CONSENT = "no_consent"
    NO_BIRTHDAY = "no_birthday"
    ALREADY_OWNED = "already_owned"
    ALREADY_REDEEMED = "already_redeemed"
    PERSON_STATE = "person_state"
    NOT_IN_RFM_BAND = "not_in_rfm_band"
    NOT_THIS_BUYER = "not_this_buyer"
    NOT_FIRST_VISIT = "not_first_visit"
    PROFILE_ELSEWHERE = "profile_elsewhere"  # a stub: what the offer asks about is not known here
    NOT_TRIGGERED = "not_triggered"
    # at the till
    BELOW_MINIMUM = "below_minimum"
    NOT_IN_BASKET = "not_in_basket"
    NO_EFFECT = "no_effect"
    NOT_COMBINABLE = "not_combinable"  # another offer gives more
    WRONG_CURRENCY = "wrong_currency"
    NOT_FOUND = "not_found"
    NOT_YOURS = "not_yours"
    CUSTOMER_REQUIRED = "customer_required"
    VOUCHER_REQUIRED = "voucher_required"
    ONLINE_ONLY = "online_only"
    NOT_OWNER = "not_owner"  # another store, or the centre, holds this right
    RESERVED_ELSEWHERE = "reserved_elsewhere"
    LIMIT_PERSON = "limit_person"
    LIMIT_STORE = "limit_store"
    BUDGET_USED_UP = "budget_used_up"
    NOT_ENOUGH_POINTS = "not_enough_points"
    BASKET_VOIDED = "basket_voided"
    CLOCK_UNSURE = "clock_unsure"  # a right that ends by time, and nobody knows the time


class Verdict(StrEnum):
    """What happens with an offer."""

    SHOWN = "shown"
    WITHHELD = "withheld"  # control group: an exposure that is logged
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OfferDecision:
    """One offer or voucher judged for one person at one moment."""

    offer_id: str
    verdict: Verdict
    reason: OfferReason
    title: str
    detail: str = ""
    benefit: Benefit | None = None
    voucher_id: str | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """The one thing to say, and why: ready text in the customer's and the staff's language."""

    text: str
    why: str
    urgent: bool = False  # somebody is waiting for it: a pickup, a right that ends today
    topic: str = ""  # what it is about, so that it can rest


class Evidence(StrEnum):
    """What told that somebody is in the shop."""

    SCAN = "scan"
    BEACON = "beacon"
    FENCE = "fence"
    TILL = "till"


class Confidence(StrEnum):
    """How sure the evidence is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


# How long evidence stays what it was: then "probably", then "perhaps still here".
FRESH = timedelta(minutes=15)
AGEING = timedelta(minutes=45)
SURENESS = tuple(Confidence)  # the surest first


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay of one customer in the shop, whatever told of it.

    `lane` is where a pass was shown last, "" when none was. `indoor_at` is the last evidence from
    inside the shop; a position alone is none. `zone` is a fence id, None = somewhere in the shop.
    """

    id: str
    customer_id: str
    started_at: datetime
    last_seen_at: datetime
    lane: str
    ended_at: datetime | None = None
    other_person: bool = False  # staff said: somebody else carries this pass
    said: bool = False  # staff said the one thing; it is gone for this visit
    evidence: Evidence = Evidence.SCAN  # the last one
    confidence: Confidence = Confidence.HIGH
    zone: str | None = None
    indoor_at: datetime | None = None
    claimed_by: str | None = None  # staff id: "I'm with her"
    claimed_at: datetime | None = None

    def claimed_until(self, now: datetime, length: timedelta) -> datetime | None:
        """When the claim, of this length, lets go by itself; None when nobody has it any more.

        One of a clock that was ahead, and is right again, does not last until that time.
        """
        if self.claimed_by is None or self.claimed_at is None:
            return None
        return self.claimed_at + length if abs(now - self.claimed_at) < length else None

    def confidence_at(self, now: datetime) -> Confidence:
        """How sure it is that they are still here: what the evidence was worth, less its age."""
        age = now - self.last_seen_at
        steps = (age > FRESH) + (age > AGEING)
        return SURENESS[min(SURENESS.index(self.confidence) + steps, len(SURENESS) - 1)]


@dataclass(frozen=True, slots=True)
class Briefing:
    """What staff may know about a customer who may be addressed: the input of every card.

    `find_sentence` is pure and asked only by who shows the sentence: a till does not wait for it.
    """

    customer: Customer
    relationship: Relationship
    offers: tuple[OfferDecision, ...]
    find_sentence: Callable[[], Sentence | None]


@dataclass(frozen=True, slots=True)
class Greeting:
    """The answer to a scan. `briefing` is None when nobody may be named; then `reason` says why."""

    event_id: str
    lane: str
    at: datetime
    resolution: Resolution
    briefing: Briefing | None = None
    reason: ScanReason | None = None
    visit: Visit | None = None
    is_new_visit: bool = False
    is_recorded: bool = True  # False on a full disk: shown, and recorded later if all goes well

    @property
    def customer(self) -> Customer | None:
        """Who may be named, if anybody."""
        return self.briefing.customer if self.briefing else None
