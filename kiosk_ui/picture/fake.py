"""The shipped fake of this room: what the invented cast buys, in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kiosk_ui.fake_cast import MIRA
from kiosk_ui.live import Hub
from kiosk_ui.model import Money, Viewer
from kiosk_ui.picture.model import (
    Ahead,
    ArticleRow,
    ArticleSheet,
    Availability,
    CaseRow,
    Deed,
    Forecast,
    Mark,
    Part,
    Rhythm,
    SizeRow,
    TouchRow,
    ValuePicture,
    Wishes,
)

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FakePerson:
    """What is known of one of the cast."""

    cases: tuple[CaseRow, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
    ahead: Ahead = field(default_factory=Ahead)
    picture: ValuePicture | None = None
    timeline: tuple[TouchRow, ...] = ()


@dataclass(eq=False, slots=True)
class FakeInsight:
    """Implements `port.Insight`; nobody but those in `people` has anything to show."""

    hub: Hub
    now: Callable[[], datetime]
    people: dict[str, FakePerson] = field(default_factory=dict)
    sheets: dict[str, ArticleSheet] = field(default_factory=dict)

    async def cases(self, customer_id: str) -> tuple[CaseRow, ...]:
        """See `Insight`."""
        return self._of(customer_id).cases

    async def wishes(self, customer_id: str) -> Wishes:
        """See `Insight`."""
        return self._of(customer_id).wishes

    async def ahead(self, customer_id: str) -> Ahead:
        """See `Insight`."""
        return self._of(customer_id).ahead

    async def picture(self, customer_id: str) -> ValuePicture | None:
        """See `Insight`."""
        return self._of(customer_id).picture

    async def timeline(self, customer_id: str) -> tuple[TouchRow, ...]:
        """See `Insight`."""
        return self._of(customer_id).timeline

    async def article(self, sku: str, customer_id: str, viewer: Viewer) -> ArticleSheet:
        """See `Insight`."""
        del viewer
        return replace(self.sheets[sku], customer_id=customer_id)

    def set(self, customer_id: str, person: FakePerson) -> None:
        """Something about somebody changed."""
        self.people[customer_id] = person
        self.hub.customer_changed(customer_id)

    def _of(self, customer_id: str) -> FakePerson:
        return self.people.get(customer_id, FakePerson())


def sample_insight(hub: Hub, now: Callable[[], datetime]) -> FakeInsight:
    """Mira with everything, and the articles she wants."""
    scarf, boots, bag = articles(now())
    mira = FakePerson(
        cases=(
            CaseRow("case-0", "question", "Pflege von Kaschmir", now() - 80 * DAY, is_open=False),
        ),
        wishes=Wishes((scarf, boots), (replace(bag, cheaper=Money(3000)),), now() - 2 * DAY),
        ahead=Ahead(
            Deed("show_article", "wished", scarf.title),
            (
                Mark("birthday", (now() + 4 * DAY).date()),
                Mark("next_tier", title="Platin", missing=Money(18000)),
            ),
            (
                replace(scarf, reason="wished"),
                replace(bag, reason="goes_with", because="Wollmantel, anthrazit"),
            ),
        ),
        picture=sample_picture(now()),
        timeline=(
            TouchRow(now() - 2 * DAY, "bought", "online", "", 1),
            TouchRow(now() - 9 * DAY, "contact", "email"),
            TouchRow(now() - 23 * DAY, "bought", "store", "Köln", 1),
            TouchRow(now() - 23 * DAY, "visit", "store", "Köln"),
            TouchRow(now() - 51 * DAY, "returned", "store", "Düsseldorf", 1),
        ),
    )
    sheets = {row.sku: _sheet(row, (scarf, boots, bag)) for row in (scarf, boots, bag)}
    return FakeInsight(hub, now, {MIRA: mira}, sheets)


def articles(now: datetime) -> tuple[ArticleRow, ArticleRow, ArticleRow]:
    """One that fits, one that lies here in other sizes, one that other stores have."""
    ago = now - timedelta(minutes=7)
    return (
        ArticleRow("m-1", "Kaschmirschal, marine", "Schals", Money(8900),
                   Availability(3, as_of=ago)),
        ArticleRow("m-2", "Chelsea Boots, camel", "Schuhe", Money(17900),
                   Availability(2, "39", as_of=ago, elsewhere=1)),
        ArticleRow("m-3", "Shopper Leder, bordeaux", "Taschen", Money(19900),
                   Availability(elsewhere=2, as_of=ago)),
    )  # fmt: skip


def sample_picture(now: datetime) -> ValuePicture:
    """A regular whose orders grow."""
    last = (now - 2 * DAY).date()
    return ValuePicture(
        as_of=now - timedelta(minutes=25),
        orders=24,
        returns=3,
        lifetime=Money(312_480),
        average=Money(13_870),
        trend="rising",
        amounts=(6900, 8900, 7900, 12900, 9900, 11900, 8900, 15900, 13900, 8900, 13900, 24900),
        categories=(Part("Mäntel & Jacken", 34), Part("Schuhe", 24), Part("Accessoires", 16)),
        channels=(Part("store", 71), Part("online", 29)),
        rhythm=Rhythm(28, 21, 40),
        forecast=Forecast(last + 28 * DAY, last + 21 * DAY, last + 40 * DAY),
        last_on=last,
        drift="as_usual",
        stage="active",
        bands=(5, 4, 5),
        lapsing_days=74,
        is_learned=True,
    )


def crowded(now: datetime) -> FakePerson:
    """Far more than anybody reads, in words that are too long."""
    long_title = "Donaudampfschifffahrtskapitänsmantel mit abnehmbarer Pelzimitatkapuze, nachtblau"
    row = replace(articles(now)[1], title=long_title, category="Oberbekleidung & Jacken")
    rows = tuple(replace(row, sku=f"x-{number}") for number in range(12))
    return FakePerson(
        cases=tuple(
            CaseRow(f"case-{number}", kind, f"{long_title} ({number})", now - number * DAY,
                    is_open=number < 3)
            for number, kind in enumerate(("complaint", "late_delivery", "repair", "question"))
        ),
        wishes=Wishes(rows, rows[:4], now - DAY, rows[:3]),
        ahead=Ahead(
            Deed("settle_case", "settle_case", long_title),
            tuple(Mark("reorder_due", (now + k * DAY).date(), long_title) for k in range(4)),
            tuple(replace(one, reason="goes_with", because=long_title) for one in rows[:3]),
        ),
        picture=replace(
            sample_picture(now),
            as_of=now - 9 * DAY,
            lifetime=Money(128_400_012),
            lifetime_by_platform=True,
            drift="slipping",
            stage="lapsing",
            is_learned=False,
            lapsing_days=60,
            categories=tuple(Part(f"{long_title[:28]} {k}", 20) for k in range(5)),
        ),
        timeline=tuple(
            TouchRow(now - k * DAY, ("bought", "contact", "visit", "returned")[k % 4], "store",
                     "Modehaus Muster Oberhausen-Sterkrade", k)
            for k in range(12)
        ),
    )  # fmt: skip


def _sheet(row: ArticleRow, others: tuple[ArticleRow, ...]) -> ArticleSheet:
    if row.category == "Schuhe":
        sizes: tuple[SizeRow, ...] = (
            SizeRow("38", 2, 1),
            SizeRow("39", 0, 1, is_own=True),
            SizeRow("40", 0, 0),
        )
    else:
        sizes = (SizeRow("Einheitsgröße", row.stock.here, row.stock.elsewhere),)
    other = replace(row, sku=others[0].sku, title=f"{row.title} II", stock=others[0].stock)
    return ArticleSheet(row, sizes, "Camel", customer="Mira Musterfrau", alternatives=(other,))
