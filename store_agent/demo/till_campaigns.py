"""The sample shop's offers for the basket, the place, the weather and a shared budget.

Their priorities lie below those to greet with. None of them may keep a promised voucher from being
redeemed: what stands alone gives less than that voucher.
"""

from __future__ import annotations

from store_agent.demo.calendar import Calendar
from store_agent.demo.offer_document import Document, offer, texts
from store_agent.demo.place import STORE_ID

FAVOURITE_PIECE = "favourite-piece"
ANNIVERSARY = "anniversary"
ANNIVERSARY_USES = 1000
_ACCESSORIES = "accessories"  # one of these a basket


def offer_documents(calendar: Calendar) -> list[tuple[str, Document]]:
    """Key and document of each offer, the most pressing first."""
    offers = [*_bounded(calendar), *_on_occasion(calendar), *_for_baskets(calendar)]
    return [(one["id"], one) for one in offers]


def budget_documents() -> list[tuple[str, Document]]:
    """What the platform may hand out over all stores; nothing of it is handed out yet."""
    budget = {"offer_id": ANNIVERSARY, "unit": "use", "budget": ANNIVERSARY_USES}
    spent = {"open": 0, "settled": 0, "written_off": 0}
    return [(ANNIVERSARY, {**budget, "free": ANNIVERSARY_USES, **spent})]


def weather_document(calendar: Calendar) -> tuple[str, Document]:
    """Key and document of a rainy day."""
    rain = {"conditions": ["rain"], "as_of": calendar.minutes_ago[20]}
    return STORE_ID, {**rain, "valid_until": calendar.end_of_day(1)}


def _bounded(calendar: Calendar) -> list[Document]:
    return [
        offer(
            calendar,
            ANNIVERSARY,
            ("100 Jahre Modehaus Muster", "100 years of Modehaus Muster"),
            ("20 € ab 100 €, für die ersten tausend", "€20 off from €100 for the first thousand"),
            ("amount", 2000),
            conditions={"min_value_minor": 10_000},
            caps={"per_person": 1},
            offline="lot",
            budget_unit="use",
            priority=9,
            control_share=0.0,
        ),
        offer(
            calendar,
            FAVOURITE_PIECE,
            ("15 % auf ein Lieblingsteil", "15% off a favourite piece"),
            ("Nur mit persönlichem Gutschein", "Only with a personal voucher"),
            ("percent", 15),
            offline="personal",
            priority=8,
            control_share=0.0,
        ),
        offer(
            calendar,
            "app-first",
            ("Nur mit der App", "In the app only"),
            ("10 % auf Hosen, solange die Leitung steht", "10% off trousers while we are online"),
            ("percent", 10),
            categories=["Hosen"],
            caps={"per_person_day": 1},
            offline="online_only",
            priority=7,
        ),
        offer(
            calendar,
            "first-basket",
            ("5 € zum Kennenlernen", "€5 to get to know us"),
            ("Ab 30 €, nicht mit anderem kombinierbar", "From €30, not with other offers"),
            ("amount", 500),
            audience={"lifecycles": ["lead", "first_time"]},
            conditions={"min_value_minor": 3000},
            stacking={"exclusive": True},
            priority=6,
        ),
    ]


def _on_occasion(calendar: Calendar) -> list[Document]:
    return [
        offer(
            calendar,
            "shoe-fitting",
            ("Fußvermessung", "Foot measuring"),
            ("Für alle, die sich bei den Schuhen umsehen", "For whoever looks around our shoes"),
            ("service", 0),
            triggers=[{"kind": "zone_dwell", "zone": "shoes", "dwell_s": 180}],
            priority=15,
            control_share=0.0,
        ),
        offer(
            calendar,
            "rainy-day",
            ("Regentag", "Rainy day"),
            (
                "10 % auf Mäntel und Jacken, wenn es regnet",
                "10% off coats and jackets when it rains",
            ),
            ("percent", 10),
            triggers=[{"kind": "weather", "weather": ["rain", "snow"]}],
            categories=["Mäntel & Jacken"],
            priority=5,
        ),
        offer(
            calendar,
            "fifth-visit",
            ("Jeder fünfte Besuch", "Every fifth visit"),
            ("100 Punkte als Dankeschön", "100 points as a thank-you"),
            ("points", 100),
            triggers=[{"kind": "nth_visit", "nth": 5}],
            caps={"per_person_day": 1},
            priority=4,
        ),
    ]


def _for_baskets(calendar: Calendar) -> list[Document]:
    at_the_till = [{"kind": "basket"}]
    return [
        offer(
            calendar,
            "three-for-two",
            ("3 für 2 bei Accessoires", "3 for 2 on accessories"),
            ("Das günstigste Teil ist geschenkt", "The cheapest piece is free"),
            ("nth_free", 3),
            triggers=at_the_till,
            categories=["Accessoires"],
            stacking={"group": _ACCESSORIES},
            priority=3,
            control_share=0.0,
        ),
        offer(
            calendar,
            "scarf-price",
            ("Schal für 39,90 €", "Scarf for €39.90"),
            ("Lammwolle in allen Farben", "Lambswool in all colours"),
            ("fixed_price", 3990),
            triggers=at_the_till,
            skus=["M1601-CAM", "M1601-GRA", "M1601-BOR", "M1601-MAR"],
            stacking={"group": _ACCESSORIES},
            priority=2,
            control_share=0.0,
        ),
        offer(
            calendar,
            "cap-with-coat",
            ("Mütze zum Mantel geschenkt", "A free hat with your coat"),
            ("Die graue, solange der Winter dauert", "The grey one, as long as winter lasts"),
            ("free_item", 0, "M1603-GRA"),
            triggers=at_the_till,
            conditions={"categories_any": ["Mäntel & Jacken"]},
            stacking={"group": _ACCESSORIES},
            priority=2,
            control_share=0.0,
        ),
        offer(
            calendar,
            "two-shirts",
            ("Zwei Hemden, ein Vorteil", "Two shirts, one advantage"),
            ("Ab zwei Blusen oder Hemden", "From two shirts or blouses"),
            ("percent", 10),
            triggers=at_the_till,
            categories=["Blusen & Hemden"],
            conditions={"min_scope_pieces": 2},
            priority=1,
            variants=[
                {
                    "id": "money",
                    "share": 0.5,
                    "benefit": {"kind": "amount", "value": 1500},
                    "title": texts(("15 € auf zwei Hemden", "€15 off two shirts")),
                }
            ],
        ),
    ]
