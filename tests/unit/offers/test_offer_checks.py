"""Documents of the right shape that make no sense are found out, field by field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest
from unit.offers.offer_builders import offer, voucher

from store_agent.domain.offer import (
    Audience,
    Benefit,
    BenefitKind,
    BudgetUnit,
    Caps,
    Conditions,
    OfflineClass,
    Trigger,
    TriggerKind,
    Variant,
)
from store_agent.domain.rights import LotClass, LotGrant
from store_agent.offers.checks import lot_faults, offer_faults, voucher_faults

EARLY = datetime(2026, 11, 1, tzinfo=UTC)
LATE = datetime(2026, 11, 30, tzinfo=UTC)
LOT = LotGrant("lot-1", "o-1", "s1", "epoch-1", 100)

Fields = dict[str, Any]


def benefit(kind: str, value: int = 0, **more: Any) -> Fields:
    return {"benefit": Benefit(BenefitKind(kind), value, **more)}


def arm(arm_id: str = "a", share: float = 0.5, **more: Any) -> Variant:
    return Variant(arm_id, share, **more)


GOOD: list[Fields] = [
    {},
    benefit("percent", 1),
    benefit("percent", 100, max_minor=1),
    benefit("amount", 1),
    benefit("fixed_price", 0),
    benefit("nth_free", 2),
    benefit("free_item", sku="A"),
    benefit("points", 1),
    benefit("points_multiplier", 2),
    benefit("gift"),
    benefit("service"),
    {"valid_from": EARLY, "valid_until": EARLY},
    {"valid_from": EARLY, "valid_until": datetime(2026, 10, 1)},  # noqa: DTZ001  wall clock
    {"from_time": time(22), "until_time": time(2)},
    {"weekdays": (1, 7)},
    {"control_share": 1.0},
    {"variants": (arm("a", 1 / 3), arm("b", 1 / 3), arm("c", 1 / 3))},
    {"variants": (arm("a", 0.2),)},
    {"triggers": (Trigger(TriggerKind.SCAN), Trigger(TriggerKind.ZONE_DWELL, "z1"))},
    {"caps": Caps(1, 1, 1, 1)},
    {"offline": OfflineClass.LOT, "budget_unit": BudgetUnit.MINOR},
    {"offline": OfflineClass.LOT, **benefit("gift")},
    {"stopped": True, "title": {}, "currency": "?", **benefit("percent", 0)},
]


@pytest.mark.parametrize("fields", GOOD)
def test_an_offer_that_makes_sense_has_no_faults(fields: Fields) -> None:
    assert list(offer_faults(offer(**fields))) == []


BAD: list[tuple[str, Fields]] = [
    ("id", {"id_": " "}),
    ("id", {"id_": "points"}),
    ("id", {"id_": "points:5"}),
    ("id", {"id_": "points", "stopped": True}),
    ("title", {"title": {}}),
    ("title", {"title": {"de": "Rabatt", "en": " "}}),
    ("benefit.value", benefit("percent", 0)),
    ("benefit.value", benefit("percent", 101)),
    ("benefit.value", benefit("amount", 0)),
    ("benefit.value", benefit("amount", 10**30)),
    ("benefit.value", benefit("fixed_price", -1)),
    ("benefit.value", benefit("nth_free", 1)),
    ("benefit.value", benefit("points", 0)),
    ("benefit.value", benefit("points_multiplier", 1)),
    ("benefit.sku", benefit("free_item")),
    ("benefit.max_minor", benefit("percent", 10, max_minor=0)),
    ("valid_until", {"valid_from": LATE, "valid_until": EARLY}),
    ("valid_until", {"valid_until": datetime(9999, 12, 31, 23, 59, 59)}),  # noqa: DTZ001
    ("valid_from", {"valid_from": datetime(1, 1, 1)}),  # noqa: DTZ001
    ("from_time", {"from_time": time(9, tzinfo=UTC)}),
    ("until_time", {"until_time": time(9, tzinfo=UTC)}),
    ("weekdays", {"weekdays": (0,)}),
    ("weekdays", {"weekdays": (1, 8)}),
    ("audience.segments", {"audience": Audience(segments=("",))}),
    ("audience.consent", {"audience": Audience(consent="")}),
    ("audience.birthday_within_days", {"audience": Audience(birthday_within_days=-1)}),
    ("triggers.0.zone", {"triggers": (Trigger(TriggerKind.ZONE_DWELL),)}),
    ("triggers.0.dwell_s", {"triggers": (Trigger(TriggerKind.ZONE_DWELL, "z", dwell_s=-1),)}),
    ("triggers.0.nth", {"triggers": (Trigger(TriggerKind.NTH_VISIT, nth=0),)}),
    ("triggers.0.weather", {"triggers": (Trigger(TriggerKind.WEATHER),)}),
    ("conditions.min_value_minor", {"conditions": Conditions(min_value_minor=-1)}),
    ("conditions.skus_any", {"conditions": Conditions(skus_any=("",))}),
    ("skus", {"skus": ("A", "")}),
    ("excluded_categories", {"excluded_categories": ("",)}),
    ("caps.per_person", {"caps": Caps(per_person=0)}),
    ("caps.per_store_day", {"caps": Caps(per_store_day=-1)}),
    ("currency", {"currency": "eur"}),
    ("currency", {"currency": ""}),
    ("priority", {"priority": 10**6}),
    ("control_share", {"control_share": 1.01}),
    ("control_share", {"control_share": -0.01}),
    ("control_share", {"control_share": float("nan")}),
    ("variants.0.id", {"variants": (arm(""),)}),
    ("variants.0.id", {"variants": (arm("control"),)}),
    ("variants.0.share", {"variants": (arm(share=-0.1),)}),
    ("variants.0.benefit.value", {"variants": (arm(**benefit("percent", 0)),)}),
    ("variants.0.title", {"variants": (arm(title={}),)}),
    ("variants", {"variants": (arm("a"), arm("a"))}),
    ("variants", {"variants": (arm("a", 0.6), arm("b", 0.6))}),
    (
        "budget_unit",
        {"offline": OfflineClass.LOT, "budget_unit": BudgetUnit.MINOR, **benefit("points", 5)},
    ),
    (
        "budget_unit",
        {
            "offline": OfflineClass.LOT,
            "budget_unit": BudgetUnit.MINOR,
            "variants": (arm(**benefit("gift")),),
        },
    ),
]


@pytest.mark.parametrize(("field", "fields"), BAD)
def test_an_offer_that_makes_no_sense_is_named_by_the_field_at_fault(
    field: str, fields: Fields
) -> None:
    faults = list(offer_faults(offer(**fields)))
    assert [fault.partition(":")[0] for fault in faults] == [field]


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("id", {"id_": ""}),
        ("customer_id", {"customer_id": ""}),
        ("code", {"code": "points:100"}),
        ("title", {"title": {}}),
        ("benefit.value", benefit("amount", 0)),
        ("valid_until", {"valid_from": LATE, "valid_until": EARLY}),
        ("skus", {"skus": ("",)}),
        ("min_basket_minor", {"min_basket_minor": -1}),
        ("currency", {"currency": "Euro"}),
    ],
)
def test_a_voucher_that_makes_no_sense_is_named_by_the_field_at_fault(
    field: str, fields: Fields
) -> None:
    assert list(voucher_faults(voucher())) == []
    faults = list(voucher_faults(voucher(**fields)))
    assert [fault.partition(":")[0] for fault in faults] == [field]


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("lot_id", {"lot_id": ""}),
        ("store_epoch", {"store_epoch": ""}),
        ("amount", {"amount": 0}),
        ("amount", {"amount": 10**20}),
        ("spend_until", {"spend_until": datetime(2026, 11, 21)}),  # noqa: DTZ001
        ("spend_until", {"lot_class": LotClass.BOUNDED_RISK}),
    ],
)
def test_a_lot_that_makes_no_sense_is_named_by_the_field_at_fault(
    field: str, fields: Fields
) -> None:
    assert list(lot_faults(LOT)) == []
    bounded = replace(LOT, lot_class=LotClass.BOUNDED_RISK, spend_until=LATE)
    assert list(lot_faults(bounded)) == []
    faults = list(lot_faults(replace(LOT, **fields)))
    assert [fault.partition(":")[0] for fault in faults] == [field]


def test_no_fault_repeats_what_the_document_says() -> None:
    secret = "S3CRET"
    worst = offer(
        id_=f"points:{secret}",
        currency=secret,
        skus=(secret, ""),
        variants=(arm(secret, 5.0), arm(secret, 5.0)),
        title={"de": secret, "en": ""},
    )
    faults = list(offer_faults(worst))
    assert len(faults) >= 6
    assert not any(secret in fault for fault in faults)
