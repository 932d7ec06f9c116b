"""The value picture: worked examples by hand, and what holds for every past."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.insight.insight_builders import (
    NOW,
    TODAY,
    back,
    bought,
    buyer,
    line,
    past,
    purchases,
)

from store_agent.domain.catalog import Purchase
from store_agent.domain.customer import KnownValue, Lifecycle
from store_agent.domain.money import Money
from store_agent.insight.peers import Bands, Peers, learn
from store_agent.insight.picture import Part, Source, Trend, picture, trend
from store_agent.insight.rhythm import Drift, Rhythm, Thresholds, drift, learn_thresholds, rhythm


def test_what_came_back_is_taken_off_and_never_more_than_was_bought() -> None:
    bought_thrice = (bought(90), bought(60), bought(30))
    assert past(*bought_thrice).net_minor == 15_000
    assert past(*bought_thrice, back(20)).net_minor == 10_000
    assert past(bought(90), back(20, line(amount=-99_000, quantity=-1))).net_minor == 0


def test_another_currency_is_not_added_up() -> None:
    assert past(bought(30), bought(60, currency="CHF")).net_minor == 5_000


def test_two_receipts_of_one_day_are_one_day_of_buying() -> None:
    twice = past(bought(30), bought(30, id="b-x"), bought(10))
    assert twice.intervals == (20,)


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        ((), None),
        ((30,), None),
        ((60, 30), None),
        ((90, 60, 30), Rhythm(30, 30, 30, 2)),
        ((200, 100, 80, 50, 10), Rhythm(30, 20, 40, 4)),
    ],
)
def test_a_rhythm_is_claimed_from_three_days_of_buying_on(
    days_ago: tuple[int, ...], expected: Rhythm | None
) -> None:
    assert rhythm(past(*map(bought, days_ago))) == expected


def test_the_next_purchase_is_expected_with_a_spread() -> None:
    shown = picture(buyer(), past(*map(bought, (200, 100, 80, 50, 10))), Peers(), TODAY)
    assert shown.forecast is not None
    last = date(2026, 11, 11)
    assert shown.forecast.about == last + timedelta(days=30)
    assert shown.forecast.earliest == last + timedelta(days=20)
    assert shown.forecast.latest == last + timedelta(days=40)


def test_nothing_is_expected_of_days_that_are_over() -> None:
    monthly = past(*map(bought, (131, 101, 71, 41)))
    assert picture(buyer(), monthly, Peers(), TODAY).forecast is None
    known = KnownValue(NOW, next_purchase_at=NOW - timedelta(days=1))
    assert picture(buyer(value=known), monthly, Peers(), TODAY).forecast is None


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (30, Drift.AS_USUAL),
        (31, Drift.LATER),
        (60, Drift.LATER),
        (61, Drift.SLIPPING),
        (119, Drift.SLIPPING),
        (120, Drift.GONE),
    ],
)
def test_somebody_drifts_from_their_own_rhythm(away: int, expected: Drift) -> None:
    monthly = past(*map(bought, (away + 90, away + 60, away + 30, away)))
    assert drift(monthly, Thresholds(), TODAY) is expected


def test_who_comes_twice_a_year_is_not_gone_after_a_quarter() -> None:
    twice_a_year = past(*map(bought, (125 + 360, 125 + 180, 125)))
    assert drift(twice_a_year, Thresholds(60, 120), TODAY) is Drift.AS_USUAL


def test_of_one_purchase_only_a_long_absence_is_told() -> None:
    assert drift(past(bought(119)), Thresholds(), TODAY) is Drift.UNKNOWN
    assert drift(past(bought(120)), Thresholds(), TODAY) is Drift.GONE
    assert drift(past(), Thresholds(), TODAY) is Drift.UNKNOWN


def test_the_lapse_threshold_is_learned_from_this_shop() -> None:
    assert learn_thresholds(tuple(range(1, 101))) == Thresholds(80, 90, 100)
    assert learn_thresholds((7,) * 60) == Thresholds(7, 8, 60)
    assert learn_thresholds(tuple(range(1, 50))) == Thresholds(60, 120, 0)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((100, 100, 120), Trend.UNKNOWN),
        ((100, 100, 120, 120), Trend.RISING),
        ((100, 100, 119, 119), Trend.STEADY),
        ((120, 120, 100, 100), Trend.FALLING),
        ((0, 0, 0, 0), Trend.STEADY),
    ],
)
def test_the_trend_is_the_later_half_against_the_earlier(
    amounts: tuple[int, ...], expected: Trend
) -> None:
    assert trend(amounts) is expected


def test_categories_are_what_stayed_and_no_presents() -> None:
    shoes = {"category": "Schuhe"}
    made = past(
        bought(90, line("s-1"), line("s-2")),
        bought(60, line("s-3", **shoes), line("s-4", **shoes)),
        back(50, line("s-4", -5000, -1, **shoes)),
        bought(40, line("s-5", category="Hosen"), gift=True, channel="online"),
    )
    shown = picture(buyer(), made, Peers(), TODAY)
    assert shown.categories == (Part("Strick", 66), Part("Schuhe", 33))
    assert shown.channels == (Part("store", 66), Part("online", 33))


def test_the_platforms_own_figures_win() -> None:
    known = KnownValue(NOW, lifetime_minor=777, next_purchase_at=NOW + timedelta(days=3), churn=0.9)
    shown = picture(buyer(value=known), past(bought(90), bought(60), bought(1)), Peers(), TODAY)
    assert (shown.worth.lifetime, shown.worth.source) == (Money(777), Source.PLATFORM)
    assert shown.forecast is not None
    assert (shown.forecast.about, shown.forecast.source) == (date(2026, 11, 24), Source.PLATFORM)
    assert (shown.drift, shown.drift_source) == (Drift.SLIPPING, Source.PLATFORM)


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        ((), Lifecycle.LEAD),
        ((10,), Lifecycle.FIRST_TIME),
        ((70, 40), Lifecycle.ACTIVE),
        ((90, 60), Lifecycle.LAPSING),
        ((150, 120), Lifecycle.LAPSED),
        ((200, 10), Lifecycle.WON_BACK),
    ],
)
def test_the_stage_follows_from_the_purchases(
    days_ago: tuple[int, ...], expected: Lifecycle
) -> None:
    assert picture(buyer(), past(*map(bought, days_ago)), Peers(), TODAY).stage is expected
    told = buyer(lifecycle=Lifecycle.LAPSING)
    assert picture(told, past(*map(bought, days_ago)), Peers(), TODAY).stage is Lifecycle.LAPSING


def test_bands_are_fifths_of_this_shops_customers() -> None:
    crowd = [past(bought(day, line(amount=100 * day))) for day in range(1, 101)]
    peers = learn(crowd, TODAY)
    assert peers.bands(crowd[0], TODAY) == Bands(5, 1, 1)
    assert peers.bands(crowd[99], TODAY) == Bands(1, 1, 5)
    assert peers.bands(past(), TODAY) is None
    assert learn(crowd[:40], TODAY).bands(crowd[0], TODAY) is None


def test_what_is_bought_together_or_next_goes_together() -> None:
    shoes, trousers = {"category": "Schuhe"}, {"category": "Hosen"}
    pairs = learn(
        [
            past(bought(60), bought(30, line("s-2", **shoes))),
            past(bought(60, line(), line("s-2", **shoes))),
            past(bought(60), bought(30, line("s-3", **trousers))),
        ],
        TODAY,
    ).goes_with
    assert pairs["Strick"] == ("Schuhe", "Hosen")
    assert pairs["Schuhe"] == ("Strick",)


@given(purchases(), st.randoms(use_true_random=False), st.integers(-5, 400))
def test_the_order_and_repetition_of_purchases_change_nothing(
    made: list[Purchase], random: object, later: int
) -> None:
    today = TODAY + timedelta(days=later)
    mixed = [*made, *made[:2]]
    random.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis' own Random
    peers = learn([past(*made)] * 60, today)
    expected = picture(buyer(), past(*made), peers, today)
    assert picture(buyer(), past(*mixed), peers, today) == expected


@given(purchases(), st.integers(0, 400))
def test_every_past_gives_a_picture_within_its_bounds(made: list[Purchase], later: int) -> None:
    today = TODAY + timedelta(days=later)
    whole = past(*made)
    shown = picture(buyer(), whole, learn([whole] * 60, today), today)
    assert 0 <= shown.worth.lifetime.amount_minor <= whole.bought_minor
    assert isinstance(shown.worth.lifetime.amount_minor, int)
    for shares in (shown.categories, shown.channels):
        assert sum(part.percent for part in shares) <= 100
        assert all(0 <= part.percent <= 100 for part in shares)
    if len(whole.days) < 3:
        assert shown.rhythm is None
        assert shown.forecast is None
    if shown.forecast:
        assert shown.forecast.latest >= today
        assert shown.forecast.earliest <= shown.forecast.about <= shown.forecast.latest
    if shown.bands:
        assert {shown.bands.recency, shown.bands.frequency, shown.bands.monetary} <= {1, 2, 3, 4, 5}


@given(purchases(), st.integers(0, 40_000))
def test_a_further_return_never_makes_somebody_worth_more(
    made: list[Purchase], amount: int
) -> None:
    one_more = back(1, line(amount=-amount, quantity=-1), id="late")
    assert past(*made, one_more).net_minor <= past(*made).net_minor
