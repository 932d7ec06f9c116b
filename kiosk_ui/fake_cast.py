"""The invented cast of the fake shop, in both languages. Nobody here exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from kiosk_ui.fake import FakeShop
from kiosk_ui.live import Hub
from kiosk_ui.model import (
    AddressForm,
    Affinity,
    Channel,
    Component,
    ComponentState,
    Consent,
    CustomerPage,
    Fact,
    FloorRow,
    Money,
    OfferCard,
    OpenOrder,
    OrderKind,
    Origin,
    PersonMark,
    Points,
    PurchaseRow,
    Sentence,
    Status,
    TierProgress,
)

MIRA = "mira"


def sample_shop(hub: Hub, now: Callable[[], datetime]) -> FakeShop:
    """A shop on an ordinary afternoon, the line up."""
    shop = FakeShop(
        hub,
        now,
        people={"de": _cast(now(), german=True), "en": _cast(now(), german=False)},
        state=online(now()),
        rows={"de": {}, "en": {}},
        coming={},
        passes={f"PASS-{customer_id.upper()}": customer_id for customer_id, *_ in _SKETCHES},
    )
    for sketch in _SKETCHES:
        if sketch[2] is not None:
            place(shop, sketch)
    return shop


def place(shop: FakeShop, sketch: Sketch) -> None:
    """Put one person of the cast on the floor, as long ago as the sketch says."""
    customer_id, name, minutes, needs, mark, german, english = sketch
    for language, reason in (("de", german), ("en", english)):
        lane = {"de": "Kasse 1", "en": "Till 1"}[language] if needs else ""
        shop.rows[language][customer_id] = FloorRow(
            f"visit-{customer_id}",
            customer_id,
            name,
            shop.now() - timedelta(minutes=minutes or 0, seconds=4),
            lane,
            reason,
            needs,
            mark,
        )


def crowd(shop: FakeShop, people: int) -> None:
    """Fill the floor: many names, every fourth of them wanting somebody."""
    for number in range(people):
        sketch = _SKETCHES[number % len(_SKETCHES)]
        name = f"{sketch[1]} {number}"
        customer_id = f"crowd-{number}"
        for cast in shop.people.values():
            cast[customer_id] = replace(cast[sketch[0]], customer_id=customer_id, name=name)  # type: ignore[index]  # the fake owns its dicts
        place(shop, (customer_id, name, number, number % 4 == 0, sketch[4], sketch[5], sketch[6]))


def online(now: datetime) -> Status:
    """Everything in order."""
    since = now - timedelta(hours=5)
    names = ("ledger", "cache", "line", "feed", "scanners", "clock")
    return Status(
        online=True,
        line_since=since,
        profiles_as_of=now - timedelta(minutes=2),
        components=tuple(Component(name, ComponentState.OK, since) for name in names),
    )


def offline(now: datetime, *, german: bool) -> Status:
    """The line has been cut for twenty minutes, and one reader was pulled out."""
    cut = now - timedelta(minutes=21)
    broken = {
        "line": (ComponentState.OFFLINE, "Keine Antwort der Zentrale", "No answer from there"),
        "feed": (ComponentState.OFFLINE, "Wartet auf die Leitung", "Waits for the line"),
        "scanners": (ComponentState.DEGRADED, "Kasse 2: Kabel gezogen", "Till 2: unplugged"),
    }
    up = online(now)
    return replace(
        up,
        online=False,
        line_since=cut,
        waiting_events=37,
        quarantined=1,
        profiles_as_of=now - timedelta(minutes=25),
        components=tuple(
            Component(c.name, broken[c.name][0], cut, broken[c.name][1 if german else 2])
            if c.name in broken
            else c
            for c in up.components
        ),
    )


Sketch = tuple[str, str, int | None, bool, PersonMark, str, str]

# id, name, minutes in the shop (None = not here), needs someone, mark, why (German, English)
_SKETCHES: tuple[Sketch, ...] = (
    (MIRA, "Mira Musterfrau", 0, True, PersonMark.NONE,
     "Abholung liegt bereit", "Pickup is ready"),
    ("jonas", "Jonas Probe", 7, True, PersonMark.NONE,
     "Gutschein 15 € läuft heute ab", "€15 voucher ends today"),
    ("selin", "Selin Exempel", 12, False, PersonMark.NONE,
     "Erster Besuch nach 61 Tagen", "First visit in 61 days"),
    ("theo", "Theo Dummy", 18, False, PersonMark.DO_NOT_APPROACH, "", ""),
    ("ayla", "Ayla Fiktiv", 31, False, PersonMark.NONE,
     "Geburtstag am Dienstag", "Birthday on Tuesday"),
    ("kim", "Kim Kunstname", 44, False, PersonMark.UNDER_16, "", ""),
    ("maximiliane", "Maximiliane-Konstanze Beispielhausen-Muster", 52, False, PersonMark.NONE,
     "Änderungsschneiderei: Hosenkürzung abholbereit", "Alterations: trousers ready to collect"),
    ("layla", "ليلى مثال", 68, False, PersonMark.GIFT,
     "Sucht ein Geschenk", "Looks for a present"),
    ("ruth", "Ruth Kunstname", None, False, PersonMark.NONE, "", ""),
    ("miro", "Miro Mustermann", None, False, PersonMark.NONE, "", ""),
)  # fmt: skip


def _cast(now: datetime, *, german: bool) -> dict[str, CustomerPage]:
    pages = {sketch[0]: _plain(sketch, now, german=german) for sketch in _SKETCHES}
    pages[MIRA] = _mira(now, german=german)
    pages["jonas"] = replace(
        pages["jonas"],
        tier=TierProgress(*(("Silber", "Gold") if german else ("Silver", "Gold")),
                          Money(4200), 0.72),
        sentence=Sentence(
            "Ihr Gutschein gilt noch bis heute Abend. Soll ich Ihnen etwas dazu zeigen?",
            "Gutschein 15 €, Mindesteinkauf 50 €, endet heute"
            if german
            else "€15 voucher, from €50, ends today",
            "right:voucher-15",
        ),
    )  # fmt: skip
    return pages


def _plain(sketch: Sketch, now: datetime, *, german: bool) -> CustomerPage:
    customer_id, name, _, _, mark, de, en = sketch
    child = mark is PersonMark.UNDER_16
    return CustomerPage(
        customer_id,
        name,
        as_of=now - timedelta(minutes=25),
        address_form=AddressForm.INFORMAL if child else AddressForm.FORMAL,
        language="ar" if customer_id == "layla" else "de",
        mark=mark,
        points=None if child else Points(412, Money(412), now - timedelta(hours=3)),
        sentence=_small_talk(de if german else en, mark),
        offers=() if mark is not PersonMark.NONE else _offers(now, german=german)[1:2],
        last_visit_at=now - timedelta(days=61),
        consents=(Consent("clienteling", granted=True, decided_at=now - timedelta(days=200)),),
    )


def _small_talk(why: str, mark: PersonMark) -> Sentence | None:
    if not why or mark is PersonMark.DO_NOT_APPROACH:
        return None
    return Sentence(
        "Schön, dass Sie wieder da sind. Darf ich Ihnen das Neue zeigen?", why, "welcome_back"
    )


def _mira(now: datetime, *, german: bool) -> CustomerPage:
    return CustomerPage(
        MIRA,
        "Mira Musterfrau",
        as_of=now - timedelta(minutes=25),
        address_form=AddressForm.FORMAL,
        language="de",
        tier=TierProgress("Gold", "Platin" if german else "Platinum", Money(18000), 0.82),
        points=Points(2340, Money(2340), now - timedelta(hours=3, minutes=20)),
        sentence=Sentence(
            "Ihr Mantel ist da. Möchten Sie ihn gleich mit dem Schal anprobieren?",
            "Abholung seit gestern, Regal C4 · Schal von der Wunschliste, hier vorrätig"
            if german
            else "Pickup since yesterday, shelf C4 · the scarf is on her wish list and in stock",
            "pickup",
        ),
        offers=_offers(now, german=german),
        last_visit_at=now - timedelta(days=23),
        facts=_facts(now, german=german),
        open_orders=(
            OpenOrder(
                "o-1",
                OrderKind.PICKUP,
                "Wollmantel, anthrazit, 38" if german else "Wool coat, charcoal, 38",
                now - timedelta(days=1),
                "Regal C4" if german else "Shelf C4",
            ),
        ),
        purchases=_purchases(now, german=german),
        purchase_count=24,
        affinities=_affinities(german=german),
        consents=(
            Consent("clienteling", granted=True, decided_at=now - timedelta(days=412)),
            Consent("location", granted=True, decided_at=now - timedelta(days=90)),
            Consent("marketing.sms", granted=True, decided_at=now - timedelta(days=90)),
            Consent("marketing.email", granted=False, decided_at=now - timedelta(days=31)),
        ),
    )


def _offers(now: datetime, *, german: bool) -> tuple[OfferCard, ...]:
    if german:
        return (
            OfferCard("v-1", "20 % auf Accessoires", "Treue Gold", valid_until=now + _days(9),
                      reason="matches"),
            OfferCard("v-2", "10 € Gutschein", "vom Geburtstag", is_voucher=True,
                      worth=Money(1000), min_basket=Money(5000), valid_until=now + _days(3),
                      reason="issued_right"),
            OfferCard("v-3", "Doppelte Punkte", "rechnet die Kasse von selbst", valid_until=now,
                      reason="matches"),
        )  # fmt: skip
    return (
        OfferCard("v-1", "20 % off accessories", "Gold loyalty", valid_until=now + _days(9),
                  reason="matches"),
        OfferCard("v-2", "€10 voucher", "birthday", is_voucher=True,
                  worth=Money(1000), min_basket=Money(5000), valid_until=now + _days(3),
                  reason="issued_right"),
        OfferCard("v-3", "Double points", "the till does it by itself", valid_until=now,
                  reason="matches"),
    )  # fmt: skip


def _facts(now: datetime, *, german: bool) -> tuple[Fact, ...]:
    return (
        Fact("size.top", "38", Origin.TOLD, now - _days(140)),
        Fact("size.shoes", "39", Origin.OBSERVED, now - _days(23)),
        Fact("fit", "schmal" if german else "slim", Origin.TOLD, now - _days(300)),
        Fact("colour", "Marine" if german else "Navy", Origin.INFERRED, now - _days(2)),
    )


def _purchases(now: datetime, *, german: bool) -> tuple[PurchaseRow, ...]:
    return (
        PurchaseRow("Wollmantel, anthrazit" if german else "Wool coat, charcoal",
                    now - _days(2), Channel.ONLINE, "", Money(24900), "Mäntel", "38"),
        PurchaseRow("Chelsea Boots", now - _days(23), Channel.STORE, "Köln",
                    Money(13900), "Schuhe", "39"),
        PurchaseRow("Hose, marine" if german else "Trousers, navy", now - _days(51),
                    Channel.STORE, "Düsseldorf", Money(-7900), "Hosen", "38", returned=True),
        PurchaseRow("Kaschmirschal" if german else "Cashmere scarf", now - _days(310),
                    Channel.STORE, "Köln", Money(8900), "Schals", "", gift=True),
    )  # fmt: skip


def _affinities(*, german: bool) -> tuple[Affinity, ...]:
    names = ("Mäntel", "Schuhe", "Schals", "Taschen")
    if not german:
        names = ("Coats", "Shoes", "Scarves", "Bags")
    return tuple(map(Affinity, names, (0.34, 0.24, 0.16, 0.11)))


def _days(days: int) -> timedelta:
    return timedelta(days=days)
