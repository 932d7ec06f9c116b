"""Somebody on the way to the shop, or near it and not known to be inside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store_agent.domain.greeting import Confidence


class ArrivalStage(StrEnum):
    """How far they are."""

    APPROACHING = "approaching"
    NEARBY = "nearby"
    AT_CURBSIDE = "at_curbside"
    AT_STORE = "at_store"  # a phone says so; nothing inside the shop does


@dataclass(frozen=True, slots=True)
class Arrival:
    """One customer and the fence they come to. `eta_at` is when they should be there."""

    customer_id: str
    fence_id: str
    stage: ArrivalStage
    since: datetime
    as_of: datetime
    confidence: Confidence
    eta_at: datetime | None = None
