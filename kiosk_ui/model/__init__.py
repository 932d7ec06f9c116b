"""What the pages show: frozen values that the agent fills and the templates print.

Texts about a person (sentence, reason, offer title) arrive decided and in the viewer's language;
closed sets arrive as enums or codes and get their label here. Times are aware UTC, amounts integer
minor units with their ISO 4217 currency.
"""

from kiosk_ui.model.customer import (
    AddressForm,
    Affinity,
    Answered,
    Channel,
    Consent,
    CustomerPage,
    Fact,
    OpenedBy,
    OpenOrder,
    OrderKind,
    Origin,
    Outcome,
    Points,
    Profile,
    PurchaseRow,
    Sentence,
    TierProgress,
)
from kiosk_ui.model.floor import (
    ArrivalRow,
    ArrivalStage,
    Floor,
    FloorRow,
    GuestRow,
    ScanOutcome,
    SearchHit,
)
from kiosk_ui.model.money import Money
from kiosk_ui.model.offers import (
    BasketNote,
    ConflictRow,
    OfferCard,
    OfferInBasket,
    ProposalNote,
    ProposalState,
)
from kiosk_ui.model.plan import FloorPlan, Outline, PlanKind, PlanZone
from kiosk_ui.model.presence import Claim, Confidence, Evidence, PersonMark
from kiosk_ui.model.status import Component, ComponentState, Progress, Status
from kiosk_ui.model.viewer import Device, Role, StaffChoice, Viewer

__all__ = [
    "AddressForm",
    "Affinity",
    "Answered",
    "ArrivalRow",
    "ArrivalStage",
    "BasketNote",
    "Channel",
    "Claim",
    "Component",
    "ComponentState",
    "Confidence",
    "ConflictRow",
    "Consent",
    "CustomerPage",
    "Device",
    "Evidence",
    "Fact",
    "Floor",
    "FloorPlan",
    "FloorRow",
    "GuestRow",
    "Money",
    "OfferCard",
    "OfferInBasket",
    "OpenOrder",
    "OpenedBy",
    "OrderKind",
    "Origin",
    "Outcome",
    "Outline",
    "PersonMark",
    "PlanKind",
    "PlanZone",
    "Points",
    "Profile",
    "Progress",
    "ProposalNote",
    "ProposalState",
    "PurchaseRow",
    "Role",
    "ScanOutcome",
    "SearchHit",
    "Sentence",
    "StaffChoice",
    "Status",
    "TierProgress",
    "Viewer",
]
