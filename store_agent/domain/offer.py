"""Offers (rules) and vouchers (one person's rights): the shape of two feed collections.

An offer says who may get it (audience), when (validity, hours, triggers), for which basket
(conditions, scope), what it gives (benefit), and how far it goes (stacking, caps, budget, offline
class). Empty fields never restrict. Unknown fields are ignored on reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from store_agent.domain.customer import Lifecycle


class BenefitKind(StrEnum):
    """What an offer gives. Gift and service are handed over by staff and have no amount."""

    PERCENT = "percent"
    AMOUNT = "amount"
    FIXED_PRICE = "fixed_price"
    NTH_FREE = "nth_free"  # of every `value` pieces in scope the cheapest is free
    FREE_ITEM = "free_item"  # one piece of `sku` is free
    POINTS = "points"
    POINTS_MULTIPLIER = "points_multiplier"
    GIFT = "gift"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Benefit:
    """`value`: percent, minor units, price of a piece, n, points, multiplier; 0 where none fits."""

    kind: BenefitKind
    value: int = 0
    sku: str = ""  # free_item only
    max_minor: int | None = None  # a discount never exceeds this


class BuyerStatus(StrEnum):
    """How often somebody has bought, counted from `Customer.purchase_count`."""

    NONE = "none"
    ONCE = "once"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who an offer is for. An empty field does not restrict."""

    segments: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    lifecycles: tuple[Lifecycle, ...] = ()
    rfm_bands: tuple[str, ...] = ()
    buyers: tuple[BuyerStatus, ...] = ()
    first_visit: bool | None = None
    consent: str | None = None  # a further purpose beyond `clienteling`
    birthday_within_days: int | None = None


class TriggerKind(StrEnum):
    """What may set an offer off."""

    SCAN = "scan"
    ZONE_DWELL = "zone_dwell"
    APPROACH = "approach"
    BASKET = "basket"
    NTH_VISIT = "nth_visit"
    WEATHER = "weather"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One occasion. `nth`: every nth visit; `weather`: conditions as the platform names them."""

    kind: TriggerKind
    zone: str = ""
    dwell_s: int = 60
    nth: int = 1
    weather: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the basket must hold. Values count before discounts, without return lines."""

    min_value_minor: int = 0
    min_pieces: int = 0
    min_scope_value_minor: int = 0  # only the lines the benefit is for
    min_scope_pieces: int = 0
    skus_all: tuple[str, ...] = ()
    skus_any: tuple[str, ...] = ()
    categories_any: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stacking:
    """One offer per non-empty `group`; an exclusive one stands alone."""

    group: str = ""
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Caps:
    """How often an offer may be redeemed; None = no limit. Days are the shop's business days."""

    per_person: int | None = None
    per_person_day: int | None = None
    per_store: int | None = None
    per_store_day: int | None = None


NO_CAPS = Caps()


class OfflineClass(StrEnum):
    """What bounds an offer while the line is down."""

    ANY = "any"  # only its caps
    LOT = "lot"  # this store's allotments of a budget over all stores
    PERSONAL = "personal"  # only with an issued voucher
    ONLINE_ONLY = "online_only"


class BudgetUnit(StrEnum):
    """What a lot counts."""

    USE = "use"
    MINOR = "minor"  # minor units of money given away


@dataclass(frozen=True, slots=True)
class Variant:
    """One arm of an A/B test; `share` is 0..1 of those who are not in control."""

    id: str
    share: float
    benefit: Benefit | None = None
    title: dict[str, str] | None = None
    detail: dict[str, str] | None = None


class RestorePolicy(StrEnum):
    """What a return gives back of a voucher or points spent."""

    NEVER = "never"
    FULL = "full"  # only when everything it was spent on comes back
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Offer:
    """A rule from the platform. Texts are per language; hours are in the store's time zone.

    `skus` and `categories` are the scope of the benefit; both empty = the whole basket.
    """

    id: str
    title: dict[str, str]
    benefit: Benefit
    detail: dict[str, str]
    audience: Audience = Audience()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    weekdays: tuple[int, ...] = ()  # ISO 1..7, empty = every day
    from_time: time | None = None
    until_time: time | None = None
    triggers: tuple[Trigger, ...] = ()  # any one of them is enough
    conditions: Conditions = Conditions()
    priority: int = 0
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()
    excluded_skus: tuple[str, ...] = ()
    stacking: Stacking = Stacking()
    caps: Caps = Caps()
    offline: OfflineClass = OfflineClass.ANY
    budget_unit: BudgetUnit = BudgetUnit.USE  # of its lots
    restore: RestorePolicy = RestorePolicy.FULL
    currency: str = "EUR"
    control_share: float = 0.0
    control_salt: str = ""
    variants: tuple[Variant, ...] = ()
    stopped: bool = False  # the kill switch


@dataclass(frozen=True, slots=True)
class Voucher:
    """One person's single-use right. An issued right is honoured in every control group.

    Exactly one store may redeem it: `owner_store`, under the ownership `grant`. Empty = the centre
    holds it, and it has to be moved here first.
    """

    id: str
    customer_id: str
    title: dict[str, str]
    benefit: Benefit
    offer_id: str = ""  # the rule it came from, if any
    code: str = ""  # what a till may type or scan for it
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    min_basket_minor: int = 0
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()
    excluded_skus: tuple[str, ...] = ()
    stacking: Stacking = Stacking()
    restore: RestorePolicy = RestorePolicy.FULL
    currency: str = "EUR"
    redeemed_at: datetime | None = None
    owner_store: str = ""
    owner_epoch: str = ""  # only this ledger of it; empty = whichever the store has
    grant: str = ""  # changes whenever the ownership moves
    recalled: bool = False  # the platform asks the owner to give it back
