"""Times, money and names as the tablet prints them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui import views
from kiosk_ui.language import load_translations
from kiosk_ui.model import Consent, Floor, GuestRow, Money
from kiosk_ui.views import Formats

NOW = datetime(2026, 11, 21, 13, 23, 8, tzinfo=UTC)  # 14:23 in Cologne


def formats(language: str = "de") -> Formats:
    catalogue = load_translations(language)
    zone = ZoneInfo("Europe/Berlin")
    return Formats(language, zone, catalogue.gettext, catalogue.ngettext)


def test_the_clock_is_the_shops_not_utc():
    assert formats().clock(NOW) == "14:23"


@pytest.mark.parametrize(
    ("seconds", "german", "english"),
    [
        (0, "eben", "just now"),
        (7 * 60, "7 min", "7 min"),
        (131 * 60, "2 h 11", "2 h 11"),
        (49 * 3600, "2 Tage", "2 days"),
        (-30, "eben", "just now"),
    ],
)
def test_it_says_how_long_somebody_is_here(seconds, german, english):
    since = NOW - timedelta(seconds=seconds)
    assert formats("de").lasting(since, NOW) == german
    assert formats("en").lasting(since, NOW) == english


def test_a_value_says_its_age_only_once_it_matters():
    assert formats().as_of(NOW - timedelta(minutes=25), NOW) == "Stand 13:58"
    assert formats().as_of(NOW - timedelta(hours=3, minutes=20), NOW) == "Stand 11:03 · 3 h alt"
    assert formats().as_of(NOW - timedelta(days=2), NOW) == "Stand 19. Nov., 14:23 · 2 Tage alt"


def test_money_keeps_cents_and_a_true_minus():
    assert formats("de").money(Money(234000)) == "2.340,00\xa0€"
    assert formats("en").money(Money(-7900)) == "−€79.00"  # noqa: RUF001 - the sign under test


def test_round_amounts_may_drop_their_cents():
    assert formats("de").short_money(Money(18000)) == "180\xa0€"
    assert formats("en").short_money(Money(18000)) == "€180"
    assert formats("de").short_money(Money(18050)) == "180,50\xa0€"


def test_days_read_as_people_say_them():
    assert formats().day(NOW, NOW) == "heute"
    assert formats().day(NOW - timedelta(days=1), NOW) == "gestern"
    assert formats().day(datetime(2026, 10, 30, 9, tzinfo=UTC), NOW) == "30. Okt."
    assert formats("en").day(datetime(2025, 10, 5, 9, tzinfo=UTC), NOW) == "5 Oct 2025"


def test_a_voucher_of_tonight_ends_today_in_the_shops_zone():
    midnight_in_cologne = datetime(2026, 11, 21, 22, 59, tzinfo=UTC)
    assert formats().ends_today(midnight_in_cologne, NOW)
    assert not formats().ends_today(midnight_in_cologne + timedelta(minutes=2), NOW)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Mira Musterfrau", "MM"),
        ("Dr. Jonas von Probe", "JP"),
        ("Lene-Charlotte von Beispielshausen", "LB"),
        ("Cher", "C"),
        ("", "?"),
        ("نور نموذج", "نن"),
    ],
)
def test_two_letters_stand_for_a_name(name, letters):
    assert views.initials(name) == letters


@given(st.text(max_size=60))
def test_any_name_has_a_mark(name):
    assert 1 <= len(views.initials(name)) <= 6


@given(st.floats(allow_nan=False))
def test_a_bar_never_leaves_its_frame(share):
    assert 0 <= views.bar_width(share) <= 100


def test_a_guest_fades_after_a_while():
    floor = Floor(guests=(GuestRow("g", NOW, "expired"),))
    assert views.recent_guests(floor, NOW + timedelta(seconds=89))
    assert not views.recent_guests(floor, NOW + timedelta(seconds=90))


def test_many_guests_do_not_push_the_people_away():
    guests = tuple(GuestRow(f"g{number}", NOW, "expired") for number in range(9))
    assert views.recent_guests(Floor(guests=guests), NOW) == guests[: views.GUESTS_SHOWN]


def test_a_date_needs_its_year_only_when_it_is_far():
    assert formats().day(datetime(2027, 1, 21, 9, tzinfo=UTC), NOW) == "21. Jan."
    assert formats().day(datetime(2027, 11, 22, 9, tzinfo=UTC), NOW) == "22. Nov. 2027"


def test_lanes_are_called_as_people_call_them():
    assert formats().lane("till-2") == "Kasse 2"
    assert formats("en").lane("door") == "Entrance"
    assert formats().lane("Kasse Herren") == "Kasse Herren"


def test_only_granted_channels_are_contact():
    consents = (
        Consent("clienteling", granted=True),
        Consent("marketing.sms", granted=True),
        Consent("marketing.email", granted=False),
    )
    assert views.contact_channels(consents) == ("marketing.sms",)


def test_articles_get_a_drawing_by_category_or_title():
    assert views.category_icon("Mäntel") == "coat"
    assert views.category_icon("", "Chelsea Boots") == "shoe"
    assert views.category_icon("Gartenzwerge") == "tag"
