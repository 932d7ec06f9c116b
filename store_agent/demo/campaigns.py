"""The sample shop's offers to greet with: every audience and time window at least once."""

from __future__ import annotations

from store_agent.demo.calendar import Calendar
from store_agent.demo.offer_document import Document, offer

_SATURDAY = 6


def offer_documents(calendar: Calendar) -> list[tuple[str, Document]]:
    """Key and document of each offer, the most pressing first."""
    offers = [
        *_for_relationships(calendar),
        *_for_tiers(calendar),
        *_for_everybody(calendar),
        *_out_of_play(calendar),
    ]
    return [(one["id"], one) for one in offers]


def _for_relationships(calendar: Calendar) -> list[Document]:
    return [
        offer(
            calendar,
            "birthday-gift",
            ("Geburtstagsüberraschung", "Birthday surprise"),
            ("Ein Seidentuch nach Wahl zum Geburtstag", "A silk scarf of your choice"),
            ("gift", 0),
            audience={"birthday_within_days": 7},
            priority=90,
            control_share=0.0,
        ),
        offer(
            calendar,
            "welcome-back",
            ("Schön, dass Sie wieder da sind", "Good to see you again"),
            ("20 % auf ein Teil nach langer Pause", "20% off one piece after a long break"),
            ("percent", 20),
            audience={"lifecycles": ["lapsing", "lapsed"]},
            priority=80,
        ),
        offer(
            calendar,
            "second-visit",
            ("Der zweite Einkauf", "Your second purchase"),
            ("10 € ab 60 € beim zweiten Einkauf", "€10 off from €60 on your second purchase"),
            ("amount", 1000),
            audience={"lifecycles": ["first_time"]},
            priority=70,
        ),
        offer(
            calendar,
            "style-hour",
            ("Stilberatung zum Kennenlernen", "A style session to get to know us"),
            ("30 Minuten, kostenlos, ohne Termin", "30 minutes, free, no appointment"),
            ("service", 0),
            audience={"lifecycles": ["lead"]},
            priority=60,
            control_share=0.0,
        ),
    ]


def _for_tiers(calendar: Calendar) -> list[Document]:
    return [
        offer(
            calendar,
            "alteration-service",
            ("Änderung geschenkt", "Free alteration"),
            ("Kürzen und Anpassen noch heute", "Shortened and fitted today"),
            ("service", 0),
            audience={"tiers": ["Gold", "Platin"]},
            categories=["Hosen", "Kleider & Röcke"],
            priority=50,
            control_share=0.0,
        ),
        offer(
            calendar,
            "platinum-preview",
            ("Winterkollektion vorab", "Winter collection preview"),
            ("Vor allen anderen anprobieren", "Try it on before anybody else"),
            ("service", 0),
            audience={"tiers": ["Platin"]},
            priority=55,
        ),
        offer(
            calendar,
            "double-points",
            ("Doppelte Punkte auf Strick", "Double points on knitwear"),
            ("Zählt auch für reduzierte Teile", "Reduced pieces count as well"),
            ("points_multiplier", 2),
            audience={"tiers": ["Bronze", "Silber"]},
            categories=["Strick"],
            priority=40,
        ),
    ]


def _for_everybody(calendar: Calendar) -> list[Document]:
    return [
        offer(
            calendar,
            "shoe-weeks",
            ("Schuhwochen", "Shoe weeks"),
            ("15 % auf alle Sneaker", "15% off all sneakers"),
            ("percent", 15),
            skus=["M1501-WEI", "M1501-CRE", "M1501-SCH", "M1503-WEI", "M1503-MAR"],
            priority=30,
        ),
        offer(
            calendar,
            "saturday-coffee",
            ("Samstagskaffee", "Saturday coffee"),
            ("Ein Espresso an der Bar", "An espresso at our bar"),
            ("gift", 0),
            weekdays=[_SATURDAY],
            priority=10,
            control_share=0.0,
        ),
        offer(
            calendar,
            "after-work",
            ("Feierabend-Rabatt", "After-work offer"),
            ("10 % auf Blusen und Hemden ab 17 Uhr", "10% off shirts from 5 p.m."),
            ("percent", 10),
            from_time="17:00:00",
            until_time="20:00:00",
            weekdays=[1, 2, 3, 4, 5],
            categories=["Blusen & Hemden"],
            priority=20,
        ),
        offer(
            calendar,
            "newsletter-extra",
            ("Nur für Newsletter-Leser", "For newsletter readers only"),
            ("5 € auf Accessoires", "€5 off accessories"),
            ("amount", 500),
            audience={"consent": "marketing.email"},
            categories=["Accessoires"],
            priority=25,
        ),
    ]


def _out_of_play(calendar: Calendar) -> list[Document]:
    """Stopped, over and not yet begun: the shop has to keep quiet about all three."""
    return [
        offer(
            calendar,
            "mispriced-coats",
            ("50 % auf Mäntel", "50% off coats"),
            ("Gestoppt: falscher Preis im Prospekt", "Stopped: wrong price in the leaflet"),
            ("percent", 50),
            categories=["Mäntel & Jacken"],
            priority=95,
            stopped=True,
        ),
        offer(
            calendar,
            "late-summer",
            ("Spätsommer-Aktion", "Late summer sale"),
            ("30 % auf Leinen", "30% off linen"),
            ("percent", 30),
            valid_from=calendar.end_of_day(-90),
            valid_until=calendar.end_of_day(-30),
            priority=45,
        ),
        offer(
            calendar,
            "spring-premiere",
            ("Frühlingspremiere", "Spring premiere"),
            ("Ein Glas Sekt zur neuen Kollektion", "A glass of sparkling wine"),
            ("gift", 0),
            valid_from=calendar.end_of_day(50),
            valid_until=calendar.end_of_day(80),
            priority=45,
        ),
    ]
