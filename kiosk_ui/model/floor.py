"""Who is in the shop, who comes, and who was looked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk_ui.model.customer import CustomerPage
from kiosk_ui.model.plan import FloorPlan
from kiosk_ui.model.presence import Claim, Confidence, Evidence, PersonMark


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
    is_elsewhere: bool = False  # only name and consents are on this box


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """The answer to a scan at the tablet: a customer to open, or the code of the reason why not."""

    customer_id: str | None = None
    reason: str | None = None
