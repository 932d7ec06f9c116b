"""500 offers of every kind and baskets of 30 lines, the same in every run. Pure."""

from __future__ import annotations

from random import Random
from typing import Any

OFFERS = 500
LINES = 30
ARTICLES = 400
CATEGORIES = ("Strick", "Hosen", "Mäntel", "Schuhe", "Accessoires", "Blusen", "Kleider", "Wäsche")
KINDS = (
    ("percent", 10),
    ("percent", 20),
    ("amount", 500),
    ("fixed_price", 1999),
    ("nth_free", 3),
    ("points_multiplier", 2),
    ("points", 50),
)


def offers(seed: int = 1) -> list[dict[str, Any]]:
    """About a third hold for everybody; the rest ask for a segment, a tier, a minimum, a time."""
    rng = Random(seed)
    return [_offer(rng, number) for number in range(OFFERS)]


def _offer(rng: Random, number: int) -> dict[str, Any]:
    kind, value = rng.choice(KINDS)
    doc: dict[str, Any] = {
        "id": f"offer-{number:03}",
        "title": {"de": f"Angebot {number}", "en": f"Offer {number}"},
        "detail": {},
        "benefit": {"kind": kind, "value": value},
        "priority": rng.randrange(100),
        "control_share": rng.choice([0.0, 0.1]),
        "control_salt": f"salt-{number}",
    }
    scope = rng.random()
    if scope < 0.5:
        doc["categories"] = [rng.choice(CATEGORIES)]
    elif scope < 0.9:
        doc["skus"] = [f"A{rng.randrange(ARTICLES):03}" for _ in range(rng.randrange(1, 6))]
    _narrow(rng, doc)
    if rng.random() < 0.6:
        doc["stacking"] = {"group": f"group-{rng.randrange(12)}"}
    elif rng.random() < 0.1:
        doc["stacking"] = {"exclusive": True}
    if rng.random() < 0.05:
        doc["caps"] = {"per_person": 3}
    return doc


def _narrow(rng: Random, doc: dict[str, Any]) -> None:
    """Who may get it, and when."""
    asks = rng.random()
    if asks < 0.2:
        doc["audience"] = {"segments": [f"segment-{rng.randrange(20)}"]}
    elif asks < 0.35:
        doc["audience"] = {"tiers": [rng.choice(["Bronze", "Silber", "Gold", "Platin"])]}
    elif asks < 0.5:
        doc["conditions"] = {"min_value_minor": rng.randrange(20_000, 400_000)}
    elif asks < 0.6:
        doc["weekdays"] = [rng.randrange(1, 8)]


def lines(rng: Random) -> list[dict[str, Any]]:
    """One basket as a till sends it."""
    return [
        {
            "line_id": str(number),
            "sku": f"A{rng.randrange(ARTICLES):03}",
            "qty": str(rng.choice([1, 1, 1, 2, 3])),
            "unit_price": rng.randrange(500, 20_000),
            "category": [rng.choice(CATEGORIES)],
        }
        for number in range(LINES)
    ]


def customers(count: int) -> list[dict[str, Any]]:
    """People who agreed to be addressed, with a voucher each (`vouchers`)."""
    granted = {
        "purpose": "clienteling",
        "state": "granted",
        "decided_at": "2026-01-01T00:00:00Z",
    }
    tiers = ("Bronze", "Silber", "Gold", "Platin")
    return [
        {
            "id": f"c-{number:04}",
            "display_name": f"Testperson {number}",
            "as_of": "2026-01-01T00:00:00Z",
            "tier": {"name": tiers[number % 4]},
            "segments": [f"segment-{number % 20}", f"segment-{number % 7}"],
            "points": 500,
            "purchase_count": number % 9,
            "consents": [granted],
        }
        for number in range(count)
    ]


def vouchers(count: int, store_id: str) -> list[dict[str, Any]]:
    """One right for each of the `customers`."""
    return [
        {
            "id": f"v-{number:04}",
            "customer_id": f"c-{number:04}",
            "title": {"de": "10 € ab 50 €"},
            "benefit": {"kind": "amount", "value": 1000},
            "min_basket_minor": 5000,
            "owner_store": store_id,
        }
        for number in range(count)
    ]
