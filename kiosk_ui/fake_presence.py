"""Where the invented cast is: zones, arrivals in several stages, and a claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from kiosk_ui.fake import FakeShop
from kiosk_ui.fake_cast import MIRA
from kiosk_ui.model import (
    ArrivalRow,
    ArrivalStage,
    Claim,
    Confidence,
    FloorPlan,
    PlanKind,
    PlanZone,
)


def furnish(shop: FakeShop) -> None:
    """Zones with people in them, somebody in two of three stages of arriving, and a claim."""
    shop.plan = sample_plan()
    zones = ("women", "women", "men", "shoes", "fitting", "women")
    for customer_id, zone_id in zip(list(shop.rows["de"]), zones, strict=False):
        shop.move(customer_id, zone_id)
    now = shop.now()
    last = list(shop.rows["de"])[-1]
    claim = Claim("emil", "Emil Entwurf", now - timedelta(minutes=3), now + timedelta(minutes=17))
    for language, rows in shop.rows.items():
        unsure = replace(rows[last], confidence=Confidence.MEDIUM, claim=claim)
        rows[last] = replace(unsure, seen_at=now - timedelta(minutes=18))
        shop.coming[language] = _coming(now, german=language == "de")  # type: ignore[index]  # ours


def sample_plan() -> FloorPlan:
    """Four zones, one of them blind, and the place for cars."""

    def zone(zone_id: str, name: str, kind: PlanKind, *corners: tuple[float, float]) -> PlanZone:
        return PlanZone(zone_id, name, kind, ((corners,),), zone_id == "fitting")

    return FloorPlan(
        width_m=92.0,
        height_m=48.0,
        zones=(
            zone("building", "Modehaus", PlanKind.STORE, (2, 2), (62, 2), (62, 46), (2, 46)),
            zone("parking", "Abholung", PlanKind.CURBSIDE, (66, 8), (90, 8), (90, 46), (66, 46)),
            zone("women", "Damen", PlanKind.ZONE, (4, 4), (34, 4), (34, 28), (4, 28)),
            zone("men", "Herren", PlanKind.ZONE, (34, 4), (60, 4), (60, 20), (34, 20)),
            zone("shoes", "Schuhe", PlanKind.ZONE, (34, 20), (60, 20), (60, 44), (34, 44)),
            zone("fitting", "Anprobe", PlanKind.ZONE, (4, 28), (34, 28), (34, 44), (4, 44)),
        ),
    )


def _coming(now: datetime, *, german: bool) -> tuple[ArrivalRow, ...]:
    need = "Abholung: Mantel Muster" if german else "Click & collect: sample coat"
    bare = "Abholung" if german else "Click & collect"
    return (
        ArrivalRow("a1", ArrivalStage.AT_CURBSIDE, bare, now, now, place="Regal C4"),
        ArrivalRow(
            "a2",
            ArrivalStage.APPROACHING,
            need,
            now,
            now,
            eta_at=now + timedelta(minutes=3, seconds=40),
            confidence=Confidence.HIGH,
            customer_id=MIRA,
            name="Mira Musterfrau",
            place="Regal A2",
        ),
    )
