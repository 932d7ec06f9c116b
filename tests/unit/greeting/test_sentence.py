"""The one thing to say: which need comes first, in which words, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from unit.greeting.greeting_builders import (
    ABSENT,
    DAY,
    NOW,
    mira,
    pickup,
    right,
    said,
    shown,
    text_of,
    why_of,
)

from store_agent.domain.customer import AddressForm, OpenOrder, Tier
from store_agent.domain.greeting import OfferReason, Relationship, Sentence, Verdict
from store_agent.greeting import spoken_language

NEVER_SEEN: dict[str, Any] = {"last_visit_at": None, "purchase_count": 0}
NEARLY_PLATINUM = Tier("Gold", "Platin", 1800, 0.95)
RETURN = OpenOrder("order-2", "return", "Hose")


def test_an_order_that_lies_here_is_what_to_say() -> None:
    assert said(mira(open_orders=(pickup(),))) == Sentence(
        "Schön, Sie zu sehen, Frau Musterfrau – Ihre Bestellung liegt bereit: Wollmantel. "
        "Soll ich sie gleich holen?",
        "Abholung seit gestern, Regal C4",
        urgent=True,
        topic="pickup",
    )


def test_every_need_comes_before_the_next_one() -> None:
    """Take away the foremost need, and the next one is said."""
    fields: dict[str, Any] = {
        "open_orders": (pickup(), RETURN),
        "birthday": date(1990, 11, 21),
        "last_visit_at": NOW - ABSENT,
        "tier": NEARLY_PLATINUM,
    }
    decisions = [right(), shown()]
    reasons = []
    steps: list[Callable[[], Any]] = [
        lambda: fields.update(open_orders=(RETURN,)),
        lambda: decisions.pop(0),
        lambda: fields.update(open_orders=()),
        lambda: fields.update(birthday=date(1990, 11, 24)),
        lambda: fields.update(birthday=None),
        lambda: fields.update(NEVER_SEEN),
        lambda: fields.update(last_visit_at=NOW - DAY),
        lambda: fields.update(tier=None),
        lambda: decisions.pop(0),
    ]
    for take_away in steps:
        reasons.append(why_of(said(mira(**fields), *decisions)))
        take_away()
    assert reasons == [
        "Abholung seit gestern, Regal C4",
        "Gutschein läuft heute ab",
        "Rückgabe angemeldet",
        "Geburtstag heute",
        "Geburtstag am Dienstag",
        "Erster Besuch nach 61 Tagen",
        "Zum ersten Mal hier",
        "Noch 18,00\N{NO-BREAK SPACE}€ bis Platin",
        "Angebot passt heute",
    ]
    assert said(mira(**fields), *decisions) is None


def test_a_regular_without_any_need_is_not_bothered() -> None:
    assert said(mira()) is None


def test_withheld_and_refused_offers_are_never_said() -> None:
    withheld = shown(verdict=Verdict.WITHHELD, reason=OfferReason.CONTROL_GROUP)
    used = right(verdict=Verdict.REFUSED, reason=OfferReason.ALREADY_REDEEMED)
    assert said(mira(), used, withheld) is None


@pytest.mark.parametrize(
    ("fields", "tone", "text"),
    [
        (
            NEVER_SEEN,
            Relationship.FIRST_MEETING,
            "Herzlich willkommen, Frau Musterfrau – wenn Sie mögen, zeige ich Ihnen kurz, "
            "wo Sie alles finden.",
        ),
        (
            {"last_visit_at": NOW - ABSENT},
            Relationship.LONG_ABSENCE,
            "Schön, dass Sie wieder bei uns sind, Frau Musterfrau – inzwischen ist einiges neu. "
            "Darf ich es Ihnen zeigen?",
        ),
        (
            {"tier": NEARLY_PLATINUM},
            Relationship.REGULAR,
            "Schön, Sie zu sehen, Frau Musterfrau – bis Platin fehlt Ihnen nur noch ein kleines "
            "Stück.",
        ),
    ],
)
def test_each_relationship_has_its_own_sentence(
    fields: dict[str, Any], tone: Relationship, text: str
) -> None:
    assert text_of(said(mira(**fields), tone=tone)) == text


@pytest.mark.parametrize("tone", Relationship)
def test_the_same_need_sounds_different_by_relationship(tone: Relationship) -> None:
    hello = {
        Relationship.FIRST_MEETING: "Herzlich willkommen, Frau Musterfrau –",
        Relationship.REGULAR: "Schön, Sie zu sehen, Frau Musterfrau –",
        Relationship.LONG_ABSENCE: "Schön, dass Sie wieder bei uns sind, Frau Musterfrau –",
    }
    assert text_of(said(mira(open_orders=(pickup(),)), tone=tone)).startswith(hello[tone])


@pytest.mark.parametrize(
    ("fields", "hello"),
    [
        ({}, "Schön, Sie zu sehen, Frau Musterfrau –"),
        ({"address_form": AddressForm.INFORMAL}, "Schön, dich zu sehen, Mira –"),
        ({"salutation": ""}, "Schön, Sie zu sehen, Mira Musterfrau –"),
        ({"salutation": "Divers"}, "Schön, Sie zu sehen, Mira Musterfrau –"),
        ({"salutation": "Frau Dr."}, "Schön, Sie zu sehen, Frau Dr. Musterfrau –"),
        ({"last_name": "", "display_name": "Mira M."}, "Schön, Sie zu sehen, Mira M. –"),
        ({"first_name": "", "last_name": "", "display_name": ""}, "Schön, Sie zu sehen –"),
        ({"language": "en-GB", "salutation": "Ms"}, "How nice to see you, Ms Musterfrau –"),
        (
            {"language": "en", "address_form": AddressForm.INFORMAL},
            "Good to see you, Mira –",
        ),
    ],
)
def test_people_are_addressed_as_they_want_it(fields: dict[str, Any], hello: str) -> None:
    assert text_of(said(mira(open_orders=(pickup(),), **fields))).startswith(hello)


@pytest.mark.parametrize(
    ("own", "shop", "spoken"),
    [("en-US", "de", "en"), ("de", "en", "de"), ("fr", "en-GB", "en"), ("tr", "fr", "de")],
)
def test_the_customers_language_else_the_shops(own: str, shop: str, spoken: str) -> None:
    assert spoken_language(mira(language=own), shop) == spoken
    greeted = text_of(said(mira(language=own, **NEVER_SEEN), language=shop))
    assert greeted.startswith({"de": "Herzlich willkommen", "en": "Welcome"}[spoken])


def test_the_reason_is_in_the_language_of_the_staff() -> None:
    answer = said(mira(open_orders=(pickup(),)), language="de", staff_language="en")
    assert text_of(answer).startswith("Schön, Sie zu sehen")
    assert why_of(answer) == "Pickup ready since yesterday, Regal C4"


@pytest.mark.parametrize(
    ("since", "why"),
    [
        (NOW, "Abholung seit heute, Regal C4"),
        (NOW - 3 * DAY, "Abholung seit 3 Tagen, Regal C4"),
        (datetime.fromisoformat("2026-11-20T23:30+00:00"), "Abholung seit heute, Regal C4"),
    ],
)
def test_days_are_those_of_the_shops_calendar(since: datetime, why: str) -> None:
    assert why_of(said(mira(open_orders=(pickup(ready_since=since),)))) == why


def test_an_order_that_is_not_ready_is_not_promised() -> None:
    orders = (pickup(ready_since=None), pickup(ready_since=NOW + DAY), pickup(kind="delivery"))
    assert said(mira(open_orders=orders)) is None


def test_of_several_orders_the_oldest_gives_the_reason() -> None:
    orders = (pickup(id="b"), pickup(id="a", ready_since=NOW - 9 * DAY, place=None))
    answer = said(mira(open_orders=orders))
    assert "Ihre Bestellungen liegen bereit" in text_of(answer)
    assert why_of(answer) == "Abholung seit 9 Tagen"


@pytest.mark.parametrize("title", ["", "Wollmantel, anthrazit, 38, " * 3])
def test_an_order_without_a_title_to_say_is_still_announced(title: str) -> None:
    answer = said(mira(open_orders=(pickup(title=title),)))
    assert text_of(answer).endswith("es liegt etwas für Sie bereit. Soll ich es gleich holen?")


@pytest.mark.parametrize(
    ("until", "why", "urgent"),
    [
        (NOW, "Gutschein läuft heute ab", True),
        (datetime.fromisoformat("2026-11-22T00:00+01:00"), "Gutschein läuft heute ab", True),
        (NOW + DAY, "Gutschein läuft morgen ab", False),
        (NOW + 6 * DAY, "Gutschein läuft am Freitag ab", False),
        (NOW + 7 * DAY, "Gutschein bis 28. Nov.", False),
        (NOW + 60 * DAY, "Gutschein bis 20. Jan.", False),
        (None, "Gutschein ohne Ablaufdatum", False),
    ],
)
def test_a_right_is_called_while_its_last_day_has_a_name(
    until: datetime | None, why: str, urgent: bool
) -> None:
    answer = said(mira(), right(valid_until=until))
    assert answer is not None
    assert (answer.why, answer.urgent) == (why, urgent)


def test_a_right_that_ends_this_very_midnight_ends_today() -> None:
    midnight = datetime.fromisoformat("2026-11-22T00:00+01:00")
    answer = said(mira(), right(valid_until=midnight), at=midnight)
    assert why_of(answer) == "Gutschein läuft heute ab"


def test_a_right_without_a_title_is_passed_over() -> None:
    assert "Gutschein" in text_of(said(mira(), right(""), right("Gutschein")))


@pytest.mark.parametrize(
    ("birthday", "last_visit_at", "why"),
    [
        (date(1990, 11, 21), NOW - DAY, "Geburtstag heute"),
        (date(1990, 11, 20), NOW - 2 * DAY, "Geburtstag war gestern"),
        (date(1990, 11, 16), NOW - 9 * DAY, "Geburtstag war am Montag"),
        (date(1990, 11, 22), NOW - DAY, "Geburtstag morgen"),
        (date(1990, 11, 27), NOW - DAY, "Geburtstag am Freitag"),
    ],
)
def test_a_birthday_is_kept_in_its_week(birthday: date, last_visit_at: datetime, why: str) -> None:
    assert why_of(said(mira(birthday=birthday, last_visit_at=last_visit_at))) == why


@pytest.mark.parametrize(
    ("birthday", "last_visit_at"),
    [
        (date(1990, 11, 14), NOW - 9 * DAY),
        (date(1990, 11, 28), NOW - DAY),
        (date(1990, 11, 18), NOW - 2 * DAY),  # was here since: congratulated then, or not at all
    ],
)
def test_a_birthday_further_away_is_not_mentioned(birthday: date, last_visit_at: datetime) -> None:
    assert said(mira(birthday=birthday, last_visit_at=last_visit_at)) is None


def test_nobody_is_congratulated_before_the_day() -> None:
    ahead = text_of(said(mira(birthday=date(1990, 11, 22))))
    assert "Ihr Geburtstag ist schon morgen" in ahead
    assert "Glückwunsch" not in ahead


@pytest.mark.parametrize(
    "tier",
    [
        Tier("Gold", "Platin", 1800, 0.89),
        Tier("Platin", None, None, 1.0),
        Tier("Gold", "Platin", None, 0.95),
        Tier("Gold", "Platin", 0, 1.0),
        Tier("Gold", "Platin", -5, 1.0),
    ],
)
def test_a_tier_that_is_not_near_is_not_mentioned(tier: Tier) -> None:
    assert said(mira(tier=tier)) is None


def test_the_missing_amount_is_for_the_associate_and_not_said_aloud() -> None:
    answer = said(mira(tier=NEARLY_PLATINUM, language="en"), staff_language="en")
    assert "18" not in text_of(answer)
    assert why_of(answer) == "€18.00 to go to Platin"


def test_an_absence_ended_by_an_online_order_is_not_called_a_visit() -> None:
    person = mira(last_visit_at=None, last_purchase_at=NOW - ABSENT)
    assert why_of(said(person)) == "Letzter Kauf vor 61 Tagen"


def test_an_absence_of_unknown_length_claims_no_number() -> None:
    assert why_of(said(mira(**NEVER_SEEN), tone=Relationship.LONG_ABSENCE)) == (
        "Lange nicht hier gewesen"
    )


def test_the_first_offer_in_rank_is_said() -> None:
    until = NOW + 9 * DAY
    answer = said(mira(), shown("Doppelte Punkte!", valid_until=until), shown("Anderes"))
    assert text_of(answer).endswith(
        "– für Sie gilt gerade: Doppelte Punkte. Darf ich Ihnen etwas dazu zeigen?"
    )
    assert why_of(answer) == "Angebot bis 30. Nov."


@pytest.mark.parametrize(
    ("quiet", "why"),
    [
        (set(), "Abholung seit gestern, Regal C4"),
        ({"pickup"}, "Gutschein läuft heute ab"),
        ({"pickup", "right:v-1"}, "Angebot bis 30. Nov."),
        ({"pickup", "right:v-1", "right:o-1"}, None),
    ],
)
def test_a_topic_that_rests_makes_room_for_the_next_one(quiet, why) -> None:
    decisions = (
        right(voucher_id="v-1"),
        shown("Schals", valid_until=datetime(2026, 11, 30, 12, tzinfo=UTC)),
    )
    answer = said(mira(open_orders=(pickup(),)), *decisions, quiet=frozenset(quiet))
    assert (answer and answer.why) == why
